//! Why a node does not start.

use super::disk;
use super::transport::AddressError;
use crate::consensus::HostError;
use hydrogen_core::snapshot::SnapshotError;
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
    /// It was asked to stop before it ran.
    #[error("the node was asked to stop while it joined")]
    Stopped,
    /// A snapshot is required, and nobody offers one.
    #[error("no peer offers a snapshot that holds, and sync is \"snapshot\"")]
    NoSnapshot,
    /// The files of a snapshot cannot be kept.
    #[error("files of a snapshot cannot be written or read")]
    SnapshotFiles(#[source] std::io::Error),
    /// A snapshot cannot be restored.
    #[error("snapshot cannot be restored")]
    Restore(#[source] SnapshotError),
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

impl NodeError {
    /// Whether the disk is at fault: full, read-only or failing.
    #[must_use]
    pub fn is_disk(&self) -> bool {
        match self {
            Self::Host(error) => error.is_disk(),
            // What the log says of itself is no fault of the disk.
            Self::Wal { source, .. } => source.kind() != std::io::ErrorKind::InvalidData,
            Self::SnapshotFiles(_) => true,
            Self::Restore(SnapshotError::Store(error)) => error.is_disk(),
            _ => false,
        }
    }
}

/// What an error says; the library wraps the system's in some that say nothing.
pub(super) fn words_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said: Vec<String> = std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .filter(|words| !words.is_empty())
        .collect();
    said.dedup();
    if said.is_empty() { format!("{error:?}") } else { said.join(": ") }
}
