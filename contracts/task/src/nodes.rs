//! Compute nodes: stake, state, and the dense list from which panels are drawn (`task-protocol`, section 8).

use crate::config;
use crate::create::pull;
use crate::error::TaskError;
use crate::event::{NodeJoined, NodePaused, NodeQuit, NodeResumed, StakeAdded, StakeWithdrawn};
use crate::fsm::{NodeStep, next_node};
use crate::money::{add, sub};
use crate::state::{AVAILABLE, NODES, Node, PENALTIES, Totals};
use alloc::string::String;
use alloc::vec::Vec;
use hydrogen_sdk::{EventData, env};
use hydrogen_types::host::CallContext;
use hydrogen_types::task::NodeState;
use hydrogen_types::{Address, Amount};

/// Most nodes: a bound on the state, far above any network there is.
pub(crate) const NODES_MAX: u64 = 100_000;

pub(crate) fn join(
    context: &CallContext,
    stake: Amount,
    types: Option<Vec<String>>,
) -> Result<(), TaskError> {
    if types.is_some_and(|types| !types.is_empty()) {
        return Err(TaskError::NotSupported { what: "external types" });
    }
    let address = context.caller;
    match NODES.load(&address) {
        Some(Node { state: NodeState::Unbonding, withdraw_ms, .. }) => {
            return Err(TaskError::StillUnbonding { withdraw_ms: withdraw_ms.unwrap_or_default() });
        }
        Some(_) => return Err(TaskError::AlreadyJoined),
        None => {}
    }
    let (_, config) = config::current();
    if stake < config.stake_min {
        return Err(TaskError::StakeTooLow { stake, stake_min: config.stake_min });
    }
    let mut totals = Totals::load();
    if totals.stats.nodes >= NODES_MAX {
        return Err(TaskError::NetworkFull { nodes: totals.stats.nodes });
    }
    pull(context, stake)?;
    totals.stats.nodes += 1;
    totals.stats.staked = add(totals.stats.staked, stake);
    let mut node = Node {
        state: NodeState::Available,
        stake,
        task: None,
        place: None,
        withdraw_ms: None,
        tasks_paid: 0,
        earned: Amount::ZERO,
        types: Vec::new(),
    };
    list(&mut totals, &address, &mut node);
    NODES.save(&address, &node);
    totals.save();
    NodeJoined { node: address, stake }.emit();
    Ok(())
}

pub(crate) fn add_stake(context: &CallContext, amount: Amount) -> Result<(), TaskError> {
    let address = context.caller;
    let mut node = Node::load(&address)?;
    step(&mut node, NodeStep::AddStake)?;
    pull(context, amount)?;
    node.stake = add(node.stake, amount);
    NODES.save(&address, &node);
    let mut totals = Totals::load();
    totals.stats.staked = add(totals.stats.staked, amount);
    totals.save();
    StakeAdded { node: address, amount, stake: node.stake }.emit();
    Ok(())
}

pub(crate) fn pause(context: &CallContext) -> Result<(), TaskError> {
    change(context, NodeStep::Pause)?;
    NodePaused { node: context.caller }.emit();
    Ok(())
}

pub(crate) fn resume(context: &CallContext) -> Result<(), TaskError> {
    change(context, NodeStep::Resume)?;
    NodeResumed { node: context.caller }.emit();
    Ok(())
}

pub(crate) fn quit(context: &CallContext) -> Result<(), TaskError> {
    change(context, NodeStep::Quit)?;
    NodeQuit { node: context.caller }.emit();
    Ok(())
}

pub(crate) fn withdraw(context: &CallContext) -> Result<Amount, TaskError> {
    let address = context.caller;
    let node = Node::load(&address)?;
    let (NodeState::Unbonding, Some(withdraw_ms)) = (node.state, node.withdraw_ms) else {
        return Err(TaskError::IllegalNodeStatus { state: node.state });
    };
    if context.uptime_ms < withdraw_ms {
        return Err(TaskError::StillUnbonding { withdraw_ms });
    }
    NODES.remove(&address);
    PENALTIES.remove(&address);
    let mut totals = Totals::load();
    totals.stats.staked = sub(totals.stats.staked, node.stake);
    totals.save();
    env::transfer(&address, node.stake).expect("the contract holds every stake");
    StakeWithdrawn { node: address, amount: node.stake }.emit();
    Ok(node.stake)
}

/// A node asks for another state.
fn change(context: &CallContext, wanted: NodeStep) -> Result<(), TaskError> {
    let address = context.caller;
    let mut node = Node::load(&address)?;
    let (_, config) = config::current();
    if node.state == NodeState::Paused && wanted == NodeStep::Resume && node.stake < config.stake_min {
        return Err(TaskError::StakeTooLow { stake: node.stake, stake_min: config.stake_min });
    }
    let mut totals = Totals::load();
    enter(&mut totals, &address, &mut node, wanted, context.uptime_ms + config.unbonding_ms)?;
    NODES.save(&address, &node);
    totals.save();
    Ok(())
}

fn step(node: &mut Node, step: NodeStep) -> Result<(), TaskError> {
    node.state = next_node(node.state, step).ok_or(TaskError::IllegalNodeStatus { state: node.state })?;
    Ok(())
}

/// Takes a step and what follows from it: a place in the list of the available or none, the time of withdrawal.
/// The caller saves the node and the counters.
pub(crate) fn enter(
    totals: &mut Totals,
    address: &Address,
    node: &mut Node,
    wanted: NodeStep,
    withdraw_ms: u64,
) -> Result<(), TaskError> {
    step(node, wanted)?;
    if node.state == NodeState::Available {
        list(totals, address, node);
    } else {
        unlist(totals, node);
    }
    if node.state == NodeState::Unbonding {
        node.withdraw_ms = Some(withdraw_ms);
        totals.stats.nodes -= 1;
    }
    Ok(())
}

/// Appends a node to the list of the available, if it is not there.
fn list(totals: &mut Totals, address: &Address, node: &mut Node) {
    if node.place.is_none() {
        AVAILABLE.save(&totals.stats.nodes_available, address);
        node.place = Some(totals.stats.nodes_available);
        totals.stats.nodes_available += 1;
    }
}

/// Takes a node from the list, if it is there: the last one moves to its place.
fn unlist(totals: &mut Totals, node: &mut Node) {
    let Some(place) = node.place.take() else { return };
    totals.stats.nodes_available -= 1;
    let last = totals.stats.nodes_available;
    if place != last {
        let moved = AVAILABLE.load(&last).expect("the list has no gaps");
        let mut moved_node = NODES.load(&moved).expect("whoever is listed is a node");
        moved_node.place = Some(place);
        NODES.save(&moved, &moved_node);
        AVAILABLE.save(&place, &moved);
    }
    AVAILABLE.remove(&last);
}

/// Binds the node at `place` of the list to a task and takes it from the list.
pub(crate) fn bind(totals: &mut Totals, place: u64, task: u64) -> Address {
    let address = AVAILABLE.load(&place).expect("a pick lies within the list");
    let mut node = NODES.load(&address).expect("whoever is listed is a node");
    node.task = Some(task);
    enter(totals, &address, &mut node, NodeStep::Draw, 0).expect("whoever is listed is available");
    NODES.save(&address, &node);
    address
}
