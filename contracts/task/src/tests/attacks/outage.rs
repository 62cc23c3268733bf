//! The chain stands still for a day, in the middle of every stage.
//!
//! The old rule, deadlines by block time, is played too: there a day without blocks is a day of everybody's time.

use super::super::net::*;
use super::{Row, cnx, plain, wealth};
use crate::task as contract;
use hydrogen_sdk::mock;
use hydrogen_types::Address;
use hydrogen_types::task::TaskState;

attacks!(
    an_outage_before_the_draw,
    an_outage_before_the_arguments,
    an_outage_while_executing,
    an_outage_with_two_commitments,
    an_outage_while_revealing,
    an_outage_before_the_verdict,
    an_outage_before_the_upload,
    an_outage_in_the_open_upload,
    an_outage_while_unbonding,
);

const DAY_MS: u64 = 24 * 3_600_000;

/// A day without blocks: the clock goes on, the chain's uptime does not.
fn outage() {
    mock::with(|world| world.context.time_ms += DAY_MS);
    block(0);
}

/// How far an honest task is when the chain stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Created,
    Started,
    Executing,
    TwoCommitted,
    Revealing,
    AllRevealed,
    Validated,
    OpenUpload,
}

/// Plays an honest task, with `stop` as soon as `stage` is reached. What each step returns is of no interest: under the
/// old rule they come too late.
fn honest(stage: Stage, stop: fn()) -> (u64, Vec<Address>) {
    start(3);
    let task = create(request(hydrogen_types::Amount::cnx(30))).expect("it is paid for");
    let stops = |at| {
        if at == stage {
            stop();
        }
    };
    let truth = result("true");
    stops(Stage::Created);
    block(100);
    let panel: Vec<Address> = view(task).seats.iter().map(|seat| seat.node).collect();
    stops(Stage::Started);
    drop(upload_args(task));
    stops(Stage::Executing);
    for node in &panel[..2] {
        drop(commit(task, *node, &truth));
    }
    stops(Stage::TwoCommitted);
    drop(commit(task, panel[2], &truth));
    stops(Stage::Revealing);
    for node in &panel {
        drop(reveal(task, *node, &truth));
    }
    stops(Stage::AllRevealed);
    block(100);
    stops(Stage::Validated);
    if stage == Stage::OpenUpload {
        // The uploader is gone for good.
        block(300_000);
        stops(Stage::OpenUpload);
        drop(report(task, panel[1], &truth));
    } else {
        drop(report(task, panel[0], &truth));
    }
    block(100);
    (task, panel)
}

/// What creator and nodes lose by an outage, in whole CNX: against the same task without one.
fn lost(stage: Stage, stop: fn()) -> i128 {
    let total = |stop: fn()| {
        let (_, panel) = honest(stage, stop);
        panel.iter().map(|node| wealth(*node)).sum::<i128>()
    };
    total(|| ()) - total(stop)
}

fn stage(stage: Stage) -> Row {
    // Deadlines by block time: the day counts.
    let old = lost(stage, || block(DAY_MS));
    let ours = lost(stage, outage);
    let (task, _) = honest(stage, outage);
    assert_eq!(view(task).state, TaskState::Success, "{stage:?}");
    assert_eq!(ours, 0, "{stage:?}");
    assert!(old > 0, "{stage:?}");
    Row::new(format!("{} lost by three honest nodes", plain(old)), cnx(ours))
}

/// No deadline runs before the draw: a task that waits for it is drawn when the chain is back, under either rule.
fn an_outage_before_the_draw() -> Row {
    assert_eq!(lost(Stage::Created, outage), 0);
    let (task, _) = honest(Stage::Created, outage);
    assert_eq!(view(task).state, TaskState::Success);
    Row::new("nothing: the draw is due at a height", cnx(0))
}

fn an_outage_before_the_arguments() -> Row {
    stage(Stage::Started)
}

fn an_outage_while_executing() -> Row {
    stage(Stage::Executing)
}

fn an_outage_with_two_commitments() -> Row {
    stage(Stage::TwoCommitted)
}

fn an_outage_while_revealing() -> Row {
    stage(Stage::Revealing)
}

/// Everything is said: the verdict is due at a height, under either rule.
fn an_outage_before_the_verdict() -> Row {
    assert_eq!(lost(Stage::AllRevealed, outage), 0);
    let (task, _) = honest(Stage::AllRevealed, outage);
    assert_eq!(view(task).state, TaskState::Success);
    Row::new("nothing: the verdict is due at a height", cnx(0))
}

fn an_outage_before_the_upload() -> Row {
    stage(Stage::Validated)
}

fn an_outage_in_the_open_upload() -> Row {
    stage(Stage::OpenUpload)
}

/// A stake waits for as long as tasks may fine it: an outage must not let it go earlier.
fn an_outage_while_unbonding() -> Row {
    start(3);
    call(node(1), contract::quit).expect("it is free");
    block(3_600_000);
    outage();
    assert!(call(node(1), contract::withdraw).is_err(), "an hour of two is over");
    block(3_599_999);
    assert!(call(node(1), contract::withdraw).is_err());
    block(1);
    call(node(1), contract::withdraw).expect("two hours of the chain's time");
    Row::new("a stake free after one of two hours", "none: it waits the other hour")
}
