//! Receipts that prove something else.
//!
//! The uploader of a result keeps it to itself and shows a receipt that it came by in another way. Under a rule that
//! does not check the one thing which is wrong with it, it earns its share for nothing.

use super::super::net::*;
use super::old::{OldTask, equal};
use super::{Row, SHARE, cnx, gain, plain, wealth};
use crate::{TaskError, task as contract};
use hydrogen_sdk::mock;
use hydrogen_types::task::{BlobKind, Outcome, RelayReceipt, RelayReceiptBody, TaskState};
use hydrogen_types::{Address, ChainId, Hash, Height, PublicKey};

attacks!(
    a_receipt_of_another_task,
    a_receipt_of_another_chain,
    a_receipt_of_another_kind,
    a_receipt_of_another_digest,
    a_receipt_of_another_uploader,
    a_receipt_from_before_the_draw,
    a_receipt_from_the_future,
    a_receipt_that_expired,
    a_receipt_of_too_many_bytes,
    a_receipt_for_bytes_not_kept,
    a_receipt_of_another_version,
    a_receipt_of_an_unregistered_relay,
    a_receipt_of_a_removed_relay,
    a_receipt_of_a_relay_that_is_gone,
    a_receipt_with_a_forged_signature,
    a_receipt_of_other_arguments_starts_the_clock,
);

fn good(task: u64, uploader: Address) -> RelayReceipt {
    let Outcome::Result { digest, .. } = result("true") else { unreachable!("it is a result") };
    receipt(task, BlobKind::Result, digest, uploader)
}

/// The claim of an upload that proves nothing.
fn old_claim() -> i128 {
    let mut old = OldTask::new();
    for node in 0..3 {
        old.disclose(node, 7, equal);
    }
    old.claim_upload();
    old.nodes[0]
}

/// Shows a good receipt with one thing changed; the right one would have been taken.
fn shown(change: impl FnOnce(&mut RelayReceiptBody), refused: impl Fn(u64) -> TaskError) -> Row {
    start(5);
    let before = wealth(node(1));
    let (task, panel) = judged([Some(result("true")), Some(result("true")), Some(result("true"))]);
    let mut shown = good(task, panel[0]);
    change(&mut shown.body);
    assert_eq!(call(panel[0], || contract::report_uploaded(task, shown)), Err(refused(task)));
    assert_eq!(view(task).state, TaskState::Validated);
    let unharmed = world();
    call(panel[0], || contract::report_uploaded(task, good(task, panel[0]))).expect("this one is right");
    mock::with(|world| *world = unharmed);
    block(300_000);
    report(task, panel[1], &result("true")).expect("every agreeing node may now");
    Row::money(old_claim(), wealth(panel[0]) - before)
}

fn bad(change: impl FnOnce(&mut RelayReceiptBody), why: &'static str) -> Row {
    shown(change, |_| TaskError::BadReceipt { why })
}

fn a_receipt_of_another_task() -> Row {
    bad(|body| body.task += 1, "it is for another task")
}

fn a_receipt_of_another_chain() -> Row {
    let other = ChainId::new("elsewhere").expect("the name is legal");
    bad(|body| body.chain_id = other, "it is for another chain")
}

fn a_receipt_of_another_kind() -> Row {
    bad(|body| body.kind = BlobKind::Args, "it is for another kind of bytes")
}

fn a_receipt_of_another_digest() -> Row {
    bad(|body| body.digest = Hash::sha256(b"less"), "it is for bytes with another SHA-256")
}

fn a_receipt_of_another_uploader() -> Row {
    bad(|body| body.uploader = node(9), "somebody else uploaded the bytes")
}

fn a_receipt_from_before_the_draw() -> Row {
    bad(|body| body.issued = Height::new(1), "it was issued before the task was drawn")
}

fn a_receipt_from_the_future() -> Row {
    bad(|body| body.issued = body.issued.next(), "it was issued at a height not reached yet")
}

fn a_receipt_that_expired() -> Row {
    bad(|body| body.valid_until = Height::new(body.issued.get() - 1), "it is no longer valid")
}

fn a_receipt_of_too_many_bytes() -> Row {
    bad(|body| body.size = (32 << 20) + 1, "the bytes are more than the task allows")
}

fn a_receipt_for_bytes_not_kept() -> Row {
    bad(|body| body.kept_ms = 0, "the relay does not keep the bytes")
}

fn a_receipt_of_another_version() -> Row {
    bad(|body| body.version = 2, "its version is not 1")
}

/// Whoever has a key can sign.
fn a_receipt_of_an_unregistered_relay() -> Row {
    let relay = Address::of_key(&PublicKey([8; 32]));
    shown(|body| body.relay = relay, |_| TaskError::UnknownRelay { relay })
}

