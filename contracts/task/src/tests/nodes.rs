//! Nodes join, pause, quit and withdraw, in every state.

use super::net::*;
use crate::{TaskError, task as contract};
use hydrogen_types::Amount;
use hydrogen_types::task::NodeState;

fn illegal(state: NodeState) -> Result<(), TaskError> {
    Err(TaskError::IllegalNodeStatus { state })
}

#[test]
fn a_free_node_pauses_resumes_quits_and_withdraws() {
    start(3);
    let one = node(1);
    assert_eq!(call(one, contract::resume), illegal(NodeState::Available));
    call(one, contract::pause).expect("it is free");
    assert_eq!(call(one, contract::pause), illegal(NodeState::Paused));
    call(one, contract::resume).expect("its stake is enough");
    call(one, || contract::add_stake(Amount::cnx(5))).expect("it may");
    call(one, contract::quit).expect("it is free");
    assert_eq!(call(one, contract::quit), illegal(NodeState::Unbonding));
    assert_eq!(call(one, || contract::add_stake(Amount::cnx(1))), illegal(NodeState::Unbonding));
    let withdraw_ms = world().context.uptime_ms + 7_200_000;
    let waiting = TaskError::StillUnbonding { withdraw_ms };
    assert_eq!(call(one, || contract::join(Amount::cnx(400), None)), Err(waiting.clone()));
    tick(7_199_999);
    assert_eq!(call(one, contract::withdraw), Err(waiting));
    tick(1);
    assert_eq!(call(one, contract::withdraw), Ok(Amount::cnx(405)));
    assert_eq!(balance(one), Amount::cnx(100_000));
    assert_eq!(contract::node(one), None);
    assert_eq!(call(one, contract::withdraw), Err(TaskError::NodeNotFound { node: one }));
    call(one, || contract::join(Amount::cnx(400), None)).expect("it left for good");
}

#[test]
fn a_busy_node_pauses_and_quits_after_its_task() {
    start(3);
    let (task, panel) = drawn();
    call(panel[0], contract::pause).expect("later");
    call(panel[1], contract::quit).expect("later");
    call(panel[2], contract::pause).expect("later");
    call(panel[2], contract::quit).expect("a quit goes before a pause");
    assert_eq!(call(panel[0], contract::pause), illegal(NodeState::PendingPause));
    assert_eq!(call(panel[1], contract::pause), illegal(NodeState::PendingQuit));
    assert_eq!(call(panel[1], contract::quit), illegal(NodeState::PendingQuit));
    assert_eq!(call(panel[0], contract::resume), illegal(NodeState::PendingPause));
    assert_eq!(call(panel[1], contract::withdraw).map(drop), illegal(NodeState::PendingQuit));
    assert_eq!(contract::node_task(panel[0]).map(|view| view.id), Some(task));
    block(180_000);
    let states = panel.map(|node| node_view(node).state);
    assert_eq!(states, [NodeState::Paused, NodeState::Unbonding, NodeState::Unbonding]);
    assert_eq!(contract::node_task(panel[0]).map(|view| view.id), None);
    assert_eq!(contract::stats().nodes, 1);
}

#[test]
fn a_fined_node_resumes_only_with_enough_stake() {
    start(5);
    let (_, panel) = judged([Some(result("a")), Some(result("a")), None]);
    let low = TaskError::StakeTooLow { stake: Amount::cnx(385), stake_min: Amount::cnx(400) };
    assert_eq!(call(panel[2], contract::resume), Err(low));
    call(panel[2], || contract::add_stake(Amount::cnx(15))).expect("it may");
    call(panel[2], contract::resume).expect("its stake is enough");
    assert_eq!(node_view(panel[2]).state, NodeState::Available);
}

#[test]
fn joining_has_its_refusals() {
    start(1);
    let stranger = node(50);
    let join = |stake| call(stranger, || contract::join(Amount::cnx(stake), None));
    let broke = TaskError::NotEnoughTokens { needed: Amount::cnx(400), balance: Amount::ZERO };
    assert_eq!(join(400), Err(broke));
    fund(stranger);
    hydrogen_sdk::mock::with(|world| world.allowances.remove(&(stranger, world.context.contract)));
    let closed = TaskError::NotEnoughAllowance { needed: Amount::cnx(400), allowance: Amount::ZERO };
    assert_eq!(join(400), Err(closed));
    fund(stranger);
    let low = TaskError::StakeTooLow { stake: Amount::cnx(399), stake_min: Amount::cnx(400) };
    assert_eq!(join(399), Err(low));
    let typed = call(stranger, || contract::join(Amount::cnx(400), Some(vec!["gpu".into()])));
    assert_eq!(typed, Err(TaskError::NotSupported { external: "gpu".into() }));
    join(400).expect("all is there");
    assert_eq!(join(400), Err(TaskError::AlreadyJoined));
}
