//! The chain as a running contract sees it.

use crate::error::{CallError, ScheduleError, TransferError};
use crate::sys;
use alloc::string::String;
use alloc::vec::Vec;
use hydrogen_types::codec::encode;
use hydrogen_types::host::{CallContext, Origin};
use hydrogen_types::{Address, Amount, Attribute, ChainId, Gas, Hash, Height, PublicKey, ScheduleRequest};
use hydrogen_types::{Signature, Tag};

/// Everything known about the running call.
///
/// # Panics
/// Never: the host encodes it.
#[must_use]
pub fn context() -> CallContext {
    sys::with_context(|bytes| match borsh::from_slice(bytes) {
        Ok(context) => context,
        Err(_) => panic!("the host encodes a call context"),
    })
}

/// Byte positions of `CallContext` after the chain id: reading one field decodes no other. A test holds them against
/// borsh.
mod at {
    pub(super) const CALLER: usize = 0;
    pub(super) const CONTRACT: usize = 20;
    pub(super) const SIGNER: usize = 40;
    pub(super) const VALUE: usize = 60;
    pub(super) const HEIGHT: usize = 76;
    pub(super) const TIME_MS: usize = 84;
    pub(super) const UPTIME_MS: usize = 92;
    pub(super) const GAS_PRICE: usize = 100;
}

fn field<const N: usize>(position: usize) -> [u8; N] {
    let mut out = [0; N];
    copy(position, &mut out);
    out
}

fn copy(position: usize, out: &mut [u8]) {
    let copied = sys::with_context(|bytes| {
        let start = 4 + u32::from_le_bytes(*bytes.first_chunk()?) as usize + position;
        out.copy_from_slice(bytes.get(start..)?.get(..out.len())?);
        Some(())
    });
    assert!(copied.is_some(), "the host encodes a call context");
}

/// The chain.
#[must_use]
pub fn chain_id() -> ChainId {
    context().chain_id
}

/// Who called: an account, a contract, or this contract itself in a scheduled call.
#[must_use]
pub fn caller() -> Address {
    Address::new(field(at::CALLER))
}

/// This contract.
#[must_use]
pub fn contract() -> Address {
    Address::new(field(at::CONTRACT))
}

/// Who signed the transaction; this contract itself in a scheduled call; the zero address in a query.
#[must_use]
pub fn signer() -> Address {
    Address::new(field(at::SIGNER))
}

/// CNX that came with the call.
#[must_use]
pub fn value() -> Amount {
    Amount::new(u128::from_le_bytes(field(at::VALUE)))
}

/// Height of the running block; of the tip in a query.
#[must_use]
pub fn height() -> Height {
    Height::new(u64::from_le_bytes(field(at::HEIGHT)))
}

/// Time of the running block in ms since 1970.
#[must_use]
pub fn time_ms() -> u64 {
    u64::from_le_bytes(field(at::TIME_MS))
}

/// The chain's uptime in ms: what deadlines run on.
#[must_use]
pub fn uptime_ms() -> u64 {
    u64::from_le_bytes(field(at::UPTIME_MS))
}

/// Base units for each gas of the running call.
#[must_use]
pub fn gas_price() -> u64 {
    u64::from_le_bytes(field(at::GAS_PRICE))
}

/// Where the running call came from.
#[must_use]
pub fn origin() -> Origin {
    context().origin
}

/// Most entries the host returns at once.
const RANGE_MAX: u32 = 1024;

/// The value under a raw key; [`crate::Item`] and [`crate::Map`] are more comfortable.
#[must_use]
pub fn storage_get(key: &[u8]) -> Option<Vec<u8>> {
    sys::storage_get(key)
}

/// Stores a value under a raw key.
pub fn storage_set(key: &[u8], value: &[u8]) {
    sys::storage_set(key, value);
}

/// Removes a raw key; whether it was there.
pub fn storage_remove(key: &[u8]) -> bool {
    sys::storage_remove(key)
}

/// Raw keys from `start` (included) to `end` (excluded; `None` for no end) in order, with their values: at most
/// `limit` (and 1,024), and as many as one read of 66 KiB holds, so an answer shorter than `limit` is not yet the end;
/// an empty one is.
#[must_use]
pub fn storage_range(start: &[u8], end: Option<&[u8]>, limit: u32) -> Vec<(Vec<u8>, Vec<u8>)> {
    let bytes = sys::storage_range(start, end.unwrap_or_default(), limit.min(RANGE_MAX));
    let Ok(pairs) = borsh::from_slice(&bytes) else {
        panic!("the host encodes a list of pairs");
    };
    pairs
}

