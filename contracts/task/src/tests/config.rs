//! Configurations one after the other, and the owner who sets them.

use super::net::*;
use crate::{TaskError, task as contract};
use hydrogen_types::Amount;
use hydrogen_types::task::{ExternalType, NodeState, PenaltyReason, TaskConfig, TaskState};

fn set(config: TaskConfig) -> Result<u64, TaskError> {
    call(owner(), || contract::set_config(config))
}

#[test]
fn a_task_keeps_the_configuration_of_its_creation() {
    start(6);
    let (first, _) = drawn();
    let dearer = TaskConfig {
        fee_per_node_min: Amount::cnx(10),
        args_ms: 60_000,
        reveal_ms: 20_000,
        ..TaskConfig::default()
    };
    assert_eq!(set(dearer.clone()), Ok(2));
    assert_eq!(contract::config(Some(1)), Some(TaskConfig::default()));
    assert_eq!((contract::config(Some(2)), contract::config(None)), (Some(dearer.clone()), Some(dearer)));
    assert_eq!(contract::config(Some(3)), None);
    let low = TaskError::FeeTooLow { fee: Amount::cnx(30), fee_min: Amount::cnx(39) };
    assert_eq!(create(request(Amount::cnx(30))), Err(low));
    let second = create(request(Amount::cnx(60))).expect("it pays enough");
    block(100);
    assert_eq!((view(first).config, view(second).config), (1, 2));
    block(60_000);
    assert_eq!((view(first).state, view(second).state), (TaskState::Started, TaskState::Aborted));
    // The cancel fee of the new one: three times ten CNX, in three parts.
    assert!(view(second).seats.iter().all(|seat| seat.paid == Amount::cnx(10)));
    block(120_000);
    assert!(view(first).seats.iter().all(|seat| seat.paid == Amount::cnx(1)));
}

#[test]
fn a_node_below_a_raised_stake_is_paused_after_its_next_task() {
    start(5);
    let before = contract::stats();
    let raised = TaskConfig { stake_min: Amount::cnx(500), ..TaskConfig::default() };
    set(raised).expect("it is legal");
    let stats = contract::stats();
    assert_eq!(stats.nodes_available, before.nodes_available, "nobody is touched");
    assert_eq!(stats.stake_min, Amount::cnx(400), "some were admitted with less");
    call(node(5), || contract::add_stake(Amount::cnx(100))).expect("it may");
    let (task, panel) = drawn();
    call(creator(), || contract::cancel(task)).expect("it has no arguments");
    for node in panel {
        let found = node_view(node);
        if found.stake == Amount::cnx(500) {
            assert_eq!((found.state, found.penalties.len()), (NodeState::Available, 0));
            continue;
        }
        assert_eq!(found.state, NodeState::Paused);
        let told = &found.penalties[0];
        assert_eq!((told.reason, told.amount), (PenaltyReason::StakeTooLow, Amount::ZERO));
        let low = TaskError::StakeTooLow { stake: Amount::cnx(400), stake_min: Amount::cnx(500) };
        assert_eq!(call(node, contract::resume), Err(low));
        call(node, || contract::add_stake(Amount::cnx(100))).expect("it may");
        call(node, contract::resume).expect("its stake is enough");
    }
    set(TaskConfig { stake_min: Amount::cnx(100), ..TaskConfig::default() }).expect("it is legal");
    assert_eq!(contract::stats().stake_min, Amount::cnx(100));
}

#[test]
fn fines_are_those_of_the_task() {
    start(5);
    let (task, panel) = executing();
    let harsh = TaskConfig {
        missed_commit_permille: 500,
        missed_reveal_permille: 500,
        cheat_permille: 500,
        ..TaskConfig::default()
    };
    set(harsh).expect("it is legal");
    commit(task, panel[0], &result("a")).expect("in time");
    commit(task, panel[1], &result("a")).expect("in time");
    block(600_000);
    reveal(task, panel[0], &result("a")).expect("in time");
    reveal(task, panel[1], &result("a")).expect("in time");
    block(100);
    assert_eq!(view(task).seats[2].fined, Amount::cnx(15), "1.5 shares of ten");
}

#[test]
fn a_configuration_is_the_owners_and_keeps_its_bounds() {
    start(0);
    let default = TaskConfig::default;
    let stranger = call(creator(), || contract::set_config(default()));
    assert_eq!(stranger, Err(TaskError::NotOwner));
    let entry = |name: &str, timeout_ms_min| ExternalType { name: name.into(), timeout_ms_min };
    let with = |external_types| set(TaskConfig { external_types, ..default() });
    let bad = |why| Err(TaskError::BadExternalTypes { why });
    assert_eq!(with(vec![entry("GPU", 60_000)]), bad("a name is 1 to 32 of a to z, 0 to 9 and -"));
    assert_eq!(with(vec![entry("a", 60_000), entry("a", 70_000)]), bad("one is named twice"));
    let many = |count| (0..count).map(|number| entry(&format!("type-{number}"), 60_000)).collect();
    assert_eq!(with(many(17)), bad("a configuration has at most 16"));
    let (field, least, most) = ("timeout_ms_min", 30_000, 3_600_000);
    let out = |value| Err(TaskError::BadConfig { field, value, least, most });
    assert_eq!(with(vec![entry("a", 29_999)]), out(29_999));
    assert_eq!(with(vec![entry("a", 3_600_001)]), out(3_600_001));
    assert_eq!(with(many(16)), Ok(2), "what was refused took no number");
    let lax = TaskConfig { missed_commit_permille: 101, ..default() };
    let (field, value, least, most) = ("missed_reveal_permille", 100, 101, u64::MAX);
    assert_eq!(set(lax), Err(TaskError::BadConfig { field, value, least, most }));
}

#[test]
fn ownership_is_offered_and_accepted() {
    start(0);
    let (heir, other) = (node(1), node(2));
    assert_eq!(call(heir, contract::accept_ownership), Err(TaskError::NotOffered));
    assert_eq!(call(heir, || contract::offer_ownership(heir)), Err(TaskError::NotOwner));
    call(owner(), || contract::offer_ownership(other)).expect("it is the owner");
    call(owner(), || contract::offer_ownership(heir)).expect("a later offer replaces it");
    assert_eq!(call(other, contract::accept_ownership), Err(TaskError::NotOffered));
    set(TaskConfig::default()).expect("an offer changes nothing yet");
    call(owner(), || contract::offer_ownership(owner())).expect("it takes the offer back");
    assert_eq!(call(heir, contract::accept_ownership), Err(TaskError::NotOffered));
    assert_eq!(call(owner(), contract::accept_ownership), Err(TaskError::NotOffered));
    call(owner(), || contract::offer_ownership(heir)).expect("it is the owner");
    call(heir, contract::accept_ownership).expect("it was offered");
    assert_eq!(set(TaskConfig::default()), Err(TaskError::NotOwner));
    call(heir, || contract::set_config(TaskConfig::default())).expect("it is the owner");
    assert_eq!(call(heir, contract::accept_ownership), Err(TaskError::NotOffered), "an offer is taken once");
}
