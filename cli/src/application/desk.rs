//! What an application does for a task, step by step.

use crate::application::carriers::{Carriers, patiently};
use crate::application::{ApplicationError, Order, Program, Quote, quote};
use crate::client::relay::{Meter, RelayClient, Upload};
use crate::client::{Client, Prepared, Settled, TxReceipt, Wallet, task};
use hydrogen_offchain::calls::{self, Call, task_contract};
use hydrogen_types::task::{BlobKind, RelayReceipt, RelayView, TaskState, TaskView};
use hydrogen_types::{Amount, ChainId, Hash, codec};
use std::path::Path;

/// Left in the allowance above the fee for the gas deposit, which the contract works out from the gas price: 0.005
/// CNX at the minimum price, so this covers 20 times of it. What is not needed is not taken.
const DEPOSIT_MAX: Amount = Amount::new(100_000_000_000_000_000);
/// What creation costs beside the fee at the least gas price, the deposit included: measured, rounded up.
const GAS_AND_DEPOSIT: Amount = Amount::new(6_000_000_000_000_000);

/// An application's place: its wallet, its chain and the chain's relays.
pub struct Desk {
    wallet: Wallet,
    chain_id: ChainId,
    genesis: Hash,
    relays: Carriers,
    meter: Option<Meter>,
}

impl Desk {
    /// Finds the chain and its relays. `preferred` is a relay's id or URL: then no other is used. Which of several
    /// relays answers shows when one is needed.
    ///
    /// # Errors
    /// No node answers, or there is no such relay.
    pub async fn open(wallet: Wallet, preferred: Option<&str>) -> Result<Self, ApplicationError> {
        Self::open_with_meter(wallet, preferred, None).await
    }

    /// As [`Desk::open`]; `meter` is told of bytes on their way to and from relays.
    ///
    /// # Errors
    /// As [`Desk::open`].
    pub async fn open_with_meter(
        wallet: Wallet,
        preferred: Option<&str>,
        meter: Option<Meter>,
    ) -> Result<Self, ApplicationError> {
        let status = wallet.client().status().await?;
        let mut relays = task::relays(wallet.client()).await?;
        relays.retain(|relay| !relay.draining);
        if let Some(preferred) = preferred {
            let all: Vec<String> = relays.iter().map(|relay| relay.url.clone()).collect();
            relays.retain(|relay| {
                relay.url.trim_end_matches('/') == preferred.trim_end_matches('/')
                    || relay.id.to_string() == preferred
            });
            if relays.is_empty() {
                let known = if all.is_empty() { String::from("there are none") } else { all.join(", ") };
                let reasons = vec![format!("`{preferred}` is not among those of the chain: {known}")];
                return Err(ApplicationError::NoRelay { reasons, transient: false });
            }
        }
        let relays = Carriers::new(relays, meter.as_ref());
        Ok(Self { wallet, chain_id: status.chain_id.0, genesis: status.genesis.0, relays, meter })
    }

    /// The client of the chain.
    #[must_use]
    pub fn client(&self) -> &Client {
        self.wallet.client()
    }

    /// The wallet.
    #[must_use]
    pub fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    /// Hash of the chain's genesis.
    #[must_use]
    pub fn genesis(&self) -> &Hash {
        &self.genesis
    }

    /// The relay in use; `None` if the chain has none.
    #[must_use]
    pub fn relay(&self) -> Option<&RelayView> {
        self.relays.current()
    }

    /// Checks an order against the chain's configuration and the account's balance, and prices it.
    ///
    /// # Errors
    /// As [`quote()`], and [`ApplicationError::NotEnoughTokens`].
    pub async fn quote(&self, order: &Order) -> Result<Quote, ApplicationError> {
        let config = task::config(self.client()).await?;
        let stats = task::stats(self.client()).await?;
        let quote = quote(order, &config, &stats)?;
        let account = self.wallet.address();
        let balance = self.client().account(&account).await?.balance;
        let needed = order.fee.checked_add(GAS_AND_DEPOSIT).unwrap_or(Amount::new(u128::MAX));
        if balance < needed {
            return Err(ApplicationError::NotEnoughTokens { account, balance, fee: order.fee, needed });
        }
        Ok(quote)
    }

    /// Makes sure that a relay answers: before anything is paid.
    ///
    /// # Errors
    /// [`ApplicationError::NoRelay`].
    pub async fn probe(&self) -> Result<(), ApplicationError> {
        self.relays.probe().await
    }

    /// Publishes the program unless a relay has it. `true` if it was published now.
    ///
    /// # Errors
    /// Every relay refuses it, or there is nothing to publish.
    pub async fn publish(&self, program: &Program) -> Result<bool, ApplicationError> {
        self.relays.publish(self.wallet.key(), program).await
    }

    /// Lets the task contract take what the task costs at most, if it may not yet.
    ///
    /// # Errors
    /// As [`Wallet::send`].
    pub async fn approve(&self, fee: Amount) -> Result<Option<TxReceipt>, ApplicationError> {
        let needed = fee.checked_add(DEPOSIT_MAX).unwrap_or(Amount::new(u128::MAX));
        let account = self.client().account(&self.wallet.address()).await?;
        let allowed = account.allowances.iter().find(|(spender, _)| *spender == task_contract());
        if allowed.is_some_and(|(_, amount)| *amount >= needed) {
            return Ok(None);
        }
        let receipt = self.wallet.approve(task_contract(), needed).await?;
        success("approve", receipt).map(Some)
    }

