#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::{Actor, Answer, Persona};
use crate::compute::tests::task;
use crate::compute::{Duty, Me};
use hydrogen_types::task::{Comparison, Outcome, TaskState, TaskView};
use hydrogen_types::{Address, ChainId, Hash};

/// The panel of the shared task.
const PANEL: [Address; 3] = [Address::new([1; 20]), Address::new([2; 20]), Address::new([3; 20])];

fn me(address: Address) -> Me {
    let salt_secret = [address.as_bytes()[0]; 32];
    Me { chain_id: ChainId::new("testnet").unwrap(), address, salt_secret, margin_ms: 30_000 }
}

fn executing() -> TaskView {
    task(TaskState::Executing)
}

/// The answer of the first of `nodes`, all of one persona.
fn answer(persona: Persona, nodes: &[Address], task: &TaskView) -> Option<Answer> {
    let actor = Actor::among(persona, nodes.iter().map(|node| (*node, persona)));
    actor.instead_of_work(task, &me(nodes[0]))
}

#[test]
fn names_are_told_apart_and_lead_back() {
    for persona in Persona::ALL {
        assert_eq!(Persona::from_name(persona.name()), Some(persona));
    }
    assert_eq!(Persona::from_name("nobody"), None);
}

#[test]
fn fakes_are_each_ones_own() {
    let task = executing();
    let first = answer(Persona::Fakes, &PANEL[..2], &task).unwrap();
    let second = answer(Persona::Fakes, &[PANEL[1], PANEL[0]], &task).unwrap();
    assert_ne!(first.outcome, second.outcome);
}

#[test]
fn accomplices_say_the_same_when_two_are_in_the_panel() {
    let task = executing();
    let first = answer(Persona::FakesWhenPaired, &[PANEL[0], PANEL[2]], &task).unwrap();
    let second = answer(Persona::FakesWhenPaired, &[PANEL[2], PANEL[0]], &task).unwrap();
    assert_eq!(first, second);
    let Outcome::Result { digest, .. } = first.outcome else { panic!("no result") };
    assert_eq!(digest, Hash::sha256(&first.bytes.unwrap()), "it can be uploaded");
    let next = TaskView { id: 6, ..executing() };
    assert_ne!(
        answer(Persona::FakesWhenPaired, &[PANEL[0], PANEL[2]], &next).unwrap().outcome,
        second.outcome
    );
}

#[test]
fn an_accomplice_alone_in_the_panel_works() {
    let stranger = Address::new([9; 20]);
    assert_eq!(answer(Persona::FakesWhenPaired, &[PANEL[0], stranger], &executing()), None);
    assert_eq!(answer(Persona::FakesWhenPaired, &PANEL[..1], &executing()), None);
}

/// Other personas in the panel are no accomplices.
#[test]
fn a_league_is_of_one_kind() {
    let nodes = [(PANEL[0], Persona::FakesWhenPaired), (PANEL[1], Persona::Fakes)];
    let actor = Actor::among(Persona::FakesWhenPaired, nodes);
    assert_eq!(actor.instead_of_work(&executing(), &me(PANEL[0])), None);
}

#[test]
fn a_fake_of_a_similar_task_has_a_fingerprint_that_counts() {
    let comparison = Comparison::Similar { threshold: 5, fingerprint: Hash::ZERO };
    let task = TaskView { comparison, ..executing() };
    let Outcome::Result { fingerprint, .. } = answer(Persona::Fakes, &PANEL, &task).unwrap().outcome else {
        panic!("no result")
    };
    assert_eq!(fingerprint.len(), 8);
}

#[test]
fn garbage_replaces_the_bytes_alone() {
    let outcome = Outcome::Result { digest: Hash::sha256(b"right"), fingerprint: Vec::new() };
    let honest = Answer { outcome, bytes: Some(b"right".to_vec()) };
    let kept = Actor::from(Persona::UploadsGarbage).keep(honest.clone());
    assert_eq!(kept.outcome, honest.outcome);
    assert_ne!(kept.bytes, honest.bytes);
    assert_eq!(Actor::from(Persona::Honest).keep(honest.clone()), honest);
}

#[test]
fn a_copy_waits_for_something_to_copy() {
    let actor = Actor::from(Persona::Copies);
    let mine = Duty::Commit { task: 5, commitment: Hash::new([1; 32]) };
    let mut task = executing();
    assert_eq!(actor.bend(mine.clone(), Some(&task), &PANEL[0]), Duty::Idle);
    let theirs = Hash::new([2; 32]);
    task.seats[1].commitment = Some(theirs);
    assert_eq!(actor.bend(mine, Some(&task), &PANEL[0]), Duty::Commit { task: 5, commitment: theirs });
}
