//! What can go wrong in a harness.

use hydrogen_embed::EmbedError;
use hydrogen_offchain::compute::SavedError;
use hydrogen_offchain::relay::Refusal;
use hydrogen_types::{Amount, DecodeError, Hash, Height};

/// Why a task's life could not be played to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HarnessError {
    /// The chain refused or failed.
    #[error(transparent)]
    Chain(#[from] EmbedError),
    /// The contract answered with something else than its interface says.
    #[error("the task contract's answer cannot be read")]
    Answer(#[from] DecodeError),
    /// The relay refused.
    #[error("relay: {0}")]
    Relay(#[from] Refusal),
    /// A node's record is damaged.
    #[error("record of a node: {0}")]
    Record(#[from] SavedError),
    /// The contract does not know the task.
    #[error("there is no task {0}")]
    NoTask(u64),
    /// Nothing is due and nobody acts, but the task is still open.
    #[error("task {task} is open at height {height}, nobody acts and nothing is due")]
    Stuck {
        /// The task.
        task: u64,
        /// The tip.
        height: Height,
    },
    /// CNX appeared or vanished.
    #[error("all balances add up to {got} CNX at height {height}, genesis had {expected}")]
    NotConserved {
        /// The block.
        height: Height,
        /// In genesis.
        expected: Amount,
        /// Now.
        got: Amount,
    },
    /// The downloaded result is not what the chain says.
    #[error("the downloaded result hashes to {got}, the chain holds {expected}")]
    WrongResult {
        /// On the chain.
        expected: Hash,
        /// Of the bytes.
        got: Hash,
    },
}
