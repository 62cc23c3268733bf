//! Compute nodes: stake and state (`task-protocol`, section 8).

use crate::candidates;
use crate::config::{self, external_type};
use crate::create::pull;
use crate::error::TaskError;
use crate::event::{NodeJoined, NodePaused, NodeQuit, NodeResumed, StakeAdded, StakeWithdrawn};
use crate::fsm::{NodeStep, next_node};
use crate::money::{add, sub};
use crate::state::{NODES, Node, PENALTIES, Totals};
use alloc::string::String;
use alloc::vec::Vec;
use hydrogen_sdk::{EventData, env};
use hydrogen_types::host::CallContext;
use hydrogen_types::task::{NODE_TYPES_MAX, NodeState, TaskConfig};
use hydrogen_types::{Address, Amount};

/// Most nodes: a bound on the state, far above any network there is.
pub(crate) const NODES_MAX: u64 = 100_000;

pub(crate) fn join(
    context: &CallContext,
    stake: Amount,
    types: Option<Vec<String>>,
) -> Result<(), TaskError> {
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
    let types = types.unwrap_or_default();
    check_types(&config, &types)?;
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
        places: Vec::new(),
        withdraw_ms: None,
        tasks_paid: 0,
        earned: Amount::ZERO,
        types,
    };
    candidates::enlist(&mut totals, &address, &mut node);
    NODES.save(&address, &node);
    totals.save();
    NodeJoined { node: address, stake }.emit();
    Ok(())
}

/// The types a node joins with: configured, each once. A node keeps them until it quits, also those that a later
/// configuration drops.
fn check_types(config: &TaskConfig, types: &[String]) -> Result<(), TaskError> {
    if types.len() > NODE_TYPES_MAX {
        return Err(TaskError::BadExternalTypes { why: "a node has at most 4" });
    }
    for (index, name) in types.iter().enumerate() {
        external_type(config, name)?;
        if types[..index].contains(name) {
            return Err(TaskError::BadExternalTypes { why: "one is named twice" });
        }
    }
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

/// Takes a step and what follows from it: places in the lists of candidates or none, the time of withdrawal.
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
        candidates::enlist(totals, address, node);
    } else {
        candidates::unlist(totals, node);
    }
    if node.state == NodeState::Unbonding {
        node.withdraw_ms = Some(withdraw_ms);
        totals.stats.nodes -= 1;
    }
    Ok(())
}

/// Binds the node at `place` of a list to a task and takes it from its lists.
pub(crate) fn bind(totals: &mut Totals, list: &str, place: u64, task: u64) -> Address {
    let address = candidates::at(list, place);
    let mut node = NODES.load(&address).expect("whoever is listed is a node");
    node.task = Some(task);
    enter(totals, &address, &mut node, NodeStep::Draw, 0).expect("whoever is listed is available");
    NODES.save(&address, &node);
    address
}