/// A network of two relays and two tasks: the owner removes the first relay while the first task is open. What the
/// second task's uploader has of showing a receipt of the removed relay, which nobody looks after any more.
fn removed(gone: bool) -> Row {
    start(6);
    let other = PublicKey([8; 32]);
    call(owner(), || contract::register_relay(other, "http://127.0.0.1:2".into())).expect("it is new");
    let (first, _) = drawn();
    let relay = Address::of_key(&RELAY);
    call(owner(), || contract::remove_relay(relay)).expect("it is registered");
    let before = wealth(node(1));
    let by_other = |mut receipt: RelayReceipt| {
        receipt.body.relay = Address::of_key(&other);
        receipt
    };
    let (second, panel) = drawn();
    let args = receipt(second, BlobKind::Args, Hash::sha256(b"args"), creator());
    let draining = TaskError::RelayDraining { relay, last_task: first };
    let removed = args.clone();
    assert_eq!(call(creator(), || contract::args_uploaded(second, removed)), Err(draining.clone()));
    call(creator(), || contract::args_uploaded(second, by_other(args))).expect("this one serves it");
    // Good for the task that was there before.
    upload_args(first).expect("its relay drains, and serves it");
    for node in panel {
        commit(second, node, &result("true")).expect("in time");
    }
    for node in panel {
        reveal(second, node, &result("true")).expect("in time");
    }
    block(100);
    if gone {
        end(first);
        assert_eq!(contract::relays().len(), 1, "its last task has ended");
    }
    let refused = if gone { TaskError::UnknownRelay { relay } } else { draining };
    assert_eq!(report(second, panel[0], &result("true")), Err(refused));
    block(300_000);
    call(panel[1], || contract::report_uploaded(second, by_other(good(second, panel[1]))))
        .expect("it may now");
    Row::money(old_claim(), wealth(panel[0]) - before)
}

/// Three outcomes for an executing task that no two agree on: it is over at the verdict.
fn end(task: u64) {
    let panel: Vec<Address> = view(task).seats.iter().map(|seat| seat.node).collect();
    let outcomes = ["one", "two", "three"].map(result);
    for (node, outcome) in panel.iter().zip(&outcomes) {
        commit(task, *node, outcome).expect("in time");
    }
    for (node, outcome) in panel.iter().zip(&outcomes) {
        reveal(task, *node, outcome).expect("in time");
    }
    block(100);
    assert_eq!(view(task).state, TaskState::Aborted);
}

fn a_receipt_of_a_removed_relay() -> Row {
    removed(false)
}

fn a_receipt_of_a_relay_that_is_gone() -> Row {
    removed(true)
}

fn a_receipt_with_a_forged_signature() -> Row {
    start(5);
    let before = wealth(node(1));
    let (task, panel) = judged([Some(result("true")), Some(result("true")), Some(result("true"))]);
    mock::with(|world| world.signatures_valid = false);
    let forged = Err(TaskError::BadReceipt { why: "its signature is not the relay's" });
    assert_eq!(report(task, panel[0], &result("true")), forged);
    mock::with(|world| world.signatures_valid = true);
    block(300_000);
    report(task, panel[1], &result("true")).expect("every agreeing node may now");
    Row::money(old_claim(), wealth(panel[0]) - before)
}

/// Arguments that nobody can fetch but a node of the creator's own: the two others find nothing and are fined for it,
/// and their fines pay the third.
fn a_receipt_of_other_arguments_starts_the_clock() -> Row {
    // The contract without the check: a receipt of the right digest stands for one of another.
    start(5);
    let (task, panel) = drawn();
    let mut harm = 0;
    let old = gain(&panel[..1], || {
        harm = -gain(&panel[1..], || {
            upload_args(task).expect("in time");
            let outcomes = [result("known"), Outcome::Unavailable, Outcome::Unavailable];
            for (node, outcome) in panel.iter().zip(&outcomes) {
                commit(task, *node, outcome).expect("in time");
            }
            for (node, outcome) in panel.iter().zip(&outcomes) {
                reveal(task, *node, outcome).expect("in time");
            }
            block(100);
        });
    });
    assert_eq!((old, harm), (SHARE, 3 * SHARE));

    start(5);
    let (task, panel) = drawn();
    let others = gain(&panel, || {
        let other = receipt(task, BlobKind::Args, Hash::sha256(b"other"), creator());
        let refused = Err(TaskError::BadReceipt { why: "it is for bytes with another SHA-256" });
        assert_eq!(call(creator(), || contract::args_uploaded(task, other)), refused);
        block(180_000);
    });
    assert_eq!((view(task).state, others), (TaskState::Aborted, 3 * SHARE / 10));
    Row::new(
        format!("{}, and {} lost by two honest nodes", cnx(old), plain(harm)),
        format!("{}, the cancel fee", cnx(-others)),
    )
}
