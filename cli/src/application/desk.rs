//! What an application does for a task, step by step.

use crate::client::relay::{RelayClient, RelayClientError, Upload};
use crate::client::{Client, TxReceipt, Wallet, task};
use crate::failure::{Failure, Outcome};
use hydrogen_offchain::calls::{self, task_contract};
use hydrogen_offchain::relay::{Blob, check_receipt};
use hydrogen_types::task::{BlobKind, CreateTask, RelayReceipt, RelayView, TaskFilter, TaskState, TaskView};
use hydrogen_types::{Amount, ChainId, Hash, codec};
use std::path::Path;
use std::time::{Duration, Instant};

/// Left in the allowance above the fee for the gas deposit, which the contract works out from the gas price: 0.0025
/// CNX at the minimum price, so this covers 40 times of it. What is not needed is not taken.
const DEPOSIT_MAX: Amount = Amount::new(100_000_000_000_000_000);
/// First and longest pause while a relay has not seen the block yet.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// How long a relay that does not see the block, or does not answer, is asked again.
const RELAY_PATIENCE: Duration = Duration::from_secs(60);
/// Tasks looked at for one to resume, latest first.
const RESUME_TASKS_MAX: u64 = 500;
/// Tasks asked for at a time: what the contract gives at most.
const PAGE: u32 = 100;

/// A program by its hash, with its file where it may have to be published.
#[derive(Debug, Clone)]
pub struct Program {
    /// SHA-256 of the module.
    pub hash: Hash,
    /// The module.
    pub upload: Option<Upload>,
}

/// What is to be computed, and for how much.
#[derive(Debug, Clone)]
pub struct Order {
    /// The program.
    pub program: Program,
    /// The arguments.
    pub input: Upload,
    /// CNX for the panel.
    pub fee: Amount,
    /// Time for executing, unless the default.
    pub timeout_ms: Option<u64>,
    /// Fuel, unless the default.
    pub fuel_max: Option<u64>,
    /// Memory, unless the default.
    pub memory_bytes_max: Option<u64>,
}

/// An application's place: its wallet and its relay.
pub struct Desk {
    wallet: Wallet,
    chain_id: ChainId,
    relay: RelayView,
    relay_client: RelayClient,
}

