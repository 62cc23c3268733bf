//! The sandbox: contracts on the chain and programs off it, both in wasmtime, both metered to the last instruction.
//!
//! ```text
//! upload -> check -> (stored as it came)
//! call   -> cache: stack::instrument -> compile -> link   -> instance (fresh for every call) -> Ending, gas
//! task   -> program::check -> program::run (stdin -> stdout)
//! ```
//!
//! *Invariants*: the same module, arguments and gas give the same ending and the same gas on every machine, cached or
//! not. A guest can end its own call and nothing else: shortages of the host are [`hydrogen_core::VmError`] or
//! [`program::HostShortage`], never an ending. A module that passes the checks always compiles.
//!
//! *Absent on purpose*: a clock, randomness, files, sockets, threads for guests.

mod cache;
mod check;
mod config;
mod disk;
mod engine;
mod findings;
mod gas;
mod host;
mod instance;
mod kind;
mod lane;
mod limits;
mod link;
mod measure;
mod module;
pub mod program;
mod proposals;
mod report;
mod stack;
mod stop;
mod survey;
mod vm;

pub use cache::CacheCounts;
pub use config::{Allocation, DiskCache, Optimisation, VmConfig, VmSetupError};
pub use findings::{Finding, FindingKind, FunctionName, Report};
pub use gas::GAS_SCHEDULE_VERSION;
pub use kind::ModuleKind;
pub use report::report;
pub use vm::Vm;
