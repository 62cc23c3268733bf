//! The simulator: the real consensus host, pool, executor and sandbox over a simulated network, disk and clock, in one
//! thread. A seed gives one run and one digest, so every failure can be had again.
//!
//! ```text
//! run: Storm (faults), Load (transactions) --act--> World: nodes, network, events --> invariants
//! ```
//!
//! *Not simulated*: the encoding on real sockets, peers' scores and bans, RocksDB; tests with real processes have those.

mod byzantine;
mod disk;
mod faults;
pub mod ledger;
mod load;
mod network;
mod node;
mod outputs;
mod power;
mod report;
mod rng;
mod run;
mod store;
mod world;

pub use byzantine::Behaviour;
pub use faults::Fault;
pub use network::Network;
pub use node::Node;
pub use report::{Report, Tally};
pub use rng::Rng;
pub use run::{Options, run};
pub use world::{Filter, Violation, World};
