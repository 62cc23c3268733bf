//! The contract's whole state against the model's.

use super::model::{Model, Node, Task};
use crate::settle::BURNED;
use crate::state::{self, AVAILABLE, NODES, OFFERED, OWNER, PENALTIES, TASKS};
use crate::task as contract;
use crate::tests::net::balance;
use hydrogen_sdk::mock;
use hydrogen_types::Address;
use hydrogen_types::task::PenaltyReason;
use std::collections::BTreeMap;

const ALL: u32 = 1_000;

/// Every entry and every balance that the model knows, both ways.
pub(super) fn compare(model: &Model) {
    tasks(model);
    nodes(model);
    money(model);
    let stats = contract::stats();
    let counts = (stats.tasks, stats.tasks_success, stats.tasks_aborted);
    assert_eq!(counts, (model.created, model.successes, model.aborts));
    assert_eq!(Some(stats.stake_min), model.configs.iter().map(|config| config.stake_min).min());
    assert_eq!(contract::config(None).as_ref(), model.configs.last());
    let relays: Vec<(Address, Option<u64>)> =
        contract::relays().into_iter().map(|relay| (relay.id, relay.last_task)).collect();
    assert_eq!(relays, model.relays.clone().into_iter().collect::<Vec<_>>());
    assert_eq!((OWNER.load(), OFFERED.load()), (Some(model.owner), model.offered));
}

fn tasks(model: &Model) {
    let found = TASKS.range(None, ALL);
    assert!(found.iter().map(|(id, _)| id).eq(model.tasks.keys()), "other tasks are kept");
    for ((id, task), expected) in found.iter().zip(model.tasks.values()) {
        task_is(*id, task, expected);
    }
}

fn task_is(id: u64, task: &state::Task, expected: &Task) {
    let (view, books) = (&task.view, &task.books);
    let found = (view.state, view.abort_reason, view.deadline_ms, view.upload_open, view.creator);
    let wanted = (expected.state, expected.reason, expected.deadline_ms, expected.open, expected.creator);
    assert_eq!(found, wanted, "task {id}");
    let uploader = expected.uploader.map(|round| expected.seats[round].node);
    assert_eq!(view.uploader, uploader, "task {id}");
    let found = [books.paid, books.compensated, books.fines, books.refunded, books.burned];
    let wanted = [expected.paid, expected.compensated, expected.fines, expected.refunded, expected.burned];
    assert_eq!(found.map(|part| part.get()), wanted, "books of task {id}");
    assert_eq!(view.seats.len(), expected.seats.len(), "task {id}");
    for (seat, expected) in view.seats.iter().zip(&expected.seats) {
        let found = (seat.node, seat.commitment, &seat.outcome, seat.settled);
        assert_eq!(
            found,
            (expected.node, expected.commitment, &expected.outcome, expected.settled),
            "task {id}"
        );
        let found = (seat.paid.get(), seat.fined.get());
        assert_eq!(found, (expected.paid, expected.fined), "{} in task {id}", seat.node);
    }
}

fn nodes(model: &Model) {
    let found = NODES.range(None, ALL);
    assert!(found.iter().map(|(address, _)| address).eq(model.nodes.keys()), "other nodes are kept");
    for ((address, node), expected) in found.into_iter().zip(model.nodes.values()) {
        let penalties: Vec<(u64, PenaltyReason, u128)> = PENALTIES
            .load(&address)
            .unwrap_or_default()
            .into_iter()
            .map(|penalty| (penalty.task, penalty.reason, penalty.amount.get()))
            .collect();
        let found = Node {
            state: node.state,
            stake: node.stake.get(),
            task: node.task,
            withdraw_ms: node.withdraw_ms,
            types: node.types,
            earned: node.earned.get(),
            tasks_paid: node.tasks_paid,
            penalties,
        };
        assert_eq!(found, *expected, "{address}");
    }
    let mut lists: BTreeMap<String, Vec<Address>> = BTreeMap::new();
    for ((list, _), address) in AVAILABLE.range(None, ALL) {
        lists.entry(list).or_default().push(address);
    }
    assert_eq!(lists, model.lists, "the lists of the available");
}

fn money(model: &Model) {
    for (who, purse) in &model.purses {
        assert_eq!(balance(*who).get(), *purse, "purse of {who}");
    }
    assert_eq!(balance(BURNED).get(), model.burned, "burned");
    assert_eq!(balance(Address::default()).get(), model.gas_held(), "gas");
    mock::with(|world| {
        let known = |owner: &Address| {
            model.purses.contains_key(owner)
                || [BURNED, Address::default(), world.context.contract].contains(owner)
        };
        assert!(world.balances.keys().all(known), "somebody unknown was paid");
        for ((owner, _), left) in &world.allowances {
            assert_eq!(left.get(), model.allowances[owner], "allowance of {owner}");
        }
    });
}
