//! Commitments of the panel (`task-protocol`, section 5).

use crate::error::TaskError;
use crate::event::{Committed, RevealOpened};
use crate::fsm::Step;
use crate::settle::{self, Dues, Settlement};
use crate::state::{Task, Totals};
use crate::{config, schedule};
use hydrogen_sdk::EventData;
use hydrogen_types::host::CallContext;
use hydrogen_types::task::{AbortReason, PANEL, PenaltyReason};
use hydrogen_types::{Amount, Hash};

pub(crate) fn commit(context: &CallContext, id: u64, commitment: Hash) -> Result<(), TaskError> {
    let mut task = Task::load(id)?;
    let round = seat(context, &task)?;
    if round.is_some_and(|round| task.view.seats[round].commitment.is_some()) {
        return Err(TaskError::AlreadyCommitted { task: id });
    }
    let commitments = task.commitments() + 1;
    let last = commitments == PANEL;
    settle::advance(&mut task, if last { Step::CommitLast } else { Step::Commit })?;
    settle::check_in_time(context, &task)?;
    let round = round.expect("an executing task has a panel, and others were refused");
    task.view.seats[round].commitment = Some(commitment);
    task.view.seats[round].committed_ms = Some(context.uptime_ms);
    Committed { task: id, node: context.caller, round: to_u64(round), commitment }.emit();
    if last {
        open_reveal(context, &mut task)?;
    } else if commitments == PANEL - 1 {
        hurry(context, &mut task)?;
    }
    task.save();
    Ok(())
}

/// The caller's round; `None` before the draw, when nobody has one.
pub(crate) fn seat(context: &CallContext, task: &Task) -> Result<Option<usize>, TaskError> {
    let round = task.round_of(&context.caller);
    if round.is_none() && !task.view.seats.is_empty() {
        return Err(TaskError::NotSelectedNode { task: task.view.id });
    }
    Ok(round)
}

pub(crate) fn to_u64(round: usize) -> u64 {
    u64::try_from(round).expect("a round is below three")
}

/// Two have committed: the third has as long again as the slower of them took.
fn hurry(context: &CallContext, task: &mut Task) -> Result<(), TaskError> {
    let config = config::numbered(task.view.config);
    let took = context.uptime_ms - task.executing_ms;
    let deadline_ms = context.uptime_ms + took.max(config.straggler_ms_min);
    let latest = task.executing_ms + task.view.timeout_ms;
    if deadline_ms < latest { schedule::deadline(task, deadline_ms) } else { Ok(()) }
}

/// The panel is in, or its time over.
fn open_reveal(context: &CallContext, task: &mut Task) -> Result<(), TaskError> {
    let deadline_ms = context.uptime_ms + config::numbered(task.view.config).reveal_ms;
    schedule::deadline(task, deadline_ms)?;
    RevealOpened { task: task.view.id, deadline_ms }.emit();
    Ok(())
}

/// The time for commitments is over. The caller saves.
pub(crate) fn over(context: &CallContext, task: &mut Task, totals: &mut Totals) -> Result<(), TaskError> {
    if task.commitments() > 0 {
        settle::advance(task, Step::CloseCommits)?;
        return open_reveal(context, task);
    }
    settle::advance(task, Step::MissCommits)?;
    settle::announce(task, AbortReason::NodesTimedOut);
    let mut settlement = Settlement::new(context, totals, task);
    for round in 0..task.view.seats.len() {
        settlement.free(task, round, Dues { fault: Some(PenaltyReason::PanelTimedOut), ..Dues::default() });
    }
    let burned = config::cancel_fee(&settlement.rules, task.view.fee);
    settlement.close(task, burned, Amount::ZERO);
    Ok(())
}
