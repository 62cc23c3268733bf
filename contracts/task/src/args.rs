//! The arguments are at a relay: execution begins. Or the creator takes the task back.

use crate::config::cancel_fee;
use crate::error::TaskError;
use crate::event::ArgsUploaded;
use crate::fsm::Step;
use crate::money::share;
use crate::relays::{Expected, check_receipt};
use crate::schedule;
use crate::settle::{self, Dues, Settlement};
use crate::state::{Task, Totals};
use hydrogen_sdk::EventData;
use hydrogen_types::Amount;
use hydrogen_types::host::CallContext;
use hydrogen_types::task::{AbortReason, BlobKind, RelayReceipt};

pub(crate) fn uploaded(context: &CallContext, id: u64, receipt: &RelayReceipt) -> Result<(), TaskError> {
    let mut task = Task::load(id)?;
    check_creator(context, &task)?;
    settle::advance(&mut task, Step::UploadArgs)?;
    settle::check_in_time(context, &task)?;
    let expected =
        Expected { kind: BlobKind::Args, digest: task.view.args_hash, size_max: task.view.args_bytes_max };
    let relay = check_receipt(context, &task, receipt, &expected)?;
    task.view.relay = Some(relay);
    task.executing_ms = context.uptime_ms;
    let deadline_ms = context.uptime_ms + task.view.timeout_ms;
    schedule::deadline(&mut task, deadline_ms)?;
    task.save();
    ArgsUploaded { task: id, relay, deadline_ms }.emit();
    Ok(())
}

pub(crate) fn cancel(context: &CallContext, id: u64) -> Result<(), TaskError> {
    let mut task = Task::load(id)?;
    check_creator(context, &task)?;
    settle::advance(&mut task, Step::Cancel)?;
    settle::check_in_time(context, &task)?;
    schedule::clear(&mut task);
    let mut totals = Totals::load();
    give_up(context, &mut task, &mut totals, AbortReason::Cancelled);
    task.save();
    totals.save();
    Ok(())
}

/// The time for the arguments is over. The caller saves.
pub(crate) fn missed(context: &CallContext, task: &mut Task, totals: &mut Totals) -> Result<(), TaskError> {
    settle::advance(task, Step::MissArgs)?;
    give_up(context, task, totals, AbortReason::ArgsNotUploaded);
    Ok(())
}

/// The panel gets the cancel fee in equal parts for its wasted time.
fn give_up(context: &CallContext, task: &mut Task, totals: &mut Totals, reason: AbortReason) {
    let mut settlement = Settlement::new(context, totals, task);
    let part = share(cancel_fee(&settlement.rules, task.view.fee));
    settle::announce(task, reason);
    for round in 0..task.view.seats.len() {
        settlement.free(task, round, Dues { pay: part, ..Dues::default() });
    }
    settlement.close(task, Amount::ZERO, Amount::ZERO);
}

fn check_creator(context: &CallContext, task: &Task) -> Result<(), TaskError> {
    if context.caller == task.view.creator {
        Ok(())
    } else {
        Err(TaskError::NotCreator { task: task.view.id })
    }
}
