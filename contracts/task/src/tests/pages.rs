//! Lists in pages, and what is left when everything has ended.

use super::net::*;
use crate::state::{AVAILABLE, CONFIGS, ENDED, NODES, PENALTIES, RELAYS, SIZES, TASKS};
use crate::task as contract;
use hydrogen_sdk::mock;
use hydrogen_types::task::{
    Comparison, CreateTask, NodeFilter, NodeState, Outcome, TaskFilter, TaskPage, TaskState,
};
use hydrogen_types::{Address, Amount, Hash};

fn ids(page: &TaskPage) -> Vec<u64> {
    page.tasks.iter().map(|task| task.id).collect()
}

/// All pages of a filter, one after the other.
fn all(filter: &TaskFilter, limit: u32) -> (Vec<u64>, usize) {
    let (mut found, mut start, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = contract::tasks(Some(filter.clone()), start, Some(limit));
        assert!(page.tasks.len() <= limit as usize);
        found.extend(ids(&page));
        pages += 1;
        start = page.next;
        if start.is_none() {
            return (found, pages);
        }
    }
}

#[test]
fn tasks_are_found_by_what_they_are() {
    start(9);
    let (cancelled, _) = drawn();
    call(creator(), || contract::cancel(cancelled)).expect("it has no arguments");
    let (running, panel) = executing();
    let other = node(9);
    let waiting = create(request(Amount::cnx(30))).expect("six are free");
    let by = |filter: TaskFilter| ids(&contract::tasks(Some(filter), None, None));
    let any = TaskFilter::default;
    assert_eq!(by(any()), [1, 2, 3]);
    assert_eq!(by(TaskFilter { open: Some(true), ..any() }), [running, waiting]);
    assert_eq!(by(TaskFilter { open: Some(false), ..any() }), [cancelled]);
    assert_eq!(by(TaskFilter { state: Some(TaskState::Created), ..any() }), [waiting]);
    assert_eq!(by(TaskFilter { creator: Some(creator()), ..any() }), [1, 2, 3]);
    assert_eq!(by(TaskFilter { creator: Some(other), ..any() }), []);
    let seated = TaskFilter { node: Some(panel[0]), open: Some(true), ..any() };
    assert_eq!(by(seated), [running]);
    assert_eq!(ids(&contract::tasks(None, Some(2), Some(1))), [2]);
    assert_eq!(contract::tasks(None, Some(2), Some(1)).next, Some(3));
    assert_eq!(contract::tasks(None, Some(2), None).next, None);
    assert_eq!(contract::tasks(None, Some(4), None), TaskPage { tasks: Vec::new(), next: None });
}

#[test]
fn pages_follow_each_other_to_the_last() {
    start(4);
    for _ in 0..120 {
        let (task, _) = drawn();
        call(creator(), || contract::cancel(task)).expect("it has no arguments");
        fund(creator());
    }
    let everything: Vec<u64> = (1..=120).collect();
    for (limit, count) in [(1, 120), (7, 18), (40, 3), (50, 3), (1_000, 3)] {
        let (found, pages) = all(&TaskFilter::default(), limit);
        assert_eq!((found, pages), (everything.clone(), count), "{limit}");
    }
    assert_eq!(contract::tasks(None, None, Some(0)).tasks.len(), 1, "a page makes headway");
    let nodes = |after, limit| contract::nodes(Some(NodeFilter::default()), after, limit);
    let first = nodes(None, Some(3));
    assert_eq!((first.nodes.len(), first.next), (3, Some(node(3))));
    let last = nodes(first.next, Some(3));
    assert_eq!((last.nodes.len(), last.next), (1, None));
}

#[test]
fn a_page_looks_at_a_bounded_number_of_entries() {
    start(3);
    let (task, _) = drawn();
    let stored = TASKS.load(&task).expect("it is there");
    for id in 2..=1_200 {
        let mut copy = stored.clone();
        copy.view.id = id;
        TASKS.save(&id, &copy);
    }
    let nobody = TaskFilter { creator: Some(node(77)), ..TaskFilter::default() };
    let page = contract::tasks(Some(nobody.clone()), None, None);
    assert_eq!((page.tasks.len(), page.next), (0, Some(501)), "nothing found yet, but not the end");
    assert_eq!(all(&nobody, 50), (Vec::new(), 3));
    let filter = NodeFilter { state: Some(NodeState::Unbonding), external: None };
    assert_eq!(contract::nodes(Some(filter), None, None).next, None);
}

