#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;
use crate::compute::tests::task;
use hydrogen_core::SecretKey;
use hydrogen_types::task::{BlobKind, Outcome, RelayReceipt, TaskState, TaskView};
use hydrogen_types::{Address, ChainId, Hash, Height};
use std::collections::BTreeSet;

const CREATOR: Address = Address::new([9; 20]);
const NODE: Address = Address::new([1; 20]);
const STRANGER: Address = Address::new([99; 20]);
const ARGS: Hash = Hash::new([4; 32]);
const RESULT: Hash = Hash::new([1; 32]);

fn chain_id() -> ChainId {
    ChainId::new("testnet").unwrap()
}

fn blob(kind: BlobKind, digest: Hash, uploader: Address) -> Blob {
    Blob { task: 5, kind, digest, size: 10, uploader }
}

fn receipt(blob: Blob) -> RelayReceipt {
    issue(&SecretKey::from_seed([5; 32]), &chain_id(), ReceiptTerms::default(), Height::new(7), blob)
}

fn validated() -> TaskView {
    let mut task = task(TaskState::Validated);
    for seat in &mut task.seats {
        seat.outcome = Some(Outcome::Result { digest: RESULT, fingerprint: Vec::new() });
    }
    task.seats[2].outcome = Some(Outcome::Error { code: 2 });
    task.uploader = Some(NODE);
    task
}

fn status<T>(decision: Result<T, Refusal>) -> u16 {
    decision.map_or_else(|refusal| refusal.status(), |_| 201)
}

#[test]
fn arguments_come_from_the_creator_once_the_task_is_started() {
    let ask = |task: Option<&TaskView>, who, digest| may_upload_args(task, who, digest, None, |_| true);
    let started = task(TaskState::Started);
    assert_eq!(status(ask(None, &CREATOR, &ARGS)), 404);
    let early = ask(Some(&task(TaskState::Created)), &CREATOR, &ARGS).unwrap_err();
    assert_eq!((early.status(), early.retry_after_s()), (404, Some(1)));
    assert_eq!(status(ask(Some(&started), &CREATOR, &ARGS)), 201);
    assert_eq!(status(ask(Some(&started), &STRANGER, &ARGS)), 403);
    assert_eq!(status(ask(Some(&started), &NODE, &ARGS)), 403);
    assert_eq!(status(ask(Some(&started), &CREATOR, &RESULT)), 422);
    for late in [TaskState::Executing, TaskState::Revealing, TaskState::Validated, TaskState::Aborted] {
        assert_eq!(status(ask(Some(&task(late)), &CREATOR, &ARGS)), 409);
    }
    assert_eq!(status(may_upload_args(Some(&started), &CREATOR, &ARGS, None, |_| false)), 424);
}

#[test]
fn the_same_bytes_again_give_the_same_receipt_in_any_state() {
    let held = receipt(blob(BlobKind::Args, ARGS, CREATOR));
    for state in [TaskState::Started, TaskState::Executing, TaskState::Success] {
        let again = may_upload_args(Some(&task(state)), &CREATOR, &ARGS, Some(&held), |_| true);
        assert_eq!(again, Ok(Decision::AlreadyHeld(Box::new(held.clone()))));
    }
    let other = may_upload_args(Some(&task(TaskState::Started)), &CREATOR, &RESULT, Some(&held), |_| true);
    assert_eq!(status(other), 422);
}

#[test]
fn a_result_comes_from_who_may_upload_now() {
    let ask = |task: &TaskView, who: &Address| status(may_upload_result(Some(task), who, &RESULT, None));
    let mut open = validated();
    let second = open.seats[1].node;
    let cheat = open.seats[2].node;
    assert_eq!(ask(&open, &NODE), 201);
    assert_eq!(ask(&open, &second), 403);
    assert_eq!(ask(&open, &STRANGER), 403);
    assert_eq!(ask(&task(TaskState::Revealing), &NODE), 404);
    assert_eq!(ask(&task(TaskState::Aborted), &NODE), 409);
    assert_eq!(status(may_upload_result(Some(&open), &NODE, &ARGS, None)), 422);
    open.upload_open = true;
    assert_eq!(ask(&open, &second), 201);
    assert_eq!(ask(&open, &cheat), 403);
}

#[test]
fn an_upload_is_checked_by_size_and_hash() {
    let Ok(Decision::Take(expected)) = may_upload_result(Some(&validated()), &NODE, &RESULT, None) else {
        panic!("not taken");
    };
    assert_eq!(expected.check(&RESULT, 200), Ok(()));
    assert_eq!(expected.check(&RESULT, 201).unwrap_err().status(), 413);
    assert_eq!(expected.check(&ARGS, 200).unwrap_err().status(), 422);
}

#[test]
fn downloads() {
    let mut done = validated();
    let ask = |task: &TaskView, kind, who: &Address| status(may_download(Some(task), kind, who));
    assert_eq!(ask(&done, BlobKind::Args, &NODE), 201);
    assert_eq!(ask(&done, BlobKind::Args, &CREATOR), 201);
    assert_eq!(ask(&done, BlobKind::Args, &STRANGER), 403);
    assert_eq!(ask(&done, BlobKind::Result, &CREATOR), 404);
    done.result = Some(RESULT);
    assert_eq!(may_download(Some(&done), BlobKind::Result, &CREATOR), Ok(RESULT));
    assert_eq!(ask(&done, BlobKind::Result, &NODE), 403);
    assert_eq!(status(may_download(None, BlobKind::Args, &CREATOR)), 404);
}

#[test]
fn a_receipt_binds_every_field() {
    let key = SecretKey::from_seed([5; 32]);
    let about = blob(BlobKind::Result, RESULT, NODE);
    let good = receipt(about);
    let holds =
        |receipt: &RelayReceipt, blob: &Blob| check_receipt(receipt, &key.public(), &chain_id(), blob);
    assert!(holds(&good, &about));
    assert!(!holds(&good, &Blob { task: 6, ..about }));
    assert!(!holds(&good, &Blob { kind: BlobKind::Args, ..about }));
    assert!(!check_receipt(&good, &SecretKey::from_seed([6; 32]).public(), &chain_id(), &about));
    let mut longer = good;
    longer.body.valid_until = Height::new(u64::MAX);
    assert!(!holds(&longer, &about), "the signature covers the last height");
}

#[test]
fn blobs_outlive_their_task_by_what_was_promised() {
    let done = task(TaskState::Success);
    assert_eq!(blob_fate(Some(&task(TaskState::Validated)), None, 100, 50), BlobFate::Keep);
    assert_eq!(blob_fate(Some(&done), Some(50), 100, 149), BlobFate::KeepUntil { ms: 150 });
    assert_eq!(blob_fate(Some(&done), Some(50), 100, 150), BlobFate::Remove);
    assert_eq!(blob_fate(None, None, 100, 50), BlobFate::KeepUntil { ms: 150 });
}

#[test]
fn programs_go_by_last_use_but_never_one_in_use() {
    let program = |byte, size, used_ms| ProgramUse { hash: Hash::new([byte; 32]), size, used_ms };
    let held = [program(1, 10, 5), program(2, 10, 1), program(3, 10, 3)];
    let open = BTreeSet::from([Hash::new([2; 32])]);
    assert_eq!(evict_programs(&held, &open, 30), []);
    assert_eq!(evict_programs(&held, &open, 20), [Hash::new([3; 32])]);
    assert_eq!(evict_programs(&held, &open, 5), [Hash::new([3; 32]), Hash::new([1; 32])]);
}
