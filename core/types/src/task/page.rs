//! Filters and pages of the queries that list.

use super::{NodeState, NodeView, TaskState, TaskView};
use crate::keys::Address;
use alloc::string::String;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// Which tasks a list shows: those that are all of what is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TaskFilter {
    /// Those in this state.
    pub state: Option<TaskState>,
    /// Those this account pays for.
    pub creator: Option<Address>,
    /// Those with this node in the panel.
    pub node: Option<Address>,
    /// `true`: those not ended; `false`: those ended.
    pub open: Option<bool>,
}

/// A part of the list of tasks, by id. A page looks at a bounded number of tasks, so with a filter it may be short, or
/// empty, and still have a next one.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TaskPage {
    /// The tasks.
    pub tasks: Vec<TaskView>,
    /// Where the next page starts; `None` on the last.
    pub next: Option<u64>,
}

/// Which nodes a list shows: those that are all of what is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct NodeFilter {
    /// Those in this state.
    pub state: Option<NodeState>,
    /// Those that execute this external type.
    pub external: Option<String>,
}

/// A part of the list of nodes, by address; short as a [`TaskPage`] may be.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct NodePage {
    /// The nodes.
    pub nodes: Vec<NodeView>,
    /// After which address the next page starts; `None` on the last.
    pub next: Option<Address>,
}
