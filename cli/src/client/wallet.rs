//! A key with a client: builds, signs, sends and follows transactions.

use crate::client::caller::Client;
use crate::client::error::ClientError;
use crate::client::types::{Account, Status, TxReceipt};
use hydrogen_core::limits::{TX_BYTE_GAS, TX_GAS, UPLOAD_BYTE_GAS, VALIDATORS_GAS};
use hydrogen_core::{SecretKey, sign_tx};
use hydrogen_types::{Action, Address, Amount, Gas, Hash, Height, PublicKey, Tx, TxBody, codec};
use std::sync::Arc;
use std::time::{Duration, Instant};
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

/// How long a transaction of the same nonce, which another process has left in the pool, is waited for.
const POOL_PATIENCE: Duration = Duration::from_secs(30);
/// Longest wait for the next block before the chain is looked at again.
const BLOCK_WAIT: Duration = Duration::from_secs(5);

/// A signed transaction that may be written down before it is sent, and sent any number of times: it takes effect at
/// most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Its id.
    pub hash: Hash,
    /// Signed borsh bytes.
    pub bytes: Vec<u8>,
    /// Nonce.
    pub nonce: u64,
    /// Last height at which it can enter a block.
    pub valid_until: Height,
}

/// What became of a [`Prepared`] transaction, for good.
#[derive(Debug, Clone)]
pub enum Settled {
    /// It is in a final block.
    Final(Box<TxReceipt>),
    /// It can never be: another transaction took its nonce, or its time is over.
    Void,
}

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

    /// Signs with the account's next nonce, and sends nothing. Simulated first, as by [`Wallet::send`].
    ///
    /// # Errors
    /// As [`Wallet::send`].
    pub async fn prepare(&self, action: Action) -> Result<Prepared, ClientError> {
        let status = self.client.status().await?;
        let account = self.client.account(&self.address()).await?;
        let body = self.body(&status, &account, account.nonce, action, None).await?;
        let (nonce, valid_until) = (body.nonce, body.valid_until);
        let tx = sign_tx(body, &self.key);
        Ok(Prepared { hash: tx.hash(), bytes: codec::encode(&tx), nonce, valid_until })
    }

    /// Sends a prepared transaction, as often as needed, until its fate is known for good.
    ///
    /// *Invariant*: [`Settled::Void`] is said only when one node, asked in this order, has a nonce beyond it or a
    /// height beyond its limit, and then no receipt of it.
    ///
    /// # Errors
    /// [`ClientError::NotFinal`] when it is still undecided after a while, and whatever a node refuses it for: it may
    /// take effect all the same as long as it is neither final nor void.
    pub async fn settle(&self, prepared: &Prepared) -> Result<Settled, ClientError> {
        *self.next_nonce.lock().await = None;
        let start = Instant::now();
        loop {
            let refused = match self.client.submit(&prepared.bytes).await {
                Ok(hash) => match self.client.await_receipt(&hash, BLOCK_WAIT).await {
                    Ok(receipt) => return Ok(Settled::Final(Box::new(receipt))),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if let Some(settled) = self.fate(prepared).await? {
                return Ok(settled);
            }
            let name = refused.name();
            let waits = refused.is_transient() || name == Some("ReplacementUnderpriced");
            if !waits || start.elapsed() >= FINAL_TIMEOUT {
                return Err(refused);
            }
            self.next_block().await?;
        }
    }

    /// Whether a prepared transaction is final or void, by one node's word; `None` while it may still take effect.
    /// Sends nothing.
    ///
    /// # Errors
    /// When no node answers.
    pub async fn fate(&self, prepared: &Prepared) -> Result<Option<Settled>, ClientError> {
        let node = self.client.pinned();
        let height = node.status().await?.height.0;
        let nonce = node.account(&self.address()).await?.nonce;
        if let Some(receipt) = node.receipt(&prepared.hash).await? {
            return Ok(Some(Settled::Final(Box::new(receipt))));
        }
        let over = nonce > prepared.nonce || height >= prepared.valid_until;
        Ok(over.then_some(Settled::Void))
    }

    async fn next_block(&self) -> Result<(), ClientError> {
        let next = self.client.status().await?.height.0.next();
        self.client.await_height(next, BLOCK_WAIT).await.map(drop)
    }

    /// Signs and submits without waiting; the hash, and the bytes to submit again if in doubt. Where the pool still
    /// holds another transaction of this account, that one is waited for.
    ///
    /// # Errors
    /// As [`Wallet::send`].
    pub async fn submit(&self, action: Action, gas: Option<Gas>) -> Result<(Hash, Vec<u8>), ClientError> {
        let start = Instant::now();
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
                    let name = error.name().unwrap_or_default();
                    // A nonce remembered from before may have been overtaken or never used: once more with the chain's.
                    let stale = name.starts_with("Nonce") && known.is_some();
                    // A process before this one, killed perhaps, sent something that is not in a block yet.
                    let taken = name == "ReplacementUnderpriced" && start.elapsed() < POOL_PATIENCE;
                    if taken {
                        self.next_block().await?;
                    } else if !stale {
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
    let change = if matches!(body.action, Action::SetValidator { .. }) { VALIDATORS_GAS } else { 0 };
    let gas = TX_GAS + per_byte(size, TX_BYTE_GAS) + change;
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
