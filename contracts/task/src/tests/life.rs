//! A task from creation to each of its ends.

use super::net::*;
use crate::settle::BURNED;
use crate::{Stage, TaskError, task as contract};
use hydrogen_types::task::{
    AbortReason, NodeState, Outcome, PenaltyReason, TaskState, TaskView, draw_picks, draw_seed,
};
use hydrogen_types::{Address, Amount, Value};

const SHARE: Amount = Amount::cnx(10);

fn earned(node: Address) -> Amount {
    node_view(node).earned
}

fn stake(node: Address) -> Amount {
    node_view(node).stake
}

/// What the creator is poorer by, gas of the scheduled calls aside: they never cost more than the deposit.
fn spent() -> Amount {
    let spent = Amount::cnx(100_000).checked_sub(balance(creator())).expect("nobody pays the creator");
    let rest = spent.get() % Amount::cnx(1).get();
    assert!(rest <= crate::schedule::deposit(GAS_PRICE).get());
    Amount::new(spent.get() - rest)
}

fn ended(task: u64, reason: AbortReason) -> TaskView {
    let view = view(task);
    assert_eq!((view.state, view.abort_reason), (TaskState::Aborted, Some(reason)));
    assert_eq!((view.deadline_ms, view.deposit), (None, Amount::ZERO));
    view
}

#[test]
fn the_address_of_the_burned_is_its_name() {
    assert_eq!(BURNED, Address::of_name("burned"));
}

#[test]
fn a_task_with_a_cheat_succeeds_and_the_cheat_loses_its_stake() {
    start(5);
    let (task, panel) = judged([Some(result("true")), Some(result("fake")), Some(result("true"))]);
    let validated = view(task);
    assert_eq!(validated.state, TaskState::Validated);
    assert_eq!(validated.uploader, Some(panel[0]));
    // The other agreeing node is paid and free, the cheat gone, the uploader still bound.
    assert_eq!((earned(panel[2]), node_view(panel[2]).state), (SHARE, NodeState::Available));
    assert_eq!((stake(panel[1]), node_view(panel[1]).state), (Amount::ZERO, NodeState::Unbonding));
    assert_eq!((earned(panel[0]), node_view(panel[0]).task), (Amount::ZERO, Some(task)));
    assert_eq!(node_view(panel[1]).penalties[0].reason, PenaltyReason::Cheat);

    assert_eq!(report(task, panel[2], &result("true")), Err(TaskError::NotUploader { task }));
    report(task, panel[0], &result("true")).expect("it is its turn");
    let success = view(task);
    assert_eq!((success.state, success.result_relay.is_some()), (TaskState::Success, true));
    assert_eq!(earned(panel[0]), SHARE);
    assert_eq!(spent(), Amount::cnx(20));
    assert_eq!(balance(BURNED), Amount::cnx(400));
    assert_eq!(contract::stats().burned, Amount::cnx(400));
    let names: Vec<String> = world().events.iter().map(|event| event.0.clone()).skip(6).collect();
    let expected = "TaskCreated TaskStarted TaskStarted TaskStarted ArgsUploaded Committed Committed Committed \
                    RevealOpened Revealed Revealed Revealed TaskValidated NodePenalised NodePaid TaskSuccess NodePaid";
    assert_eq!(names.join(" "), expected);
}

#[test]
fn a_draw_can_be_recomputed_from_its_events() {
    start(9);
    let (task, panel) = drawn();
    let seed = draw_seed(&world().beacon, task);
    let picks = draw_picks(&seed, 9).expect("nine are enough");
    // The list as genesis order made it, with each pick swapped for the last.
    let mut list: Vec<Address> = (1..=9).map(node).collect();
    for (round, pick) in (0u64..).zip(picks) {
        let index = usize::try_from(pick).expect("below nine");
        let expected = list.swap_remove(index);
        assert_eq!(panel[usize::try_from(round).expect("below three")], expected);
        let event = &events("TaskStarted")[usize::try_from(round).expect("below three")];
        assert_eq!(attribute(event, "node"), Value::Address(expected));
        assert_eq!(attribute(event, "seed"), Value::Hash(seed));
        assert_eq!(attribute(event, "candidates"), Value::U64(9));
        assert_eq!(attribute(event, "index"), Value::U64(pick));
    }
    let draw = contract::draw(task).expect("it was drawn");
    assert_eq!((draw.seed, draw.candidates, draw.indexes.as_slice()), (seed, 9, picks.as_slice()));
}

