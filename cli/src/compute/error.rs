//! What stops a compute node, or one step of it.

use crate::client::ClientError;
use crate::client::relay::RelayClientError;
use hydrogen_offchain::compute::Unfit;
use std::io;
use std::path::PathBuf;

/// A failure of the node. Within its loop all of them are tried again; at its start they end it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComputeError {
    /// A file of its home cannot be read or written.
    #[error("{path}")]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process runs on this home.
    #[error("{path} is in use by another process: stop that one, or use another --home")]
    InUse {
        /// The home.
        path: PathBuf,
    },
    /// The home has records of another chain.
    #[error(
        "{path} belongs to the chain of genesis {stored}, the node follows {followed}: use another --home"
    )]
    OtherChain {
        /// The home.
        path: PathBuf,
        /// Genesis of the home's chain.
        stored: String,
        /// Genesis of the node's chain.
        followed: String,
    },
    /// The chain did not answer or refused.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A relay did not answer or refused.
    #[error(transparent)]
    Relay(#[from] RelayClientError),
    /// The node is not fit to join.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// A call was included and failed.
    #[error("`{method}` failed: {reason}")]
    CallFailed {
        /// The method.
        method: String,
        /// What the contract said.
        reason: String,
    },
    /// The deadline passed before the transaction was included.
    #[error("`{method}` was not included before its deadline")]
    TooLate {
        /// The method.
        method: String,
    },
    /// Another transaction of this account took the nonce.
    #[error("another transaction of this account was sent meanwhile; `{method}` is tried again")]
    NonceTaken {
        /// The method.
        method: String,
    },
    /// No relay of the contract took the result.
    #[error("no relay took the result of task {task}: {reason}")]
    NoRelay {
        /// The task.
        task: u64,
        /// What the last one said.
        reason: String,
    },
    /// The result bytes on disk are not those that were revealed.
    #[error("the result of task {task} on disk has hash {found}, revealed was {wanted}")]
    WrongResult {
        /// The task.
        task: u64,
        /// On disk.
        found: hydrogen_types::Hash,
        /// Revealed.
        wanted: hydrogen_types::Hash,
    },
    /// The address for metrics is taken.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The node asked is behind what was seen of the chain before.
    #[error("the node asked is at height {found}, {seen} was seen before")]
    Behind {
        /// Its height.
        found: hydrogen_types::Height,
        /// Seen before.
        seen: hydrogen_types::Height,
    },
    /// The relay signed something else than what was brought.
    #[error("relay {relay} gave a receipt that is not for what it was sent")]
    BadReceipt {
        /// The relay's URL.
        relay: String,
    },
}
