;; Wrong: code that runs before any method, outside the meter.
;; Mend: do it in `init`.
;; Says: the module has a start section (function 0 `boot`)
(module
  (memory (export "memory") 1)
  (func $boot)
  (start $boot))
