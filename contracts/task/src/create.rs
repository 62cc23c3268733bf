//! Creating a task: checks, escrow, the draw left to a later block (`task-protocol`, section 2).

use crate::candidates::{self, list_of};
use crate::config::{self, Limits, external_type, fee_min};
use crate::error::TaskError;
use crate::event::TaskCreated;
use crate::money::Books;
use crate::schedule;
use crate::settle::sweep;
use crate::state::{Task, Totals};
use alloc::vec::Vec;
use hydrogen_sdk::{EventData, env};
use hydrogen_types::Amount;
use hydrogen_types::host::CallContext;
use hydrogen_types::task::{Comparison, CreateTask, PANEL, TaskConfig, TaskState, TaskView};

/// Widest threshold of a similar task: half of the 64 bits differ between unrelated items.
const THRESHOLD_MAX: u8 = 32;
/// Ended tasks that one creation removes: twice as many as it adds, so that none stay behind.
const SWEEP_MAX: u64 = 2;

pub(crate) fn create(context: &CallContext, request: CreateTask) -> Result<u64, TaskError> {
    let (number, config) = config::current();
    check_kind(&config, &request)?;
    let limits = Limits::of(&config, &request)?;
    let fee_min = fee_min(&config, limits.timeout_ms);
    if request.fee < fee_min {
        return Err(TaskError::FeeTooLow { fee: request.fee, fee_min });
    }
    let mut totals = Totals::load();
    let deposit = schedule::deposit(context.gas_price);
    check_funds(context, request.fee.checked_add(deposit).unwrap_or(Amount::new(u128::MAX)))?;
    let list = list_of(request.external.as_deref());
    let available = candidates::size(&totals, list).saturating_sub(totals.promised);
    if available < PANEL as u64 {
        return Err(TaskError::NotEnoughNodes { available });
    }
    pull(context, request.fee.checked_add(deposit).expect("checked to be there"))?;

    sweep(&mut totals, context.uptime_ms, SWEEP_MAX);
    totals.promised += PANEL as u64;
    // Draws run in the order of creation, also when a new configuration has shortened the delay: `candidates` says why.
    totals.draw_due = totals.draw_due.max(context.height.plus(config.draw_delay));
    totals.stats.tasks += 1;
    totals.stats.tasks_open += 1;
    let view = view(context, request, limits, number, totals.stats.tasks, deposit);
    let mut task = Task {
        view,
        gas_price: context.gas_price,
        call: None,
        draw_due: totals.draw_due,
        executing_ms: 0,
        judge_height: None,
        agreeing: [false; PANEL],
        books: Books::default(),
    };
    TaskCreated { task: task.view.id, creator: context.caller, fee: task.view.fee, deposit }.emit();
    schedule::draw(&mut task)?;
    task.save();
    totals.save();
    Ok(task.view.id)
}

/// Refuses what is neither a program nor a configured external type, and a comparison that makes no sense.
fn check_kind(config: &TaskConfig, request: &CreateTask) -> Result<(), TaskError> {
    match (&request.program, &request.external) {
        (Some(_), None) => {}
        (None, Some(name)) => drop(external_type(config, name)?),
        (Some(_), Some(_)) | (None, None) => return Err(TaskError::NoProgram),
    }
    match request.comparison {
        Comparison::Similar { threshold, .. } if threshold == 0 || threshold > THRESHOLD_MAX => {
            Err(TaskError::BadComparison { threshold })
        }
        Comparison::Exact | Comparison::Similar { .. } => Ok(()),
    }
}

fn view(
    context: &CallContext,
    request: CreateTask,
    limits: Limits,
    config: u64,
    id: u64,
    deposit: Amount,
) -> TaskView {
    TaskView {
        id,
        creator: context.caller,
        state: TaskState::Created,
        abort_reason: None,
        program: request.program,
        external: request.external,
        args_hash: request.args_hash,
        args_bytes_max: limits.args_bytes_max,
        comparison: request.comparison,
        fee: request.fee,
        deposit,
        timeout_ms: limits.timeout_ms,
        memory_bytes_max: limits.memory_bytes_max,
        fuel_max: limits.fuel_max,
        output_bytes_max: limits.output_bytes_max,
        config,
        created_height: context.height,
        created_ms: context.uptime_ms,
        deadline_ms: None,
        draw_height: None,
        draw_time_ms: None,
        draw_seed: None,
        candidates: None,
        seats: Vec::new(),
        relay: None,
        uploader: None,
        upload_open: false,
        result: None,
        result_relay: None,
    }
}

fn check_funds(context: &CallContext, needed: Amount) -> Result<(), TaskError> {
    let balance = env::balance(&context.caller);
    if balance < needed {
        return Err(TaskError::NotEnoughTokens { needed, balance });
    }
    let allowance = env::allowance(&context.caller, &context.contract);
    if allowance < needed {
        return Err(TaskError::NotEnoughAllowance { needed, allowance });
    }
    Ok(())
}

/// Takes CNX of the caller, within its allowance.
pub(crate) fn pull(context: &CallContext, amount: Amount) -> Result<(), TaskError> {
    check_funds(context, amount)?;
    env::transfer_from(&context.caller, &context.contract, amount)
        .expect("balance and allowance were checked");
    Ok(())
}
