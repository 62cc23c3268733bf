//! Leaving at the right moment, and races.

use super::super::net::*;
use super::old::{OldTask, equal};
use super::{Row, STAKE, cnx, gain, plain, wealth};
use crate::{TaskError, task as contract};
use hydrogen_sdk::mock;
use hydrogen_types::task::{AbortReason, NodeState, TaskState};
use hydrogen_types::{Address, Amount};

attacks!(
    a_node_quits_between_creation_and_draw,
    all_but_two_quit_between_creation_and_draw,
    a_cheat_leaves_with_its_stake,
    two_tasks_race_for_the_last_three_nodes,
    a_creator_cancels_when_the_work_is_done,
    a_cancellation_races_the_upload_of_arguments,
    a_contract_creates_looks_and_takes_it_back,
);

/// What the creator is poorer by, the gas of scheduled calls aside: it is less than a whole CNX.
fn spent() -> u128 {
    Amount::cnx(100_000).checked_sub(balance(creator())).expect("nobody pays the creator").get()
        / Amount::cnx(1).get()
}

/// The fee of a task that waits for nodes which left.
fn old_wait() -> i128 {
    let mut old = OldTask::new();
    let locked = -old.creator;
    old.quit(2);
    old.wait_and_cancel();
    assert_eq!((old.creator, old.nodes[2]), (0, 0));
    locked
}

/// A task that counts on certain nodes waits for those that left, with its fee.
fn a_node_quits_between_creation_and_draw() -> Row {
    let old_harm = old_wait();
    for quitter in 1..=4 {
        start(4);
        let task = create(request(Amount::cnx(30))).expect("four are enough");
        call(node(quitter), contract::quit).expect("it is free");
        block(100);
        let seats = view(task).seats;
        assert_eq!((view(task).state, seats.len()), (TaskState::Started, 3));
        assert!(seats.iter().all(|seat| seat.node != node(quitter)), "it was not drawn");
        assert_eq!(node_view(node(quitter)).state, NodeState::Unbonding);
    }
    Row::new(
        format!("{} locked for 15 minutes in a task of absent nodes", plain(old_harm)),
        "0 CNX: three others are drawn",
    )
}

fn all_but_two_quit_between_creation_and_draw() -> Row {
    let old_harm = old_wait();
    start(5);
    let task = create(request(Amount::cnx(30))).expect("five are enough");
    for quitter in 1..=3 {
        call(node(quitter), contract::quit).expect("it is free");
    }
    let nodes: Vec<Address> = (1..=5).map(node).collect();
    let ours = gain(&nodes, || block(100));
    let ended = view(task);
    assert_eq!((ended.state, ended.abort_reason), (TaskState::Aborted, Some(AbortReason::NotEnoughNodes)));
    assert_eq!((spent(), ended.deposit), (0, Amount::ZERO));
    assert_eq!(contract::stats().nodes_available, 2);
    assert!(node_view(node(4)).task.is_none() && node_view(node(5)).task.is_none());
    Row::new(
        format!("{} locked for 15 minutes in a task of absent nodes", plain(old_harm)),
        format!("{}: a full refund", cnx(ours)),
    )
}

/// Fake, leave, and take the stake along before anybody judges.
fn a_cheat_leaves_with_its_stake() -> Row {
    let slashed = |quits: bool| {
        let mut old = OldTask::new();
        if quits {
            old.quit(2);
        }
        for (node, shown) in [(0, 7), (1, 7), (2, 8)] {
            old.disclose(node, shown, equal);
        }
        old.nodes[2]
    };
    let old = slashed(true) - slashed(false);
    assert_eq!(old, STAKE);
    start(5);
    let (task, panel) = executing();
    let cheat = panel[2];
    let ours = gain(&[cheat], || {
        commit(task, cheat, &result("fake")).expect("in time");
        call(cheat, contract::quit).expect("after its task");
        let bound = Err(TaskError::IllegalNodeStatus { state: NodeState::PendingQuit });
        assert_eq!(call(cheat, contract::withdraw).map(drop), bound);
        for node in &panel[..2] {
            commit(task, *node, &result("true")).expect("in time");
        }
        for (node, text) in panel.iter().zip(["true", "true", "fake"]) {
            reveal(task, *node, &result(text)).expect("in time");
        }
        assert_eq!(call(cheat, contract::withdraw).map(drop), bound);
        block(100);
        assert!(matches!(call(cheat, contract::withdraw), Err(TaskError::StillUnbonding { .. })));
        block(7_200_000);
        assert_eq!(call(cheat, contract::withdraw), Ok(Amount::ZERO), "there is nothing left");
    });
    Row::new(format!("{} saved", plain(old)), cnx(ours))
}