#[test]
fn too_few_nodes_at_the_draw_end_the_task_with_a_full_refund() {
    start(3);
    let task = create(request(Amount::cnx(30))).expect("three are enough");
    call(node(1), contract::pause).expect("it is free");
    block(100);
    ended(task, AbortReason::NotEnoughNodes);
    assert_eq!(spent(), Amount::ZERO);
    assert_eq!(contract::stats().nodes_available, 2);
}

#[test]
fn a_draw_that_never_ran_is_given_up_ten_blocks_later() {
    start(3);
    let task = create(request(Amount::cnx(30))).expect("three are enough");
    for _ in 0..10 {
        tick(100);
        assert_eq!(call(node(1), || contract::expire(task)), Err(TaskError::NotDue { task }));
    }
    tick(100);
    call(node(1), || contract::expire(task)).expect("ten blocks later");
    ended(task, AbortReason::NotEnoughNodes);
    assert_eq!(balance(creator()), Amount::cnx(100_000));
}

#[test]
fn no_arguments_and_a_cancellation_cost_the_cancel_fee() {
    for cancelled in [false, true] {
        start(5);
        let (task, panel) = drawn();
        if cancelled {
            assert_eq!(call(panel[0], || contract::cancel(task)), Err(TaskError::NotCreator { task }));
            call(creator(), || contract::cancel(task)).expect("it has no arguments");
            ended(task, AbortReason::Cancelled);
        } else {
            block(179_999);
            assert_eq!(view(task).state, TaskState::Started);
            block(1);
            ended(task, AbortReason::ArgsNotUploaded);
        }
        assert_eq!(panel.map(earned), [Amount::cnx(1); 3]);
        assert_eq!(spent(), Amount::cnx(3));
        assert_eq!(contract::stats().nodes_available, 5);
    }
}

#[test]
fn three_silent_nodes_are_paused_and_the_cancel_fee_is_burned() {
    start(5);
    let (task, panel) = executing();
    block(600_000);
    ended(task, AbortReason::NodesTimedOut);
    assert_eq!(panel.map(|node| node_view(node).state), [NodeState::Paused; 3]);
    assert_eq!(panel.map(stake), [Amount::cnx(400); 3]);
    assert_eq!(panel.map(|node| node_view(node).penalties[0].reason), [PenaltyReason::PanelTimedOut; 3]);
    assert_eq!((spent(), balance(BURNED)), (Amount::cnx(3), Amount::cnx(3)));
}

#[test]
fn the_third_node_has_as_long_again_as_the_slower_of_two() {
    // Seconds at which the second commits, and the deadline that follows, both from the start of execution.
    for (took, expected) in [(10, 70), (100, 200), (299, 598), (301, 600), (599, 600)] {
        start(5);
        let (task, panel) = executing();
        let began = world().context.uptime_ms;
        commit(task, panel[2], &result("a")).expect("in time");
        tick(took * 1_000);
        commit(task, panel[0], &result("a")).expect("in time");
        assert_eq!(view(task).deadline_ms, Some(began + expected * 1_000), "{took}");
    }
}

#[test]
fn a_missed_commit_costs_and_pauses_and_the_two_others_decide() {
    start(5);
    let (task, panel) = judged([Some(result("a")), None, Some(result("a"))]);
    assert_eq!(view(task).state, TaskState::Validated);
    // The larger of 1 % of 400 and 1.5 shares of 10.
    assert_eq!((stake(panel[1]), node_view(panel[1]).state), (Amount::cnx(385), NodeState::Paused));
    assert_eq!(node_view(panel[1]).penalties[0].reason, PenaltyReason::MissedCommit);
}

#[test]
fn a_missed_commit_pauses_a_rich_node_too_and_a_missed_reveal_does_not() {
    for committed in [false, true] {
        start(5);
        for number in 1..=5 {
            call(node(number), || contract::add_stake(Amount::cnx(400))).expect("it may");
        }
        let (task, panel) = executing();
        for node in panel.into_iter().skip(usize::from(!committed)) {
            commit(task, node, &result("a")).expect("in time");
        }
        if !committed {
            block(600_000);
        }
        for node in &panel[1..] {
            reveal(task, *node, &result("a")).expect("in time");
        }
        block(120_000);
        let expected = if committed { NodeState::Available } else { NodeState::Paused };
        assert_eq!(node_view(panel[0]).state, expected);
        assert_eq!(stake(panel[0]), Amount::cnx(if committed { 760 } else { 785 }));
    }
}

