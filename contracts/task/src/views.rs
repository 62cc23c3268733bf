//! Queries.

use crate::config;
use crate::relays::RELAYS_MAX;
use crate::state::{CONFIGS, NODES, Node, PENALTIES, RELAYS, TASKS, Totals};
use alloc::vec::Vec;
use hydrogen_types::Address;
use hydrogen_types::task::{DrawView, NodeView, RelayView, Stats, TaskConfig, TaskView};

/// Most entries of a page: a task or a node with all its seats or penalties takes up to 900 bytes, an answer 64 KiB.
const PAGE_MAX: u32 = 50;

pub(crate) fn task(id: u64) -> Option<TaskView> {
    TASKS.load(&id).map(|task| task.view)
}

pub(crate) fn tasks(start: u64, limit: u32) -> Vec<TaskView> {
    TASKS.range(Some(&start), limit.min(PAGE_MAX)).into_iter().map(|(_, task)| task.view).collect()
}

pub(crate) fn node(address: &Address) -> Option<NodeView> {
    NODES.load(address).map(|node| view(*address, node))
}

pub(crate) fn nodes(after: Option<Address>, limit: u32) -> Vec<NodeView> {
    let limit = limit.min(PAGE_MAX);
    let page = match after {
        Some(last) => NODES.range_after(&last, limit),
        None => NODES.range(None, limit),
    };
    page.into_iter().map(|(address, node)| view(address, node)).collect()
}

fn view(address: Address, node: Node) -> NodeView {
    NodeView {
        address,
        state: node.state,
        stake: node.stake,
        task: node.task,
        withdraw_ms: node.withdraw_ms,
        types: Vec::new(),
        tasks_paid: node.tasks_paid,
        earned: node.earned,
        penalties: PENALTIES.load(&address).unwrap_or_default(),
    }
}

pub(crate) fn node_task(address: &Address) -> Option<TaskView> {
    task(NODES.load(address)?.task?)
}

pub(crate) fn config(number: Option<u64>) -> Option<TaskConfig> {
    match number {
        Some(number) => CONFIGS.load(&number),
        None => Some(config::current().1),
    }
}

pub(crate) fn stats() -> Stats {
    Totals::load().stats
}

pub(crate) fn relays() -> Vec<RelayView> {
    RELAYS.range(None, RELAYS_MAX).into_iter().map(|(_, relay)| relay).collect()
}

pub(crate) fn draw(id: u64) -> Option<DrawView> {
    let view = task(id)?;
    Some(DrawView {
        task: id,
        height: view.draw_height?,
        seed: view.draw_seed?,
        candidates: view.candidates?,
        indexes: view.seats.iter().map(|seat| seat.index).collect(),
        nodes: view.seats.iter().map(|seat| seat.node).collect(),
    })
}
