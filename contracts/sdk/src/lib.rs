//! What a contract author writes with.
//!
//! ```
//! #![cfg_attr(target_arch = "wasm32", no_std)]
//! use hydrogen_sdk::prelude::*;
//!
//! /// Raised by every increment.
//! #[derive(Event)]
//! pub struct Incremented {
//!     /// What was added.
//!     pub by: u64,
//! }
//!
//! #[derive(Debug, ContractError)]
//! pub enum CounterError {
//!     #[error(1000, "{now} and {by} are more than a u64 holds")]
//!     Overflow { now: u64, by: u64 },
//! }
//!
//! #[storage]
//! const COUNT: Item<u64> = Item::new("count");
//!
//! /// Counts.
//! #[contract]
//! mod counter {
//!     use super::*;
//!
//!     /// Starts at `start`.
//!     #[init]
//!     fn init(start: u64) {
//!         COUNT.save(&start);
//!     }
//!
//!     /// Adds `by` and returns the new count.
//!     #[call]
//!     fn increment(by: u64) -> Result<u64, CounterError> {
//!         let now = COUNT.load().unwrap_or_default();
//!         let next = now.checked_add(by).ok_or(CounterError::Overflow { now, by })?;
//!         COUNT.save(&next);
//!         Incremented { by }.emit();
//!         Ok(next)
//!     }
//!
//!     /// The count.
//!     #[query]
//!     fn get() -> u64 {
//!         COUNT.load().unwrap_or_default()
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! - `#[contract]` on an inline module. In it `#[init]`, `#[call]`, `#[query]`, `#[migrate]`, `#[scheduled]` mark
//!   methods `fn name(a: A, b: B) -> T` or `-> Result<T, E>` where `E` derives [`ContractError`] (or is [`Revert`]).
//!   A `#[call]` or `#[init]` that takes CNX says so: `#[call(payable)]`; others refuse a value.
//! - `#[contract(name = "task", foreign(TaskView, NodeView))]`: the name if it is not the module's, and the types
//!   of `hydrogen-types` that appear in methods (what they refer to follows by itself).
//! - Own structs and enums that appear in methods derive [`Abi`], [`borsh::BorshSerialize`] and
//!   [`borsh::BorshDeserialize`].
//! - State is [`Item`], [`Map`], [`IndexedMap`] and [`Vector`], saved explicitly. `#[storage]` above the constant puts its
//!   name and types into the interface, by which `hydrogen contract inspect` shows it. The chain is reached through [`env`],
//!   other contracts through clients that `hydrogen contract abi FILE --client rust` writes (see [`client`]).
//! - Compiled for the host instead of wasm32, [`env`] and storage work on [`mock`], so that rules can be unit-tested; the
//!   crate `hydrogen-test` runs one test natively, on the real sandbox and on a running chain.
#![no_std]

extern crate alloc;
#[cfg(not(target_arch = "wasm32"))]
extern crate std;
// The derives write `::hydrogen_sdk`, in this crate's own tests too.
#[cfg(test)]
extern crate self as hydrogen_sdk;

pub mod args;
pub mod client;
pub mod env;
pub mod error;
pub mod event;
mod indexed;
pub mod key;
#[cfg(not(target_arch = "wasm32"))]
pub mod mock;
pub mod storage;
#[cfg(target_arch = "wasm32")]
mod sys;
#[cfg(test)]
mod tests;
mod vector;

#[cfg(not(target_arch = "wasm32"))]
use mock::host as sys;

pub use borsh;
pub use error::Revert;
pub use event::{EventData, EventValue};
pub use hydrogen_sdk_macros::{Abi, ContractError, Event, contract, storage};
pub use hydrogen_types as types;
pub use indexed::IndexedMap;
pub use key::Key;
pub use storage::{Item, Map};
pub use vector::Vector;

/// What nearly every contract needs.
pub mod prelude {
    pub use crate::error::Revert;
    pub use crate::event::{EventData, EventValue};
    pub use crate::key::Key;
    pub use crate::{Abi, ContractError, Event, IndexedMap, Item, Map, Vector, contract, env, storage};
    pub use alloc::string::{String, ToString};
    pub use alloc::vec::Vec;
    pub use alloc::{format, vec};
    pub use borsh::{BorshDeserialize, BorshSerialize};
    pub use hydrogen_types::{Address, Amount, Gas, Hash, Height, PublicKey, Signature};
}
