//! The record of one task on a compute node's disk.

use hydrogen_types::codec::encode;
use hydrogen_types::task::{Outcome, RelayReceipt, commitment};
use hydrogen_types::{Address, ChainId, DecodeError, Hash, decode};

use borsh::{BorshDeserialize, BorshSerialize};

/// Version of the record's bytes.
const VERSION: u8 = 1;
/// Most bytes of a record: an outcome with the longest fingerprint and a receipt are far below.
const RECORD_BYTES_MAX: usize = 8 << 10;

/// What a node is about to reveal, and later the relay's receipt for its result. Durable before the commitment is
/// sent; removed when the task has ended.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Saved {
    /// The task.
    pub task: u64,
    /// The outcome.
    pub outcome: Outcome,
    /// The secret salt.
    pub salt: [u8; 32],
    /// Whether the result bytes lie beside the record.
    pub has_result_bytes: bool,
    /// The relay's word that it holds the result.
    pub receipt: Option<RelayReceipt>,
}

/// Why bytes are not a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SavedError {
    /// Nothing there.
    #[error("empty record")]
    Empty,
    /// Written by another version.
    #[error("record of version {0}, this program reads {VERSION}")]
    Version(u8),
    /// Torn or foreign bytes.
    #[error(transparent)]
    Malformed(DecodeError),
}

impl Saved {
    /// The record of a fresh outcome.
    #[must_use]
    pub fn new(task: u64, outcome: Outcome, salt: [u8; 32]) -> Self {
        let has_result_bytes = matches!(outcome, Outcome::Result { .. });
        Self { task, outcome, salt, has_result_bytes, receipt: None }
    }

    /// The same record with a relay's receipt.
    #[must_use]
    pub fn with_receipt(mut self, receipt: RelayReceipt) -> Self {
        self.receipt = Some(receipt);
        self
    }

    /// The commitment of `node` to this outcome.
    #[must_use]
    pub fn commitment(&self, chain_id: &ChainId, node: &Address) -> Hash {
        commitment(chain_id, self.task, node, &self.outcome, &self.salt)
    }

    /// Digest of the result bytes, if the outcome is a result.
    #[must_use]
    pub fn digest(&self) -> Option<Hash> {
        match &self.outcome {
            Outcome::Result { digest, .. } => Some(*digest),
            Outcome::Error { .. } | Outcome::Unavailable => None,
        }
    }

    /// The record's bytes: a version, then borsh.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(encode(self));
        bytes
    }

    /// Reads a record.
    ///
    /// # Errors
    /// Another version, torn or foreign bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SavedError> {
        let (version, rest) = bytes.split_first().ok_or(SavedError::Empty)?;
        if *version != VERSION {
            return Err(SavedError::Version(*version));
        }
        decode(rest, RECORD_BYTES_MAX).map_err(SavedError::Malformed)
    }
}
