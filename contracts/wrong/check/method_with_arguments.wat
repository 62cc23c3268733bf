;; Wrong: a method that takes its arguments as parameters.
;; Mend: methods take and return nothing; the SDK's read their input from the host.
;; Says: export `call.add` has type (i64) -> i64
(module
  (memory (export "memory") 1)
  (func (export "call.add") (param i64) (result i64) (local.get 0)))
