//! The compute node: compares the chain's view of its task with its disk, and does the one thing that is due.
//!
//! ```text
//! chain (RPC) --+
//! disk ---------+--> offchain::compute::reconcile --> duty --> node: fetch, run, persist, send, upload
//! worker -------+
//! ```
//!
//! *Invariants*: what is revealed later is on disk, synced, before its commitment is sent; killed at any line and
//! started again, the node finds from chain and disk where it was; two transactions of one step carry one nonce, so
//! that at most one of them counts.
//!
//! *Absent on purpose*: decisions, which are `offchain`'s; state in memory that a restart would miss.

mod config;
mod disk;
mod error;
mod fetch;
mod join;
mod node;
pub mod sandbox;
mod sender;
mod status;
#[cfg(test)]
mod tests;
mod worker;

pub use config::ComputeConfig;
pub use error::ComputeError;
pub use join::join;
pub use node::run;
pub use status::{LocalStatus, read_status};
