//! A key with a client: builds, signs, sends and follows transactions.

use crate::client::caller::Client;
use crate::client::error::ClientError;
use crate::client::types::{Status, TxReceipt};
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
        let (hash, _) = self.submit(action, gas).await?;
        match self.client.await_receipt(&hash, FINAL_TIMEOUT).await {
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
        let mut fresh = false;
        loop {
            let nonce = match *next_nonce {
                Some(nonce) => nonce,
                None => {
                    fresh = true;
                    self.client.account(&self.address()).await?.nonce
                }
            };
            let body = self.body(&status, nonce, action.clone(), gas).await?;
            let tx: Tx = sign_tx(body, &self.key);
            let bytes = codec::encode(&tx);
            match self.client.submit(&bytes).await {
                Ok(hash) => {
                    *next_nonce = Some(nonce + 1);
                    return Ok((hash, bytes));
                }
                Err(error) => {
                    *next_nonce = None;
                    let stale = error.name().is_some_and(|name| name.starts_with("Nonce"));
                    if !stale || fresh {
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
        nonce: u64,
        action: Action,
        gas: Option<Gas>,
    ) -> Result<TxBody, ClientError> {
        let mut body = TxBody {
            chain_id: status.chain_id.0.clone(),
            sender: self.public(),
            nonce,
            valid_until: status.height.0.plus(VALID_BLOCKS),
            gas_limit: Gas::new(GAS_SIMULATED_MAX.min(status.block_gas_max.0.get())),
            gas_price: self.gas_price.unwrap_or(status.gas_price_min.0),
            action,
        };
        match gas {
            Some(gas) => body.gas_limit = gas,
            None => {
                let receipt = self.client.simulate(&body).await?;
                if !receipt.is_success() {
                    return Err(ClientError::WouldFail { receipt: Box::new(receipt) });
                }
                let used = receipt.receipt.gas_used.get();
                let limit = (used + used / 2).saturating_add(GAS_MARGIN).min(status.block_gas_max.0.get());
                body.gas_limit = Gas::new(limit);
            }
        }
        Ok(body)
    }
}
