//! The vocabulary of the ledger: what is signed, hashed, stored and sent, and nothing that acts.
//!
//! This crate is `no_std` (with `alloc`) because contracts, the light client and the node share it.
//!
//! *Absent on purpose*: a clock, randomness, curve arithmetic, JSON, any I/O.
//!
//! *Invariants*: a type has one borsh encoding (decoding refuses trailing bytes and unordered maps);
//! every hash and signature carries a tag from [`hash`].
#![no_std]

extern crate alloc;

pub mod block;
pub mod codec;
pub mod event;
pub mod hash;
pub mod host;
pub mod keys;
pub mod merkle;
pub mod receipt;
pub mod schedule;
pub mod schema;
pub mod task;
pub mod tx;
pub mod units;

#[cfg(test)]
mod tests;

pub use block::{
    Account, Block, Certificate, CommitSignature, ContractInfo, Header, Validator, ValidatorSet,
};
pub use codec::{DecodeError, decode};
pub use event::{Attribute, Event, Value};
pub use hash::{Hash, Tag};
pub use keys::{Address, AddressError, PublicKey, Signature};
pub use receipt::{Receipt, SideData, Status};
pub use schedule::{CallKind, Due, ScheduleRequest};
pub use tx::{Action, ChainId, Tx, TxBody};
pub use units::{Amount, Gas, Height};
