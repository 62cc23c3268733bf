//! The decision: one pure function over (state of the task, what is saved, how far the work is).

use super::duty::{Attempt, Computation, Duty, Me, Now, Work};
use super::resume::Resumes;
use super::saved::Saved;
use crate::agreement::{may_upload, seat};
use hydrogen_types::Amount;
use hydrogen_types::task::{NodeState, NodeView, Outcome, Seat, TaskState, TaskView};

/// What the node itself owes while it is bound to no task.
#[must_use]
pub fn node_duty(now: Now, node: &NodeView, resumes: &Resumes, stake_min: Amount) -> Duty {
    match node.state {
        NodeState::Paused
            if node.stake >= stake_min
                && (resumes.paused_at_stop || resumes.due(node, now.uptime_ms).is_some()) =>
        {
            Duty::Resume
        }
        NodeState::Unbonding => node.withdraw_ms.map_or(Duty::Idle, |ms| Duty::WaitUntil { ms }),
        NodeState::Paused
        | NodeState::Available
        | NodeState::Busy
        | NodeState::PendingPause
        | NodeState::PendingQuit => Duty::Idle,
    }
}

/// What is due for one task: the one the node is bound to, or one it still has a record of.
///
/// `task` is the chain's view, `None` where the chain does not know the task (any more); `saved` is the record as read
/// from disk, of this same task.
#[must_use]
pub fn reconcile(
    now: Now,
    me: &Me,
    task: Option<&TaskView>,
    saved: Option<&Saved>,
    attempt: &Attempt,
) -> Duty {
    let Some(task) = task else {
        return saved.map_or(Duty::Idle, |saved| Duty::CleanUp { task: saved.task });
    };
    let saved = saved.filter(|saved| saved.task == task.id);
    // A record of a task that has no panel yet: the node that was asked is behind. What is on disk stays.
    if task.state == TaskState::Created {
        return Duty::Idle;
    }
    let Some(seat) = seat(task, &me.address) else {
        return saved.map_or(Duty::Idle, |saved| Duty::CleanUp { task: saved.task });
    };
    // Salts follow from the draw: a record with another one is of a task of this number on another chain of this name.
    if let Some(foreign) = saved.filter(|saved| saved.salt != me.salt(task)) {
        return Duty::CleanUp { task: foreign.task };
    }
    match task.state {
        TaskState::Created => Duty::Idle, // Returned above.
        TaskState::Started => wait(task),
        TaskState::Executing => executing(now, me, task, seat, saved, attempt),
        TaskState::Revealing => revealing(now, me, task, seat, saved, attempt),
        TaskState::Validated => validated(now, me, task, seat, saved, attempt),
        TaskState::Success | TaskState::Aborted => {
            saved.map_or(Duty::Idle, |saved| Duty::CleanUp { task: saved.task })
        }
    }
}

/// Nothing until the chain moves, or the stage's deadline does.
fn wait(task: &TaskView) -> Duty {
    task.deadline_ms.map_or(Duty::Idle, |ms| Duty::WaitUntil { ms })
}

/// Past its deadline a step is refused, so it is not sent.
fn is_late(now: Now, task: &TaskView) -> bool {
    task.deadline_ms.is_some_and(|deadline_ms| now.uptime_ms >= deadline_ms)
}

fn executing(
    now: Now,
    me: &Me,
    task: &TaskView,
    seat: &Seat,
    saved: Option<&Saved>,
    attempt: &Attempt,
) -> Duty {
    if seat.commitment.is_some() || is_late(now, task) {
        return wait(task);
    }
    match saved {
        Some(saved) => {
            Duty::Commit { task: task.id, commitment: saved.commitment(&me.chain_id, &me.address) }
        }
        None => produce(now, me, task, attempt),
    }
}

