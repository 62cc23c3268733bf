//! A key with a client: builds, signs, sends and follows transactions.

use crate::client::caller::Client;
use crate::client::error::ClientError;
use crate::client::types::{Account, Status, TxReceipt};
use hydrogen_core::limits::{TX_BYTE_GAS, TX_GAS, UPLOAD_BYTE_GAS};
use hydrogen_core::{SecretKey, sign_tx};
use hydrogen_types::{Action, Address, Amount, Gas, Hash, PublicKey, Tx, TxBody, codec};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Blocks for which a transaction stays valid.
const VALID_BLOCKS: u64 = 1_000;
/// How long a sender waits for finality before it says so.
const FINAL_TIMEOUT: Duration = Duration::from_secs(60);
/// Added to an estimate: a call may meet another state than its simulation did.
const GAS_MARGIN: u64 = 2_000_000_000;
/// Bytes that a signature adds to a body.
const SIGNATURE_BYTES: usize = 64;
/// Gas limit of a simulation, if the chain allows as much.
const GAS_SIMULATED_MAX: u64 = 500_000_000_000;

/// A key that sends transactions. Clones share the nonce, so one wallet may be used from many tasks.
#[derive(Clone)]
pub struct Wallet {
    client: Client,
    key: Arc<SecretKey>,
    gas_price: Option<u64>,
    /// Nonce of the next transaction; `None` until asked, and after any doubt.
    next_nonce: Arc<Mutex<Option<u64>>>,
}

impl Wallet {
    /// A wallet of `key` on the chain of `client`.
    #[must_use]
    pub fn new(client: Client, key: SecretKey) -> Self {
        Self { client, key: Arc::new(key), gas_price: None, next_nonce: Arc::default() }
    }

    /// The same wallet paying `price` base units for each gas instead of the chain's minimum.
    #[must_use]
    pub fn with_gas_price(mut self, price: u64) -> Self {
        self.gas_price = Some(price);
        self
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The key's address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.key.address()
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.key.public()
    }

    /// The key itself, for signing what is no transaction (requests to a relay).
    #[must_use]
    pub fn key(&self) -> &SecretKey {
        &self.key
    }

    /// Moves CNX.
    ///
    /// # Errors
    /// See [`Wallet::send`].
    pub async fn transfer(&self, to: Address, amount: Amount) -> Result<TxReceipt, ClientError> {
        self.send(Action::Transfer { to, amount }, None).await
    }

    /// Sets what `spender` may take.
    ///
    /// # Errors
    /// See [`Wallet::send`].
    pub async fn approve(&self, spender: Address, amount: Amount) -> Result<TxReceipt, ClientError> {
        self.send(Action::Approve { spender, amount }, None).await
    }

    /// Calls a contract with borsh arguments. With a gas limit nothing is simulated first.
    ///
    /// # Errors
    /// See [`Wallet::send`].
    pub async fn call(
        &self,
        contract: &Address,
        method: &str,
        args: Vec<u8>,
        value: Amount,
        gas: Option<Gas>,
    ) -> Result<TxReceipt, ClientError> {
        let action = Action::Call { contract: *contract, method: method.into(), args, value };
        self.send(action, gas).await
    }

    /// Sends a transaction and waits until it is final. Without a gas limit it is simulated first, and not sent
    /// if it would fail. A final transaction that failed is `Ok`: ask [`TxReceipt::is_success`].
    ///
    /// # Errors
    /// [`ClientError::WouldFail`], [`ClientError::NotFinal`], or what the node or the way to it had to say.
    pub async fn send(&self, action: Action, gas: Option<Gas>) -> Result<TxReceipt, ClientError> {
        let (hash, bytes) = self.submit(action, gas).await?;
        match self.client.see_through(&hash, &bytes, FINAL_TIMEOUT).await {
            Ok(receipt) => Ok(receipt),
            Err(error) => {
                *self.next_nonce.lock().await = None;
                Err(error)
            }
        }
    }

    /// Signs and submits without waiting; the hash, and the bytes to submit again if in doubt.
    ///
    /// # Errors
    /// As [`Wallet::send`].
    pub async fn submit(&self, action: Action, gas: Option<Gas>) -> Result<(Hash, Vec<u8>), ClientError> {
        let status = self.client.status().await?;
        let mut next_nonce = self.next_nonce.lock().await;
        loop {
            let account = self.client.account(&self.address()).await?;
            let known = *next_nonce;
            let nonce = known.unwrap_or(account.nonce).max(account.nonce);
            let body = self.body(&status, &account, nonce, action.clone(), gas).await?;
            let tx: Tx = sign_tx(body, &self.key);
            let bytes = codec::encode(&tx);
            match self.client.submit(&bytes).await {
                Ok(hash) => {
                    *next_nonce = Some(nonce + 1);
                    return Ok((hash, bytes));
                }
                Err(error) => {
                    *next_nonce = None;
                    // A nonce remembered from before may have been overtaken or never used: once more with the chain's.
                    let stale = error.name().is_some_and(|name| name.starts_with("Nonce"));
                    if !stale || known.is_none() {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// The unsigned transaction, its gas limit estimated by a simulation when none is given.
    async fn body(
        &self,
        status: &Status,
        account: &Account,
        nonce: u64,
        action: Action,
        gas: Option<Gas>,
    ) -> Result<TxBody, ClientError> {
        let gas_price = self.gas_price.unwrap_or(status.gas_price_min.0);
        let runs_code =
            matches!(action, Action::Call { .. } | Action::Deploy { .. } | Action::Upgrade { .. });
        let mut body = TxBody {
            chain_id: status.chain_id.0.clone(),
            sender: self.public(),
            nonce,
            valid_until: status.height.0.plus(VALID_BLOCKS),
            gas_limit: gas.unwrap_or(status.block_gas_max.0),
            gas_price,
            action,
        };
        if gas.is_some() {
            return Ok(body);
        }
        body.gas_limit = if runs_code { most_gas(&body, account, status) } else { own_gas(&body) };
        let receipt = self.client.simulate(&TxBody { nonce: account.nonce, ..body.clone() }).await?;
        if !receipt.is_success() {
            return Err(ClientError::WouldFail { receipt: Box::new(receipt) });
        }
        if runs_code {
            let used = receipt.receipt.gas_used.get();
            let limit = (used + used / 2).saturating_add(GAS_MARGIN).min(body.gas_limit.get());
            body.gas_limit = Gas::new(limit);
        }
        Ok(body)
    }
}

/// Exactly what an action without code costs.
fn own_gas(body: &TxBody) -> Gas {
    let size = codec::encode(body).len() + SIGNATURE_BYTES;
    let module = match &body.action {
        Action::Upload { code } => code.len(),
        _ => 0,
    };
    let per_byte = |bytes: usize, gas: u64| u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(gas);
    let gas = TX_GAS + per_byte(size, TX_BYTE_GAS);
    Gas::new(gas.saturating_add(per_byte(module, UPLOAD_BYTE_GAS)))
}

/// What the sender can buy, up to what a simulation is given.
fn most_gas(body: &TxBody, account: &Account, status: &Status) -> Gas {
    let value = match &body.action {
        Action::Call { value, .. } => *value,
        _ => Amount::ZERO,
    };
    let spendable = account.balance.saturating_sub(value).get();
    let affordable = u64::try_from(spendable / u128::from(body.gas_price.max(1))).unwrap_or(u64::MAX);
    Gas::new(affordable.min(GAS_SIMULATED_MAX).min(status.block_gas_max.0.get()))
}
