//! Relays that are removed while tasks still need them.

use super::net::*;
use crate::{TaskError, task as contract};
use hydrogen_types::task::{BlobKind, RelayView, TaskState};
use hydrogen_types::{Address, Hash, PublicKey};

fn key(number: u8) -> PublicKey {
    PublicKey([100 + number; 32])
}

fn id(number: u8) -> Address {
    Address::of_key(&key(number))
}

fn register(number: u8) -> Result<(), TaskError> {
    call(owner(), || contract::register_relay(key(number), format!("http://relay-{number}")))
}

fn remove(number: u8) -> Result<(), TaskError> {
    call(owner(), || contract::remove_relay(id(number)))
}

fn shown(number: u8) -> Option<RelayView> {
    contract::relays().into_iter().find(|relay| relay.id == id(number))
}

/// Proves that the task's arguments are at the relay.
fn upload_to(number: u8, task: u64) -> Result<(), TaskError> {
    let mut receipt = receipt(task, BlobKind::Args, Hash::sha256(b"args"), creator());
    receipt.body.relay = id(number);
    call(creator(), || contract::args_uploaded(task, receipt))
}

fn end(task: u64) {
    call(creator(), || contract::cancel(task)).expect("it has no arguments");
}

#[test]
fn a_removed_relay_serves_the_tasks_there_are_and_is_gone_with_the_last() {
    start(12);
    register(1).expect("it is new");
    let ((first, panel), (second, _)) = (drawn(), drawn());
    remove(1).expect("it is registered");
    let relay = shown(1).expect("it drains");
    assert_eq!((relay.draining, relay.last_task), (true, Some(second)));
    assert_eq!(events("RelayRemoved").len(), 1);
    let (later, _) = drawn();
    let refused = TaskError::RelayDraining { relay: id(1), last_task: second };
    assert_eq!(upload_to(1, later), Err(refused));
    upload_to(1, first).expect("the task was created before");
    end(later);
    end(second);
    assert!(shown(1).is_some(), "one is left");
    let truth = result("a");
    for node in panel {
        commit(first, node, &truth).expect("in time");
    }
    for node in panel {
        reveal(first, node, &truth).expect("in time");
    }
    block(100);
    let digest = Hash::sha256(b"a");
    let mut receipt = receipt(first, BlobKind::Result, digest, panel[0]);
    receipt.body.relay = id(1);
    call(panel[0], || contract::report_uploaded(first, receipt)).expect("it holds results too");
    assert_eq!((view(first).state, shown(1)), (TaskState::Success, None));
    assert_eq!(events("RelayGone").len(), 1);
    assert_eq!(remove(1), Err(TaskError::UnknownRelay { relay: id(1) }));
}

#[test]
fn without_open_tasks_a_relay_is_gone_at_once() {
    start(3);
    register(1).expect("it is new");
    remove(1).expect("it is registered");
    assert_eq!((shown(1), events("RelayGone").len()), (None, 1));
    register(1).expect("it is new again");
}

#[test]
fn relays_drain_side_by_side() {
    start(12);
    (1..=3).for_each(|number| register(number).expect("it is new"));
    let (one, _) = drawn();
    remove(1).expect("it is registered");
    let (two, _) = drawn();
    remove(2).expect("it is registered");
    remove(3).expect("it is registered");
    let (three, _) = drawn();
    assert_eq!(
        (1..=3).map(|number| shown(number).and_then(|relay| relay.last_task)).collect::<Vec<_>>(),
        [Some(one), Some(two), Some(two)]
    );
    end(three);
    end(two);
    // The first task may still need any of the three.
    assert!((1..=3).all(|number| shown(number).is_some()));
    end(one);
    assert!((1..=3).all(|number| shown(number).is_none()));
}

#[test]
fn a_draining_relay_is_taken_back_by_registering_it() {
    start(12);
    (1..=3).for_each(|number| register(number).expect("it is new"));
    let (one, _) = drawn();
    remove(1).expect("it is registered");
    let (two, _) = drawn();
    remove(2).expect("it is registered");
    let (three, _) = drawn();
    remove(3).expect("it is registered");
    call(owner(), || contract::register_relay(key(1), "https://elsewhere".into())).expect("it drains");
    let relay = shown(1).expect("it is there");
    assert_eq!((relay.draining, relay.last_task, relay.url.as_str()), (false, None, "https://elsewhere"));
    register(3).expect("it drains");
    let (four, _) = drawn();
    upload_to(1, four).expect("it serves all tasks again");
    end(two);
    assert!(shown(2).is_some(), "what the first was counted with is counted for the second");
    end(three);
    end(one);
    assert!(shown(2).is_none() && shown(1).is_some() && shown(3).is_some());
}

#[test]
fn removing_has_its_refusals() {
    start(3);
    (1..=9).for_each(|number| register(number).expect("it is new"));
    assert_eq!(call(creator(), || contract::remove_relay(id(1))), Err(TaskError::NotOwner));
    assert_eq!(remove(10), Err(TaskError::UnknownRelay { relay: id(10) }));
    let (task, _) = drawn();
    (1..=8).for_each(|number| remove(number).expect("there is room"));
    assert!(matches!(remove(8), Err(TaskError::BadRelay { why }) if why.contains("already")));
    assert!(matches!(remove(9), Err(TaskError::BadRelay { why }) if why.contains("8 relays drain")));
    end(task);
    remove(9).expect("all others are gone");
    assert_eq!(contract::relays().len(), 1);
}
