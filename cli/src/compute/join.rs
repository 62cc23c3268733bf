//! Joining: the checks a node makes of itself, the allowance, the call.

use crate::client::{Client, TxReceipt, task};
use crate::compute::error::ComputeError;
use crate::compute::sandbox;
use crate::compute::sender::Sender;
use hydrogen_core::SecretKey;
use hydrogen_offchain::calls::{self, task_contract};
use hydrogen_offchain::compute::check_fitness;
use hydrogen_types::{Action, Amount, Height};

/// Checks this machine and account, lets the task contract take the stake, and joins with these external types.
///
/// # Errors
/// Unfit, refused, or no node answers.
pub async fn join(
    client: &Client,
    key: &SecretKey,
    stake: Amount,
    types: &[String],
) -> Result<TxReceipt, ComputeError> {
    let config = task::config(client).await?;
    let account = client.account(&key.address()).await?;
    let fuel_per_ms = sandbox::measure_speed().await;
    tracing::info!(fuel_per_ms, "speed measured");
    check_fitness(&config, fuel_per_ms, account.balance, stake)?;
    let sender = Sender::new(client.clone(), key.clone());
    let allowance = account.allowances.iter().find(|(spender, _)| *spender == task_contract());
    if allowance.is_none_or(|(_, amount)| *amount < stake) {
        let approve = Action::Approve { spender: task_contract(), amount: stake };
        sender.act("approve", approve, None, Height::GENESIS).await?;
    }
    let types = Some(types).filter(|types| !types.is_empty());
    sender.call(calls::join(stake, types), None, Height::GENESIS).await
}
