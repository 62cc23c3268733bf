//! What can go wrong on an embedded chain.

use hydrogen_core::abi::AbiError;
use hydrogen_core::reader::ReadError;
use hydrogen_core::{BlockError, ChainError, TxError};
use hydrogen_types::receipt::SideData;
use hydrogen_types::{Address, Hash, Receipt};
use hydrogen_vm::VmSetupError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// It was executed and failed: it paid its gas and changed nothing else.
    #[error("call failed with code {}: {}", receipt.code, side.message)]
    Failed {
        /// What entered the block.
        receipt: Box<Receipt>,
        /// Message, place of a panic, backtrace, log.
        side: Box<SideData>,
    },
    /// A query failed.
    #[error("query failed with code {code}: {message}")]
    QueryFailed {
        /// As in a receipt.
        code: u32,
        /// The sentence.
        message: String,
    },
    /// It was refused before it was executed.
    #[error(transparent)]
    Refused(#[from] TxError),
    /// The block left it out: another transaction made it impossible.
    #[error("transaction did not apply and was left out of the block")]
    LeftOut,
    /// No contract at this address.
    #[error("no contract at {0}")]
    NoContract(Address),
    /// No transaction or scheduled call of this id is final.
    #[error("no receipt of {0}")]
    UnknownReceipt(Hash),
    /// Arguments or results do not fit the contract's interface.
    #[error(transparent)]
    Interface(#[from] AbiError),
    /// A value is not what its type says.
    #[error(transparent)]
    Undecodable(#[from] hydrogen_types::DecodeError),
    /// The foreign block is refused.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// The chain stopped.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The question has no answer.
    #[error(transparent)]
    Read(ReadError),
    /// The sandbox could not be made.
    #[error(transparent)]
    Sandbox(#[from] VmSetupError),
}

impl From<ReadError> for EmbedError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Refused(refusal) => Self::Refused(refusal),
            other => Self::Read(other),
        }
    }
}

impl EmbedError {
    /// The code of the failed call or query, if it was one.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        match self {
            Self::Failed { receipt, .. } => Some(receipt.code),
            Self::QueryFailed { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// The failed call's sentence, empty for all others.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Failed { side, .. } => &side.message,
            Self::QueryFailed { message, .. } => message,
            _ => "",
        }
    }
}
