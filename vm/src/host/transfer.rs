//! CNX.

use super::frame::Frame;
use crate::stop::Stop;
use hydrogen_types::{Address, Amount};

pub(super) fn address(frame: &mut Frame<'_>, ptr: i32) -> Result<Address, Stop> {
    Ok(Address::new(frame.read_array(ptr, "address")?))
}

pub(super) fn amount(frame: &mut Frame<'_>, ptr: i32) -> Result<Amount, Stop> {
    Ok(Amount::new(u128::from_le_bytes(frame.read_array(ptr, "amount")?)))
}

pub(super) fn write_amount(frame: &mut Frame<'_>, ptr: i32, amount: Amount) -> Result<(), Stop> {
    frame.write(ptr, &amount.get().to_le_bytes(), "room for an amount")
}

pub(crate) fn transfer(frame: &mut Frame<'_>, to_ptr: i32, amount_ptr: i32) -> Result<i32, Stop> {
    let to = address(frame, to_ptr)?;
    let amount = amount(frame, amount_ptr)?;
    Ok(frame.context()?.transfer(to, amount)?)
}

pub(crate) fn transfer_from(
    frame: &mut Frame<'_>,
    from_ptr: i32,
    to_ptr: i32,
    amount_ptr: i32,
) -> Result<i32, Stop> {
    let from = address(frame, from_ptr)?;
    let to = address(frame, to_ptr)?;
    let amount = amount(frame, amount_ptr)?;
    Ok(frame.context()?.transfer_from(from, to, amount)?)
}

pub(crate) fn balance(frame: &mut Frame<'_>, address_ptr: i32, out_ptr: i32) -> Result<(), Stop> {
    let owner = address(frame, address_ptr)?;
    let balance = frame.context()?.balance(&owner)?;
    write_amount(frame, out_ptr, balance)
}

pub(crate) fn allowance(
    frame: &mut Frame<'_>,
    owner_ptr: i32,
    spender_ptr: i32,
    out_ptr: i32,
) -> Result<(), Stop> {
    let owner = address(frame, owner_ptr)?;
    let spender = address(frame, spender_ptr)?;
    let allowance = frame.context()?.allowance(&owner, &spender)?;
    write_amount(frame, out_ptr, allowance)
}
