//! What the contract says no to.

use super::net::*;
use crate::{TaskError, task as contract};
use hydrogen_sdk::mock;
use hydrogen_types::task::{BlobKind, Comparison, CreateTask, Outcome, RelayReceiptBody, TaskState};
use hydrogen_types::{Address, Amount, Hash, Height, PublicKey};

fn refused(change: impl FnOnce(&mut CreateTask), expected: TaskError) {
    let mut request = request(Amount::cnx(30));
    change(&mut request);
    let before = world();
    assert_eq!(create(request), Err(expected));
    assert_eq!(before.balances, world().balances);
}

#[test]
fn creating_has_its_refusals() {
    start(3);
    let needed = Amount::cnx(30).checked_add(crate::schedule::deposit(GAS_PRICE)).expect("small");
    let low = TaskError::FeeTooLow { fee: Amount::cnx(11), fee_min: Amount::cnx(12) };
    refused(|request| request.fee = Amount::cnx(11), low);
    let external = |request: &mut CreateTask| {
        request.program = None;
        request.external = Some("render".into());
    };
    refused(external, TaskError::NotSupported { external: "render".into() });
    refused(|request| request.program = None, TaskError::NoProgram);
    refused(|request| request.external = Some("render".into()), TaskError::NoProgram);
    let similar = |threshold| Comparison::Similar { threshold, fingerprint: Hash::ZERO };
    refused(|request| request.comparison = similar(33), TaskError::BadComparison { threshold: 33 });
    refused(|request| request.comparison = similar(0), TaskError::BadComparison { threshold: 0 });
    let most = Amount::new(u128::MAX);
    refused(
        |request| request.fee = most,
        TaskError::NotEnoughTokens { needed: most, balance: Amount::cnx(100_000) },
    );
    mock::with(|world| world.allowances.insert((creator(), world.context.contract), Amount::cnx(30)));
    refused(|_| {}, TaskError::NotEnoughAllowance { needed, allowance: Amount::cnx(30) });
    fund(creator());
    create(request(Amount::cnx(30))).expect("all is there");
    // The three nodes are promised, though still free.
    refused(|_| {}, TaskError::NotEnoughNodes { available: 0 });
    call(node(1), contract::pause).expect("it is free");
    refused(|_| {}, TaskError::NotEnoughNodes { available: 0 });
}

#[test]
fn contracts_may_not_call() {
    start(3);
    mock::with(|world| world.context.caller = Address::of_name("other"));
    assert_eq!(contract::pause(), Err(TaskError::NotAnAccount));
    assert_eq!(contract::expire(1), Err(TaskError::NotAnAccount));
}

#[test]
fn a_receipt_must_be_about_this_upload() {
    start(5);
    let (task, _) = drawn();
    type Change = fn(&mut RelayReceiptBody);
    let changes: [(Change, &str); 10] = [
        (|body| body.version = 2, "version"),
        (|body| body.task += 1, "another task"),
        (|body| body.kind = BlobKind::Result, "another kind"),
        (|body| body.digest = Hash::ZERO, "another SHA-256"),
        (|body| body.size = (32 << 20) + 1, "more than the task allows"),
        (|body| body.uploader = node(1), "somebody else"),
        (|body| body.issued = Height::new(1), "before the task was drawn"),
        (|body| body.issued = body.issued.next(), "not reached yet"),
        (|body| body.valid_until = Height::new(1), "no longer valid"),
        (|body| body.kept_ms = 0, "does not keep"),
    ];
    let good = || receipt(task, BlobKind::Args, Hash::sha256(b"args"), creator());
    for (change, text) in changes {
        let mut receipt = good();
        change(&mut receipt.body);
        match call(creator(), || contract::args_uploaded(task, receipt)) {
            Err(TaskError::BadReceipt { why }) => assert!(why.contains(text), "{why}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    let mut foreign = good();
    foreign.body.relay = owner();
    let unknown = Err(TaskError::UnknownRelay { relay: owner() });
    assert_eq!(call(creator(), || contract::args_uploaded(task, foreign)), unknown);
    mock::with(|world| world.signatures_valid = false);
    let forged = Err(TaskError::BadReceipt { why: "its signature is not the relay's" });
    assert_eq!(call(creator(), || contract::args_uploaded(task, good())), forged);
    mock::with(|world| world.signatures_valid = true);
    assert_eq!(call(node(1), || contract::args_uploaded(task, good())), Err(TaskError::NotCreator { task }));
    upload_args(task).expect("all is right");
    let state = TaskState::Executing;
    assert_eq!(upload_args(task), Err(TaskError::WrongState { task, state }));
    assert_eq!(call(creator(), || contract::cancel(task)), Err(TaskError::WrongState { task, state }));
}

#[test]
fn commitments_and_reveals_have_their_refusals() {
    start(5);
    let (task, panel) = executing();
    let stranger = (1..=5).map(node).find(|node| !panel.contains(node)).expect("five but three");
    let truth = result("a");
    assert_eq!(commit(task, stranger, &truth), Err(TaskError::NotSelectedNode { task }));
    commit(task, panel[0], &truth).expect("in time");
    assert_eq!(commit(task, panel[0], &truth), Err(TaskError::AlreadyCommitted { task }));
    let early = Err(TaskError::WrongState { task, state: TaskState::Executing });
    assert_eq!(reveal(task, panel[0], &truth), early);
    // A commitment copied from another is worthless: the node's address is in it.
    let copied = view(task).seats[0].commitment.expect("it committed");
    call(panel[1], || contract::commit(task, copied)).expect("nobody sees what is inside");
    block(600_000);
    assert_eq!(reveal(task, panel[1], &truth), Err(TaskError::CommitmentMismatch { task }));
    assert_eq!(reveal(task, panel[2], &truth), Err(TaskError::NotCommitted { task }));
    assert_eq!(reveal(task, stranger, &truth), Err(TaskError::NotSelectedNode { task }));
    assert_eq!(reveal(task, panel[0], &result("b")), Err(TaskError::CommitmentMismatch { task }));
    for outcome in [
        Outcome::Error { code: 0 },
        Outcome::Error { code: 8 },
        Outcome::Result { digest: Hash::ZERO, fingerprint: vec![0; 8] },
    ] {
        assert!(matches!(reveal(task, panel[0], &outcome), Err(TaskError::BadOutcome { .. })));
    }
    reveal(task, panel[0], &truth).expect("in time");
    assert_eq!(reveal(task, panel[0], &truth), Err(TaskError::AlreadyRevealed { task }));
    assert_eq!(commit(99, panel[0], &truth), Err(TaskError::TaskNotFound { task: 99 }));
}

#[test]
fn relays_are_the_owners() {
    start(0);
    let key = PublicKey([8; 32]);
    let register = |who, url: &str| call(who, || contract::register_relay(key, url.into()));
    assert_eq!(register(creator(), "http://relay"), Err(TaskError::NotOwner));
    assert!(matches!(register(owner(), "ftp://relay"), Err(TaskError::BadRelay { .. })));
    register(owner(), "https://relay").expect("it is new");
    assert!(matches!(register(owner(), "https://relay"), Err(TaskError::BadRelay { .. })));
    assert_eq!(contract::relays().len(), 2);
}