/// A share of 1,000 against a stake of 400: the fine is all there is, and so is the compensation.
#[test]
fn a_lone_result_gets_no_more_than_the_fines() {
    start(5);
    let task = create(request(Amount::cnx(3_000))).expect("it is paid for");
    block(100);
    upload_args(task).expect("in time");
    let panel = view(task).seats;
    commit(task, panel[0].node, &result("a")).expect("in time");
    commit(task, panel[1].node, &Outcome::Error { code: 1 }).expect("in time");
    block(600_000);
    reveal(task, panel[0].node, &result("a")).expect("in time");
    reveal(task, panel[1].node, &Outcome::Error { code: 1 }).expect("in time");
    block(100);
    ended(task, AbortReason::NoQuorum);
    assert_eq!((stake(panel[2].node), earned(panel[0].node)), (Amount::ZERO, Amount::cnx(400)));
    assert_eq!((spent(), balance(BURNED)), (Amount::ZERO, Amount::ZERO));
}

#[test]
fn a_missed_reveal_costs_more_and_a_lone_result_is_paid_from_it() {
    start(5);
    let (task, panel) = executing();
    for node in panel {
        commit(task, node, &result("a")).expect("in time");
    }
    reveal(task, panel[1], &result("a")).expect("in time");
    block(120_000);
    ended(task, AbortReason::NoQuorum);
    assert_eq!(stake(panel[0]), Amount::cnx(360));
    assert_eq!(node_view(panel[0]).state, NodeState::Paused, "its stake is below the least");
    assert_eq!(earned(panel[1]), SHARE);
    assert_eq!((spent(), balance(BURNED)), (Amount::ZERO, Amount::cnx(70)));
}

#[test]
fn equal_errors_earn_half_a_share() {
    start(5);
    let error = Some(Outcome::Error { code: 2 });
    let (task, panel) = judged([error.clone(), Some(result("a")), error]);
    ended(task, AbortReason::TaskError);
    assert_eq!(panel.map(earned), [Amount::cnx(5), Amount::ZERO, Amount::cnx(5)]);
    assert_eq!((spent(), balance(BURNED)), (Amount::cnx(10), Amount::ZERO));
}

#[test]
fn an_uploader_that_fails_is_fined_and_the_other_takes_over() {
    start(5);
    let (task, panel) = judged([Some(result("a")), Some(result("b")), Some(result("a"))]);
    block(300_000);
    let open = view(task);
    assert_eq!((open.state, open.upload_open, open.uploader), (TaskState::Validated, true, None));
    assert_eq!((stake(panel[0]), node_view(panel[0]).task), (Amount::cnx(390), None));
    assert_eq!(report(task, panel[1], &result("b")), Err(TaskError::NotUploader { task }));
    report(task, panel[2], &result("a")).expect("every agreeing node may");
    assert_eq!(view(task).state, TaskState::Success);
    assert_eq!((earned(panel[0]), earned(panel[2])), (Amount::ZERO, Amount::cnx(20)));
    // The cheat's stake and the missed upload.
    assert_eq!((spent(), balance(BURNED)), (Amount::cnx(20), Amount::cnx(410)));
}

#[test]
fn a_result_that_nobody_uploads_gives_the_creator_a_share_and_the_fine() {
    start(5);
    let (task, panel) = judged([Some(result("a")), Some(result("a")), Some(result("a"))]);
    block(300_000);
    block(299_999);
    assert_eq!(view(task).state, TaskState::Validated);
    block(1);
    ended(task, AbortReason::ResultNotUploaded);
    assert_eq!(panel.map(earned), [Amount::ZERO, SHARE, SHARE]);
    assert_eq!((spent(), balance(BURNED)), (Amount::cnx(10), Amount::ZERO));
}

/// A share of 1.3: the fine of 4 is more than the creator paid the one other node.
#[test]
fn the_creator_is_not_made_richer_by_a_missing_result() {
    start(5);
    let mut cheap = request(Amount::new(3_900_000_000_000_000_000));
    (cheap.timeout_ms, cheap.fuel_max, cheap.args_bytes_max) = (Some(60_000), Some(1_000), Some(1_000));
    let task = create(cheap).expect("it is paid for");
    block(100);
    upload_args(task).expect("in time");
    let panel = view(task).seats;
    for seat in &panel[..2] {
        commit(task, seat.node, &result("a")).expect("in time");
    }
    block(60_000);
    for seat in &panel[..2] {
        reveal(task, seat.node, &result("a")).expect("in time");
    }
    block(100);
    block(300_000);
    block(300_000);
    ended(task, AbortReason::ResultNotUploaded);
    assert_eq!(stake(panel[0].node), Amount::cnx(396));
    assert_eq!(spent(), Amount::ZERO);
    // The missed commit of 4, and of the missed upload what is above 1.3.
    assert_eq!(balance(BURNED), Amount::new(6_700_000_000_000_000_000));
}

