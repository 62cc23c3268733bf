//! What the RPC server asks of whoever runs the chain.

use crate::dev::DevHandle;
use crate::node::NodeBackend;
use crate::rpc::types::{BannedJson, PeerJson};
use hydrogen_core::{ChainReader, Committed, TxError};
use hydrogen_types::Hash;
use std::sync::Arc;
use tokio::sync::broadcast;

/// The chain behind the server.
#[derive(Clone)]
pub enum Backend {
    /// The development chain.
    Dev(DevHandle),
    /// A node of a network.
    Node(Arc<NodeBackend>),
}

/// What the network around a node looks like.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// Whether the node is behind its peers.
    pub syncing: bool,
    /// Peers connected.
    pub peers: Vec<PeerJson>,
    /// Peers kept out for a while.
    pub banned: Vec<BannedJson>,
    /// Transactions waiting.
    pub mempool_size: usize,
}

/// Why a transaction was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It is wrong, or there is no room for it.
    #[error("{message}")]
    Refused {
        /// `TxError::code`.
        code: u32,
        /// The sentence.
        message: String,
    },
    /// More transactions arrive than are handled.
    #[error("too many transactions are waiting to be looked at; try again")]
    Busy,
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

impl From<TxError> for SubmitError {
    fn from(error: TxError) -> Self {
        Self::Refused { code: error.code(), message: error.to_string() }
    }
}

impl Backend {
    /// Reads the chain.
    #[must_use]
    pub fn reader(&self) -> ChainReader {
        match self {
            Self::Dev(dev) => dev.reader(),
            Self::Node(node) => node.reader(),
        }
    }

    /// Hands a transaction over; its hash when it was taken into the pool.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit(&self, bytes: Vec<u8>) -> Result<Hash, SubmitError> {
        match self {
            Self::Dev(dev) => dev.submit(bytes).await,
            Self::Node(node) => node.submit(bytes).await,
        }
    }

    /// Every block from now on, after it can be read. A slow receiver loses blocks and is told.
    #[must_use]
    pub fn committed(&self) -> broadcast::Receiver<Arc<Committed>> {
        match self {
            Self::Dev(dev) => dev.committed(),
            Self::Node(node) => node.committed(),
        }
    }

    /// The network around it.
    #[must_use]
    pub fn network(&self) -> Network {
        match self {
            Self::Dev(dev) => Network { mempool_size: dev.mempool_size(), ..Network::default() },
            Self::Node(node) => node.network(),
        }
    }

    /// What will end the node soon, if anything is known that would.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        match self {
            Self::Dev(_) => None,
            Self::Node(node) => node.trouble(),
        }
    }

    /// Metrics in the text format of Prometheus, beyond what the chain itself tells.
    #[must_use]
    pub fn metrics(&self) -> String {
        match self {
            Self::Dev(_) => String::new(),
            Self::Node(node) => node.metrics(),
        }
    }

    /// The development chain, if it is one.
    #[must_use]
    pub fn dev(&self) -> Option<&DevHandle> {
        match self {
            Self::Dev(dev) => Some(dev),
            Self::Node(_) => None,
        }
    }
}
