//! The host functions, one file a topic. Prices and types stand in `hydrogen_types::host`; here is what they do.
//!
//! *Invariant*: a function charges for a byte before it copies, hashes or stores it.

mod call;
mod crypto;
mod ending;
mod env;
mod event;
mod frame;
mod memory;
mod storage;
mod transfer;

/// Every function under the table's name, for the linker.
pub(crate) mod functions {
    pub(crate) use super::call::{call, result_len, result_read, schedule, unschedule};
    pub(crate) use super::crypto::{ed25519_verify, keccak256, sha256, vrf_verify};
    pub(crate) use super::ending::{panic, return_value, revert};
    pub(crate) use super::env::{beacon, context_len, context_read, input_len, input_read};
    pub(crate) use super::event::{emit, log};
    pub(crate) use super::storage::{storage_get, storage_range, storage_remove, storage_set};
    pub(crate) use super::transfer::{allowance, balance, transfer, transfer_from};
}

pub(crate) use frame::{Frame, Host};
