//! The task contract over RPC: its queries typed, its calls sent.

use crate::client::caller::Client;
use crate::client::error::ClientError;
use crate::client::types::TxReceipt;
use crate::client::wallet::Wallet;
use borsh::BorshDeserialize;
use hydrogen_offchain::calls::{self, Call, Query, task_contract};
use hydrogen_types::task::{NodeFilter, NodeView, RelayView, Stats, TaskConfig, TaskFilter, TaskView};
use hydrogen_types::{Action, Address, Amount, Gas};

/// Entries asked for at a time: what the contract gives at most.
const PAGE: u32 = 100;
/// Newest tasks among which those of an account are looked for.
const NEWEST_TASKS: u64 = 2_000;

/// Asks the task contract.
///
/// # Errors
/// See [`ClientError`].
pub async fn ask<T: BorshDeserialize>(client: &Client, query: Query<T>) -> Result<T, ClientError> {
    let bytes = client.query_raw(&task_contract(), query.method, &query.args).await?;
    query
        .decode(&bytes)
        .map_err(|error| ClientError::BadValue { method: query.method.into(), reason: error.to_string() })
}

/// A task.
///
/// # Errors
/// See [`ClientError`].
pub async fn task(client: &Client, id: u64) -> Result<Option<TaskView>, ClientError> {
    ask(client, calls::task_query(id)).await
}

/// Tasks from id `start` on that pass the filter, at most `limit`, read page by page; and where to go on, if there
/// are more.
///
/// # Errors
/// See [`ClientError`].
pub async fn tasks(
    client: &Client,
    filter: &TaskFilter,
    start: Option<u64>,
    limit: usize,
) -> Result<(Vec<TaskView>, Option<u64>), ClientError> {
    let mut found = Vec::new();
    let mut next = start;
    while found.len() < limit {
        let page = ask(client, calls::tasks_query(filter, next, page_size(limit - found.len()))).await?;
        found.extend(page.tasks);
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    Ok((found, next))
}

/// The tasks of an account among the newest, oldest first.
///
/// # Errors
/// See [`ClientError`].
pub async fn tasks_of(client: &Client, creator: &Address) -> Result<Vec<TaskView>, ClientError> {
    let start = stats(client).await?.tasks.saturating_sub(NEWEST_TASKS).max(1);
    let filter = TaskFilter { creator: Some(*creator), ..TaskFilter::default() };
    Ok(tasks(client, &filter, Some(start), usize::MAX).await?.0)
}

/// Compute nodes after address `after` that pass the filter, at most `limit`, read page by page; and after which to
/// go on, if there are more.
///
/// # Errors
/// See [`ClientError`].
pub async fn nodes(
    client: &Client,
    filter: &NodeFilter,
    after: Option<Address>,
    limit: usize,
) -> Result<(Vec<NodeView>, Option<Address>), ClientError> {
    let mut found = Vec::new();
    let mut next = after;
    while found.len() < limit {
        let size = page_size(limit - found.len());
        let page = ask(client, calls::nodes_query(filter, next.as_ref(), size)).await?;
        found.extend(page.nodes);
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    Ok((found, next))
}

fn page_size(wanted: usize) -> u32 {
    u32::try_from(wanted).unwrap_or(PAGE).min(PAGE)
}

/// Counters of the task contract.
///
/// # Errors
/// See [`ClientError`].
pub async fn stats(client: &Client) -> Result<Stats, ClientError> {
    ask(client, calls::stats_query()).await
}

/// A compute node.
///
/// # Errors
/// See [`ClientError`].
pub async fn node(client: &Client, address: &Address) -> Result<Option<NodeView>, ClientError> {
    ask(client, calls::node_query(address)).await
}

/// All relays.
///
/// # Errors
/// See [`ClientError`].
pub async fn relays(client: &Client) -> Result<Vec<RelayView>, ClientError> {
    ask(client, calls::relays_query()).await
}

/// The configuration in force.
///
/// # Errors
/// See [`ClientError`]; a contract without one is [`ClientError::BadValue`].
pub async fn config(client: &Client) -> Result<TaskConfig, ClientError> {
    let none =
        || ClientError::BadValue { method: String::from("config"), reason: String::from("there is none") };
    ask(client, calls::config_query(None)).await?.ok_or_else(none)
}

/// The call as a transaction's action.
#[must_use]
pub fn action(call: Call) -> Action {
    Action::Call {
        contract: task_contract(),
        method: call.method.into(),
        args: call.args,
        value: Amount::ZERO,
    }
}

/// Sends a call and waits until it is final; a call that would fail is not sent.
///
/// # Errors
/// As [`Wallet::send`].
pub async fn send(wallet: &Wallet, call: Call) -> Result<TxReceipt, ClientError> {
    wallet.send(action(call), None).await
}

/// As [`send`], without a simulation.
///
/// # Errors
/// As [`Wallet::send`].
pub async fn send_with_gas(wallet: &Wallet, call: Call, gas: Gas) -> Result<TxReceipt, ClientError> {
    wallet.send(action(call), Some(gas)).await
}
