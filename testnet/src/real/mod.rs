//! Networks of real processes: the binary `hydrogen`, started, killed, stopped, cut off, slowed down and told wrong
//! times, while accounts send transactions; then measured and audited over its RPC.
//!
//! ```text
//! options -> homes -> Net (processes, links) <- faults (chaos)      audit -> report
//!                      ^ RPC: load, watch ---- fates, heights, pauses ---^
//! ```
//!
//! *Invariants*: nothing here shares memory or code of the node with the processes it judges but the types, the signing
//! of transactions and the genesis document; whatever it says of a chain it has asked every process for.

mod audit;
mod bench;
mod chaos;
mod clock;
mod error;
mod faults;
mod homes;
mod links;
mod load;
mod net;
mod process;
mod report;
mod rpc;
mod siege;
mod soak;
mod stats;
#[cfg(test)]
mod tests;
mod usage;
mod watch;

pub use bench::{BenchOptions, bench};
pub use chaos::{ChaosOptions, chaos};
pub use error::RealError;
pub use faults::{FaultKind, Kills};
pub use links::LinkKind;
pub use net::NetOptions;
pub use report::{BenchReport, ChaosReport};
pub use siege::{SiegeOptions, SiegeReport, siege};
pub use soak::{SoakOptions, soak};
