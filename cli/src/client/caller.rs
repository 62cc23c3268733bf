//! Typed calls.

use crate::client::error::ClientError;
use crate::client::transport::Transport;
use crate::client::types::{Account, BlockView, GenesisView, Peers, Status, TxReceipt};
use crate::rpc::text::Text;
use crate::rpc::types::{
    AccountJson, BlockJson, HeaderJson, ReceiptJson, ValidatorChangeJson, ValidatorChangesJson, ValidatorJson,
};
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_core::ValidatorChange;
use hydrogen_types::{Address, Hash, Header, Height, Tx, TxBody, Validator, codec};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Longest time for an ordinary answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest single wait asked of a node; longer waits are made of several.
const WAIT_SLICE: Duration = Duration::from_secs(20);
/// How long a transaction is waited for before it is handed over again.
const HAND_OVER_AGAIN: Duration = Duration::from_secs(5);
/// Largest value of a query that is read.
const VALUE_BYTES_MAX: usize = 16 << 20;

/// A client of one or several nodes of one chain. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
}

impl Client {
    /// A client of the nodes at `urls` (`http://HOST:PORT`), tried in turn. Connects at the first call.
    ///
    /// # Errors
    /// [`ClientError::BadUrl`].
    pub fn new(urls: &[String]) -> Result<Self, ClientError> {
        Ok(Self { transport: Transport::new(urls)? })
    }

    /// The URLs, as they are called.
    #[must_use]
    pub fn urls(&self) -> &[String] {
        self.transport.urls()
    }

    /// A client of the one node that answered last: for reads of which the second must not be older than the first.
    #[must_use]
    pub fn pinned(&self) -> Self {
        Self { transport: self.transport.pinned() }
    }

