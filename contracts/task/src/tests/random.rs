//! Thousands of random steps by everybody at once: the audit in `net` holds after each, and in the end the contract
//! holds the stakes and nothing else.

use super::net::*;
use crate::settle::BURNED;
use crate::task as contract;
use hydrogen_types::task::{NodeState, Outcome, TaskState};
use hydrogen_types::{Address, Amount};
use std::collections::BTreeMap;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn outcome(&mut self) -> Outcome {
        match self.roll(8) {
            0 => result("fake"),
            1 => Outcome::Error { code: 1 + u32::try_from(self.roll(2)).expect("small") },
            2 => Outcome::Unavailable,
            _ => result("true"),
        }
    }
}

const NODES: u8 = 12;

/// One step of the task's panel and creator; `said` remembers who committed to what.
fn panel_step(dice: &mut Dice, task: u64, said: &mut BTreeMap<(u64, Address), Outcome>) {
    let Some(view) = contract::task(task) else { return };
    let Some(node) = (!view.seats.is_empty()).then(|| view.seats[dice.roll(3) as usize].node) else { return };
    match view.state {
        TaskState::Started if dice.roll(6) == 0 => drop(call(creator(), || contract::cancel(task))),
        TaskState::Started => drop(upload_args(task)),
        TaskState::Executing => {
            let outcome = dice.outcome();
            if commit(task, node, &outcome).is_ok() {
                said.insert((task, node), outcome);
            }
        }
        TaskState::Revealing => {
            if let Some(outcome) = said.get(&(task, node)) {
                drop(reveal(task, node, outcome));
            }
        }
        TaskState::Validated => {
            if let Some(outcome @ Outcome::Result { .. }) = said.get(&(task, node)) {
                drop(report(task, node, outcome));
            }
        }
        TaskState::Created | TaskState::Success | TaskState::Aborted => {}
    }
}

fn node_step(dice: &mut Dice) {
    let who = node(1 + u8::try_from(dice.roll(u64::from(NODES))).expect("small"));
    match dice.roll(16) {
        0 => drop(call(who, contract::pause)),
        1 => drop(call(who, || contract::add_stake(Amount::cnx(7)))),
        2 => drop(call(who, contract::quit)),
        3 => drop(call(who, contract::withdraw)),
        4..=7 => drop(call(who, || contract::join(Amount::cnx(400), None))),
        8..=10 => drop(call(who, || contract::add_stake(Amount::cnx(400)))),
        _ => drop(call(who, contract::resume)),
    }
}

fn everything() -> Amount {
    world().balances.values().fold(Amount::ZERO, |sum, part| sum.checked_add(*part).expect("small"))
}

#[test]
fn whatever_everybody_does_the_books_balance() {
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 1..=16u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        start(NODES);
        let all = everything();
        let mut said = BTreeMap::new();
        let mut last = 0;
        for _ in 0..1_000 {
            match dice.roll(20) {
                // An odd number, so that no division comes out even.
                0 => last = create(request(Amount::new(30_000_000_000_000_000_001))).unwrap_or(last),
                1 | 2 => node_step(&mut dice),
                3 if dice.roll(3) == 0 => tick(dice.roll(400_000)),
                3..=6 => block(dice.roll(60_000)),
                7 => drop(call(owner(), || contract::expire(last.saturating_sub(dice.0 % 4)))),
                _ => {
                    let task = last.saturating_sub(dice.roll(4));
                    panel_step(&mut dice, task, &mut said);
                }
            }
            assert_eq!(everything(), all);
        }
        for _ in 0..5 {
            block(4_000_000);
        }
        let stats = contract::stats();
        assert_eq!((stats.tasks_open, stats.tasks), (0, last));
        assert_eq!(stats.tasks, stats.tasks_success + stats.tasks_aborted);
        assert_eq!(balance(world().context.contract), stats.staked);
        assert_eq!(balance(BURNED), stats.burned);
        assert!(contract::nodes(None, None, None).nodes.iter().all(|node| {
            matches!(node.state, NodeState::Available | NodeState::Paused | NodeState::Unbonding)
        }));
        for view in contract::tasks(None, None, None).tasks {
            let end = view.abort_reason.map_or("Success".into(), |reason| format!("{reason:?}"));
            *ends.entry(end).or_insert(0) += 1;
        }
    }
    // Every way to end was taken, so the audit has seen it.
    assert_eq!(ends.len(), 10, "{ends:?}");
}
