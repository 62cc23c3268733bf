//! Doing nothing, and fees that do not pay for the time they take.

use super::super::net::*;
use super::old::{OldTask, equal};
use super::{CNX, Row, SHARE, STAKE, cnx, gain, plain, wealth};
use crate::settle::BURNED;
use crate::state::Task;
use crate::{TaskError, task as contract};
use hydrogen_types::task::{CreateTask, ExternalType, NodeState, TaskConfig, TaskState};
use hydrogen_types::{Address, Amount};

attacks!(
    a_silent_node_locks_two_others,
    a_creator_locks_three_nodes_without_arguments,
    an_operator_slashes_for_profit,
    a_minimum_fee_locks_three_nodes,
    a_task_is_too_short_for_honest_nodes,
    an_external_task_is_too_short_for_honest_nodes,
    an_operator_raises_the_fines_of_running_tasks,
);

/// One deadline of 15 minutes for everything, and no fine.
fn a_silent_node_locks_two_others() -> Row {
    // All three must commit before anything is disclosed.
    let mut old = OldTask::new();
    old.wait_and_cancel();
    let old_cost = -old.nodes[2];
    start(5);
    let (task, panel) = executing();
    let began_ms = world().context.uptime_ms;
    let mut ours = 0;
    let paid = gain(&panel[..2], || {
        ours = gain(&panel[2..], || {
            tick(10_000);
            for node in &panel[..2] {
                commit(task, *node, &result("true")).expect("in time");
            }
            block(60_000);
            for node in &panel[..2] {
                reveal(task, *node, &result("true")).expect("in time");
            }
            block(100);
            report(task, panel[0], &result("true")).expect("it is its turn");
        });
    });
    let took_ms = world().context.uptime_ms - began_ms;
    assert_eq!((paid, took_ms), (2 * SHARE, 70_100));
    assert_eq!(node_view(panel[2]).state, NodeState::Paused);
    Row::new(
        format!("two others locked {} minutes, for {}", old.minutes, plain(old_cost)),
        format!("{} and paused; the others are paid after {} s", cnx(ours), took_ms / 1_000),
    )
}

/// Creating and walking away cost nothing.
fn a_creator_locks_three_nodes_without_arguments() -> Row {
    let mut old = OldTask::new();
    old.wait_and_cancel();
    let old_cost = -old.creator;
    start(5);
    let (task, panel) = drawn();
    let paid = gain(&panel, || block(180_000));
    assert!(paid > 0);
    assert_eq!(view(task).state, TaskState::Aborted);
    assert!(panel.iter().all(|node| node_view(*node).state == NodeState::Available));
    Row::new(
        format!("three nodes locked {} minutes, for {}", old.minutes, plain(old_cost)),
        format!("{}, paid to the three, after 3 minutes", cnx(-paid)),
    )
}

/// The slashed stake went to the owner, who needed two nodes of his own to slash anybody.
fn an_operator_slashes_for_profit() -> Row {
    let mut old = OldTask::new();
    for (node, shown) in [(0, 8), (2, 8), (1, 7)] {
        old.disclose(node, shown, equal);
    }
    let old = old.owner;
    start(5);
    let (burned, before) = (wealth(BURNED), wealth(owner()));
    let fake = || Some(result("fake"));
    let (task, panel) = judged([fake(), Some(result("true")), fake()]);
    assert_eq!(node_view(panel[1]).state, NodeState::Unbonding);
    report(task, panel[0], &result("fake")).expect("it is its turn");
    assert_eq!(wealth(BURNED) - burned, STAKE);
    Row::money(old, wealth(owner()) - before)
}

/// One price for a minute and for an hour: three nodes an hour at less than a node's time costs.
fn a_minimum_fee_locks_three_nodes() -> Row {
    let config = TaskConfig::default();
    let hour = |seconds: u128| {
        3 * (config.fee_per_node_min.get() + seconds * config.fee_per_node_second_min.get()).cast_signed()
    };
    let old = hour(3_600) - 3 * SHARE;
    start(5);
    let mut long = request(Amount::cnx(30));
    long.timeout_ms = Some(3_600_000);
    let low = TaskError::FeeTooLow { fee: Amount::cnx(30), fee_min: Amount::cnx(57) };
    assert_eq!(create(long.clone()), Err(low));
    long.fee = Amount::new(Amount::cnx(57).get() - 1);
    assert!(matches!(create(long.clone()), Err(TaskError::FeeTooLow { .. })));
    long.fee = Amount::cnx(57);
    create(long).expect("this pays for the time");
    assert_eq!(hour(3_600), 57 * CNX);
    Row::money(old, hour(3_600) - 57 * CNX)
}