    /// Any method, with positional parameters; repeated on other URLs when a node does not answer.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn request(&self, method: &str, params: Value) -> Result<Value, ClientError> {
        self.transport.request(method, params, CALL_TIMEOUT).await
    }

    /// The tip and what the node says of itself.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.typed("chain_status", json!([])).await
    }

    /// The node's peers, and whom it has banned.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn peers(&self) -> Result<Peers, ClientError> {
        self.typed("net_peers", json!([])).await
    }

    /// As [`Client::status`], but each URL is asked once: for whoever waits for nodes that are coming up.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn status_once(&self) -> Result<Status, ClientError> {
        let answer = self.transport.round("chain_status", &json!([]), CALL_TIMEOUT).await?;
        self.read("chain_status", answer)
    }

    /// Waits until the chain has reached `height` or `timeout` is over; the status then. A long poll, not a loop.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn await_height(&self, height: Height, timeout: Duration) -> Result<Status, ClientError> {
        let end = Instant::now() + timeout;
        loop {
            let left = end.saturating_duration_since(Instant::now()).min(WAIT_SLICE);
            let params = json!([height.to_string(), millis(left).to_string()]);
            let answer = self.transport.request("chain_awaitHeight", params, left + CALL_TIMEOUT).await?;
            let status: Status = self.read("chain_awaitHeight", answer)?;
            if status.height.0 >= height {
                return Ok(status);
            }
            // The caller has seen the height before: this node is behind others.
            if status.height.0.next() < height {
                self.transport.pass_on();
            }
            if Instant::now() >= end {
                return Ok(status);
            }
        }
    }

    /// The genesis document and its hash.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn genesis(&self) -> Result<GenesisView, ClientError> {
        #[derive(serde::Deserialize)]
        struct Answer {
            hash: Text<Hash>,
            genesis: Value,
        }
        let answer: Answer = self.typed("chain_genesis", json!([])).await?;
        Ok(GenesisView { hash: answer.hash.0, document: answer.genesis })
    }

    /// The validators that decide `height` (the next height for `None`).
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn validators(&self, height: Option<Height>) -> Result<Vec<Validator>, ClientError> {
        #[derive(serde::Deserialize)]
        struct Answer {
            validators: Vec<ValidatorJson>,
        }
        let params = json!([height.map(|height| height.to_string())]);
        let answer: Answer = self.typed("chain_validators", params).await?;
        Ok(answer.validators.into_iter().map(Validator::from).collect())
    }

    /// The first page of the validator sets that begin to decide at `from` or later.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn validator_changes(&self, from: Height) -> Result<Vec<ValidatorChange>, ClientError> {
        let method = "chain_validatorChanges";
        let page: ValidatorChangesJson = self.typed(method, json!([from.to_string()])).await?;
        let wrong = |reason| ClientError::BadValue { method: method.into(), reason };
        page.changes
            .into_iter()
            .map(ValidatorChangeJson::into_change)
            .collect::<Result<_, _>>()
            .map_err(wrong)
    }

    /// The final header of `height`, `None` if the node has none.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn header(&self, height: Height) -> Result<Option<Header>, ClientError> {
        #[derive(serde::Deserialize)]
        struct Answer {
            header: HeaderJson,
        }
        let answer: Option<Answer> = self.typed("chain_header", json!([height.to_string()])).await?;
        Ok(answer.map(|answer| answer.header.into()))
    }

    /// The final block of `height`, `None` if there is none yet.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn block(&self, height: Height) -> Result<Option<BlockView>, ClientError> {
        let answer: Option<BlockJson> = self.typed("chain_block", json!([height.to_string()])).await?;
        let wrong = |reason| ClientError::BadValue { method: String::from("chain_block"), reason };
        answer.map(BlockJson::into_parts).transpose().map_err(wrong)
    }

    /// Balance, nonce, allowances and code hash of an account or contract.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn account(&self, address: &Address) -> Result<Account, ClientError> {
        let account: AccountJson = self.typed("account_get", json!([address.to_string()])).await?;
        Ok(account.into())
    }

    /// Hands a signed transaction over; its hash, or why the node refuses it. One that the chain has already, since
    /// an earlier answer was lost, is taken as handed over.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn submit(&self, bytes: &[u8]) -> Result<Hash, ClientError> {
        let refused = match self.typed::<Text<Hash>>("tx_submit", json!([hex_of(bytes)])).await {
            Ok(hash) => return Ok(hash.0),
            Err(error) => error,
        };
        let Ok(tx) = codec::decode::<Tx>(bytes, bytes.len()) else { return Err(refused) };
        let known = match refused.name() {
            Some("AlreadyKnown") => true,
            Some("NonceTooLow") => self.receipt(&tx.hash()).await?.is_some(),
            _ => false,
        };
        if known { Ok(tx.hash()) } else { Err(refused) }
    }

    /// Hands a signed transaction over and waits until it is final.
    ///
    /// # Errors
    /// As [`Client::see_through`].
    pub async fn submit_and_wait(&self, bytes: &[u8], timeout: Duration) -> Result<TxReceipt, ClientError> {
        let start = Instant::now();
        let hash = self.submit(bytes).await?;
        self.see_through(&hash, bytes, timeout.saturating_sub(start.elapsed())).await
    }

    /// Waits until a transaction that was submitted is final, and hands the same bytes over again while it is not,
    /// in case the node that took it is gone: it takes effect at most once.
    ///
    /// # Errors
    /// [`ClientError::NotFinal`] after `timeout`; else see [`ClientError`].
    pub async fn see_through(
        &self,
        hash: &Hash,
        bytes: &[u8],
        timeout: Duration,
    ) -> Result<TxReceipt, ClientError> {
        let start = Instant::now();
        loop {
            let left = timeout.saturating_sub(start.elapsed());
            match self.await_receipt(hash, left.min(HAND_OVER_AGAIN)).await {
                Err(error) if error.is_transient() && left > HAND_OVER_AGAIN => {}
                done => return done,
            }
            match self.submit(bytes).await {
                Err(error) if !error.is_transient() => return Err(error),
                _ => {}
            }
        }
    }

    /// Waits until a transaction that was submitted is final. A long poll, not a loop.
    ///
    /// # Errors
    /// [`ClientError::NotFinal`] after `timeout`; else see [`ClientError`].
    pub async fn await_receipt(&self, hash: &Hash, timeout: Duration) -> Result<TxReceipt, ClientError> {
        let start = Instant::now();
        loop {
            let left = timeout.saturating_sub(start.elapsed()).min(WAIT_SLICE);
            let params = json!([hash.to_string(), millis(left).to_string()]);
            let answer = self.transport.request("tx_awaitReceipt", params, left + CALL_TIMEOUT).await?;
            let receipt: Option<ReceiptJson> = self.read("tx_awaitReceipt", answer)?;
            match receipt {
                Some(receipt) => return Ok(receipt.into()),
                None if start.elapsed() >= timeout => {
                    return Err(ClientError::NotFinal {
                        hash: *hash,
                        waited_ms: start.elapsed().as_millis(),
                    });
                }
                None => {}
            }
        }
    }

    /// The receipt of a transaction or scheduled call, `None` if it is not known (yet).
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn receipt(&self, hash: &Hash) -> Result<Option<TxReceipt>, ClientError> {
        let receipt: Option<ReceiptJson> = self.typed("tx_receipt", json!([hash.to_string()])).await?;
        Ok(receipt.map(TxReceipt::from))
    }

    /// What `body` would do at the tip, without a signature and without doing it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn simulate(&self, body: &TxBody) -> Result<TxReceipt, ClientError> {
        let receipt: ReceiptJson = self.typed("tx_simulate", json!([hex_of(&codec::encode(body))])).await?;
        Ok(receipt.into())
    }

    /// A read-only call with JSON arguments (an object by name, or an array) and a JSON result.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the contract's code when the contract says no; else see [`ClientError`].
    pub async fn query(&self, contract: &Address, method: &str, args: Value) -> Result<Value, ClientError> {
        self.request("contract_query", json!([contract.to_string(), method, args])).await
    }

    /// A read-only call with borsh arguments and a borsh result.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn query_raw(
        &self,
        contract: &Address,
        method: &str,
        args: &[u8],
    ) -> Result<Vec<u8>, ClientError> {
        let params = json!([contract.to_string(), method, hex_of(args)]);
        let value: Text<Vec<u8>> = self.typed("contract_queryRaw", params).await?;
        Ok(value.0)
    }

    /// A read-only call with typed arguments (a tuple, in order) and a typed result.
    ///
    /// # Errors
    /// [`ClientError::BadValue`] when the result is of another type; else as [`Client::query`].
    pub async fn query_as<T: BorshDeserialize>(
        &self,
        contract: &Address,
        method: &str,
        args: &impl BorshSerialize,
    ) -> Result<T, ClientError> {
        let bytes = self.query_raw(contract, method, &codec::encode(args)).await?;
        codec::decode(&bytes, VALUE_BYTES_MAX)
            .map_err(|error| ClientError::BadValue { method: method.into(), reason: error.to_string() })
    }

    /// The interface that a contract's module carries, as JSON.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn abi(&self, contract: &Address) -> Result<Value, ClientError> {
        self.request("contract_abi", json!([contract.to_string()])).await
    }

    /// The module of a contract.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn code(&self, contract: &Address) -> Result<Vec<u8>, ClientError> {
        #[derive(serde::Deserialize)]
        struct Answer {
            code: Text<Vec<u8>>,
        }
        let answer: Answer = self.typed("contract_code", json!([contract.to_string()])).await?;
        Ok(answer.code.0)
    }

    pub(super) async fn typed<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, ClientError> {
        let answer = self.request(method, params).await?;
        self.read(method, answer)
    }

    fn read<T: DeserializeOwned>(&self, method: &str, answer: Value) -> Result<T, ClientError> {
        serde_json::from_value(answer).map_err(|error| ClientError::BadAnswer {
            url: self.transport.urls().join(", "),
            reason: format!("{method}: {error}"),
        })
    }
}

fn hex_of(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn millis(duration: Duration) -> u128 {
    duration.as_millis()
}
