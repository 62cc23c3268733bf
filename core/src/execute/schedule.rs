//! The schedule in the state: adding, taking back, and what is due.

use super::env::BlockEnv;
use super::ledger;
use crate::limits::{SCHEDULED_ARGS_BYTES_MAX, SCHEDULED_PER_BLOCK_MAX, SCHEDULED_PER_CONTRACT_MAX};
use crate::state::keys::{self, Queue};
use crate::state::{Overlay, StateRead};
use crate::store::StoreError;
use borsh::BorshDeserialize;
use hydrogen_types::block::ContractInfo;
use hydrogen_types::host::refusal;
use hydrogen_types::schedule::ScheduledCall;
use hydrogen_types::tx::METHOD_BYTES_MAX;
use hydrogen_types::{Address, Amount, CallKind, Due, Height, ScheduleRequest};

/// Adds a call for `contract` and takes its gas from the contract's balance; the inner error is a refusal.
pub(super) fn add(
    state: &mut Overlay,
    env: &BlockEnv,
    contract: Address,
    request: ScheduleRequest,
) -> Result<Result<u64, i32>, StoreError> {
    let ahead = match (request.kind, request.due) {
        (_, Due::Height(height)) => height > env.height,
        (CallKind::Ordinary, Due::UptimeMs(ms)) => ms > env.uptime_ms,
        (CallKind::Draw, Due::UptimeMs(_)) => false,
    };
    let sized = request.method.len() <= METHOD_BYTES_MAX && request.args.len() <= SCHEDULED_ARGS_BYTES_MAX;
    if !ahead || !sized || request.gas_price < env.params.gas_price_min {
        return Ok(Err(refusal::BAD_SCHEDULE));
    }
    if request.gas > env.params.scheduled_gas_max {
        return Ok(Err(refusal::SCHEDULE_TOO_LARGE));
    }
    let mut info = contract_info(state, &contract)?;
    if info.scheduled >= SCHEDULED_PER_CONTRACT_MAX {
        return Ok(Err(refusal::SCHEDULE_FULL));
    }
    let price = request.gas.cost(request.gas_price);
    if !ledger::transfer(state, &contract, &ledger::schedule_account(), price)? {
        return Ok(Err(refusal::BALANCE_TOO_LOW));
    }
    let id: u64 = state.read(&keys::next_scheduled_id())?.unwrap_or(1);
    state.write(keys::next_scheduled_id(), &id.saturating_add(1));
    let queue = Queue::of(request.kind, request.due);
    let key = keys::scheduled(queue, info.genesis, request.due, id);
    state.write(keys::scheduled_index(id), &key);
    state.write(key, &ScheduledCall { id, contract, request });
    info.scheduled += 1;
    state.write(keys::contract(&contract), &info);
    Ok(Ok(id))
}

/// Takes a waiting call of `contract` back and returns what it had paid.
pub(super) fn remove(state: &mut Overlay, contract: Address, id: u64) -> Result<Option<Amount>, StoreError> {
    let Some(key) = state.read::<Vec<u8>>(&keys::scheduled_index(id))? else { return Ok(None) };
    let Some(call) = state.read::<ScheduledCall>(&key)? else { return Ok(None) };
    if call.contract != contract {
        return Ok(None);
    }
    forget(state, key, &call)?;
    let price = call.request.gas.cost(call.request.gas_price);
    let paid = ledger::transfer(state, &ledger::schedule_account(), &contract, price)?;
    assert!(paid, "the schedule's account holds the price of every waiting call");
    Ok(Some(price))
}

/// Takes a call out of the schedule to run it; `None` if it was taken back meanwhile.
pub(super) fn take(state: &mut Overlay, key: Vec<u8>) -> Result<Option<ScheduledCall>, StoreError> {
    let Some(call) = state.read::<ScheduledCall>(&key)? else { return Ok(None) };
    forget(state, key, &call)?;
    Ok(Some(call))
}

fn forget(state: &mut Overlay, key: Vec<u8>, call: &ScheduledCall) -> Result<(), StoreError> {
    state.remove(key);
    state.remove(keys::scheduled_index(call.id));
    let mut info = contract_info(state, &call.contract)?;
    info.scheduled = info.scheduled.saturating_sub(1);
    state.write(keys::contract(&call.contract), &info);
    Ok(())
}

fn contract_info(state: &Overlay, contract: &Address) -> Result<ContractInfo, StoreError> {
    state.read(&keys::contract(contract))?.ok_or(StoreError::Damaged { what: "contract of a scheduled call" })
}

/// Keys and gas of the calls of one queue due at `moment`, in order.
pub(super) fn due(
    state: &Overlay,
    queue: Queue,
    moment: u64,
) -> Result<Vec<(Vec<u8>, ScheduledCall)>, StoreError> {
    let mut calls = Vec::new();
    for genesis in [true, false] {
        let (start, end) = keys::scheduled_until(queue, genesis, moment);
        for (key, value) in state.range(&start, &end, SCHEDULED_PER_BLOCK_MAX - calls.len())? {
            let call = ScheduledCall::try_from_slice(&value)
                .map_err(|_| StoreError::Damaged { what: "scheduled call" })?;
            calls.push((key, call));
        }
    }
    Ok(calls)
}

/// The earliest moment of a queue, whatever it is.
pub(crate) fn earliest(state: &dyn StateRead, queue: Queue) -> Result<Option<u64>, StoreError> {
    let mut found = None;
    for genesis in [true, false] {
        let (start, end) = keys::scheduled_until(queue, genesis, u64::MAX);
        if let Some((_, value)) = state.range(&start, Some(&end), 1)?.pop() {
            let call = ScheduledCall::try_from_slice(&value)
                .map_err(|_| StoreError::Damaged { what: "scheduled call" })?;
            let moment = match call.request.due {
                Due::Height(height) => height.get(),
                Due::UptimeMs(ms) => ms,
            };
            found = Some(found.map_or(moment, |other: u64| other.min(moment)));
        }
    }
    Ok(found)
}

/// What a queue's moments are compared with in a block.
pub(super) fn moment(queue: Queue, height: Height, uptime_ms: u64) -> u64 {
    match queue {
        Queue::Draw | Queue::Height => height.get(),
        Queue::Uptime => uptime_ms,
    }
}
