//! Why a node does not start.

use super::disk;
use super::transport::AddressError;
use crate::consensus::HostError;
use hydrogen_types::Height;
use libp2p::Multiaddr;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The host cannot be made.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The vote log cannot be opened.
    #[error("vote log in {home} cannot be opened")]
    Wal {
        /// The node's home.
        home: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The vote log was written by another version.
    #[error("vote log in {home} has format {stored}, this program reads and writes format {known} alone", known = disk::VOTES_FORMAT)]
    VotesFormat {
        /// The node's home.
        home: String,
        /// What its log says.
        stored: String,
    },
    /// A chain is there, its vote log is not, and the others cannot decide without this node.
    #[error("vote log in {home} is missing: this node may have signed at height {height} already")]
    VotesLost {
        /// The node's home.
        home: String,
        /// The height after the tip.
        height: Height,
    },
    /// A thread or the async runtime cannot be made.
    #[error("node cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// No snapshot can be fetched or restored.
    #[error("snapshot: {0}")]
    Snapshot(String),
    /// The network cannot be set up.
    #[error("network cannot be set up: {0}")]
    Network(String),
    /// This build cannot listen on an address of the configuration, or not dial it.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// There is no address to listen on.
    #[error("no address to listen on is given")]
    NoAddress,
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: Multiaddr,
        /// The cause.
        reason: String,
    },
}
