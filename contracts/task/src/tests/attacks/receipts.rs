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
