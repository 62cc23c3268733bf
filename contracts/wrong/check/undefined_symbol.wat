;; Wrong: a C function that nobody defines becomes an import from `env`.
;; Mend: leave out the crate that needs it, or its feature that does.
;; Says: import `env.malloc`: contracts import from `hydrogen` alone
(module
  (import "env" "malloc" (func (param i32) (result i32)))
  (memory (export "memory") 1))
