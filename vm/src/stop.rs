//! Why a guest was stopped, as the error that wasmtime carries out of it.

use hydrogen_core::{HostError, VmError};
use std::fmt;

/// What ended a contract's call before it returned.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The gas limit was reached.
    OutOfGas,
    /// The contract refused.
    Reverted { code: u32, message: String },
    /// The contract panicked.
    Panicked { message: String, location: String },
    /// The call may not do this.
    Forbidden(String),
    /// The contract misused a host function; costs all gas, like any trap.
    Trap(String),
    /// This machine failed.
    Fault(VmError),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfGas => write!(f, "out of gas"),
            Self::Reverted { code, message } => write!(f, "reverted with code {code}: {message}"),
            Self::Panicked { message, location } => write!(f, "panicked at {location}: {message}"),
            Self::Forbidden(message) | Self::Trap(message) => write!(f, "{message}"),
            Self::Fault(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Stop {}

impl From<HostError> for Stop {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Forbidden(message) => Self::Forbidden(message),
            HostError::Store(error) => Self::Fault(VmError::Store(error)),
        }
    }
}