/// Moves CNX from this contract.
///
/// # Errors
/// [`TransferError::BalanceTooLow`].
pub fn transfer(to: &Address, amount: Amount) -> Result<(), TransferError> {
    TransferError::check(sys::transfer(to.as_bytes(), amount.get()))
}

/// Moves CNX of `from`, within the allowance that `from` gave this contract.
///
/// # Errors
/// [`TransferError`], either variant.
pub fn transfer_from(from: &Address, to: &Address, amount: Amount) -> Result<(), TransferError> {
    TransferError::check(sys::transfer_from(from.as_bytes(), to.as_bytes(), amount.get()))
}

/// CNX of an account or contract.
#[must_use]
pub fn balance(address: &Address) -> Amount {
    Amount::new(sys::balance(address.as_bytes()))
}

/// What `spender` may still take from `owner`.
#[must_use]
pub fn allowance(owner: &Address, spender: &Address) -> Amount {
    Amount::new(sys::allowance(owner.as_bytes(), spender.as_bytes()))
}

/// Calls a method of another contract with borsh `args`, sending `value`, with at most `gas`
/// ([`Gas::ZERO`]: all that is left but 1/64). If it fails, what it did is undone and this contract goes on.
///
/// # Errors
/// The callee's code and message.
pub fn call(
    contract: &Address,
    method: &str,
    args: &[u8],
    value: Amount,
    gas: Gas,
) -> Result<Vec<u8>, CallError> {
    match sys::call(contract.as_bytes(), method, args, value.get(), gas.get()) {
        (0, result) => Ok(result),
        (code, message) => Err(CallError { code, message: String::from_utf8_lossy(&message).into_owned() }),
    }
}

/// Leaves a call with the chain; its gas is bought now from this contract's balance. Returns its id.
///
/// # Errors
/// [`ScheduleError`] says what is wrong with the request.
pub fn schedule(request: &ScheduleRequest) -> Result<u64, ScheduleError> {
    ScheduleError::check(sys::schedule(&encode(request)))
}

/// Takes a waiting call back: the CNX returned, or `None` if it no longer waits.
pub fn unschedule(id: u64) -> Option<Amount> {
    sys::unschedule(id).map(Amount::new)
}

/// Emits an event; structs that derive [`crate::Event`] have a method for it.
pub fn emit(name: &str, attributes: &[Attribute]) {
    // A slice of attributes is encoded as the `Vec` the host reads.
    let mut bytes = encode(&name);
    bytes.extend(encode(&attributes));
    sys::emit(&bytes);
}

/// The beacon of the running block. In draws only: anywhere else the host ends the call.
#[must_use]
pub fn beacon() -> Hash {
    Hash::new(sys::beacon())
}

/// Plain SHA-256, by the host.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash::new(sys::sha256(bytes))
}

/// The ledger's tagged hash (as [`Hash::of`]), by the host.
#[must_use]
pub fn hash(tag: Tag, parts: &[&[u8]]) -> Hash {
    let mut bytes = Vec::from(tag.text().as_bytes());
    bytes.push(0);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    sha256(&bytes)
}

/// Keccak-256, by the host.
#[must_use]
pub fn keccak256(bytes: &[u8]) -> [u8; 32] {
    sys::keccak256(bytes)
}

/// Whether an Ed25519 signature is valid under the strict rules.
#[must_use]
pub fn ed25519_verify(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    sys::ed25519_verify(&key.0, message, &signature.0)
}

/// The output of an ECVRF proof, if it holds.
#[must_use]
pub fn vrf_verify(key: &PublicKey, input: &[u8], proof: &[u8; 80]) -> Option<[u8; 64]> {
    sys::vrf_verify(&key.0, input, proof)
}

/// A line for the author, kept beside the receipt by the executing node.
pub fn log(line: &str) {
    sys::log(line);
}

/// Ends the call as failed. Methods that return an error do this by themselves.
pub fn revert(code: u32, message: &str) -> ! {
    sys::revert(code, message)
}
