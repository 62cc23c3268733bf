//! Queries. Each does a bounded amount of work, however many tasks and nodes there are.

use crate::config;
use crate::relays::RELAYS_MAX;
use crate::state::{CONFIGS, NODES, Node, PENALTIES, RELAYS, TASKS, Task, Totals};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_sdk::{Key, Map};
use hydrogen_types::Address;
use hydrogen_types::codec::encode;
use hydrogen_types::task::{
    DrawView, NodeFilter, NodePage, NodeView, RelayView, Stats, TaskConfig, TaskFilter, TaskPage, TaskState,
    TaskView,
};

/// Most entries of a page.
const PAGE_MAX: u32 = 50;
/// Most bytes of a page: the chain lets an answer be 64 KiB. An entry is far smaller than the difference.
const PAGE_BYTES_MAX: usize = 48 << 10;
/// Most entries that a page looks at for those that pass its filter.
const SCAN_MAX: usize = 500;
/// Entries read from the state at a time.
const SCAN_STEP: u32 = 25;

pub(crate) fn task(id: u64) -> Option<TaskView> {
    TASKS.load(&id).map(|task| task.view)
}

pub(crate) fn tasks(filter: &TaskFilter, start: Option<u64>, limit: Option<u32>) -> TaskPage {
    let after = start.and_then(|start| start.checked_sub(1));
    let show = |_, task: Task| passes(filter, &task.view).then_some(task.view);
    let (tasks, last) = page(&TASKS, after, limit, show);
    TaskPage { tasks, next: last.map(|id| id + 1) }
}

fn passes(filter: &TaskFilter, view: &TaskView) -> bool {
    let open = !matches!(view.state, TaskState::Success | TaskState::Aborted);
    filter.state.is_none_or(|state| view.state == state)
        && filter.creator.is_none_or(|creator| view.creator == creator)
        && filter.node.is_none_or(|node| view.seats.iter().any(|seat| seat.node == node))
        && filter.open.is_none_or(|wanted| open == wanted)
}

/// The entries after key `after` that `show` lets pass, and the last key looked at, if there may be more after it.
fn page<K: Key + Clone, V: BorshSerialize + BorshDeserialize, T: BorshSerialize>(
    map: &Map<K, V>,
    mut after: Option<K>,
    limit: Option<u32>,
    show: impl Fn(K, V) -> Option<T>,
) -> (Vec<T>, Option<K>) {
    let limit = limit.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX) as usize;
    let (mut shown, mut bytes, mut scanned) = (Vec::new(), 0, 0);
    loop {
        let step = match &after {
            Some(last) => map.range_after(last, SCAN_STEP),
            None => map.range(None, SCAN_STEP),
        };
        if step.is_empty() {
            return (shown, None);
        }
        for (key, value) in step {
            if shown.len() >= limit || bytes >= PAGE_BYTES_MAX || scanned >= SCAN_MAX {
                return (shown, after);
            }
            scanned += 1;
            after = Some(key.clone());
            if let Some(entry) = show(key, value) {
                bytes += encode(&entry).len();
                shown.push(entry);
            }
        }
    }
}

pub(crate) fn node(address: &Address) -> Option<NodeView> {
    NODES.load(address).map(|node| view(*address, node))
}

pub(crate) fn nodes(filter: &NodeFilter, after: Option<Address>, limit: Option<u32>) -> NodePage {
    let show = |address, node: Node| {
        let external = filter.external.as_ref();
        let passes = filter.state.is_none_or(|state| node.state == state)
            && external.is_none_or(|name| node.types.contains(name));
        passes.then(|| view(address, node))
    };
    let (nodes, next) = page(&NODES, after, limit, show);
    NodePage { nodes, next }
}

fn view(address: Address, node: Node) -> NodeView {
    NodeView {
        address,
        state: node.state,
        stake: node.stake,
        task: node.task,
        withdraw_ms: node.withdraw_ms,
        types: node.types,
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