#[test]
fn the_largest_tasks_fit_an_answer() {
    start(3);
    let comparison = Comparison::Similar { threshold: 32, fingerprint: Hash::ZERO };
    let request = CreateTask { comparison, timeout_ms: Some(2_000_000), ..request(Amount::cnx(60)) };
    let task = create(request).expect("it is paid for");
    block(100);
    upload_args(task).expect("in time");
    let panel: Vec<Address> = view(task).seats.iter().map(|seat| seat.node).collect();
    let outcome = Outcome::Result { digest: Hash::ZERO, fingerprint: vec![0xa5; 512] };
    for node in &panel {
        commit(task, *node, &outcome).expect("in time");
    }
    for node in &panel {
        reveal(task, *node, &outcome).expect("in time");
    }
    let stored = TASKS.load(&task).expect("it is there");
    for id in 2..=100 {
        let mut copy = stored.clone();
        copy.view.id = id;
        TASKS.save(&id, &copy);
    }
    let page = contract::tasks(None, None, None);
    let size = hydrogen_types::codec::encode(&page).len();
    assert!(size < 64 << 10, "{size} bytes");
    assert!(page.tasks.len() > 10, "{}", page.tasks.len());
    assert_eq!(all(&TaskFilter::default(), 50).0, (1..=100).collect::<Vec<u64>>());
}

/// A year after the last task, nothing of tasks and nodes is left but the counters; the last end needs no creation after it.
#[test]
fn what_has_ended_leaves_nothing_behind() {
    start(12);
    for round in 0..40u64 {
        let (task, panel) =
            judged([Some(result("a")), Some(result("a")), (round % 2 == 0).then(|| result("b"))]);
        report(task, panel[0], &result("a")).expect("it is the uploader");
        for who in panel {
            drop(call(who, contract::quit));
            drop(call(who, || contract::add_stake(Amount::cnx(400))));
            drop(call(who, contract::resume));
        }
        block(7_200_000);
        for who in panel {
            drop(call(who, contract::withdraw));
            fund(who);
            drop(call(who, || contract::join(Amount::cnx(400), None)));
        }
        fund(creator());
    }
    assert!(TASKS.range(None, 100).len() > 30);
    // Nobody creates from here on but to end: each end sweeps too.
    for _ in 0..60 {
        block(7 * 24 * 3_600_000);
        let task = create(request(Amount::cnx(30))).expect("all are free");
        block(100);
        call(creator(), || contract::cancel(task)).expect("it has no arguments");
        fund(creator());
    }
    assert_eq!((TASKS.range(None, 100).len(), ENDED.range(None, 100).len()), (1, 1), "the last alone");
    for number in 1..=12 {
        call(node(number), contract::quit).expect("it is free");
    }
    block(7_200_000);
    for number in 1..=12 {
        call(node(number), contract::withdraw).expect("the time is over");
    }
    let left = |count: usize| assert_eq!(count, 0);
    left(NODES.range(None, 100).len());
    left(PENALTIES.range(None, 100).len());
    left(AVAILABLE.range(None, 100).len());
    left(SIZES.range(None, 100).len());
    let kept = CONFIGS.range(None, 100).len() + RELAYS.range(None, 100).len();
    // The last task and its place in the queue; the counters, the number of the configuration, the owner.
    assert_eq!(mock::with(|world| world.storage.len()), kept + 2 + 3);
    assert!(mock::with(|world| world.scheduled.is_empty()));
}

/// Six tasks have ended and outlived their retention: a creation removes two of them, an end one more.
#[test]
fn an_end_sweeps_too() {
    start(12);
    for _ in 0..6 {
        let (task, _) = drawn();
        call(creator(), || contract::cancel(task)).expect("it has no arguments");
    }
    block(7 * 24 * 3_600_000);
    let (task, _) = drawn();
    assert_eq!(TASKS.range(None, 100).len(), 6 - 2 + 1);
    call(creator(), || contract::cancel(task)).expect("it has no arguments");
    assert_eq!(TASKS.range(None, 100).len(), 6 - 3 + 1);
}