#[test]
fn a_call_for_another_stage_or_too_early_changes_nothing() {
    start(5);
    let (task, _) = executing();
    let before = bytes(&view(task));
    contract::deadline(task, Stage::Commit).expect("it looks and leaves");
    tick(600_000);
    contract::deadline(task, Stage::Args).expect("it looks and leaves");
    contract::deadline(task, Stage::Upload).expect("it looks and leaves");
    contract::judge(task).expect("it looks and leaves");
    contract::draw_panel(task).expect("it looks and leaves");
    assert_eq!(bytes(&view(task)), before);
}

#[test]
fn a_step_after_its_deadline_is_too_late_before_and_after_the_expiry() {
    let late = Err(TaskError::TooLate { task: 1 });
    start(5);
    let (task, _) = drawn();
    tick(180_000);
    assert_eq!(upload_args(task), late);
    assert_eq!(call(creator(), || contract::cancel(task)), late);
    block(0);
    assert_eq!(upload_args(task), late);

    for committed in [false, true] {
        start(5);
        let (task, panel) = executing();
        if committed {
            commit(task, panel[0], &result("a")).expect("in time");
        }
        tick(600_000);
        assert_eq!(commit(task, panel[1], &result("a")), late);
        block(0);
        assert_eq!(commit(task, panel[1], &result("a")), late);
        if committed {
            tick(120_000);
            assert_eq!(reveal(task, panel[0], &result("a")), late);
            block(0);
            assert_eq!(reveal(task, panel[0], &result("a")), late);
            assert_eq!(view(task).state, TaskState::Aborted);
        }
    }

    start(5);
    let (task, panel) = judged([Some(result("a")), Some(result("a")), Some(result("a"))]);
    tick(300_000);
    assert_eq!(report(task, panel[0], &result("a")), late);
    block(0);
    tick(300_000);
    assert_eq!(report(task, panel[0], &result("a")), late);
    block(0);
    assert_eq!(report(task, panel[0], &result("a")), late);
    assert_eq!(view(task).state, TaskState::Aborted);
}

/// Two copies of one network: in one the chain keeps the deadline, in the other somebody calls `expire`.
#[test]
fn expire_does_what_the_due_call_would() {
    let stages: [fn() -> u64; 5] = [
        || drawn().0,
        || executing().0,
        || {
            let (task, panel) = executing();
            for node in panel {
                commit(task, node, &result("a")).expect("in time");
            }
            reveal(task, panel[0], &result("a")).expect("in time");
            task
        },
        || judged([Some(result("a")), Some(result("a")), None]).0,
        || {
            let task = judged([Some(result("a")), Some(result("a")), None]).0;
            block(300_000);
            task
        },
    ];
    for prepare in stages {
        start(5);
        let task = prepare();
        assert_eq!(call(owner(), || contract::expire(task)), Err(TaskError::NotDue { task }));
        let before = world();
        let deadline_ms = view(task).deadline_ms.expect("the stage has one");
        let left = deadline_ms - before.context.uptime_ms;
        block(left);
        let kept = view(task);
        hydrogen_sdk::mock::with(|world| *world = before);
        tick(left);
        call(owner(), || contract::expire(task)).expect("it is due");
        let mut expired = view(task);
        // Only the unused gas differs: a call that never ran was taken back.
        expired.deposit = kept.deposit;
        assert_eq!(bytes(&expired), bytes(&kept));
        assert!(call(owner(), || contract::expire(task)).is_err());
        block(0);
        assert_eq!(view(task).state, kept.state);
    }
}

#[test]
fn a_verdict_that_found_no_room_can_be_called_for() {
    start(5);
    let (task, panel) = executing();
    for node in panel {
        commit(task, node, &result("a")).expect("in time");
    }
    for node in panel {
        reveal(task, node, &result("a")).expect("in time");
    }
    assert_eq!(call(owner(), || contract::expire(task)), Err(TaskError::NotDue { task }));
    tick(100);
    call(owner(), || contract::expire(task)).expect("the block that judges is here");
    assert_eq!(view(task).state, TaskState::Validated);
    block(100);
    assert_eq!(view(task).state, TaskState::Validated);
}

#[test]
fn ended_tasks_are_swept_after_their_retention() {
    start(6);
    let (first, _) = drawn();
    call(creator(), || contract::cancel(first)).expect("it has no arguments");
    block(7 * 24 * 3_600_000 - 1);
    let (second, _) = drawn();
    assert!(contract::task(first).is_some());
    block(1);
    create(request(Amount::cnx(30))).expect("three of six are free");
    assert!(contract::task(first).is_none());
    assert!(contract::task(second).is_some());
}