/// No record yet: work, write down what came out, or give up in time.
fn produce(now: Now, me: &Me, task: &TaskView, attempt: &Attempt) -> Duty {
    let Some(work) = work(me, task) else { return wait(task) };
    let in_time = now.uptime_ms < work.give_up_ms;
    match attempt {
        Attempt::Finished(outcome) => Duty::Persist(Saved::new(task.id, outcome.clone(), me.salt(task))),
        Attempt::Running => Duty::WaitUntil { ms: work.give_up_ms },
        Attempt::NotBegun | Attempt::NotFetched | Attempt::HostShort | Attempt::CommandFailed if in_time => {
            Duty::FetchAndRun(Box::new(work))
        }
        // No relay gave anything over the whole time, or no run of the command succeeded: that is an outcome. A
        // shortage of the host is none: abstain.
        Attempt::NotFetched | Attempt::CommandFailed => {
            Duty::Persist(Saved::new(task.id, Outcome::Unavailable, me.salt(task)))
        }
        Attempt::NotBegun | Attempt::HostShort => wait(task),
    }
}

fn revealing(
    now: Now,
    me: &Me,
    task: &TaskView,
    seat: &Seat,
    saved: Option<&Saved>,
    attempt: &Attempt,
) -> Duty {
    let Some(commitment) = seat.commitment else { return wait(task) };
    if seat.outcome.is_some() || is_late(now, task) {
        return wait(task);
    }
    match saved {
        Some(saved) if saved.commitment(&me.chain_id, &me.address) == commitment => {
            Duty::Reveal { task: task.id, outcome: saved.outcome.clone(), salt: saved.salt }
        }
        // The record is not what was committed: revealing it is refused, there is nothing to do.
        Some(_) => wait(task),
        // The record was lost with the disk: the same work gives the same outcome, and the salt is derived.
        None => produce(now, me, task, attempt),
    }
}

fn validated(
    now: Now,
    me: &Me,
    task: &TaskView,
    seat: &Seat,
    saved: Option<&Saved>,
    attempt: &Attempt,
) -> Duty {
    if !may_upload(task, &me.address) || is_late(now, task) {
        return wait(task);
    }
    let Some(saved) = saved else {
        // The disk was lost after the reveal. Only bytes of the digest that was revealed are of use.
        return match attempt {
            Attempt::Finished(outcome) if Some(outcome) != seat.outcome.as_ref() => wait(task),
            Attempt::Finished(_) | Attempt::NotBegun | Attempt::Running => produce(now, me, task, attempt),
            Attempt::NotFetched | Attempt::HostShort | Attempt::CommandFailed => {
                match produce(now, me, task, attempt) {
                    run @ Duty::FetchAndRun(_) => run,
                    _ => wait(task),
                }
            }
        };
    };
    let Some(digest) = saved.digest().filter(|_| saved.has_result_bytes) else { return wait(task) };
    match &saved.receipt {
        Some(receipt) if receipt.body.valid_until >= now.height => {
            Duty::ReportUploaded { task: task.id, receipt: Box::new(receipt.clone()) }
        }
        Some(_) | None => Duty::Upload { task: task.id, relay: task.relay, digest },
    }
}

/// The work of a task whose draw and arguments are done.
fn work(me: &Me, task: &TaskView) -> Option<Work> {
    let computation = match (&task.program, &task.external) {
        (Some(program), _) => Computation::Program(*program),
        (None, Some(external)) => Computation::External(external.clone()),
        (None, None) => return None,
    };
    Some(Work {
        task: task.id,
        relay: task.relay,
        args_hash: task.args_hash,
        args_bytes_max: task.args_bytes_max,
        computation,
        comparison: task.comparison.clone(),
        memory_bytes_max: task.memory_bytes_max,
        fuel_max: task.fuel_max,
        output_bytes_max: task.output_bytes_max,
        clock_ms: task.draw_time_ms?,
        random_seed: task.draw_seed?,
        give_up_ms: task.deadline_ms?.saturating_sub(me.margin_ms),
    })
}
