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

/// The ledger's own receipt codes. A contract's codes start at [`code::CONTRACT_MIN`].
pub mod code {
    /// All of it was done.
    pub const SUCCESS: u32 = 0;
    /// The gas limit was reached.
    pub const OUT_OF_GAS: u32 = 1;
    /// The module trapped: a bad memory access, a division by zero, an `unreachable`.
    pub const TRAP: u32 = 2;
    /// The contract panicked.
    pub const PANIC: u32 = 3;
    /// Calls nested too deep inside a module.
    pub const STACK_EXHAUSTED: u32 = 4;
    /// The contract exports no such method of this kind.
    pub const METHOD_NOT_FOUND: u32 = 5;
    /// The call may not do this: a draw that calls, a query that writes.
    pub const FORBIDDEN: u32 = 6;
    /// No contract at this address.
    pub const CONTRACT_NOT_FOUND: u32 = 7;
    /// No module of this hash, or not active before the next height.
    pub const CODE_NOT_ACTIVE: u32 = 8;
    /// The module fails the checks.
    pub const BAD_CODE: u32 = 9;
    /// The module is stored already.
    pub const CODE_EXISTS: u32 = 10;
    /// The sender is not the contract's admin.
    pub const NOT_ADMIN: u32 = 11;
    /// The balance does not cover the transfer.
    pub const BALANCE_TOO_LOW: u32 = 12;
    /// The contract is already running further up.
    pub const REENTRANCY: u32 = 13;
    /// More than 16 contracts deep.
    pub const DEPTH_EXCEEDED: u32 = 14;
    /// The sender is not the governance key.
    pub const NOT_GOVERNANCE: u32 = 15;
    /// The validator set cannot be changed so.
    pub const BAD_VALIDATORS: u32 = 16;
    /// The arguments are not what the method takes.
    pub const BAD_ARGUMENTS: u32 = 100;
    /// First code a contract may use.
    pub const CONTRACT_MIN: u32 = 1000;
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