/// Both were taken, and one of them could only wait.
fn two_tasks_race_for_the_last_three_nodes() -> Row {
    let old_harm = old_wait();
    for first_draws in [false, true] {
        start(5);
        for number in 4..=5 {
            call(node(number), contract::pause).expect("it is free");
        }
        let first = create(request(Amount::cnx(30))).expect("three are free");
        let available = 0;
        assert_eq!(
            create(request(Amount::cnx(30))),
            Err(TaskError::NotEnoughNodes { available }),
            "promised"
        );
        if first_draws {
            block(100);
            assert_eq!(view(first).seats.len(), 3);
            assert_eq!(
                create(request(Amount::cnx(30))),
                Err(TaskError::NotEnoughNodes { available }),
                "busy"
            );
        }
        call(node(4), contract::resume).expect("its stake is enough");
        let available = 1;
        assert_eq!(create(request(Amount::cnx(30))), Err(TaskError::NotEnoughNodes { available }));
        block(100);
        assert_eq!((view(first).state, contract::stats().tasks), (TaskState::Started, 1));
    }
    Row::new(
        format!("{} locked for 15 minutes without nodes", plain(old_harm)),
        "0 CNX: the second is refused and takes nothing",
    )
}

/// The result was known from the nodes' disclosures, the fee came back.
fn a_creator_cancels_when_the_work_is_done() -> Row {
    let mut old = OldTask::new();
    for node in 0..2 {
        old.disclose(node, 7, equal);
    }
    let paid = -old.creator;
    old.cancel();
    let old = paid + old.creator;
    start(5);
    let (task, panel) = executing();
    let cancel = || call(creator(), || contract::cancel(task));
    let refused = |state| Err(TaskError::WrongState { task, state });
    assert_eq!(cancel(), refused(TaskState::Executing));
    for node in panel {
        commit(task, node, &result("true")).expect("in time");
    }
    assert_eq!(cancel(), refused(TaskState::Revealing));
    for node in panel {
        reveal(task, node, &result("true")).expect("in time");
    }
    assert_eq!(cancel(), refused(TaskState::Revealing));
    block(100);
    assert_eq!(cancel(), refused(TaskState::Validated));
    report(task, panel[0], &result("true")).expect("it is its turn");
    assert_eq!(spent(), 30);
    Row::money(old, 30 * super::CNX - i128::try_from(spent()).expect("small") * super::CNX)
}

/// Both in one block, in both orders: one of them holds, and the other changes nothing.
fn a_cancellation_races_the_upload_of_arguments() -> Row {
    let mut old = OldTask::new();
    let paid = -old.creator;
    old.cancel();
    let old = paid + old.creator;
    start(5);
    let (task, panel) = drawn();
    let cancel = || call(creator(), || contract::cancel(task));
    let before = world();
    cancel().expect("it has no arguments");
    let cancelled = (bytes(&view(task)), world().balances);
    let state = TaskState::Aborted;
    assert_eq!(upload_args(task), Err(TaskError::WrongState { task, state }));
    assert_eq!((bytes(&view(task)), world().balances), cancelled);
    assert_eq!((spent(), wealth(panel[0])), (3, 100_001 * super::CNX));

    mock::with(|world| *world = before);
    upload_args(task).expect("it was drawn");
    let executing = bytes(&view(task));
    let state = TaskState::Executing;
    assert_eq!(cancel(), Err(TaskError::WrongState { task, state }));
    assert_eq!(bytes(&view(task)), executing);
    assert!(panel.iter().all(|node| node_view(*node).task == Some(task)));
    Row::new(
        format!("{}: the work goes on, the fee is back", cnx(old)),
        "-3 CNX if the cancellation is first, refused if the arguments are",
    )
}

/// With the draw at creation a contract could undo every panel that it did not like, for gas alone.
fn a_contract_creates_looks_and_takes_it_back() -> Row {
    start(5);
    let nodes = contract::stats().nodes;
    let by_contract = |method: &dyn Fn() -> Result<(), TaskError>| {
        mock::with(|world| {
            world.context.caller = Address::of_name("a contract");
            world.context.signer = creator();
        });
        assert_eq!(method(), Err(TaskError::NotAnAccount));
    };
    let request = request(Amount::cnx(30));
    by_contract(&|| {
        let args_hash = request.args_hash;
        let comparison = request.comparison.clone();
        let program = request.program;
        contract::create_task(program, None, args_hash, None, comparison, request.fee, None, None, None, None)
            .map(drop)
    });
    by_contract(&|| contract::join(Amount::cnx(400), None));
    by_contract(&|| contract::commit(1, request.args_hash));
    by_contract(&|| contract::cancel(1));
    assert_eq!((contract::stats().tasks, contract::stats().nodes), (0, nodes));
    // And an account sees no panel in the block of its creation.
    let task = create(request).expect("it is paid for");
    assert!(view(task).seats.is_empty() && view(task).draw_seed.is_none());
    Row::new(
        "certain: any panel, for the gas of the tries",
        "none: refused, and no panel is known before the next block",
    )
}
