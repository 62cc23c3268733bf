//! Sends the node's transactions, one at a time, each until its end is known.
//!
//! *Invariants*: while the end of a transaction is unknown, only the same bytes or a dearer one of the same nonce are
//! sent, so that of all attempts at one step at most one counts.

use crate::client::{Client, ClientError, TxReceipt};
use crate::compute::error::ComputeError;
use hydrogen_core::{SecretKey, sign_tx};
use hydrogen_offchain::calls::Call;
use hydrogen_offchain::compute::gas_price;
use hydrogen_types::{Action, Gas, Hash, Height, TxBody, codec};
use std::time::Duration;

/// How long a transaction is waited for before it is submitted again: several blocks.
const PATIENCE: Duration = Duration::from_secs(3);
/// Blocks for which a transaction stays valid: with the fastest blocks, well above [`PATIENCE`].
const VALID_BLOCKS: u64 = 300;
/// Gas of a simulation; a step of a task takes a small part of it.
const GAS_SIMULATED: u64 = 400_000_000_000;
/// Added to half again the simulated gas: other calls may come before ours.
const GAS_MARGIN: u64 = 5_000_000_000;

/// An account's sender.
#[derive(Clone)]
pub(crate) struct Sender {
    client: Client,
    key: SecretKey,
}

impl Sender {
    pub(crate) fn new(client: Client, key: SecretKey) -> Self {
        Self { client, key }
    }

    /// Calls the task contract; returns the receipt of a call that succeeded. `seen` is the height of the views that
    /// the call follows from: a node that is behind them may not know that the step is done already.
    pub(crate) async fn call(
        &self,
        call: Call,
        deadline_ms: Option<u64>,
        seen: Height,
    ) -> Result<TxReceipt, ComputeError> {
        let method = call.method;
        self.act(method, crate::client::task::action(call), deadline_ms, seen).await
    }

    /// Sends an action, named `method` in errors, until it is final or its deadline has passed.
    pub(crate) async fn act(
        &self,
        method: &str,
        action: Action,
        deadline_ms: Option<u64>,
        seen: Height,
    ) -> Result<TxReceipt, ComputeError> {
        let mut body = self.draft(action, deadline_ms, seen).await?;
        let simulated = self.client.simulate(&body).await?;
        if !simulated.is_success() {
            return Err(failed(method, &simulated));
        }
        let used = simulated.receipt.gas_used.get();
        body.gas_limit = Gas::new((used + used / 2 + GAS_MARGIN).min(body.gas_limit.get()));
        let mut sent: Vec<Hash> = Vec::new();
        loop {
            let tx = sign_tx(body.clone(), &self.key);
            let hash = tx.hash();
            match self.client.submit(&codec::encode(&tx)).await {
                Ok(_) => {}
                Err(error) if error.is_transient() => tracing::debug!(%error, method, "submitted again soon"),
                // After a first submission a refusal may mean that it is included already: the receipt tells.
                Err(error) if sent.is_empty() => return Err(error.into()),
                Err(error) => tracing::debug!(%error, method, "refused the second time"),
            }
            if !sent.contains(&hash) {
                sent.push(hash);
            }
            if let Some(receipt) = self.outcome(&sent).await? {
                return if receipt.is_success() { Ok(receipt) } else { Err(failed(method, &receipt)) };
            }
            self.renew(method, &mut body, deadline_ms).await?;
        }
    }

    async fn draft(
        &self,
        action: Action,
        deadline_ms: Option<u64>,
        seen: Height,
    ) -> Result<TxBody, ComputeError> {
        let status = self.client.status().await?;
        if status.height.0 < seen {
            return Err(ComputeError::Behind { found: status.height.0, seen });
        }
        let nonce = self.client.account(&self.key.address()).await?.nonce;
        Ok(TxBody {
            chain_id: status.chain_id.0,
            sender: self.key.public(),
            nonce,
            valid_until: status.height.0.plus(VALID_BLOCKS),
            gas_limit: Gas::new(GAS_SIMULATED.min(status.block_gas_max.0.get())),
            gas_price: gas_price(status.gas_price_min.0, status.uptime_ms.0, deadline_ms),
            action,
        })
    }

    /// The receipt of one of these transactions; all of them share a nonce.
    async fn outcome(&self, sent: &[Hash]) -> Result<Option<TxReceipt>, ComputeError> {
        let Some(newest) = sent.last() else { return Ok(None) };
        match self.client.await_receipt(newest, PATIENCE).await {
            Ok(receipt) => return Ok(Some(receipt)),
            Err(ClientError::NotFinal { .. }) => {}
            Err(error) if error.is_transient() => tokio::time::sleep(PATIENCE).await,
            Err(error) => return Err(error.into()),
        }
        for hash in sent {
            if let Some(receipt) = self.client.receipt(hash).await? {
                return Ok(Some(receipt));
            }
        }
        Ok(None)
    }

    /// Before the next submission: still possible? Is a higher price due?
    async fn renew(
        &self,
        method: &str,
        body: &mut TxBody,
        deadline_ms: Option<u64>,
    ) -> Result<(), ComputeError> {
        let status = self.client.status().await?;
        let now_ms = status.uptime_ms.0;
        if deadline_ms.is_some_and(|deadline_ms| now_ms >= deadline_ms) || status.height.0 > body.valid_until
        {
            return Err(ComputeError::TooLate { method: method.into() });
        }
        if self.client.account(&self.key.address()).await?.nonce > body.nonce {
            return Err(ComputeError::NonceTaken { method: method.into() });
        }
        body.gas_price = body.gas_price.max(gas_price(status.gas_price_min.0, now_ms, deadline_ms));
        Ok(())
    }
}

fn failed(method: &str, receipt: &TxReceipt) -> ComputeError {
    ComputeError::CallFailed { method: method.into(), reason: receipt.reason() }
}
