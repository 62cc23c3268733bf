//! What a node is told at its start.

use hydrogen_core::NodeKeys;
use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Configuration of a node.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// Addresses to listen on, at least one, such as `/ip4/127.0.0.1/tcp/0`; with the feature `quic` such as
    /// `/ip4/127.0.0.1/udp/0/quic-v1`, too. The first is the one that is told to people.
    pub listen: Vec<Multiaddr>,
    /// Peers to keep connected to; an address may end in `/p2p/PEER_ID`, and then no other is accepted there.
    pub peers: Vec<Multiaddr>,
    /// Keys.
    pub keys: NodeKeys,
    /// Whether the node votes when its key is in the validator set.
    pub validator: bool,
    /// Folder of the vote log; `None` keeps it in memory, which is for tests and throw-away nets alone.
    pub home: Option<PathBuf>,
    /// If given, nobody else is let in.
    pub allow: Option<BTreeSet<PeerId>>,
    /// The disk to look after; `None` for a node that keeps nothing.
    pub disk: Option<DiskConfig>,
    /// Begin a new vote log where a chain is, and no log: by the word of somebody who knows that this key has signed
    /// nothing at the height after the tip.
    pub forget_votes: bool,
    /// Snapshots of the state; `None` makes, keeps and fetches none.
    pub snapshots: Option<Snapshots>,
    /// How a node without a chain catches up.
    pub sync: SyncMode,
}

/// A disk whose free space is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskConfig {
    /// A folder on it.
    pub folder: PathBuf,
    /// The node stops when fewer bytes than this are free.
    pub reserve_bytes: u64,
}

/// Where and when a node makes snapshots of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshots {
    /// Folder that holds them.
    pub folder: PathBuf,
    /// Blocks between two snapshots; 0 makes none, but what is in the folder is served.
    pub every: u64,
    /// How many are kept, at least 1.
    pub keep: usize,
}

/// How a node without a chain catches up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SyncMode {
    /// By a snapshot if peers are far ahead and offer one, else by blocks.
    #[default]
    Auto,
    /// By all blocks from genesis on.
    Blocks,
    /// By a snapshot, or not at all.
    Snapshot,
}

/// The libp2p identity of a node's peer key.
#[must_use]
pub fn peer_keypair(keys: &NodeKeys) -> Keypair {
    Keypair::ed25519_from_bytes(keys.peer.seed_bytes()).expect("a seed has 32 bytes")
}

/// The peer id of a node.
#[must_use]
pub fn peer_id(keys: &NodeKeys) -> PeerId {
    peer_keypair(keys).public().to_peer_id()
}
