//! Receipts: what became of a transaction or a scheduled call.

use crate::codec::encode;
use crate::event::Event;
use crate::hash::{Hash, Tag};
use crate::units::{Amount, Gas, Height};
use alloc::string::String;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// How it ended. Numeric codes and names stand in `docs/errors.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Status {
    /// All of it was done.
    Success,
    /// Nothing was done, but the gas was paid.
    Failed,
}

/// What entered the block's receipt root.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    /// Transaction id; for a scheduled call, [`crate::schedule::call_hash`].
    pub hash: Hash,
    /// Block.
    pub height: Height,
    /// Place in the block: draws, then ordinary scheduled calls, then transactions.
    pub index: u32,
    /// How it ended.
    pub status: Status,
    /// 0 for success; below 1000 the ledger's own codes; from 1000 the contract's.
    pub code: u32,
    /// Gas used.
    pub gas_used: Gas,
    /// Gas used times the price, paid to the proposer.
    pub fee: Amount,
    /// What the call returned (borsh).
    pub value: Vec<u8>,
    /// Events, empty for a failed call.
    pub events: Vec<Event>,
    /// Ids of the calls it scheduled, empty for a failed call.
    pub scheduled: Vec<u64>,
}

impl Receipt {
    /// Leaf of the receipt root.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        Hash::of(Tag::RECEIPT, &[&encode(self)])
    }

    /// Whether all of it was done.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status == Status::Success
    }
}

/// What the executing node remembers beside a receipt. It enters no hash and may differ between nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SideData {
    /// What went wrong, for a person.
    pub message: String,
    /// `file:line:column` of a panic.
    pub location: String,
    /// Frames of the trap, innermost first: function index and offset in the module, with a name where known.
    pub backtrace: Vec<String>,
    /// Lines the contract logged.
    pub log: Vec<String>,
}
