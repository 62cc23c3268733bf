//! An outage of the chain at every stage, and times and amounts at their greatest.

use super::audit::audit;
use super::net::*;
use crate::state::TASKS;
use crate::task as contract;
use hydrogen_sdk::mock;
use hydrogen_types::task::{AbortReason, CreateTask, NodeState, Outcome, TaskConfig, TaskState};
use hydrogen_types::{Address, Amount};

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;

/// The clock goes on for a day; of the chain's uptime, three heartbeats at most count of it.
fn outage() {
    mock::with(|world| world.context.time_ms += DAY);
    block(3 * SECOND);
}

fn nobody_lost_anything() {
    let nodes = contract::nodes(None, None, None).nodes;
    assert!(
        nodes.iter().all(|node| node.penalties.is_empty() && node.stake == Amount::cnx(400)),
        "{nodes:?}"
    );
}

#[test]
fn an_outage_of_a_day_at_any_stage_moves_nothing_and_costs_nobody() {
    start(5);
    let task = create(request(Amount::cnx(30))).expect("it is paid for");
    outage();
    assert_eq!(view(task).state, TaskState::Started, "the draw was due by height");
    let panel: Vec<Address> = view(task).seats.iter().map(|seat| seat.node).collect();
    let truth = result("a");
    let mut steps: Vec<Box<dyn Fn()>> = vec![Box::new(move || upload_args(task).expect("in time"))];
    for node in panel.clone() {
        let truth = truth.clone();
        steps.push(Box::new(move || commit(task, node, &truth).expect("in time")));
    }
    for node in panel.clone() {
        let truth = truth.clone();
        steps.push(Box::new(move || reveal(task, node, &truth).expect("in time")));
    }
    for step in steps {
        let before = bytes(&view(task));
        outage();
        assert_eq!(bytes(&view(task)), before);
        nobody_lost_anything();
        step();
    }
    outage();
    assert_eq!(view(task).state, TaskState::Validated, "the verdict was due by height");
    outage();
    report(task, panel[0], &truth).expect("in time");
    assert_eq!(view(task).state, TaskState::Success);
    nobody_lost_anything();
}

/// Everything as great as a configuration may be.
fn greatest() -> TaskConfig {
    TaskConfig {
        draw_delay: 100,
        stake_min: Amount::cnx(1_000_000_000),
        fee_per_node_min: Amount::cnx(1_000_000),
        fee_per_node_second_min: Amount::cnx(1_000_000),
        args_ms: DAY,
        timeout_ms_max: DAY,
        straggler_ms_min: HOUR,
        reveal_ms: DAY,
        upload_ms: DAY,
        unbonding_ms: 365 * DAY,
        task_retention_ms: 365 * DAY,
        missed_commit_permille: 1_000,
        missed_commit_share_permille: 1_000_000,
        missed_reveal_permille: 1_000,
        missed_reveal_share_permille: 1_000_000,
        missed_upload_permille: 1_000,
        missed_upload_share_permille: 1_000_000,
        cheat_permille: 1_000,
        cheat_share_permille: 1_000_000,
        cancel_permille: 1_000,
        ..TaskConfig::default()
    }
}

/// Half of all time there is has passed, and everybody holds 10^14 CNX.
fn start_at_the_extremes() {
    start_with(greatest());
    mock::with(|world| world.context.uptime_ms = u64::MAX / 2);
    for who in (1..=5).map(node).chain([creator()]) {
        let wealth = Amount::cnx(100_000_000_000_000);
        mock::with(|world| {
            world.balances.insert(who, wealth);
            world.allowances.insert((who, world.context.contract), wealth);
        });
    }
    for number in 1..=5 {
        let join = || contract::join(Amount::cnx(1_000_000_000), None);
        call(node(number), join).expect("its stake is enough");
    }
}

/// The dearest task there may be, drawn, with its arguments.
fn dearest() -> (u64, Vec<Address>) {
    let each = Amount::cnx(3 * (1_000_000 + 86_400 * 1_000_000));
    let (fuel_max, args_bytes_max) = (Some(1_000), Some(1_000));
    let dear = CreateTask { timeout_ms: Some(DAY), fuel_max, args_bytes_max, ..request(each) };
    let task = create(dear).expect("it is paid for");
    for _ in 0..100 {
        assert_eq!(view(task).state, TaskState::Created);
        block(100);
    }
    upload_args(task).expect("in time");
    (task, view(task).seats.iter().map(|seat| seat.node).collect())
}

#[test]
fn times_and_amounts_at_their_greatest_do_not_overflow() {
    let lives: [[Option<Outcome>; 3]; 4] = [
        [Some(result("a")), Some(result("a")), Some(result("b"))],
        [Some(result("a")), Some(Outcome::Unavailable), None],
        [Some(Outcome::Error { code: 1 }), Some(Outcome::Error { code: 1 }), None],
        [None, None, None],
    ];
    let ends = [
        AbortReason::ResultNotUploaded,
        AbortReason::NoQuorum,
        AbortReason::TaskError,
        AbortReason::NodesTimedOut,
    ];
    for (outcomes, end) in lives.into_iter().zip(ends) {
        start_at_the_extremes();
        let (task, panel) = dearest();
        for (node, outcome) in panel.iter().zip(&outcomes) {
            outcome.iter().for_each(|outcome| commit(task, *node, outcome).expect("in time"));
        }
        if outcomes.iter().any(Option::is_none) {
            block(DAY);
        }
        for (node, outcome) in panel.iter().zip(&outcomes).filter(|_| end != AbortReason::NodesTimedOut) {
            outcome.iter().for_each(|outcome| reveal(task, *node, outcome).expect("in time"));
        }
        for _ in 0..3 {
            block(DAY);
        }
        assert_eq!(view(task).abort_reason, Some(end));
        // Fines are a thousand shares, taken as far as the stake goes: whoever was fined has nothing left.
        for seat in view(task).seats {
            assert!(seat.fined.is_zero() || node_view(seat.node).stake.is_zero(), "{seat:?}");
        }
        let free = (1..=5).map(node).filter(|node| node_view(*node).state == NodeState::Available);
        assert!(free.count() >= 2);
        audit();
    }
    assert_eq!(TASKS.range(None, 10).len(), 1);
}
