//! Calls to other contracts, now and later.

use super::env::length;
use super::frame::Frame;
use super::memory;
use super::transfer::{address, amount, write_amount};
use crate::stop::Stop;
use hydrogen_core::limits::{ARGS_BYTES_MAX, SCHEDULED_ARGS_BYTES_MAX};
use hydrogen_types::codec::decode;
use hydrogen_types::schedule::ScheduleRequest;
use hydrogen_types::tx::METHOD_BYTES_MAX;
use hydrogen_types::{Amount, Gas};

/// Bytes of a schedule request beside its arguments, at most: kind, due, lengths, gas, price, address, method.
const REQUEST_HEAD_BYTES_MAX: usize = 128 + METHOD_BYTES_MAX;

/// The caller keeps at least this part of its gas, so that it can go on after its callee used all.
const GAS_KEPT_DIVISOR: u64 = 64;

#[expect(clippy::too_many_arguments, reason = "the table of host functions has them")]
pub(crate) fn call(
    frame: &mut Frame<'_>,
    contract_ptr: i32,
    method_ptr: i32,
    method_len: i32,
    args_ptr: i32,
    args_len: i32,
    value_ptr: i32,
    gas: i64,
) -> Result<i64, Stop> {
    let contract = address(frame, contract_ptr)?;
    let method = frame.read(method_ptr, method_len, METHOD_BYTES_MAX, "method name")?;
    let method =
        String::from_utf8(method).map_err(|_| Stop::Trap(String::from("method name is not UTF-8")))?;
    let args = frame.read(args_ptr, args_len, ARGS_BYTES_MAX, "arguments")?;
    let value = amount(frame, value_ptr)?;
    let left = frame.gas_left()?;
    let most = left - left / GAS_KEPT_DIVISOR;
    let given = match gas.cast_unsigned() {
        0 => most,
        asked => asked.min(most),
    };
    let stack_left = frame.stack_left()?;
    let mut context = frame.take_context()?;
    let outer = context.stack_left.replace(stack_left);
    let (mut context, result) = context.call_contract(contract, method, args, value, Gas::new(given));
    context.stack_left = outer;
    frame.put_context(context);
    let sub = result.map_err(Stop::Fault)?;
    frame.charge(sub.gas_used.get().min(given))?;
    Ok(i64::from(sub.code))
}

pub(crate) fn result_len(frame: &mut Frame<'_>) -> Result<i32, Stop> {
    length(frame.context()?.last_result().len())
}

pub(crate) fn result_read(frame: &mut Frame<'_>, out_ptr: i32) -> Result<(), Stop> {
    let len = frame.context()?.last_result().len();
    frame.charge_bytes(len)?;
    let (bytes, context) = frame.parts()?;
    memory::slice_mut(bytes, out_ptr, len, "room for the result")?.copy_from_slice(context.last_result());
    Ok(())
}

pub(crate) fn schedule(frame: &mut Frame<'_>, request_ptr: i32, request_len: i32) -> Result<i64, Stop> {
    let size_max = SCHEDULED_ARGS_BYTES_MAX + REQUEST_HEAD_BYTES_MAX;
    let bytes = frame.read(request_ptr, request_len, size_max, "schedule request")?;
    let request: ScheduleRequest =
        decode(&bytes, size_max).map_err(|error| Stop::Trap(format!("schedule request: {error}")))?;
    if request.method.len() > METHOD_BYTES_MAX || request.args.len() > SCHEDULED_ARGS_BYTES_MAX {
        return Err(Stop::Trap(format!(
            "a scheduled call takes a method of {METHOD_BYTES_MAX} and arguments of {SCHEDULED_ARGS_BYTES_MAX} bytes"
        )));
    }
    Ok(frame.context()?.schedule(request)?)
}

pub(crate) fn unschedule(frame: &mut Frame<'_>, id: i64, out_ptr: i32) -> Result<i32, Stop> {
    let refund = frame.context()?.unschedule(id.cast_unsigned())?;
    write_amount(frame, out_ptr, refund.unwrap_or(Amount::ZERO))?;
    Ok(i32::from(refund.is_some()))
}
