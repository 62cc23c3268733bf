;; Wrong: a host function that the chain does not have.
;; Mend: build with the SDK of the chain's version; `hydrogen contract new` brings it.
;; Says: import `hydrogen.storageget` is not a host function of this chain
(module
  (import "hydrogen" "storageget" (func (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1))
