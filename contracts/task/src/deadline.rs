//! Deadlines: kept by scheduled calls, and by anybody who calls `expire` should one have failed.

use crate::draw::DRAW_GRACE_BLOCKS;
use crate::error::TaskError;
use crate::schedule::{self, Stage};
use crate::state::{Task, Totals};
use crate::{args, commit, draw, reveal, upload};
use hydrogen_types::host::CallContext;
use hydrogen_types::task::TaskState;

/// The scheduled call. A stage that is over already, or was given more time, needs nothing.
pub(crate) fn run(context: &CallContext, id: u64, stage: Stage) -> Result<(), TaskError> {
    let mut task = Task::load(id)?;
    if schedule::stage(&task) != Some(stage) || !is_due(context, &task) {
        return Ok(());
    }
    task.call = None;
    enforce(context, task)
}

/// Does what the due call would have done.
pub(crate) fn expire(context: &CallContext, id: u64) -> Result<(), TaskError> {
    let mut task = Task::load(id)?;
    let state = task.view.state;
    match state {
        TaskState::Success | TaskState::Aborted => return Err(TaskError::WrongState { task: id, state }),
        TaskState::Created
        | TaskState::Started
        | TaskState::Executing
        | TaskState::Revealing
        | TaskState::Validated => {}
    }
    if !is_due(context, &task) {
        return Err(TaskError::NotDue { task: id });
    }
    schedule::clear(&mut task);
    enforce(context, task)
}

fn is_due(context: &CallContext, task: &Task) -> bool {
    if task.view.state == TaskState::Created {
        return context.height >= task.draw_due.plus(DRAW_GRACE_BLOCKS);
    }
    match task.judge_height {
        Some(height) => context.height >= height,
        None => task.view.deadline_ms.is_some_and(|deadline_ms| context.uptime_ms >= deadline_ms),
    }
}

fn enforce(context: &CallContext, mut task: Task) -> Result<(), TaskError> {
    let mut totals = Totals::load();
    match task.view.state {
        TaskState::Created => draw::fail(context, &mut task, &mut totals)?,
        TaskState::Started => args::missed(context, &mut task, &mut totals)?,
        TaskState::Executing => commit::over(context, &mut task, &mut totals)?,
        TaskState::Revealing => reveal::conclude(context, &mut task, &mut totals)?,
        TaskState::Validated => upload::over(context, &mut task, &mut totals)?,
        TaskState::Success | TaskState::Aborted => {}
    }
    task.save();
    totals.save();
    Ok(())
}
