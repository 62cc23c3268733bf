//! What holds between any two calls, whatever was called.

use super::net::balance;
use crate::money::{add, sub};
use crate::settle::BURNED;
use crate::state::{AVAILABLE, ENDED, NODES, PENALTIES, RELAYS, SIZES, TASKS, Task, Totals};
use hydrogen_sdk::mock;
use hydrogen_types::Amount;
use hydrogen_types::task::{NodeState, TaskState};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// More entries than any test makes.
const ALL: u32 = 1_000;

std::thread_local! {
    static PAUSED: Cell<bool> = const { Cell::new(false) };
}

/// Leaves the audit of this thread's network out, or takes it up again: for long runs over large networks, in which it
/// takes nearly all the time.
pub(super) fn pause(paused: bool) {
    PAUSED.set(paused);
}

/// Every promise that holds between calls.
pub(super) fn audit() {
    if PAUSED.get() {
        return;
    }
    let totals = Totals::load();
    let tasks: Vec<(u64, Task)> = TASKS.range(None, ALL);
    nodes(&totals);
    bindings(&tasks);
    calls(&tasks);
    ends(&totals, &tasks);
    money(&totals, &tasks);
    relays(&totals, &tasks);
}

/// Each draining relay counts the open tasks it serves that no earlier one does; the first counts at least one.
fn relays(totals: &Totals, tasks: &[(u64, Task)]) {
    let draining: BTreeMap<_, _> =
        RELAYS.range(None, ALL).into_iter().filter_map(|(id, relay)| Some((id, relay.last_task?))).collect();
    let listed: BTreeMap<_, _> = totals.draining.iter().map(|entry| (entry.relay, entry.last_task)).collect();
    assert_eq!(draining, listed);
    let mut first = 0;
    for entry in &totals.draining {
        let served = first + 1..=entry.last_task;
        let open = tasks.iter().filter(|(id, task)| served.contains(id) && !is_over(task)).count();
        assert_eq!(entry.open, open as u64, "{entry:?}");
        first = entry.last_task;
    }
    assert!(totals.draining.first().is_none_or(|entry| entry.open > 0), "{:?}", totals.draining);
}

fn is_over(task: &Task) -> bool {
    matches!(task.view.state, TaskState::Success | TaskState::Aborted)
}

/// Stakes and counts equal the counters; the list of the available has no gaps and each in it knows its place.
fn nodes(totals: &Totals) {
    let mut stakes = Amount::ZERO;
    let mut count = 0;
    let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
    let all = NODES.range(None, ALL);
    for (address, node) in &all {
        stakes = add(stakes, node.stake);
        count += u64::from(node.state != NodeState::Unbonding);
        let lists = if node.state == NodeState::Available { 1 + node.types.len() } else { 0 };
        assert_eq!(node.places.len(), lists, "{address} {node:?}");
        let names = std::iter::once("").chain(node.types.iter().map(String::as_str));
        for (list, place) in names.zip(&node.places) {
            assert_eq!(AVAILABLE.load(&(list.into(), *place)), Some(*address), "{address} in `{list}`");
            *sizes.entry(String::from(list)).or_insert(0) += 1;
        }
        let bound = matches!(node.state, NodeState::Busy | NodeState::PendingPause | NodeState::PendingQuit);
        assert_eq!(node.task.is_some(), bound, "{address} {node:?}");
        assert_eq!(node.withdraw_ms.is_some(), node.state == NodeState::Unbonding, "{address} {node:?}");
    }
    assert_eq!(stakes, totals.stats.staked);
    assert_eq!(count, totals.stats.nodes);
    let expected = sizes.iter().flat_map(|(list, size)| (0..*size).map(|place| (list.clone(), place)));
    let places: Vec<_> = AVAILABLE.range(None, ALL).into_iter().map(|(key, _)| key).collect();
    assert_eq!(places, expected.collect::<Vec<_>>(), "the lists have no gaps and nobody else's entries");
    assert_eq!(sizes.remove("").unwrap_or_default(), totals.stats.nodes_available);
    assert_eq!(SIZES.range(None, ALL).into_iter().collect::<BTreeMap<_, _>>(), sizes);
    for (address, _) in PENALTIES.range(None, ALL) {
        assert!(all.iter().any(|(node, _)| *node == address), "{address} left its record behind");
    }
}

