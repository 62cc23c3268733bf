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
mod disk;
mod home;
mod start;

pub use backend::NodeBackend;
pub(crate) use disk::{chain_failure, store_failure};
pub use home::{Archive, HistoryFile, Home, HomeError, NodeFile, SnapshotsFile, Sync, read_genesis};
pub(crate) use start::multiaddr;
pub use start::{RunningNode, VoteLog, start};
