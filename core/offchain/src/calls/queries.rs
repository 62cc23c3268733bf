//! Builders of queries, with the type of the answer.

use borsh::{BorshDeserialize, BorshSerialize};
use core::marker::PhantomData;
use hydrogen_types::codec::encode;
use hydrogen_types::task::{
    DrawView, NodeFilter, NodePage, NodeView, RelayView, Stats, TaskConfig, TaskFilter, TaskPage, TaskView,
};
use hydrogen_types::{Address, DecodeError, decode};

/// Most bytes of a query's answer that is decoded: a page of full views is far below.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A query of the task contract whose answer is a `T`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<T> {
    /// The method.
    pub method: &'static str,
    /// Its borsh arguments.
    pub args: Vec<u8>,
    answer: PhantomData<fn() -> T>,
}

impl<T: BorshDeserialize> Query<T> {
    fn new<A: BorshSerialize>(method: &'static str, args: &A) -> Self {
        Self { method, args: encode(args), answer: PhantomData }
    }

    /// Decodes the answer.
    ///
    /// # Errors
    /// Bytes that are no `T`, which a contract of another version may send.
    pub fn decode(&self, bytes: &[u8]) -> Result<T, DecodeError> {
        decode_answer(bytes)
    }
}

/// Decodes any answer of the task contract.
///
/// # Errors
/// Bytes that are no `T`.
pub fn decode_answer<T: BorshDeserialize>(bytes: &[u8]) -> Result<T, DecodeError> {
    decode(bytes, ANSWER_BYTES_MAX)
}

/// A task.
#[must_use]
pub fn task_query(task: u64) -> Query<Option<TaskView>> {
    Query::new("task", &(task,))
}

/// Tasks from id `start` on that pass the filter, at most `limit`; the page says where the next one starts.
#[must_use]
pub fn tasks_query(filter: &TaskFilter, start: Option<u64>, limit: u32) -> Query<TaskPage> {
    Query::new("tasks", &(Some(filter), start, Some(limit)))
}

/// A node.
#[must_use]
pub fn node_query(node: &Address) -> Query<Option<NodeView>> {
    Query::new("node", &(node,))
}

/// Nodes after address `after` that pass the filter, at most `limit`; the page says where the next one starts.
#[must_use]
pub fn nodes_query(filter: &NodeFilter, after: Option<&Address>, limit: u32) -> Query<NodePage> {
    Query::new("nodes", &(Some(filter), after, Some(limit)))
}

/// The task a node is bound to.
#[must_use]
pub fn node_task_query(node: &Address) -> Query<Option<TaskView>> {
    Query::new("node_task", &(node,))
}

/// A configuration by number, or the one in force.
#[must_use]
pub fn config_query(number: Option<u64>) -> Query<Option<TaskConfig>> {
    Query::new("config", &(number,))
}

/// Counters.
#[must_use]
pub fn stats_query() -> Query<Stats> {
    Query::new("stats", &())
}

/// All relays.
#[must_use]
pub fn relays_query() -> Query<Vec<RelayView>> {
    Query::new("relays", &())
}

/// What a task's draw was made of.
#[must_use]
pub fn draw_query(task: u64) -> Query<Option<DrawView>> {
    Query::new("draw", &(task,))
}
