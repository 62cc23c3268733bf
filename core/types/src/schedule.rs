//! Calls that a contract leaves with the chain to be run later.

use crate::codec::encode;
use crate::hash::{Hash, Tag};
use crate::keys::Address;
use crate::units::{Gas, Height};
use alloc::string::String;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// What a scheduled call may see and do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum CallKind {
    /// Due at a height; may read the beacon of the block it runs in; may use only its own contract's storage,
    /// `transfer`, `schedule` and `emit`.
    Draw,
    /// Due at a height or a time; may not read the beacon.
    Ordinary,
}

/// When a scheduled call is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Due {
    /// In the block of this height.
    Height(Height),
    /// In the first block whose `uptime_ms` is at least this.
    UptimeMs(u64),
}

/// What a contract passes to the host function `schedule`.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ScheduleRequest {
    /// Draw or ordinary.
    pub kind: CallKind,
    /// When; at the earliest the next block. A draw takes a height only.
    pub due: Due,
    /// Name of the contract's own method, exported as a scheduled method.
    pub method: String,
    /// Borsh arguments.
    pub args: Vec<u8>,
    /// Gas bought now from the contract's balance.
    pub gas: Gas,
    /// Base units for each gas, at least the chain's minimum.
    pub gas_price: u64,
    /// Who gets back what the call leaves unspent.
    pub refund_to: Address,
}

/// A call that waits in the state.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ScheduledCall {
    /// Id, unique on the chain and growing.
    pub id: u64,
    /// The contract that scheduled it and will be called.
    pub contract: Address,
    /// What it asked for.
    pub request: ScheduleRequest,
}

/// The id under which the receipt of scheduled call `id` is found.
#[must_use]
pub fn call_hash(id: u64) -> Hash {
    Hash::of(Tag::RECEIPT, &[b"scheduled", &encode(&id)])
}
