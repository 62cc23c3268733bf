//! Reveals of the panel (`task-protocol`, section 5), and the verdict over them.

use crate::commit::{seat, to_u64};
use crate::error::TaskError;
use crate::event::{Revealed, TaskValidated};
use crate::fsm::Step;
use crate::judge::{Finding, Pay, Ruling, Verdict, judge};
use crate::money::share;
use crate::schedule;
use crate::settle::{self, Dues, Settlement};
use crate::state::{Task, Totals};
use alloc::string::String;
use hydrogen_sdk::EventData;
use hydrogen_types::host::CallContext;
use hydrogen_types::task::{
    Comparison, FINGERPRINT_BYTES_MAX, FINGERPRINT_BYTES_MIN, FINGERPRINT_ITEM_BYTES, Outcome, PANEL,
    TaskState, commitment, error_code,
};
use hydrogen_types::{Amount, Hash};

pub(crate) fn reveal(
    context: &CallContext,
    id: u64,
    outcome: Outcome,
    salt: &[u8; 32],
) -> Result<(), TaskError> {
    let mut task = Task::load(id)?;
    let round = seat(context, &task)?;
    if round.is_some_and(|round| task.view.seats[round].outcome.is_some()) {
        return Err(TaskError::AlreadyRevealed { task: id });
    }
    settle::advance(&mut task, Step::Reveal)?;
    let round = round.expect("a revealing task has a panel, and others were refused");
    let committed = task.view.seats[round].commitment.ok_or(TaskError::NotCommitted { task: id })?;
    settle::check_in_time(context, &task)?;
    check_outcome(&task.view.comparison, &outcome)?;
    if commitment(&context.chain_id, id, &context.caller, &outcome, salt) != committed {
        return Err(TaskError::CommitmentMismatch { task: id });
    }
    tell(context, id, round, &outcome);
    task.view.seats[round].outcome = Some(outcome);
    if task.all_revealed() {
        schedule::judge(&mut task, context.height.next())?;
    }
    task.save();
    Ok(())
}

fn check_outcome(comparison: &Comparison, outcome: &Outcome) -> Result<(), TaskError> {
    let why = match outcome {
        Outcome::Error { code } if !(error_code::BAD_ARGUMENTS..=error_code::BAD_PROGRAM).contains(code) => {
            "an error's code is 1 to 7"
        }
        Outcome::Result { fingerprint, .. }
            if *comparison == Comparison::Exact && !fingerprint.is_empty() =>
        {
            "a result compared exactly has no fingerprint"
        }
        Outcome::Result { fingerprint, .. }
            if *comparison != Comparison::Exact && !is_fingerprint(fingerprint) =>
        {
            "a fingerprint is 8 to 512 bytes, a multiple of 8"
        }
        Outcome::Result { .. } | Outcome::Error { .. } | Outcome::Unavailable => return Ok(()),
    };
    Err(TaskError::BadOutcome { why })
}

fn is_fingerprint(bytes: &[u8]) -> bool {
    let (shortest, longest) = (FINGERPRINT_BYTES_MIN, FINGERPRINT_BYTES_MAX);
    (shortest..=longest).contains(&bytes.len()) && bytes.len().is_multiple_of(FINGERPRINT_ITEM_BYTES)
}

fn tell(context: &CallContext, task: u64, round: usize, outcome: &Outcome) {
    let (name, digest, code) = match outcome {
        Outcome::Result { digest, .. } => ("result", Some(*digest), None),
        Outcome::Error { code } => ("error", None, Some(*code)),
        Outcome::Unavailable => ("unavailable", None, None),
    };
    Revealed { task, node: context.caller, round: to_u64(round), outcome: String::from(name), digest, code }
        .emit();
}

/// The scheduled call of the block after the last reveal.
pub(crate) fn judge_due(context: &CallContext, id: u64) -> Result<(), TaskError> {
    let mut task = Task::load(id)?;
    if task.view.state != TaskState::Revealing || !task.all_revealed() {
        return Ok(());
    }
    task.call = None;
    let mut totals = Totals::load();
    conclude(context, &mut task, &mut totals)?;
    task.save();
    totals.save();
    Ok(())
}

/// All are in, or their time is over: the verdict. The caller saves.
pub(crate) fn conclude(context: &CallContext, task: &mut Task, totals: &mut Totals) -> Result<(), TaskError> {
    let seats: &[_; PANEL] = task.view.seats.as_slice().try_into().expect("a panel has three seats");
    let verdict = judge(&task.view.comparison, &seats.each_ref().map(Finding::of));
    task.judge_height = None;
    match verdict.ruling {
        Ruling::Aborted(reason) => {
            settle::advance(task, Step::RuleInvalid)?;
            settle::announce(task, reason);
            let mut settlement = Settlement::new(context, totals, task);
            carry_out(&mut settlement, task, &verdict, None);
            settlement.close(task, Amount::ZERO, Amount::ZERO);
        }
        Ruling::Validated { uploader } => {
            settle::advance(task, Step::RuleValid)?;
            task.agreeing = verdict.seats.map(|seat| seat.pay == Pay::Share);
            let mut settlement = Settlement::new(context, totals, task);
            let deadline_ms = context.uptime_ms + settlement.rules.upload_ms;
            let node = task.view.seats[uploader].node;
            task.view.uploader = Some(node);
            let digest = digest_of(task, uploader);
            TaskValidated { task: task.view.id, digest, uploader: node, deadline_ms }.emit();
            carry_out(&mut settlement, task, &verdict, Some(uploader));
            schedule::deadline(task, deadline_ms)?;
        }
    }
    Ok(())
}

/// Frees every seat but the uploader's: first those who are fined, since the fines may pay another.
fn carry_out(settlement: &mut Settlement<'_>, task: &mut Task, verdict: &Verdict, uploader: Option<usize>) {
    let share = share(task.view.fee);
    for (round, seat) in verdict.seats.iter().enumerate() {
        if let Some(reason) = seat.fine {
            settlement.free(task, round, Dues { fault: Some(reason), ..Dues::default() });
        }
    }
    for (round, seat) in verdict.seats.iter().enumerate() {
        if seat.fine.is_some() || uploader == Some(round) {
            continue;
        }
        let dues = match seat.pay {
            Pay::Nothing => Dues::default(),
            Pay::Share => Dues { pay: share, ..Dues::default() },
            Pay::HalfShare => Dues { pay: Amount::new(share.get() / 2), ..Dues::default() },
            Pay::FromFines => Dues { compensation: share.min(task.books.fines), ..Dues::default() },
        };
        settlement.free(task, round, dues);
    }
}

/// The digest a seat revealed.
pub(crate) fn digest_of(task: &Task, round: usize) -> Hash {
    match &task.view.seats[round].outcome {
        Some(Outcome::Result { digest, .. }) => *digest,
        Some(Outcome::Error { .. } | Outcome::Unavailable) | None => {
            unreachable!("a seat that agrees revealed a result")
        }
    }
}
