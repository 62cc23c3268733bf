//! A node of a network: the chain on disk, its peers, its RPC.
//!
//! ```text
//! home (config, genesis, key) -> start: RocksStore, Vm, Chain -> hydrogen_p2p -> NodeBackend -> rpc
//! ```
//!
//! *Invariants*: a home belongs to one chain and one process at a time; stopping ends every thread and closes the
//! store before it returns.

mod backend;
pub mod contracts;
mod home;
mod start;

pub use backend::NodeBackend;
pub use home::{Home, HomeError, NodeFile, read_genesis};
pub use start::{RunningNode, start};
