//! Reporting errors that are none.

use super::super::net::*;
use super::old::{OldTask, PATIENCE_MINUTES};
use super::{Row, SHARE, STAKE, cnx, gain, plain};
use crate::TaskError;
use crate::task as contract;
use hydrogen_types::task::{Outcome, TaskState};

attacks!(
    an_error_in_clear_hangs_the_task,
    an_error_in_clear_is_copied,
    two_errors_slash_an_honest_result,
    unequal_errors_are_paid,
);

fn error(code: u32) -> Outcome {
    Outcome::Error { code }
}

/// A commitment of `1` stood for an error and could not be disclosed: the task waited for its end, nobody was paid.
fn an_error_in_clear_hangs_the_task() -> Row {
    let mut old = OldTask::new();
    old.report_error(2);
    // The two results are never asked for.
    old.wait_and_cancel();
    let (old_cost, old_harm) = (-old.nodes[2], 2 * SHARE - old.nodes[0] - old.nodes[1]);
    assert_eq!((old_cost, old_harm, old.minutes), (0, 2 * SHARE, PATIENCE_MINUTES));
    start(5);
    let (task, panel) = executing();
    let uptime_ms = world().context.uptime_ms;
    let honest = [panel[0], panel[1]];
    let mut ours = 0;
    let paid = gain(&honest, || {
        ours = gain(&panel[2..], || {
            for node in honest {
                commit(task, node, &result("true")).expect("in time");
            }
            commit(task, panel[2], &error(2)).expect("an error is committed like a result");
            for node in honest {
                reveal(task, node, &result("true")).expect("in time");
            }
            reveal(task, panel[2], &error(2)).expect("in time");
            block(100);
            report(task, panel[0], &result("true")).expect("it is its turn");
        });
    });
    assert_eq!((view(task).state, paid), (TaskState::Success, 2 * SHARE));
    assert_eq!(world().context.uptime_ms - uptime_ms, 100, "one block after the last reveal");
    Row::new(
        format!(
            "{} lost by two others and {} minutes, for {}",
            plain(old_harm),
            old.minutes,
            plain(old_cost)
        ),
        format!("{}, the others are paid a block later", cnx(ours)),
    )
}

/// An error in clear was worth a full share to whoever repeated it.
fn an_error_in_clear_is_copied() -> Row {
    let mut old = OldTask::new();
    old.report_error(0);
    old.report_error(2);
    let old = old.nodes[2];
    start(5);
    let (task, panel) = executing();
    let ours = gain(&panel[2..], || {
        commit(task, panel[0], &error(2)).expect("in time");
        commit(task, panel[1], &error(2)).expect("in time");
        let seats = view(task).seats;
        let copied = seats[0].commitment.expect("it committed");
        assert_ne!(Some(copied), seats[1].commitment, "equal errors do not look equal");
        call(panel[2], || contract::commit(task, copied)).expect("nobody sees what is inside");
        for node in &panel[..2] {
            reveal(task, *node, &error(2)).expect("in time");
        }
        assert_eq!(reveal(task, panel[2], &error(2)), Err(TaskError::CommitmentMismatch { task }));
        block(120_000);
    });
    Row::money(old, ours)
}

/// What two reporters and an honest third have of it.
fn two_errors(codes: [u32; 2]) -> (i128, i128) {
    start(5);
    let (mut colluders, mut honest) = (0, 0);
    // The panel is known once it is drawn: played from there.
    let (task, panel) = executing();
    colluders += gain(&panel[..2], || {
        honest += gain(&panel[2..], || {
            let outcomes = [error(codes[0]), error(codes[1]), result("true")];
            for (node, outcome) in panel.iter().zip(&outcomes) {
                commit(task, *node, outcome).expect("in time");
            }
            for (node, outcome) in panel.iter().zip(&outcomes) {
                reveal(task, *node, outcome).expect("in time");
            }
            block(100);
        });
    });
    assert_eq!(view(task).state, TaskState::Aborted);
    (colluders, honest)
}

/// Two seats still decide that there is no result: half of what a common fake would bring, and nobody is slashed.
fn two_errors_slash_an_honest_result() -> Row {
    let mut model = OldTask::new();
    model.report_error(0);
    model.report_error(1);
    let (old, old_victim) = (model.nodes[0] + model.nodes[1], model.nodes[2]);
    assert_eq!((old, old_victim), (2 * SHARE, -STAKE));
    let (ours, victim) = two_errors([2, 2]);
    assert_eq!((ours, victim), (old / 2, 0));
    Row::new(
        format!("{} for both, the honest third {}", cnx(old), cnx(old_victim)),
        format!(
            "{} for both, half of what a common fake brings; the honest third {}",
            cnx(ours),
            cnx(victim)
        ),
    )
}

/// Any two errors were paid, whether or not they said the same.
fn unequal_errors_are_paid() -> Row {
    let mut old = OldTask::new();
    old.report_error(0);
    old.report_error(1);
    let old = old.nodes[0] + old.nodes[1];
    let (ours, victim) = two_errors([2, 3]);
    assert_eq!(victim, 0);
    Row::money(old, ours)
}
