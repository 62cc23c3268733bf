//! The compute node: compares the chain's view of its task with its disk, and does the one thing that is due.
//!
//! ```text
//! chain (RPC) --+
//! disk ---------+--> offchain::compute::reconcile --> duty --> node: persist, send
//! worker -------+                                          +--> worker: fetch, run (sandbox, executor)
//!                                                          +--> uploads: bring the result to a relay
//! care: resume, pause, quit, notices --> board --> status file, /status, /health, /metrics
//! ```
//!
//! *Invariants*: what is revealed later is on disk, synced, before its commitment is sent; killed at any line and
//! started again, the node finds from chain and disk where it was; two transactions of one step carry one nonce, so
//! that at most one of them counts.
//!
//! *Absent on purpose*: decisions, which are `offchain`'s; state in memory that a restart would miss.

mod board;
mod care;
mod config;
mod disk;
mod endpoints;
mod error;
mod executor;
mod fetch;
mod flags;
mod http;
mod join;
mod metrics;
mod node;
mod run;
pub mod sandbox;
mod sender;
mod status;
#[cfg(test)]
mod tests;
mod uploads;
mod worker;

pub use config::ComputeConfig;
pub use error::ComputeError;
pub use executor::{Executor, Executors};
pub use flags::ComputeFlags;
pub use hydrogen_offchain::compute::OnStop;
pub use join::join;
pub use run::run;
pub use status::{Endpoint, Fine, LocalStatus, NoticeLine, Outcomes, read_status};
