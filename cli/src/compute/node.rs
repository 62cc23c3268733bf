//! The loop: look at the chain, do what is due, wait for the next block or the worker.

use crate::client::relay::{RelayClient, Upload};
use crate::client::{Client, task};
use crate::compute::config::ComputeConfig;
use crate::compute::disk::Disk;
use crate::compute::error::ComputeError;
use crate::compute::fetch::relays;
use crate::compute::join::join;
use crate::compute::sender::Sender;
use crate::compute::status::{LocalStatus, write_status};
use crate::compute::worker::Worker;
use hydrogen_offchain::calls;
use hydrogen_offchain::compute::{Attempt, Duty, Me, Now, Resumes, Saved, node_duty, reconcile};
use hydrogen_offchain::relay::{Blob, check_receipt};
use hydrogen_types::hash::Tag;
use hydrogen_types::task::{BlobKind, NodeView, RelayReceipt, TaskView};
use hydrogen_types::{Address, Amount, ChainId, Hash, Height};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How long one wait for the next block is; it ends early with the block.
const BLOCK_WAIT: Duration = Duration::from_secs(10);
/// First and longest pause after something went wrong.
const PAUSE: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Steps done for one task before the chain is looked at again: the longest honest run has three.
const STEPS_MAX: usize = 8;