/// A node is bound to a task exactly while the task lists it unsettled.
fn bindings(tasks: &[(u64, Task)]) {
    let mut listed = BTreeSet::new();
    for (id, task) in tasks {
        for seat in &task.view.seats {
            let bound = NODES.load(&seat.node).is_some_and(|node| node.task == Some(*id));
            assert_eq!(bound, !seat.settled, "{seat:?} of task {id}");
            assert!(seat.settled || listed.insert(seat.node), "{seat:?} sits twice");
        }
    }
    let bound = NODES.range(None, ALL).into_iter().filter(|(_, node)| node.task.is_some()).count();
    assert_eq!(bound, listed.len(), "nobody is bound to a task that does not list it");
}

/// An open task has its one waiting call, and nobody else has any.
fn calls(tasks: &[(u64, Task)]) {
    let waiting: BTreeSet<u64> = mock::with(|world| world.scheduled.keys().copied().collect());
    let mut owned = BTreeSet::new();
    for (id, task) in tasks {
        assert_eq!(task.call.is_some(), !is_over(task), "task {id}");
        if let Some(call) = task.call {
            assert!(owned.insert(call), "task {id} shares a call");
        }
    }
    assert_eq!(owned, waiting);
}

/// Ended tasks stand in the queue of their removal, each once; their books are closed to the last base unit.
fn ends(totals: &Totals, tasks: &[(u64, Task)]) {
    let queue = ENDED.range(None, ALL);
    let places: Vec<u64> = queue.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, (totals.ended_first..totals.ended_next).collect::<Vec<_>>());
    let queued: BTreeSet<u64> = queue.iter().map(|(_, ended)| ended.task).collect();
    let over: BTreeSet<u64> = tasks.iter().filter(|(_, task)| is_over(task)).map(|(id, _)| *id).collect();
    assert_eq!((queued.len(), &queued), (queue.len(), &over));
    for (id, task) in tasks.iter().filter(|(_, task)| is_over(task)) {
        let (view, books) = (&task.view, &task.books);
        let income = add(view.fee, books.fines);
        let spent = add(add(books.paid, books.refunded), add(books.compensated, books.burned));
        assert_eq!(income, spent, "task {id}: {books:?}");
        assert!(view.seats.iter().all(|seat| seat.settled), "task {id} holds on to a node");
        assert_eq!((view.deposit, view.deadline_ms), (Amount::ZERO, None), "task {id}");
        assert_eq!(view.abort_reason.is_some(), view.state == TaskState::Aborted, "task {id}");
        let received = view.seats.iter().fold(Amount::ZERO, |sum, seat| add(sum, seat.paid));
        assert!(received >= books.paid && received <= add(books.paid, books.compensated), "task {id}");
        let fined = view.seats.iter().fold(Amount::ZERO, |sum, seat| add(sum, seat.fined));
        assert_eq!(fined, books.fines, "task {id}");
    }
}

/// The contract holds the stakes, the deposits, and what is left of fees and fines of open tasks: nothing else.
fn money(totals: &Totals, tasks: &[(u64, Task)]) {
    let mut held = totals.stats.staked;
    let (mut promised, mut open) = (0, 0);
    for (_, task) in tasks.iter().filter(|(_, task)| !is_over(task)) {
        open += 1;
        promised += if task.view.state == TaskState::Created { 3 } else { 0 };
        held = add(held, sub(task.view.fee, task.books.paid));
        held = add(held, sub(task.books.fines, task.books.compensated));
        held = add(held, task.view.deposit);
    }
    let stats = &totals.stats;
    assert_eq!(stats.tasks_open, open);
    assert_eq!(stats.tasks, open + stats.tasks_success + stats.tasks_aborted);
    assert_eq!(totals.promised, promised);
    let contract = mock::with(|world| world.context.contract);
    assert_eq!(balance(contract), held, "the contract holds what it owes");
    assert_eq!(balance(BURNED), stats.burned);
}
