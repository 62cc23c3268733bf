//! Programs: the computation of a task, as a WASI preview 1 command. Arguments on stdin, result on stdout.
//!
//! ```
//! use hydrogen_types::Hash;
//! use hydrogen_vm::program::{self, ProgramEnding, ProgramLimits};
//!
//! let module = wat::parse_str(
//!     r#"(module
//!         (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
//!         (memory (export "memory") 1)
//!         (data (i32.const 0) "\08\00\00\00\02\00\00\00hi")
//!         (func (export "_start")
//!             (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"#,
//! )?;
//! let outcome = program::run(&module, b"", ProgramLimits::default(), 0, Hash::ZERO)?;
//! assert_eq!(outcome.ending, ProgramEnding::Result(b"hi".to_vec()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! *Invariants*: ending and result depend on module, input, limits, start time and seed alone; fuel too, unless the
//! program trapped. A shortage of the host is never an ending.
//!
//! *Absent on purpose*: files, sockets, threads, the environment, real time, real randomness.

mod call;
mod check;
mod fingerprint;
mod host;
mod outcome;
mod poll;
mod run;
mod table;
mod wasi;

pub use crate::limits::PROGRAM_BYTES_MAX;
pub use check::{check, report};
pub use fingerprint::fingerprint;
pub use outcome::{Asked, EXIT_BAD_ARGUMENTS, HostShortage, ProgramEnding, ProgramLimits, ProgramOutcome};
pub use run::{Compilation, run, run_compiled};
pub(crate) use table::MODULE as IMPORT_MODULE;
