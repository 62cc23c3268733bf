//! The task contract over RPC: its queries typed, its calls sent.

use crate::client::caller::Client;
use crate::client::error::ClientError;
use crate::client::types::TxReceipt;
use crate::client::wallet::Wallet;
use borsh::BorshDeserialize;
use hydrogen_offchain::calls::{self, Call, Query, task_contract};
use hydrogen_types::task::{NodeView, RelayView, TaskConfig, TaskView};
use hydrogen_types::{Action, Address, Amount, Gas};

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
