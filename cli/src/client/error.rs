//! What can go wrong between a client and a node.

use crate::client::types::TxReceipt;
use hydrogen_types::Hash;
use serde_json::Value;

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The text is no URL of a node.
    #[error("`{url}` is not an RPC address: write http://HOST:PORT")]
    BadUrl {
        /// What was given.
        url: String,
    },
    /// No URL answered.
    #[error("no node answered: {}", .tried.join("; "))]
    Unreachable {
        /// Each URL with its reason.
        tried: Vec<String>,
    },
    /// A node answered what its interface does not allow.
    #[error("{url} gave an answer that cannot be read: {reason}")]
    BadAnswer {
        /// The node.
        url: String,
        /// What was wrong.
        reason: String,
    },
    /// The node refused the request, and said why.
    #[error("{message}")]
    Refused {
        /// JSON-RPC error code, see `rpc::error`.
        code: i32,
        /// The sentence.
        message: String,
        /// For a transaction or query: `{"code": N, "name": ...}` of the ledger or the contract.
        data: Option<Value>,
    },
    /// The transaction did not become final in time. It may still.
    #[error(
        "transaction {hash} is not final after {waited_ms} ms; it may still become so until its height limit"
    )]
    NotFinal {
        /// Transaction.
        hash: Hash,
        /// How long it was waited for.
        waited_ms: u128,
    },
    /// The transaction would fail, so it was not sent.
    #[error("the transaction would fail and was not sent: {}", .receipt.reason())]
    WouldFail {
        /// Outcome of the simulation.
        receipt: Box<TxReceipt>,
    },
    /// A value did not decode as what the caller expected.
    #[error("the value of `{method}` cannot be read: {reason}")]
    BadValue {
        /// Method queried.
        method: String,
        /// What was wrong.
        reason: String,
    },
}

impl ClientError {
    /// Whether trying again later may help: the node, not the request, was at fault.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::BadAnswer { .. } | Self::NotFinal { .. } => true,
            Self::Refused { code, .. } => crate::rpc::error::is_transient(*code),
            Self::BadUrl { .. } | Self::WouldFail { .. } | Self::BadValue { .. } => false,
        }
    }

    /// The ledger's or contract's own number of a refusal (`TxError::code`, or a contract's from 1000).
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        match self {
            Self::Refused { data: Some(data), .. } => {
                data.get("code").and_then(Value::as_u64).and_then(|code| u32::try_from(code).ok())
            }
            Self::WouldFail { receipt } => Some(receipt.receipt.code),
            _ => None,
        }
    }

    /// A stable name for programs: of the refusal, where there is one, else of what is in the way.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.name().unwrap_or(match self {
            Self::Unreachable { .. } => "Unreachable",
            Self::NotFinal { .. } => "NotFinal",
            Self::BadUrl { .. } => "BadUrl",
            Self::BadAnswer { .. } | Self::BadValue { .. } => "BadAnswer",
            Self::Refused { .. } => "Refused",
            Self::WouldFail { .. } => "WouldFail",
        })
    }

    /// The name of a refusal, such as `NotEnoughNodes` or `NonceTooLow`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Refused { data: Some(data), .. } => data.get("name").and_then(Value::as_str),
            Self::WouldFail { receipt } => receipt.error.as_ref().map(|error| error.name.as_str()),
            _ => None,
        }
    }
}