/// Runs a compute node until `shutdown`. Whatever goes wrong after the start is logged and tried again.
///
/// # Errors
/// The home cannot be used, or the RPC URLs are none.
pub async fn run(
    config: ComputeConfig,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ComputeError> {
    let client = Client::new(&config.rpc)?;
    let disk = Arc::new(Disk::open(&config.home)?);
    // Stopping in the middle is safe at any point: what must be durable is so before it is relied on.
    tokio::select! {
        () = shutdown => Ok(()),
        never = live(config, client, disk) => never,
    }
}

async fn live(config: ComputeConfig, client: Client, disk: Arc<Disk>) -> Result<(), ComputeError> {
    let mut backoff = Backoff::new();
    let chain_id = loop {
        match client.status().await {
            Ok(status) => {
                disk.bind_chain(&status.genesis.0)?;
                break status.chain_id.0;
            }
            Err(error) => backoff.wait(&error.into()).await,
        }
    };
    if let Some(stake) = config.stake {
        while let Err(error) = join_once(&config, &client, stake).await {
            backoff.wait(&error).await;
        }
    }
    let mut node = Node::new(config, client, disk, chain_id)?;
    loop {
        match node.look().await {
            Ok(sent) => {
                backoff = Backoff::new();
                if !sent {
                    node.wait().await;
                }
            }
            Err(error) => {
                node.note_error(&error);
                backoff.wait(&error).await;
            }
        }
    }
}

/// The pause after something went wrong: doubled each time, until something goes well.
struct Backoff(Duration);

impl Backoff {
    fn new() -> Self {
        Self(PAUSE)
    }

    async fn wait(&mut self, error: &ComputeError) {
        tracing::warn!(error = error as &dyn std::error::Error, "tried again soon");
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(PAUSE_MAX);
    }
}

async fn join_once(config: &ComputeConfig, client: &Client, stake: Amount) -> Result<(), ComputeError> {
    if task::node(client, &config.key.address()).await?.is_none() {
        join(client, &config.key, stake).await?;
        tracing::info!(%stake, "joined");
    }
    Ok(())
}

struct Node {
    config: ComputeConfig,
    client: Client,
    disk: Arc<Disk>,
    sender: Sender,
    worker: Worker,
    me: Me,
    resumes: Resumes,
    stake_min: Amount,
    /// Height of the views that were last acted on.
    seen: Height,
    status: LocalStatus,
}

impl Node {
    fn new(
        config: ComputeConfig,
        client: Client,
        disk: Arc<Disk>,
        chain_id: ChainId,
    ) -> Result<Self, ComputeError> {
        let address = config.key.address();
        let secret = Hash::of(Tag::COMPUTE_SALT, &[b"secret", &config.key.seed_bytes()]);
        let salt_secret = *secret.as_bytes();
        let sender = Sender::new(client.clone(), config.key.clone());
        let worker = Worker::new(client.clone(), Arc::clone(&disk), config.key.clone(), config.actor.clone());
        let me = Me { chain_id, address, salt_secret, margin_ms: config.margin_ms };
        let status =
            LocalStatus { account: address.to_string(), pid: std::process::id(), ..LocalStatus::default() };
        let resumes = disk.resumes()?;
        let (stake_min, seen) = (Amount::ZERO, Height::GENESIS);
        Ok(Self { config, client, disk, sender, worker, me, resumes, stake_min, seen, status })
    }

    /// Looks once and does what is due. `true` if something was sent, so that the views are old already.
    async fn look(&mut self) -> Result<bool, ComputeError> {
        let chain = self.client.status().await?;
        let now = Now { height: chain.height.0, uptime_ms: chain.uptime_ms.0 };
        if now.height < self.seen {
            // A node that lags behind the one asked before: what it shows is older than what was acted on.
            return Ok(false);
        }
        let view = task::node(&self.client, &self.me.address).await?;
        let bound = view.as_ref().and_then(|view| view.task);
        let records = self.disk.saved_tasks()?;
        let others: BTreeSet<u64> = records.iter().copied().filter(|id| Some(*id) != bound).collect();
        let mut sent = false;
        let mut stage = None;
        let mut failed = None;
        // The bound task first, and one that fails does not keep the others waiting: they have deadlines too.
        for id in bound.into_iter().chain(others) {
            let task = task::task(&self.client, id).await?;
            if Some(id) == bound {
                stage = task.as_ref().map(|task| format!("{:?}", task.state));
            }
            match self.advance(now, id, task.as_ref()).await {
                Ok(advanced) => sent |= advanced,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if bound.is_none()
            && let Some(view) = &view
        {
            sent |= self.tend(now, view).await?;
        }
        self.seen = now.height;
        self.tell(now, view.as_ref(), stage, &records);
        failed.map_or(Ok(sent), Err)
    }

    /// Waits for a block after the one last seen, or for the worker.
    async fn wait(&mut self) {
        let next = self.seen.next();
        let block = async {
            if let Err(error) = self.client.await_height(next, BLOCK_WAIT).await {
                tracing::warn!(%error, "no node answers");
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::select! {
            () = block => {}
            () = self.worker.wait() => {}
        }
    }

    /// Does what is due for one task, step after step, until it has to wait or the view is old.
    async fn advance(&mut self, now: Now, id: u64, view: Option<&TaskView>) -> Result<bool, ComputeError> {
        let deadline_ms = view.and_then(|view| view.deadline_ms);
        for _ in 0..STEPS_MAX {
            let saved = self.disk.saved(id)?;
            let attempt = self.worker.attempt(id);
            let duty = reconcile(now, &self.me, view, saved.as_ref(), &attempt);
            match self.config.actor.bend(duty, view, &self.me.address) {
                Duty::Idle | Duty::WaitUntil { .. } | Duty::Resume => return Ok(false),
                Duty::FetchAndRun(work) => {
                    let made_up = view.and_then(|task| self.config.actor.instead_of_work(task, &self.me));
                    self.worker.begin(*work, made_up);
                    return Ok(false);
                }
                Duty::Persist(saved) => self.persist(&saved, &attempt)?,
                Duty::Commit { task, commitment } => {
                    self.sender.call(calls::commit(task, &commitment), deadline_ms).await?;
                    tracing::info!(task, "committed");
                    return Ok(true);
                }
                Duty::Reveal { task, outcome, salt } => {
                    self.sender.call(calls::reveal(task, &outcome, &salt), deadline_ms).await?;
                    tracing::info!(task, "revealed");
                    return Ok(true);
                }
                Duty::Upload { task, relay, digest } => {
                    let receipt = self.upload(task, relay, digest).await?;
                    if let Some(saved) = saved {
                        self.disk.save(&saved.with_receipt(receipt), None)?;
                    }
                }
                Duty::ReportUploaded { task, receipt } => {
                    self.sender.call(calls::report_uploaded(task, &receipt), deadline_ms).await?;
                    tracing::info!(task, "upload reported");
                    return Ok(true);
                }
                Duty::CleanUp { task } if view.is_some() || self.is_past(task).await? => {
                    self.worker.forget(task);
                    self.disk.remove(task)?;
                }
                Duty::CleanUp { .. } => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Whether a task that the chain does not show was there once: else the node that was asked only lags.
    async fn is_past(&self, task: u64) -> Result<bool, ComputeError> {
        Ok(task::ask(&self.client, calls::stats_query()).await?.tasks >= task)
    }

    fn persist(&self, saved: &Saved, attempt: &Attempt) -> Result<(), ComputeError> {
        let result = match attempt {
            Attempt::Finished(_) if saved.has_result_bytes => self.worker.result(saved.task),
            _ => None,
        };
        self.disk.save(saved, result)
    }

    /// Brings the result to a relay, the task's own first.
    async fn upload(
        &self,
        task: u64,
        relay: Option<Address>,
        digest: Hash,
    ) -> Result<RelayReceipt, ComputeError> {
        let upload = Upload::of(&self.disk.result(task)).await?;
        let uploader = self.me.address;
        let blob = Blob { task, kind: BlobKind::Result, digest, size: upload.size, uploader };
        let mut reason = String::from("none is registered");
        for relay in relays(&self.client, relay).await? {
            let client = RelayClient::new(&relay.url)?;
            match client.upload(&self.config.key, task, BlobKind::Result, &upload).await {
                Ok(receipt) if check_receipt(&receipt, &relay.key, &self.me.chain_id, &blob) => {
                    tracing::info!(task, relay = relay.url, size = upload.size, "result uploaded");
                    return Ok(receipt);
                }
                Ok(_) => reason = ComputeError::BadReceipt { relay: relay.url }.to_string(),
                Err(error) => reason = error.to_string(),
            }
        }
        Err(ComputeError::NoRelay { task, reason })
    }

    /// What the node owes while it is bound to no task.
    async fn tend(&mut self, now: Now, view: &NodeView) -> Result<bool, ComputeError> {
        if self.stake_min.is_zero() {
            self.stake_min = task::config(&self.client).await?.stake_min;
        }
        let duty = node_duty(now, view, &self.resumes, self.stake_min);
        let Duty::Resume = self.config.actor.bend(duty, None, &self.me.address) else { return Ok(false) };
        if let Some(penalty_ms) = self.resumes.due(view, now.uptime_ms) {
            // Noted before it is sent: a crash between the two costs one resume, not the count.
            self.resumes.note(penalty_ms, now.uptime_ms);
            self.disk.save_resumes(&self.resumes)?;
        }
        self.sender.call(calls::resume(), None).await?;
        tracing::info!("resumed after a pause by the contract");
        Ok(true)
    }

    fn note_error(&mut self, error: &ComputeError) {
        self.status.last_error = Some(error.to_string());
        self.write_status();
    }

    /// Writes the status when anything but the height is new.
    fn tell(&mut self, now: Now, view: Option<&NodeView>, stage: Option<String>, records: &[u64]) {
        let told = LocalStatus {
            height: now.height.to_string(),
            state: view.map_or_else(|| String::from("absent"), |view| format!("{:?}", view.state)),
            task: view.and_then(|view| view.task).map(|task| task.to_string()),
            stage,
            records: records.iter().map(u64::to_string).collect(),
            ..self.status.clone()
        };
        let is_new = LocalStatus { height: self.status.height.clone(), ..told.clone() } != self.status;
        self.status = told;
        if is_new {
            self.write_status();
        }
    }

    fn write_status(&self) {
        if let Err(error) = write_status(&self.disk.status(), &self.status) {
            tracing::warn!(%error, "status not written");
        }
    }
}
