//! The actions that the ledger does itself, without a contract.

use super::env::{BlockEnv, CodeInfo};
use super::ledger;
use crate::limits::CODE_BYTES_MAX;
use crate::state::{Overlay, keys};
use crate::store::StoreError;
use crate::vm::ContractVm;
use hydrogen_types::block::ContractInfo;
use hydrogen_types::receipt::code;
use hydrogen_types::{Address, Amount, Hash};
use std::sync::Arc;

/// Why an action failed: the receipt's code and a sentence.
pub(super) struct Refusal {
    pub(super) code: u32,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: u32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

type Done<T> = Result<Result<T, Refusal>, StoreError>;

pub(super) fn transfer(state: &mut Overlay, from: &Address, to: &Address, amount: Amount) -> Done<()> {
    if ledger::transfer(state, from, to, amount)? {
        return Ok(Ok(()));
    }
    let balance = ledger::balance_of(state, from)?;
    let message = format!("a balance of {balance} CNX does not cover {amount} CNX");
    Ok(Err(Refusal::new(code::BALANCE_TOO_LOW, message)))
}

/// Checks and registers a module; its bytes are the caller's to keep.
pub(super) fn upload(state: &mut Overlay, env: &BlockEnv, vm: &dyn ContractVm, module: &[u8]) -> Done<Hash> {
    let hash = Hash::sha256(module);
    if module.len() > CODE_BYTES_MAX {
        let message = format!("module of {} bytes, at most {CODE_BYTES_MAX} allowed", module.len());
        return Ok(Err(Refusal::new(code::BAD_CODE, message)));
    }
    if state.get(&keys::code(&hash))?.is_some() {
        return Ok(Err(Refusal::new(code::CODE_EXISTS, format!("module {hash} is stored already"))));
    }
    if let Err(error) = vm.check(module) {
        return Ok(Err(Refusal::new(code::BAD_CODE, error.message)));
    }
    let size = u32::try_from(module.len()).expect("a checked module is below 4 GiB");
    state.write(keys::code(&hash), &CodeInfo { size, active_from: env.height.next() });
    // It may be called one height later: compile meanwhile, whatever becomes of this block.
    vm.warm(hash, Arc::from(module));
    Ok(Ok(hash))
}

/// Refuses code that is unknown or younger than this block.
pub(super) fn require_active(state: &Overlay, env: &BlockEnv, hash: &Hash) -> Done<()> {
    let message = match state.read::<CodeInfo>(&keys::code(hash))? {
        Some(info) if info.active_from <= env.height => return Ok(Ok(())),
        Some(info) => format!("module {hash} is active from height {}", info.active_from),
        None => format!("no module {hash}: upload it first"),
    };
    Ok(Err(Refusal::new(code::CODE_NOT_ACTIVE, message)))
}

/// The contract, if `sender` is its admin.
pub(super) fn require_admin(state: &Overlay, contract: &Address, sender: &Address) -> Done<ContractInfo> {
    let Some(info) = state.read::<ContractInfo>(&keys::contract(contract))? else {
        return Ok(Err(Refusal::new(code::CONTRACT_NOT_FOUND, format!("no contract at {contract}"))));
    };
    if info.admin != Some(*sender) {
        return Ok(Err(Refusal::new(code::NOT_ADMIN, format!("{sender} is not the admin of {contract}"))));
    }
    Ok(Ok(info))
}
