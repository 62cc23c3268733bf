;; Wrong: a clock of the system, by a crate that reads one or a build for the wrong target.
;; Mend: `env::time_ms()` is the time of the block, the same on every node.
;; Says: is a program of a task, not a contract
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1))