impl Desk {
    /// Finds the chain and the first of its relays that answers; `preferred` is a relay's id or URL.
    ///
    /// # Errors
    /// No node answers, none of the relays does, or there is no such relay.
    pub async fn open(wallet: Wallet, preferred: Option<&str>) -> Outcome<Self> {
        let chain_id = wallet.client().status().await?.chain_id.0;
        let mut relays = task::relays(wallet.client()).await?;
        relays.retain(|relay| !relay.draining);
        if let Some(preferred) = preferred {
            relays.retain(|relay| {
                relay.url.trim_end_matches('/') == preferred.trim_end_matches('/')
                    || relay.id.to_string() == preferred
            });
        }
        let mut reasons = Vec::new();
        for relay in relays {
            let found = match RelayClient::new(&relay.url) {
                Ok(client) => client.info().await.map(|_| client),
                Err(error) => Err(error),
            };
            match found {
                Ok(relay_client) => return Ok(Self { wallet, chain_id, relay, relay_client }),
                Err(error) => reasons.push(error.to_string()),
            }
        }
        let why = if reasons.is_empty() { String::from("none is registered") } else { reasons.join("; ") };
        Err(Failure::new(format!("no relay can be used: {why}")).hint(
            "`hydrogen relay` starts one; the owner of the task contract registers it with `register_relay`",
        ))
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

    /// The relay in use.
    #[must_use]
    pub fn relay(&self) -> &RelayView {
        &self.relay
    }

    /// Publishes the program unless the relay has it. `true` if it was published now.
    ///
    /// # Errors
    /// The relay refuses it, or there is nothing to publish.
    pub async fn publish(&self, program: &Program) -> Outcome<bool> {
        if self.relay_client.has_program(&program.hash).await? {
            return Ok(false);
        }
        let Some(upload) = &program.upload else {
            return Err(Failure::new(format!(
                "relay {} does not have program {}",
                self.relay.url, program.hash
            ))
            .hint("publish it with `hydrogen program publish FILE`, or give its file"));
        };
        self.relay_client.publish(self.wallet.key(), upload).await?;
        Ok(true)
    }

    /// Lets the task contract take what the task costs at most, if it may not yet.
    ///
    /// # Errors
    /// As [`Wallet::send`].
    pub async fn approve(&self, fee: Amount) -> Outcome<Option<TxReceipt>> {
        let needed = fee
            .checked_add(DEPOSIT_MAX)
            .ok_or_else(|| Failure::new(format!("a fee of {fee} CNX is more than can exist")))?;
        let account = self.client().account(&self.wallet.address()).await?;
        let allowed = account.allowances.iter().find(|(spender, _)| *spender == task_contract());
        if allowed.is_some_and(|(_, amount)| *amount >= needed) {
            return Ok(None);
        }
        let receipt = self.wallet.approve(task_contract(), needed).await?;
        success("approve", &receipt)?;
        Ok(Some(receipt))
    }

    /// Creates the task; its id, and the receipt.
    ///
    /// # Errors
    /// What the contract says, before anything is paid where that can be told.
    pub async fn create(&self, order: &Order) -> Outcome<(u64, TxReceipt)> {
        let new = CreateTask {
            args_hash: order.input.digest,
            timeout_ms: order.timeout_ms,
            fuel_max: order.fuel_max,
            memory_bytes_max: order.memory_bytes_max,
            ..calls::program_task(order.program.hash, &[], order.fee)
        };
        let receipt = task::send(&self.wallet, calls::create_task(&new)).await?;
        success("create_task", &receipt)?;
        let id: u64 = codec::decode(&receipt.receipt.value, 8)?;
        Ok((id, receipt))
    }

    /// Brings the arguments to the relay. While the relay has not seen the task it is asked again.
    ///
    /// # Errors
    /// The relay refuses, stays silent, or signs something else.
    pub async fn upload(&self, task: u64, input: &Upload) -> Outcome<RelayReceipt> {
        let key = self.wallet.key();
        let start = Instant::now();
        let mut pause = PAUSE;
        let receipt = loop {
            match self.relay_client.upload(key, task, BlobKind::Args, input).await {
                Ok(receipt) => break receipt,
                Err(error) if error.is_transient() && start.elapsed() < RELAY_PATIENCE => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                Err(error) => return Err(error.into()),
            }
        };
        let uploader = self.wallet.address();
        let blob = Blob { task, kind: BlobKind::Args, digest: input.digest, size: input.size, uploader };
        if !check_receipt(&receipt, &self.relay.key, &self.chain_id, &blob) {
            return Err(Failure::new(format!("relay {} gave a receipt for something else", self.relay.url))
                .hint("use another relay with --relay"));
        }
        Ok(receipt)
    }

    /// Shows the receipt to the contract, so that execution begins.
    ///
    /// # Errors
    /// What the contract says.
    pub async fn report(&self, task: u64, receipt: &RelayReceipt) -> Outcome<TxReceipt> {
        let receipt = task::send(&self.wallet, calls::args_uploaded(task, receipt)).await?;
        success("args_uploaded", &receipt)?;
        Ok(receipt)
    }

    /// Fetches the result into `to`, checking its hash against the digest on the chain; its size.
    ///
    /// # Errors
    /// The task has none, its relay does not give it, or gives other bytes.
    pub async fn download(&self, view: &TaskView, to: &Path) -> Outcome<u64> {
        let (Some(digest), Some(holder)) = (view.result, view.result_relay) else {
            return Err(no_result(view));
        };
        let relays = task::relays(self.client()).await?;
        let relay = relays.iter().find(|relay| relay.id == holder).ok_or_else(|| {
            Failure::new(format!("relay {holder}, which holds the result, is not registered any more"))
        })?;
        let client = RelayClient::new(&relay.url)?;
        let start = Instant::now();
        loop {
            let (key, size_max) = (self.wallet.key(), view.output_bytes_max);
            match client.download(key, view.id, BlobKind::Result, &digest, size_max, to).await {
                Ok(size) => return Ok(size),
                Err(error) if again(&error) && start.elapsed() < RELAY_PATIENCE => {
                    tokio::time::sleep(PAUSE).await
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The latest open task of this account for the same program and arguments.
    ///
    /// # Errors
    /// When no node answers.
    pub async fn find_open(&self, order: &Order) -> Outcome<Option<TaskView>> {
        let newest = task::ask(self.client(), calls::stats_query()).await?.tasks;
        let mut start = Some(newest.saturating_sub(RESUME_TASKS_MAX).max(1));
        let filter = TaskFilter { creator: Some(self.wallet.address()), ..TaskFilter::default() };
        let mut found = None;
        while start.is_some() {
            let page = task::ask(self.client(), calls::tasks_query(&filter, start, PAGE)).await?;
            start = page.next;
            let ours = |view: &TaskView| {
                view.program == Some(order.program.hash)
                    && view.args_hash == order.input.digest
                    && view.state != TaskState::Aborted
            };
            found = page.tasks.into_iter().rfind(ours).or(found);
        }
        Ok(found)
    }
}

fn again(error: &RelayClientError) -> bool {
    error.is_transient()
}

fn no_result(view: &TaskView) -> Failure {
    let state = format!("{:?}", view.state);
    let failure = Failure::new(format!("task {} has no result: it is {state}", view.id));
    match view.state {
        TaskState::Success => failure,
        TaskState::Aborted => failure.hint(format!("`hydrogen task status {}` says why", view.id)),
        _ => failure.hint(format!("`hydrogen task watch {}` waits for it", view.id)),
    }
}

fn success(what: &str, receipt: &TxReceipt) -> Outcome {
    if receipt.is_success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{what}` failed in block {}: {}", receipt.height(), receipt.reason()))
        .hint("its gas is paid, and nothing else was changed"))
}
