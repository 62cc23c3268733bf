//! Agreement and gossip: the consensus host, the network it speaks through, catch-up.
//!
//! ```text
//! NodeHandle --submit--> host thread (chain, engine, pool) <--inputs/outputs--> network loop (libp2p)
//!      ^---committed blocks---'
//! ```
//!
//! *Invariants*: one thread owns the chain; below `runtime` nothing is async; the engine is known to [`consensus`]
//! alone; every message of a peer is decoded within a limit.
//!
//! *Absent on purpose*: RPC, the sandbox (the chain brings it).

mod config;
pub mod consensus;
#[doc(hidden)]
pub mod internals;
mod metrics;
mod runtime;

pub use config::{DiskConfig, NodeConfig, Snapshots, SyncMode, peer_id, peer_keypair};
pub use consensus::SubmitError;
pub use libp2p::{Multiaddr, PeerId};
pub use metrics::{Counter, Counters};
pub use runtime::{
    AddressError, BannedPeer, JoinStage, Joining, NodeError, NodeFailure, NodeHandle, NodeStatus, PeerInfo,
    ProbeError, bootstrap, probe, start,
};
