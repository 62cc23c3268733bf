//! A lap: every call that an account can make, and every end that a task can come to, once.

use super::bench::{Bench, Does, TIMEOUT_MS};
use hydrogen_offchain::calls;
use hydrogen_types::task::{AbortReason, Comparison, NodeState, TaskState};
use hydrogen_types::{Amount, Hash};

/// Nodes that leave in a lap, and as many that join: one cheat and one that quits.
pub(crate) const JOIN_A_LAP: usize = 2;
const MISSED_MS: u64 = 300_000;

/// Runs one lap. Needs ten nodes free.
pub(crate) fn run(bench: &mut Bench) {
    success(bench);
    cheat_and_late_upload(bench);
    unfinished(bench);
    silence(bench);
    errors(bench);
    nodes(bench);
    external(bench);
}

/// A task of an external type, drawn from that type's list, with the longest fingerprints.
fn external(bench: &mut Bench) {
    let before = (bench.comparison.clone(), bench.is_external, bench.label);
    bench.comparison = Comparison::Similar { threshold: 5, fingerprint: Hash::ZERO };
    (bench.is_external, bench.label) = (true, "external, similar: ");
    success(bench);
    (bench.comparison, bench.is_external, bench.label) = before;
}

fn check(bench: &Bench, id: u64, state: TaskState, reason: Option<AbortReason>) {
    let task = bench.task(id);
    assert_eq!((task.state, task.abort_reason), (state, reason), "task {id}");
}

fn begin(bench: &mut Bench) -> u64 {
    let id = bench.create();
    bench.args(id);
    id
}

fn success(bench: &mut Bench) {
    let id = begin(bench);
    bench.panel(id, [Does::Result(0); 3]);
    let uploader = bench.task(id).uploader.expect("validated");
    bench.upload(id, &uploader);
    check(bench, id, TaskState::Success, None);
}

fn cheat_and_late_upload(bench: &mut Bench) {
    let id = begin(bench);
    bench.panel(id, [Does::Result(0), Does::Result(0), Does::Result(1)]);
    bench.block(MISSED_MS);
    let task = bench.task(id);
    assert!(task.upload_open);
    bench.upload(id, &task.seats[1].node);
    check(bench, id, TaskState::Success, None);
    let id = begin(bench);
    bench.panel(id, [Does::Result(0); 3]);
    bench.block(MISSED_MS);
    bench.block(MISSED_MS);
    check(bench, id, TaskState::Aborted, Some(AbortReason::ResultNotUploaded));
}

fn unfinished(bench: &mut Bench) {
    let id = bench.create();
    let key = bench.app.clone();
    bench.call(&key, &calls::cancel(id));
    check(bench, id, TaskState::Aborted, Some(AbortReason::Cancelled));
    let id = bench.create();
    bench.block(180_000);
    check(bench, id, TaskState::Aborted, Some(AbortReason::ArgsNotUploaded));
}

fn silence(bench: &mut Bench) {
    let id = begin(bench);
    bench.block(TIMEOUT_MS);
    check(bench, id, TaskState::Aborted, Some(AbortReason::NodesTimedOut));
    resume(bench, id);
    let id = begin(bench);
    bench.panel(id, [Does::Result(0), Does::NoCommit, Does::NoCommit]);
    check(bench, id, TaskState::Aborted, Some(AbortReason::NoQuorum));
    resume(bench, id);
    let id = begin(bench);
    bench.panel(id, [Does::NoReveal; 3]);
    check(bench, id, TaskState::Aborted, Some(AbortReason::NoQuorum));
}

fn errors(bench: &mut Bench) {
    let id = begin(bench);
    bench.panel(id, [Does::Error(2), Does::Error(2), Does::Result(0)]);
    check(bench, id, TaskState::Aborted, Some(AbortReason::TaskError));
    let id = begin(bench);
    bench.panel(id, [Does::Unavailable; 3]);
    check(bench, id, TaskState::Aborted, Some(AbortReason::Unavailable));
}

/// Those of a panel that were paused.
pub(crate) fn resume(bench: &mut Bench, id: u64) {
    for seat in bench.task(id).seats {
        let view = bench.ask(calls::node_query(&seat.node));
        if view.is_some_and(|node| node.state == NodeState::Paused) {
            let key = bench.key(&seat.node);
            bench.call(&key, &calls::resume());
        }
    }
}

fn nodes(bench: &mut Bench) {
    bench.join(JOIN_A_LAP);
    let id = bench.create();
    let (seats, app) = (bench.task(id).seats, bench.app.clone());
    bench.call(&app, &calls::cancel(id));
    let (first, second) = (bench.key(&seats[0].node), bench.key(&seats[1].node));
    bench.call(&first, &calls::add_stake(Amount::cnx(1)));
    bench.call(&first, &calls::pause());
    bench.call(&first, &calls::resume());
    bench.call(&second, &calls::quit());
}