/// A drawn task on the contract without its floor: the timeout is changed behind its back. What one who knows the result
/// beforehand gains, and the two others lose.
fn played_in_a_second(id: u64, panel: &[Address]) -> (i128, i128) {
    let mut task = Task::load(id).expect("it is there");
    task.view.timeout_ms = 1_000;
    task.save();
    let mut harm = 0;
    let gained = gain(&panel[..1], || {
        harm = -gain(&panel[1..], || {
            upload_args(id).expect("in time");
            commit(id, panel[0], &result("known")).expect("in time");
            block(1_000);
            assert_eq!(commit(id, panel[1], &result("known")), Err(TaskError::TooLate { task: id }));
            reveal(id, panel[0], &result("known")).expect("in time");
            block(100);
        });
    });
    (gained, harm)
}

/// A second for work of minutes, and one node that knows the result beforehand: it is compensated from the others' fines.
fn a_task_is_too_short_for_honest_nodes() -> Row {
    start(5);
    let (id, panel) = drawn();
    let (old, harm) = played_in_a_second(id, &panel);
    assert!(old > 0 && harm > 0);

    start(5);
    let mut short = request(Amount::cnx(30));
    let config = TaskConfig::default();
    for (fuel_max, args_bytes_max) in [(1, 0), (1_000_000_000, 1_000), (100_000_000_000, 32 << 20)] {
        // Half a minute, the fuel at the least speed a node has, the bytes at one megabyte a second.
        let least =
            30_000 + u64::div_ceil(fuel_max, config.fuel_per_ms_min) + u64::div_ceil(args_bytes_max, 1_000);
        (short.fuel_max, short.args_bytes_max) = (Some(fuel_max), Some(args_bytes_max));
        for timeout_ms in [0, 1_000, least - 1] {
            short.timeout_ms = Some(timeout_ms);
            match create(short.clone()) {
                Err(TaskError::BadLimits { field: "timeout_ms", least: found, .. }) => {
                    assert_eq!(found, least)
                }
                other => panic!("{timeout_ms}: {other:?}"),
            }
        }
    }
    assert_eq!(contract::stats().tasks, 0);
    Row::new(format!("{}, and {} lost by two honest nodes", cnx(old), plain(harm)), "0 CNX: refused")
}

/// Nobody knows how long a command outside the sandbox takes but the configuration, which says so for each type.
fn an_external_task_is_too_short_for_honest_nodes() -> Row {
    let least = 20 * 60_000;
    start(0);
    let entry = ExternalType { name: "render".into(), timeout_ms_min: least };
    let config = TaskConfig { external_types: Vec::from([entry]), ..TaskConfig::default() };
    call(owner(), || contract::set_config(config)).expect("it is legal");
    for number in 1..=3 {
        fund(node(number));
        let types = Some(Vec::from(["render".into()]));
        call(node(number), || contract::join(Amount::cnx(400), types)).expect("the type is configured");
    }
    let short = |timeout_ms| CreateTask {
        program: None,
        external: Some("render".into()),
        timeout_ms: Some(timeout_ms),
        ..request(Amount::cnx(30))
    };
    for timeout_ms in [1_000, 60_000, least - 1] {
        match create(short(timeout_ms)) {
            Err(TaskError::BadLimits { field: "timeout_ms", least: found, .. }) => assert_eq!(found, least),
            other => panic!("{timeout_ms}: {other:?}"),
        }
    }
    let id = create(short(least)).expect("this is long enough");
    block(100);
    let panel: Vec<Address> = view(id).seats.iter().map(|seat| seat.node).collect();
    let (old, harm) = played_in_a_second(id, &panel);
    assert!(old > 0 && harm > 0);
    Row::new(format!("{}, and {} lost by two honest nodes", cnx(old), plain(harm)), "0 CNX: refused")
}

/// With one configuration for all, the operator chose what a fault costs after it was committed.
fn an_operator_raises_the_fines_of_running_tasks() -> Row {
    let raised = TaskConfig {
        missed_commit_permille: 1_000,
        missed_reveal_permille: 1_000,
        missed_upload_permille: 1_000,
        cheat_permille: 1_000,
        ..TaskConfig::default()
    };
    let silent = |before_creation: bool| {
        start(5);
        let raise = || call(owner(), || contract::set_config(raised.clone())).expect("it is legal");
        if before_creation {
            raise();
        }
        let (task, panel) = executing();
        if !before_creation {
            raise();
        }
        for node in &panel[..2] {
            commit(task, *node, &result("true")).expect("in time");
        }
        block(600_000);
        for node in &panel[..2] {
            reveal(task, *node, &result("true")).expect("in time");
        }
        block(100);
        i128::try_from(view(task).seats[2].fined.get()).expect("at most a stake")
    };
    let (old, ours) = (silent(true), silent(false));
    assert_eq!((old, ours), (STAKE, 15 * CNX));
    Row::new(
        format!("a missed commitment costs {} instead of {}", plain(old), plain(ours)),
        format!("none: it costs {}, as when the task was created", plain(ours)),
    )
}
