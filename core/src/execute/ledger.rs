//! Balances and allowances: moves that run no code and conserve CNX.

use crate::state::{Overlay, keys};
use crate::store::StoreError;
use hydrogen_types::block::Account;
use hydrogen_types::{Address, Amount};

/// The account that holds what scheduled calls have paid for and not yet used.
#[must_use]
pub fn schedule_account() -> Address {
    Address::of_name("schedule")
}

/// The account of an address; an unknown one is empty.
pub(crate) fn account(state: &Overlay, address: &Address) -> Result<Account, StoreError> {
    Ok(state.read(&keys::account(address))?.unwrap_or_default())
}

pub(crate) fn set_account(state: &mut Overlay, address: &Address, account: &Account) {
    state.write(keys::account(address), account);
}

/// Balance of an address.
///
/// # Errors
/// When the store fails.
pub fn balance_of(state: &Overlay, address: &Address) -> Result<Amount, StoreError> {
    Ok(account(state, address)?.balance)
}

/// Moves CNX; `false`, and nothing moved, if `from` has too little.
pub(crate) fn transfer(
    state: &mut Overlay,
    from: &Address,
    to: &Address,
    amount: Amount,
) -> Result<bool, StoreError> {
    let mut source = account(state, from)?;
    let Some(rest) = source.balance.checked_sub(amount) else { return Ok(false) };
    if amount.is_zero() || from == to {
        return Ok(true);
    }
    source.balance = rest;
    set_account(state, from, &source);
    let mut target = account(state, to)?;
    target.balance = target.balance.checked_add(amount).expect("genesis bounds the supply below 2^128");
    set_account(state, to, &target);
    Ok(true)
}

/// What `spender` may take from `owner`.
pub(crate) fn allowance(state: &Overlay, owner: &Address, spender: &Address) -> Result<Amount, StoreError> {
    Ok(state.read(&keys::allowance(owner, spender))?.unwrap_or_default())
}

/// Sets what `spender` may take from `owner`; zero leaves no entry.
pub(crate) fn approve(state: &mut Overlay, owner: &Address, spender: &Address, amount: Amount) {
    let key = keys::allowance(owner, spender);
    if amount.is_zero() { state.remove(key) } else { state.write(key, &amount) }
}
