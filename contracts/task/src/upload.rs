//! The result goes to a relay (`task-protocol`, section 7).

use crate::error::TaskError;
use crate::event::TaskSuccess;
use crate::fsm::Step;
use crate::money::share;
use crate::relays::{Expected, check_receipt};
use crate::reveal::digest_of;
use crate::schedule;
use crate::settle::{self, Dues, Settlement};
use crate::state::{Task, Totals};
use hydrogen_sdk::EventData;
use hydrogen_types::Amount;
use hydrogen_types::host::CallContext;
use hydrogen_types::task::{AbortReason, BlobKind, PenaltyReason, RelayReceipt};

pub(crate) fn report(context: &CallContext, id: u64, receipt: &RelayReceipt) -> Result<(), TaskError> {
    let mut task = Task::load(id)?;
    settle::advance(&mut task, Step::ReportResult)?;
    settle::check_in_time(context, &task)?;
    let round = uploader(context, &task).ok_or(TaskError::NotUploader { task: id })?;
    let digest = digest_of(&task, round);
    let expected = Expected { kind: BlobKind::Result, digest, size_max: task.view.output_bytes_max };
    let relay = check_receipt(context, &task, receipt, &expected)?;
    task.view.result = Some(digest);
    task.view.result_relay = Some(relay);
    task.view.uploader = Some(context.caller);
    TaskSuccess { task: id, digest, uploader: context.caller }.emit();
    schedule::clear(&mut task);
    let mut totals = Totals::load();
    let mut settlement = Settlement::new(context, &mut totals, &task);
    let pay = share(task.view.fee);
    if task.view.upload_open {
        settle::pay_freed(&mut task, round, pay);
    } else {
        settlement.free(&mut task, round, Dues { pay, ..Dues::default() });
    }
    settlement.close(&mut task, Amount::ZERO, Amount::ZERO);
    task.save();
    totals.save();
    Ok(())
}

/// The caller's round, if it may upload now.
fn uploader(context: &CallContext, task: &Task) -> Option<usize> {
    let round = task.round_of(&context.caller)?;
    let may =
        if task.view.upload_open { task.agreeing[round] } else { task.view.uploader == Some(context.caller) };
    may.then_some(round)
}

/// The time for the upload is over: the uploader's, or everybody's. The caller saves.
pub(crate) fn over(context: &CallContext, task: &mut Task, totals: &mut Totals) -> Result<(), TaskError> {
    let mut settlement = Settlement::new(context, totals, task);
    let Some(uploader) = task.view.uploader.take().and_then(|node| task.round_of(&node)) else {
        settle::advance(task, Step::MissOpenUpload)?;
        settle::announce(task, AbortReason::ResultNotUploaded);
        // The creator paid the others for nothing: the uploader's fine makes up for it.
        let to_creator = task.books.upload_fine.min(task.books.paid);
        settlement.close(task, Amount::ZERO, to_creator);
        return Ok(());
    };
    settle::advance(task, Step::MissUpload)?;
    let dues = Dues { fault: Some(PenaltyReason::MissedUpload), ..Dues::default() };
    task.books.upload_fine = settlement.free(task, uploader, dues);
    task.view.upload_open = true;
    let deadline_ms = context.uptime_ms + settlement.rules.upload_ms;
    schedule::deadline(task, deadline_ms)
}
