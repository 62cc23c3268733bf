//! Being paid for a result that nobody can fetch.

use super::super::net::*;
use super::old::{OldTask, equal};
use super::{Row, SHARE, cnx, plain, wealth};
use crate::{TaskError, task as contract};
use hydrogen_types::task::{BlobKind, Outcome, TaskState};
use hydrogen_types::{Address, Hash};

attacks!(
    an_upload_is_claimed_without_proof,
    an_upload_is_claimed_twice,
    a_result_is_withheld,
    a_result_is_withheld_by_all_three,
    a_task_is_cancelled_after_success,
    a_finished_task_is_overwritten,
);

/// The same task under the old rules, its results disclosed, and node 0 to upload.
fn old_validated() -> OldTask {
    let mut old = OldTask::new();
    for node in 0..3 {
        old.disclose(node, 7, equal);
    }
    old
}

/// A task of three that agree, and what its panel had before it.
fn validated() -> (u64, [Address; 3], [i128; 3]) {
    start(5);
    let before = wealth(node(1));
    let (task, panel) = judged([Some(result("true")), Some(result("true")), Some(result("true"))]);
    (task, panel, [before; 3])
}

/// A call of the uploader was all the proof there was.
fn an_upload_is_claimed_without_proof() -> Row {
    let mut old = old_validated();
    old.claim_upload();
    let old = old.nodes[0];
    let (task, panel, before) = validated();
    let Outcome::Result { digest, .. } = result("true") else { unreachable!("it is a result") };
    let mut own = receipt(task, BlobKind::Result, digest, panel[0]);
    own.body.relay = panel[0];
    let refused = Err(TaskError::UnknownRelay { relay: panel[0] });
    assert_eq!(call(panel[0], || contract::report_uploaded(task, own)), refused);
    block(300_000);
    report(task, panel[1], &result("true")).expect("every agreeing node may now");
    Row::money(old, wealth(panel[0]) - before[0])
}

/// The second claim took the third node's share.
fn an_upload_is_claimed_twice() -> Row {
    let mut old = OldTask::new();
    for node in 0..2 {
        old.disclose(node, 7, equal);
    }
    old.claim_upload();
    old.claim_upload();
    old.disclose(2, 7, equal);
    assert_eq!(old.nodes[2], 0, "nothing is left for it");
    let old = old.nodes[0] - SHARE;
    let (task, panel, before) = validated();
    report(task, panel[0], &result("true")).expect("it is its turn");
    let (others, state) = ([wealth(panel[1]), wealth(panel[2])], TaskState::Success);
    for node in panel {
        assert_eq!(report(task, node, &result("true")), Err(TaskError::WrongState { task, state }));
    }
    assert_eq!([wealth(panel[1]), wealth(panel[2])], others);
    // Beside the one share that it earned.
    Row::money(old, wealth(panel[0]) - before[0] - SHARE)
}

/// The uploader lost nothing; the creator had paid the others.
fn a_result_is_withheld() -> Row {
    let mut old = old_validated();
    old.wait_and_cancel();
    let (old_cost, old_harm) = (-old.nodes[0], -old.creator);
    assert_eq!((old_cost, old_harm), (0, 2 * SHARE));
    let (task, panel, before) = validated();
    block(300_000);
    report(task, panel[2], &result("true")).expect("every agreeing node may now");
    assert_eq!(view(task).state, TaskState::Success);
    let ours = wealth(panel[0]) - before[0];
    assert_eq!((ours, wealth(panel[2]) - before[2]), (-SHARE, 2 * SHARE));
    Row::new(
        format!("{} lost by the creator, for {}", plain(old_harm), plain(old_cost)),
        format!("{}, and another delivers", cnx(ours)),
    )
}

/// All three of one party: what is left to it is less than delivering anything would have brought.
fn a_result_is_withheld_by_all_three() -> Row {
    let mut old = old_validated();
    old.claim_upload();
    let old = old.nodes.iter().sum::<i128>();
    let (task, panel, before) = validated();
    block(300_000);
    block(300_000);
    assert_eq!(view(task).state, TaskState::Aborted);
    let ours = panel.iter().map(|node| wealth(*node)).sum::<i128>() - before.iter().sum::<i128>();
    assert_eq!(ours, SHARE);
    Row::new(cnx(old), format!("{}, less than {} for bringing any bytes", cnx(ours), cnx(3 * SHARE)))
}

/// A finished task turned Aborted, and no relay served its result any more.
fn a_task_is_cancelled_after_success() -> Row {
    let mut old = old_validated();
    old.claim_upload();
    old.cancel();
    assert!(!old.served);
    let old_harm = -old.creator;
    let (task, panel, _) = validated();
    let cancel = || call(creator(), || contract::cancel(task));
    let state = TaskState::Validated;
    assert_eq!(cancel(), Err(TaskError::WrongState { task, state }));
    report(task, panel[0], &result("true")).expect("it is its turn");
    let before = (bytes(&view(task)), world().balances);
    let state = TaskState::Success;
    assert_eq!(cancel(), Err(TaskError::WrongState { task, state }));
    assert_eq!(call(owner(), || contract::expire(task)), Err(TaskError::WrongState { task, state }));
    block(10 * 3_600_000);
    assert_eq!(bytes(&view(task)), before.0);
    assert_eq!(world().balances, before.1);
    Row::new(format!("{} paid for a result that is gone", plain(old_harm)), cnx(0))
}

/// Arguments or a result that came again replaced what was paid for.
fn a_finished_task_is_overwritten() -> Row {
    let mut old = old_validated();
    old.claim_upload();
    // What the relay served is replaced by what comes last.
    old.served = false;
    let old_harm = -old.creator;
    let (task, panel, _) = validated();
    report(task, panel[0], &result("true")).expect("it is its turn");
    let before = bytes(&view(task));
    let refused = Err(TaskError::WrongState { task, state: TaskState::Success });
    let args = receipt(task, BlobKind::Args, Hash::sha256(b"args"), creator());
    assert_eq!(call(creator(), || contract::args_uploaded(task, args)), refused);
    assert_eq!(report(task, panel[0], &result("other")), refused);
    assert_eq!(bytes(&view(task)), before);
    Row::new(format!("{} paid for a result that is gone", plain(old_harm)), cnx(0))
}
