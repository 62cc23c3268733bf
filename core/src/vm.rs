//! What the ledger asks of a sandbox. `hydrogen-vm` answers.

use crate::execute::Context;
use crate::store::StoreError;
use hydrogen_types::receipt::code;
use hydrogen_types::{Gas, Hash};
use std::sync::Arc;

/// Why a module may not be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CodeError {
    /// The offending import, section or function, and how to mend it.
    pub message: String,
}

/// One call into a module.
#[derive(Debug, Clone)]
pub struct VmCall {
    /// Hash of the module.
    pub code: Hash,
    /// Export, made by [`hydrogen_types::host::MethodKind::export`].
    pub export: String,
    /// Most gas it may use.
    pub gas: Gas,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It returned; its value is in the context.
    Returned,
    /// It refused, with a code from 1000 (or 100) and a sentence.
    Reverted {
        /// The contract's code.
        code: u32,
        /// The sentence.
        message: String,
    },
    /// It panicked.
    Panicked {
        /// The panic's message.
        message: String,
        /// `file:line:column`.
        location: String,
    },
    /// It reached its gas limit.
    OutOfGas,
    /// It trapped; all its gas is charged.
    Trapped(String),
    /// Its calls nested too deep; all its gas is charged.
    StackExhausted,
    /// The module has no such export.
    MethodNotFound,
    /// A host function refused what the call may not do.
    Forbidden(String),
}

impl Ending {
    /// The receipt's code.
    #[must_use]
    pub fn code(&self) -> u32 {
        match self {
            Self::Returned => code::SUCCESS,
            Self::Reverted { code, .. } => *code,
            Self::Panicked { .. } => code::PANIC,
            Self::OutOfGas => code::OUT_OF_GAS,
            Self::Trapped(_) => code::TRAP,
            Self::StackExhausted => code::STACK_EXHAUSTED,
            Self::MethodNotFound => code::METHOD_NOT_FOUND,
            Self::Forbidden(_) => code::FORBIDDEN,
        }
    }
}

/// What became of a call.
#[derive(Debug, Clone)]
pub struct VmResult {
    /// How it ended.
    pub ending: Ending,
    /// Gas used, at most the call's.
    pub gas_used: Gas,
    /// Frames of a trap, innermost first.
    pub backtrace: Vec<String>,
}

/// A failure of this machine, never of the contract: it stops the block, not the call.
#[derive(Debug, thiserror::Error)]
pub enum VmError {
    /// The store failed.
    #[error("store failed under a contract")]
    Store(#[from] StoreError),
    /// The sandbox lacks memory, slots or threads.
    #[error("sandbox failed: {0}")]
    Host(String),
}

/// A sandbox for contracts.
pub trait ContractVm: Send + Sync {
    /// The static checks of an upload; the same answer on every machine.
    ///
    /// # Errors
    /// What is wrong with the module and how to mend it.
    fn check(&self, code: &[u8]) -> Result<(), CodeError>;

    /// Starts compiling in the background and returns at once.
    fn warm(&self, hash: Hash, code: Arc<[u8]>);

    /// Runs an export. The context goes in and comes back, whatever happened.
    fn call(&self, call: VmCall, context: Box<Context>) -> (Box<Context>, Result<VmResult, VmError>);
}