    /// Signs the transaction that creates the task, and sends nothing: to write it down first. [`Desk::settle`] sends
    /// it.
    ///
    /// # Errors
    /// What the contract says to the call, simulated.
    pub async fn prepare(&self, quote: &Quote) -> Result<Prepared, ApplicationError> {
        Ok(self.wallet.prepare(task::action(calls::create_task(&quote.request))).await?)
    }

    /// Sends what [`Desk::prepare`] signed; the new task and the receipt, or `None` if it can never be included.
    ///
    /// # Errors
    /// As [`Wallet::settle`]: it may be included later.
    pub async fn settle(&self, prepared: &Prepared) -> Result<Option<(u64, TxReceipt)>, ApplicationError> {
        match self.wallet.settle(prepared).await? {
            Settled::Final(receipt) => created(*receipt).map(Some),
            Settled::Void => Ok(None),
        }
    }

    /// Creates the task; its id, and the receipt. Nothing is written down: a process killed in here does not know
    /// whether it paid. [`crate::application::run()`] does.
    ///
    /// # Errors
    /// What the contract says, before anything is paid where that can be told.
    pub async fn create(&self, order: &Order) -> Result<(u64, TxReceipt), ApplicationError> {
        let quote = self.quote(order).await?;
        created(task::send(&self.wallet, calls::create_task(&quote.request)).await?)
    }

    /// Brings the arguments to a relay. While none has seen the task they are asked again.
    ///
    /// # Errors
    /// The relays refuse, stay silent, or sign something else.
    pub async fn upload(&self, task: u64, input: &Upload) -> Result<RelayReceipt, ApplicationError> {
        self.upload_with(task, input, &[]).await
    }

    /// As [`Desk::upload`]; a relay that lacks one of `programs` is given it.
    ///
    /// # Errors
    /// As [`Desk::upload`].
    pub async fn upload_with(
        &self,
        task: u64,
        input: &Upload,
        programs: &[Program],
    ) -> Result<RelayReceipt, ApplicationError> {
        self.relays.upload(self.wallet.key(), &self.chain_id, task, input, programs).await
    }

    /// Shows the receipt to the contract, so that execution begins.
    ///
    /// # Errors
    /// What the contract says.
    pub async fn report(&self, task: u64, receipt: &RelayReceipt) -> Result<TxReceipt, ApplicationError> {
        self.call(calls::args_uploaded(task, receipt)).await
    }

    /// Takes back a task that has no arguments yet, for the cancel fee.
    ///
    /// # Errors
    /// What the contract says: `NotCreator`, `WrongState` once it executes.
    pub async fn cancel(&self, task: u64) -> Result<TxReceipt, ApplicationError> {
        self.call(calls::cancel(task)).await
    }

    async fn call(&self, call: Call) -> Result<TxReceipt, ApplicationError> {
        let method = call.method;
        success(method, task::send(&self.wallet, call).await?)
    }

    /// A task that is on the chain.
    ///
    /// # Errors
    /// [`ApplicationError::TaskNotFound`].
    pub async fn task(&self, id: u64) -> Result<TaskView, ApplicationError> {
        known(self.client(), id).await
    }

    /// Fetches the result into `to`, checking its hash against the digest on the chain; its size. The file appears
    /// when all of it is there, in the place of another of that name.
    ///
    /// # Errors
    /// The task has none, its relay does not give it, or gives other bytes.
    pub async fn download(&self, view: &TaskView, to: &Path) -> Result<u64, ApplicationError> {
        let (Some(digest), Some(holder)) = (view.result, view.result_relay) else {
            return Err(ApplicationError::NoResult { task: view.id, state: view.state });
        };
        let relays = task::relays(self.client()).await?;
        let relay = relays.iter().find(|relay| relay.id == holder);
        let relay = relay.ok_or(ApplicationError::RelayGone { relay: holder })?;
        let mut client = RelayClient::new(&relay.url)?;
        if let Some(meter) = &self.meter {
            client = client.with_meter(meter.clone());
        }
        let (key, size_max) = (self.wallet.key(), view.output_bytes_max);
        Ok(patiently(|| client.download(key, view.id, BlobKind::Result, &digest, size_max, to)).await?)
    }

    /// The latest task of this account for the same work and arguments that is open or has a result.
    ///
    /// # Errors
    /// When no node answers.
    pub async fn find(&self, order: &Order) -> Result<Option<TaskView>, ApplicationError> {
        let request = order.request();
        let ours = |view: &TaskView| {
            view.program == request.program
                && view.external == request.external
                && view.args_hash == request.args_hash
                && view.comparison == request.comparison
                && view.state != TaskState::Aborted
        };
        let tasks = task::tasks_of(self.client(), &self.wallet.address()).await?;
        Ok(tasks.into_iter().rfind(ours))
    }
}

/// A task that is on the chain.
///
/// # Errors
/// [`ApplicationError::TaskNotFound`].
pub async fn known(client: &Client, id: u64) -> Result<TaskView, ApplicationError> {
    task::task(client, id).await?.ok_or(ApplicationError::TaskNotFound { task: id })
}

fn created(receipt: TxReceipt) -> Result<(u64, TxReceipt), ApplicationError> {
    let receipt = success("create_task", receipt)?;
    let bad = |error: hydrogen_types::DecodeError| ApplicationError::BadAnswer { reason: error.to_string() };
    let id: u64 = codec::decode(&receipt.receipt.value, 8).map_err(bad)?;
    Ok((id, receipt))
}

pub(super) fn success(method: &'static str, receipt: TxReceipt) -> Result<TxReceipt, ApplicationError> {
    if receipt.is_success() {
        return Ok(receipt);
    }
    Err(ApplicationError::CallFailed { method, height: receipt.height(), reason: receipt.reason() })
}
