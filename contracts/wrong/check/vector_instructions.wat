;; Wrong: SIMD, which the chain does not run.
;; Mend: switch the target feature off: no `-C target-cpu` or `+simd128`.
;; Says: build with -C target-feature=-simd128
(module
  (memory (export "memory") 1)
  (func (export "call.add") (drop (v128.const i64x2 0 0))))
