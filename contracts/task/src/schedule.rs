//! A task's scheduled calls, and the deposit that pays for them.
//!
//! *Invariants*: a task has at most one waiting call, so a contract with 2^20 calls outstanding still serves all its
//! tasks; the deposit taken at creation covers the worst chain of calls at the creator's gas price; what a call leaves
//! goes to the creator by itself, what is left of the deposit at the end.

use crate::error::TaskError;
use crate::money::{add, sub};
use crate::state::Task;
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_sdk::{Abi, env};
use hydrogen_types::codec::encode;
use hydrogen_types::task::TaskState;
use hydrogen_types::{Amount, CallKind, Due, Gas, Height, ScheduleRequest};

/// Gas of each scheduled call. The dearest use up to 700 million: draws and verdicts over nodes that stand in five lists
/// each and have full records, and an end that takes eight relays with it; `testnet/harness/tests/it/ceilings.rs`
/// measures them in the sandbox. The rest is room for the engine's next price list; what is not used goes back to the
/// creator.
const CALL_GAS: Gas = Gas::new(1_000_000_000);
/// Calls of the longest chain: the draw, and the deadlines of commitments, reveals, uploader, and open upload.
const CHAIN_MAX: usize = 5;

/// The stage whose deadline a scheduled call keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Abi)]
pub enum Stage {
    /// The creator brings the arguments.
    Args,
    /// The panel commits.
    Commit,
    /// The panel reveals.
    Reveal,
    /// The uploader uploads.
    Upload,
    /// Any agreeing node uploads.
    OpenUpload,
}

/// The stage a task is in; `None` before the draw and at the end.
pub(crate) fn stage(task: &Task) -> Option<Stage> {
    match task.view.state {
        TaskState::Created | TaskState::Success | TaskState::Aborted => None,
        TaskState::Started => Some(Stage::Args),
        TaskState::Executing => Some(Stage::Commit),
        TaskState::Revealing => Some(Stage::Reveal),
        TaskState::Validated if task.view.upload_open => Some(Stage::OpenUpload),
        TaskState::Validated => Some(Stage::Upload),
    }
}

/// The worst chain: the draw, silence while committing, a verdict, nobody uploads. A call taken back is refunded
/// whole, so that no other order of events costs more (the arguments' deadline, if it runs, is the last call).
pub(crate) fn deposit(gas_price: u64) -> Amount {
    [CALL_GAS; CHAIN_MAX].into_iter().fold(Gas::ZERO, Gas::saturating_add).cost(gas_price)
}

/// Leaves the draw with the chain.
pub(crate) fn draw(task: &mut Task) -> Result<(), TaskError> {
    let args = encode(&task.view.id);
    let due = Due::Height(task.draw_due);
    replace(task, request(CallKind::Draw, due, "draw_panel", args))
}

/// Sets the deadline of the stage the task is in, in place of the one before.
pub(crate) fn deadline(task: &mut Task, deadline_ms: u64) -> Result<(), TaskError> {
    let stage = stage(task).expect("a stage with a deadline was entered");
    task.view.deadline_ms = Some(deadline_ms);
    let args = encode(&(task.view.id, stage));
    replace(task, request(CallKind::Ordinary, Due::UptimeMs(deadline_ms), "deadline", args))
}

/// Leaves the verdict to the block `due`, in place of the deadline of the reveals.
pub(crate) fn judge(task: &mut Task, due: Height) -> Result<(), TaskError> {
    task.judge_height = Some(due);
    let args = encode(&task.view.id);
    replace(task, request(CallKind::Ordinary, Due::Height(due), "judge", args))
}

/// Takes the waiting call back, if there is one; its price returns to the deposit.
pub(crate) fn clear(task: &mut Task) {
    let returned = task.call.take().and_then(env::unschedule).unwrap_or_default();
    task.view.deposit = add(task.view.deposit, returned);
}

fn request(kind: CallKind, due: Due, method: &str, args: alloc::vec::Vec<u8>) -> ScheduleRequest {
    // Price and payee are the task's: filled in where it is known.
    ScheduleRequest {
        kind,
        due,
        method: method.into(),
        args,
        gas: CALL_GAS,
        gas_price: 0,
        refund_to: Default::default(),
    }
}

fn replace(task: &mut Task, request: ScheduleRequest) -> Result<(), TaskError> {
    clear(task);
    let request = ScheduleRequest { gas_price: task.gas_price, refund_to: task.view.creator, ..request };
    task.view.deposit = sub(task.view.deposit, request.gas.cost(request.gas_price));
    task.call = Some(env::schedule(&request).map_err(|why| TaskError::NotScheduled { why })?);
    Ok(())
}
