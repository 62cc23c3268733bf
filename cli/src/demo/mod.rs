//! The demonstration: a task's whole life on a fresh network, every step and every coin shown.
//!
//! ```text
//! testnet -> fund an application -> task, followed block by block -> result, compared with a local run
//!         -> all balances before and after -> hold, or stop
//! ```
//!
//! *Invariant*: it succeeds only if the result is what the same program gives in a process of its own, no coin came
//! or went, and, where a cheat was asked for, one was caught and fined.

mod money;
mod names;
mod options;
mod picture;
mod program;
mod stage;
mod task;

pub use options::DemoOptions;
pub use stage::run;
