//! Why a host cannot go on, and whether the disk is to blame.

use hydrogen_core::{BlockError, ChainError, StoreError};
use hydrogen_types::{Hash, Height};
use std::io;

/// Why the host cannot go on. A restart recovers from the log, once the cause is mended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The vote log failed or is corrupt.
    #[error("vote log failed: {0}")]
    Wal(#[from] io::Error),
    /// The chain failed.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain could not be read.
    #[error(transparent)]
    Read(#[from] hydrogen_core::reader::ReadError),
    /// A block could not be executed for a reason of this node.
    #[error("block {height} could not be executed: {reason}")]
    Execution {
        /// The block's height.
        height: Height,
        /// The cause.
        reason: String,
        /// Whether it is the disk.
        disk: bool,
    },
    /// The log belongs to another chain.
    #[error("the vote log belongs to the chain with genesis {found}, this is {expected}: use another home")]
    OtherChain {
        /// Genesis in the log.
        found: Hash,
        /// Genesis of this chain.
        expected: Hash,
    },
    /// Too little room on the disk to go on safely.
    #[error("{free} bytes are free on the disk of {path}, the node stops below {reserve}")]
    DiskLow {
        /// A folder on the disk.
        path: String,
        /// Bytes free.
        free: u64,
        /// Bytes that must be.
        reserve: u64,
    },
    /// The engine reported a state that must not be.
    #[error("agreement engine stopped: {0}")]
    Engine(String),
}

impl HostError {
    /// Whether the disk is at fault: full, read-only or failing.
    #[must_use]
    pub fn is_disk(&self) -> bool {
        let by_store = |error: &StoreError| error.is_disk();
        match self {
            Self::DiskLow { .. } => true,
            // What the log says of itself is no fault of the disk.
            Self::Wal(error) => error.kind() != io::ErrorKind::InvalidData,
            Self::Store(error) | Self::Chain(ChainError::Store(error)) => by_store(error),
            Self::Read(hydrogen_core::reader::ReadError::Store(error)) => by_store(error),
            Self::Execution { disk, .. } => *disk,
            Self::Chain(_) | Self::Read(_) | Self::OtherChain { .. } | Self::Engine(_) => false,
        }
    }

    pub(crate) fn execution(height: Height, error: &BlockError) -> Self {
        let store = std::iter::successors(std::error::Error::source(error), |error| error.source())
            .find_map(|error| error.downcast_ref::<StoreError>());
        Self::Execution { height, reason: causes(error), disk: store.is_some_and(StoreError::is_disk) }
    }
}

/// An error with all that caused it, for a log line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
