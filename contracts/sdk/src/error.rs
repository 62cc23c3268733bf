//! Refusals: what a contract says no with, and what the host says no with.

use alloc::string::{String, ToString};
use core::fmt;
use hydrogen_types::host::refusal;

/// Codes that the SDK itself reverts with. A contract's own are 1,000 to 999,999.
pub mod code {
    /// The arguments are not the encoding of the method's: the ledger's own code for it.
    pub const BAD_ARGS: u32 = hydrogen_types::receipt::code::BAD_ARGUMENTS;
    /// The method takes no CNX.
    pub const NOT_PAYABLE: u32 = 1_000_000;
}

/// A refusal on its way to the host. Every error enum that derives [`crate::ContractError`] turns into one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revert {
    /// Stable number from 1,000.
    pub code: u32,
    /// The sentence.
    pub message: String,
}

impl Revert {
    /// From its parts.
    #[must_use]
    pub fn new(code: u32, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Revert {}

/// Why CNX did not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferError {
    /// The payer has less.
    BalanceTooLow,
    /// The owner allows this contract less.
    AllowanceTooLow,
}

impl TransferError {
    pub(crate) fn check(result: i32) -> Result<(), Self> {
        match result {
            0 => Ok(()),
            refusal::ALLOWANCE_TOO_LOW => Err(Self::AllowanceTooLow),
            _ => Err(Self::BalanceTooLow),
        }
    }
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BalanceTooLow => "the balance is too low",
            Self::AllowanceTooLow => "the allowance is too low",
        })
    }
}

impl core::error::Error for TransferError {}

/// Why a call was not scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleError {
    /// Due now or in the past, a draw due at a time, or a gas price below the minimum.
    BadSchedule,
    /// More gas than one block runs for scheduled calls.
    TooLarge,
    /// Too many calls of this contract wait.
    Full,
    /// This contract cannot pay for the gas.
    BalanceTooLow,
}

impl ScheduleError {
    pub(crate) fn check(result: i64) -> Result<u64, Self> {
        u64::try_from(result).map_err(|_| match i32::try_from(result) {
            Ok(refusal::SCHEDULE_TOO_LARGE) => Self::TooLarge,
            Ok(refusal::SCHEDULE_FULL) => Self::Full,
            Ok(refusal::BALANCE_TOO_LOW) => Self::BalanceTooLow,
            _ => Self::BadSchedule,
        })
    }
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadSchedule => "due too early, of the wrong kind, or below the minimum gas price",
            Self::TooLarge => "more gas than a block runs for scheduled calls",
            Self::Full => "too many scheduled calls wait for this contract",
            Self::BalanceTooLow => "the contract cannot pay for the scheduled call",
        })
    }
}

impl core::error::Error for ScheduleError {}

/// How another contract failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// Its code.
    pub code: u32,
    /// Its message.
    pub message: String,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the called contract failed with code {}: {}", self.code, self.message)
    }
}

impl core::error::Error for CallError {}
