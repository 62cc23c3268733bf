#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;
use crate::compute::tests::task;
use hydrogen_core::SecretKey;
use hydrogen_types::task::{BlobKind, Comparison, Outcome, RelayReceipt, RelayView, TaskState, TaskView};
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
    // Waiting helps while the task is open, and no longer once it was aborted.
    done.result = None;
    let early = may_download(Some(&done), BlobKind::Result, &CREATOR).unwrap_err();
    assert_eq!(early.retry_after_s(), Some(1));
    done.state = TaskState::Aborted;
    assert_eq!(may_download(Some(&done), BlobKind::Result, &CREATOR), Err(Refusal::NotFound));
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

fn program(byte: u8, size: u64, used_ms: u64) -> ProgramUse {
    let owner = if byte < 10 { CREATOR } else { STRANGER };
    ProgramUse { hash: Hash::new([byte; 32]), size, owner, used_ms }
}

fn hashes<const N: usize>(bytes: [u8; N]) -> Vec<Hash> {
    bytes.map(|byte| Hash::new([byte; 32])).to_vec()
}

#[test]
fn programs_go_by_last_use_but_never_one_in_use() {
    let held = [program(1, 10, 5), program(2, 10, 1), program(3, 10, 3)];
    let open = BTreeSet::from([Hash::new([2; 32])]);
    assert_eq!(evict_programs(&held, &open, 30), []);
    assert_eq!(evict_programs(&held, &open, 20), hashes([3]));
    assert_eq!(evict_programs(&held, &open, 5), hashes([3, 1]));
}

#[test]
fn room_is_made_among_the_owners_programs_first() {
    // 1 to 3 are the creator's, 10 and 11 a stranger's and older.
    let held =
        [program(1, 10, 5), program(2, 10, 6), program(3, 10, 7), program(10, 10, 1), program(11, 10, 2)];
    let none = BTreeSet::new();
    let room = |open: &BTreeSet<Hash>, size, all, owner| {
        make_room(&held, open, &CREATOR, size, ProgramBudget { all, owner })
    };
    assert_eq!(room(&none, 10, 60, 40), Some(vec![]));
    assert_eq!(room(&none, 10, 60, 30), Some(hashes([1])), "over its own budget: its own oldest goes");
    assert_eq!(room(&none, 10, 50, 40), Some(hashes([10])), "over the budget of all: the oldest goes");
    assert_eq!(room(&none, 10, 40, 30), Some(hashes([1, 10])));
    assert_eq!(room(&none, 31, 60, 30), None, "larger than the budget");
    let open = BTreeSet::from([Hash::new([1; 32]), Hash::new([2; 32])]);
    assert_eq!(room(&open, 10, 60, 30), Some(hashes([3])));
    assert_eq!(room(&open, 11, 60, 30), None, "what open tasks name stays");
}

#[test]
fn a_program_task_needs_all_its_programs_here_and_an_external_one_none() {
    let mut started = task(TaskState::Started);
    let (own, print) = (started.program.unwrap(), Hash::new([77; 32]));
    let missing =
        |task: &TaskView, held: &[Hash]| match may_upload_args(Some(task), &CREATOR, &ARGS, None, |hash| {
            held.contains(hash)
        }) {
            Ok(_) => None,
            Err(Refusal::ProgramMissing(hash)) => Some(hash),
            Err(other) => panic!("{other}"),
        };
    assert_eq!(missing(&started, &[]), Some(own));
    assert_eq!(missing(&started, &[own]), None);
    started.comparison = Comparison::Similar { threshold: 5, fingerprint: print };
    assert_eq!(missing(&started, &[own]), Some(print));
    assert_eq!(missing(&started, &[own, print]), None);
    started.program = None;
    started.external = Some(String::from("render"));
    assert_eq!(missing(&started, &[]), Some(print), "an external task may be compared by fingerprint");
    started.comparison = Comparison::Exact;
    assert_eq!(missing(&started, &[]), None);
}

#[test]
fn a_similar_result_is_expected_with_the_fingerprint_its_own_node_revealed() {
    let mut similar = validated();
    similar.comparison = Comparison::Similar { threshold: 5, fingerprint: Hash::new([77; 32]) };
    // The first and the third are near each other, the second is far from both.
    let prints = [[0; 8], [255; 8], [1, 0, 0, 0, 0, 0, 0, 0]];
    for (seat, (byte, print)) in similar.seats.iter_mut().zip((1..).zip(prints)) {
        let digest = Hash::new([byte; 32]);
        seat.outcome = Some(Outcome::Result { digest, fingerprint: print.to_vec() });
    }
    similar.upload_open = true;
    let nodes: Vec<Address> = similar.seats.iter().map(|seat| seat.node).collect();
    let ask = |round: usize, byte: u8| {
        may_upload_result(Some(&similar), &nodes[round], &Hash::new([byte; 32]), None)
    };
    for (round, byte) in [(0, 1), (2, 3)] {
        let Ok(Decision::Take(expected)) = ask(round, byte) else { panic!("{round} is not taken") };
        assert_eq!(expected.digest, Hash::new([byte; 32]));
        assert_eq!(expected.fingerprint, Some((Hash::new([77; 32]), prints[round].to_vec())));
    }
    assert_eq!(ask(1, 2), Err(Refusal::Forbidden(nodes[1])), "it agrees with nobody");
    assert_eq!(status(ask(2, 1)), 422, "the bytes of another");
}

#[test]
fn receipts_are_for_tasks_that_the_contract_would_take_them_for() {
    let key = SecretKey::from_seed([5; 32]);
    let view = RelayView {
        id: key.address(),
        key: key.public(),
        url: String::from("http://127.0.0.1:1"),
        draining: false,
        last_task: None,
    };
    assert_eq!(may_issue(&[], &key.address(), 1), Err(Refusal::NotRegistered));
    assert_eq!(may_issue(std::slice::from_ref(&view), &STRANGER, 1), Err(Refusal::NotRegistered));
    assert_eq!(may_issue(std::slice::from_ref(&view), &key.address(), 1), Ok(()));
    let removed = RelayView { draining: true, last_task: Some(7), ..view };
    assert_eq!(may_issue(std::slice::from_ref(&removed), &key.address(), 7), Ok(()));
    let refused = Refusal::Draining { last_task: Some(7) };
    assert_eq!((refused.status(), refused.retry_after_s()), (410, None));
    assert_eq!(may_issue(&[removed], &key.address(), 8), Err(refused));
    assert_eq!((Refusal::NotRegistered.status(), Refusal::NotRegistered.retry_after_s()), (503, Some(10)));
}
