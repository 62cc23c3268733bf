//! Drawing the panel (`task-protocol`, section 3). Runs in a draw call, which alone may read the beacon.

use crate::config;
use crate::error::TaskError;
use crate::event::TaskStarted;
use crate::fsm::Step;
use crate::settle::{self, Settlement};
use crate::state::{Task, Totals};
use crate::{candidates, nodes, schedule};
use hydrogen_sdk::{EventData, env};
use hydrogen_types::host::CallContext;
use hydrogen_types::task::{AbortReason, PANEL, Seat, TaskState, draw_picks, draw_seed};
use hydrogen_types::{Amount, Hash};

/// Blocks after its due height from which anybody may abort a task that was not drawn. The draw was late for want of
/// room, or failed; drawing again at will would be a second try at the beacon, so the task ends with a full refund.
pub(crate) const DRAW_GRACE_BLOCKS: u64 = 10;

/// The scheduled call.
pub(crate) fn run(context: &CallContext, id: u64) -> Result<(), TaskError> {
    let mut task = Task::load(id)?;
    if task.view.state != TaskState::Created {
        return Ok(());
    }
    task.call = None;
    let mut totals = Totals::load();
    let seed = draw_seed(&env::beacon(), id);
    let candidates = candidates::size(&totals, task.list());
    task.view.draw_height = Some(context.height);
    task.view.draw_time_ms = Some(context.time_ms);
    task.view.draw_seed = Some(seed);
    task.view.candidates = Some(candidates);
    match draw_picks(&seed, candidates) {
        Some(picks) => start(context, &mut task, &mut totals, seed, candidates, picks)?,
        None => fail(context, &mut task, &mut totals)?,
    }
    task.save();
    totals.save();
    Ok(())
}

fn start(
    context: &CallContext,
    task: &mut Task,
    totals: &mut Totals,
    seed: Hash,
    candidates: u64,
    picks: [u64; PANEL],
) -> Result<(), TaskError> {
    settle::advance(task, Step::DrawPanel)?;
    totals.promised -= PANEL as u64;
    for (round, index) in (0..).zip(picks) {
        let node = nodes::bind(totals, task.list(), index, task.view.id);
        task.view.seats.push(Seat {
            node,
            index,
            commitment: None,
            committed_ms: None,
            outcome: None,
            settled: false,
            paid: Amount::ZERO,
            fined: Amount::ZERO,
        });
        TaskStarted { task: task.view.id, node, round, seed, candidates, index }.emit();
    }
    let config = config::numbered(task.view.config);
    schedule::deadline(task, context.uptime_ms + config.args_ms)
}

/// Too few nodes are left, or the draw never came: everything goes back.
pub(crate) fn fail(context: &CallContext, task: &mut Task, totals: &mut Totals) -> Result<(), TaskError> {
    settle::advance(task, Step::DrawTooFew)?;
    totals.promised -= PANEL as u64;
    schedule::clear(task);
    settle::announce(task, AbortReason::NotEnoughNodes);
    Settlement::new(context, totals, task).close(task, Amount::ZERO, Amount::ZERO);
    Ok(())
}
