//! Why a relay did not do what was asked.

use hydrogen_types::Hash;
use std::path::PathBuf;
use std::time::Duration;

/// Why a relay did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayClientError {
    /// Not an HTTP URL.
    #[error("`{url}` is not the URL of a relay: write http://HOST:PORT")]
    BadUrl {
        /// What was given.
        url: String,
    },
    /// The way to it is broken.
    #[error("relay {url}: {reason}")]
    Unreachable {
        /// Its URL.
        url: String,
        /// What the connection said.
        reason: String,
    },
    /// It refused, and said why.
    #[error("relay {url} answers {status} {name}: {message}")]
    Refused {
        /// Its URL.
        url: String,
        /// HTTP status.
        status: u16,
        /// Stable name such as `HashMismatch`.
        name: String,
        /// The sentence.
        message: String,
        /// Whether it said that asking again may help, and after how long.
        retry_after: Option<Duration>,
    },
    /// It answered what its interface does not allow.
    #[error("relay {url} gave an answer that cannot be read: {reason}")]
    BadAnswer {
        /// Its URL.
        url: String,
        /// What was wrong.
        reason: String,
    },
    /// It sent other bytes than asked for.
    #[error("relay {url} sent bytes with hash {got}, expected {expected}")]
    WrongBytes {
        /// Its URL.
        url: String,
        /// Asked for.
        expected: Hash,
        /// Sent.
        got: Hash,
    },
    /// It sent more bytes than allowed.
    #[error("relay {url} sends more than {size_max} bytes")]
    TooLarge {
        /// Its URL.
        url: String,
        /// Allowed.
        size_max: u64,
    },
    /// A file of ours.
    #[error("{path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No randomness for a nonce.
    #[error("no randomness for a nonce: {0}")]
    NoRandomness(String),
}

impl RelayClientError {
    /// Whether trying again later may help: the way, the relay's state or ours, not the request.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NoRandomness(_) => true,
            Self::Refused { status, retry_after, .. } => retry_after.is_some() || *status >= 500,
            Self::BadUrl { .. }
            | Self::BadAnswer { .. }
            | Self::WrongBytes { .. }
            | Self::TooLarge { .. }
            | Self::File { .. } => false,
        }
    }

    /// The HTTP status of a refusal.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}
