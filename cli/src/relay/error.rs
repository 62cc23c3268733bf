//! Why a relay does not start or had to stop.

use std::path::PathBuf;

/// A failure of the relay itself, never of a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: choose another with --listen")]
    Listen {
        /// The address asked for.
        address: std::net::SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of its home cannot be read or written.
    #[error("relay home {path}")]
    Home {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The index cannot be opened or written.
    #[error("relay index")]
    Index(#[from] super::index::IndexError),
    /// The server stopped.
    #[error("relay server")]
    Serve(#[source] std::io::Error),
    /// No node of the relay's chain answered that is no older than what it has seen.
    #[error("no node can be followed: {reason}; start one, or name it with --rpc")]
    NoNode {
        /// What the last one said.
        reason: String,
    },
    /// The public URL is no URL with a host alone: requests are signed with their path, so no proxy may add to it.
    #[error("`{url}` is not http:// or https:// with a host and no path")]
    PublicUrl {
        /// What was given.
        url: String,
    },
    /// The home belongs to another chain.
    #[error("relay home belongs to chain {stored}, the node follows {followed}; use another --home")]
    OtherChain {
        /// The chain of the home.
        stored: String,
        /// The chain of the node.
        followed: String,
    },
}

impl RelayError {
    /// Whether the reason may go away while a start waits.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::NoNode { .. })
    }
}
