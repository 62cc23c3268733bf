//! What the contract stores. Every operation touches a bounded number of entries, however many nodes and tasks there
//! are.
//!
//! *Invariants*: the lists of candidates are as `candidates` says; a node's `task` is set exactly while that task lists
//! its seat unsettled; an open task has one waiting scheduled call (or is in it); the contract's balance is the sum of
//! the stakes, of the deposits and of what is left of fees and fines of open tasks.

use crate::candidates::list_of;
use crate::error::TaskError;
use crate::money::Books;
use alloc::string::String;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_sdk::{Item, Map, storage};
use hydrogen_types::task::{NodeState, PANEL, Penalty, RelayView, Stats, TaskConfig, TaskView};
use hydrogen_types::{Address, Amount, Height};

/// Who may change the configuration, the relays, and the owner.
#[storage]
pub(crate) const OWNER: Item<Address> = Item::new("owner");
/// Who may become the owner by accepting it.
#[storage]
pub(crate) const OFFERED: Item<Address> = Item::new("offered");
/// Number of the configuration in force.
#[storage]
pub(crate) const CONFIG_NUMBER: Item<u64> = Item::new("config");
/// All configurations by number.
#[storage]
pub(crate) const CONFIGS: Map<u64, TaskConfig> = Map::new("configs");
/// Counters.
#[storage]
pub(crate) const TOTALS: Item<Totals> = Item::new("totals");
/// Tasks by id.
#[storage]
pub(crate) const TASKS: Map<u64, Task> = Map::new("tasks");
/// Nodes by account.
#[storage]
pub(crate) const NODES: Map<Address, Node> = Map::new("nodes");
/// Latest penalties of each node, apart from it because few calls need them.
#[storage]
pub(crate) const PENALTIES: Map<Address, Vec<Penalty>> = Map::new("penalties");
/// The dense lists of nodes that may be drawn: by the list's name (see `candidates`) and the place in it.
#[storage]
pub(crate) const AVAILABLE: Map<(String, u64), Address> = Map::new("available");
/// Sizes of the lists of external types, those that are not empty.
#[storage]
pub(crate) const SIZES: Map<String, u64> = Map::new("sizes");
/// Ended tasks in the order of their end, for the sweep.
#[storage]
pub(crate) const ENDED: Map<u64, Ended> = Map::new("ended");
/// Relays by id.
#[storage]
pub(crate) const RELAYS: Map<Address, RelayView> = Map::new("relays");

/// Counters over everything. Loaded once in a call, passed on, saved at its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Totals {
    /// What the query shows. `tasks` is also the last id, `nodes_available` the size of the list of all.
    pub(crate) stats: Stats,
    /// Nodes that tasks not yet drawn count on.
    pub(crate) promised: u64,
    /// First entry of `ENDED`.
    pub(crate) ended_first: u64,
    /// The entry after the last of `ENDED`.
    pub(crate) ended_next: u64,
    /// Block of the latest draw asked for: none is due before an earlier task's.
    pub(crate) draw_due: Height,
    /// Relays that were removed and still serve, in the order of their removal.
    pub(crate) draining: Vec<Draining>,
}

/// A removed relay that serves the tasks created before.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Draining {
    /// Its id.
    pub(crate) relay: Address,
    /// The last task it serves.
    pub(crate) last_task: u64,
    /// Open tasks up to that one, without those that the entry before counts.
    pub(crate) open: u64,
}

impl Totals {
    pub(crate) fn load() -> Self {
        TOTALS.load().expect("init stores the counters")
    }

    pub(crate) fn save(&self) {
        TOTALS.save(self);
    }
}

/// A task: what queries show, and what they do not.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Task {
    /// What queries show.
    pub(crate) view: TaskView,
    /// The creator's gas price, at which scheduled calls are bought.
    pub(crate) gas_price: u64,
    /// The waiting scheduled call.
    pub(crate) call: Option<u64>,
    /// The block that draws.
    pub(crate) draw_due: Height,
    /// The chain's uptime when execution began.
    pub(crate) executing_ms: u64,
    /// The block that judges, once every commitment is revealed.
    pub(crate) judge_height: Option<Height>,
    /// Which seats agree, since the verdict.
    pub(crate) agreeing: [bool; PANEL],
    /// Its money.
    pub(crate) books: Books,
}

impl Task {
    pub(crate) fn load(id: u64) -> Result<Self, TaskError> {
        TASKS.load(&id).ok_or(TaskError::TaskNotFound { task: id })
    }

    pub(crate) fn save(&self) {
        TASKS.save(&self.view.id, self);
    }

    /// The list of candidates it is drawn from.
    pub(crate) fn list(&self) -> &str {
        list_of(self.view.external.as_deref())
    }

    /// The round of `node`, if it is in the panel.
    pub(crate) fn round_of(&self, node: &Address) -> Option<usize> {
        self.view.seats.iter().position(|seat| seat.node == *node)
    }

    /// How many seats have committed.
    pub(crate) fn commitments(&self) -> usize {
        self.view.seats.iter().filter(|seat| seat.commitment.is_some()).count()
    }

    /// Whether everybody who committed has revealed.
    pub(crate) fn all_revealed(&self) -> bool {
        self.view.seats.iter().all(|seat| seat.commitment.is_none() || seat.outcome.is_some())
    }
}

/// An ended task that waits for its removal.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Ended {
    /// Its id.
    pub(crate) task: u64,
    /// When it may be removed, in ms of uptime.
    pub(crate) remove_ms: u64,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Node {
    /// State.
    pub(crate) state: NodeState,
    /// CNX at stake, or unbonding.
    pub(crate) stake: Amount,
    /// The task it is bound to.
    pub(crate) task: Option<u64>,
    /// While it is available: its places in the list of all, then in those of its `types`.
    pub(crate) places: Vec<u64>,
    /// When its stake may be withdrawn.
    pub(crate) withdraw_ms: Option<u64>,
    /// Tasks it was paid for.
    pub(crate) tasks_paid: u64,
    /// CNX it was paid.
    pub(crate) earned: Amount,
    /// External types it executes, as it joined.
    pub(crate) types: Vec<String>,
}

impl Node {
    pub(crate) fn load(address: &Address) -> Result<Self, TaskError> {
        NODES.load(address).ok_or(TaskError::NodeNotFound { node: *address })
    }
}
