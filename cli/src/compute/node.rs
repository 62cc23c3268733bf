//! One look at the chain: do what is due for each task, then wait for the next block, the worker or an upload.

use crate::client::{Client, task};
use crate::compute::board::Board;
use crate::compute::care::Care;
use crate::compute::config::ComputeConfig;
use crate::compute::disk::Disk;
use crate::compute::error::ComputeError;
use crate::compute::run::told;
use crate::compute::sender::Sender;
use crate::compute::uploads::{Carrier, Delivered, Delivery, Uploads};
use crate::compute::worker::{Tools, Worker};
use hydrogen_offchain::calls;
use hydrogen_offchain::compute::{Attempt, Duty, Me, Now, Saved, Work, reconcile};
use hydrogen_offchain::personas::Actor;
use hydrogen_types::hash::Tag;
use hydrogen_types::task::TaskView;
use hydrogen_types::{ChainId, Hash, Height};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long one wait for the next block is; it ends early with the block.
const BLOCK_WAIT: Duration = Duration::from_secs(10);
/// Pause when no node answers a wait.
const PAUSE: Duration = Duration::from_millis(200);
/// Steps done for one task before the chain is looked at again: the longest honest run has three.
const STEPS_MAX: usize = 8;

/// A node at work.
pub(crate) struct Node {
    actor: Actor,
    client: Client,
    disk: Arc<Disk>,
    board: Arc<Board>,
    sender: Sender,
    worker: Worker,
    uploads: Uploads,
    care: Care,
    me: Me,
    /// Height of the views that were last acted on.
    seen: Height,
}

impl Node {
    pub(crate) fn new(
        config: ComputeConfig,
        client: Client,
        disk: Arc<Disk>,
        board: Arc<Board>,
        chain_id: ChainId,
    ) -> Result<Self, ComputeError> {
        let (actor, key) = (config.actor.clone(), config.key.clone());
        let secret = *Hash::of(Tag::COMPUTE_SALT, &[b"secret", &key.seed_bytes()]).as_bytes();
        let me = Me {
            chain_id: chain_id.clone(),
            address: key.address(),
            salt_secret: secret,
            margin_ms: config.margin_ms,
        };
        let sender = Sender::new(client.clone(), key.clone());
        let carrier = Carrier {
            client: client.clone(),
            disk: Arc::clone(&disk),
            key: key.clone(),
            actor: actor.clone(),
            chain_id,
        };
        let care = Care::new(&config, client.clone(), Arc::clone(&disk), Arc::clone(&board), sender.clone())?;
        let worker = Worker::new(Tools {
            client: client.clone(),
            disk: Arc::clone(&disk),
            key,
            actor: actor.clone(),
            executors: config.executors,
            program_bytes_max: config.program_bytes_max,
        });
        let uploads = Uploads::new(carrier);
        let seen = Height::GENESIS;
        Ok(Self { actor, client, disk, board, sender, worker, uploads, care, me, seen })
    }

    /// Looks once and does what is due. `true` if something was sent, so that the views are old already.
    pub(crate) async fn look(&mut self) -> Result<bool, ComputeError> {
        let chain = self.client.status().await?;
        let now = Now { height: chain.height.0, uptime_ms: chain.uptime_ms.0 };
        if now.height < self.seen {
            // A node that lags behind the one asked before: what it shows is older than what was acted on.
            return Ok(false);
        }
        let view = task::node(&self.client, &self.me.address).await?;
        let bound = view.as_ref().and_then(|view| view.task);
        let kept = self.disk.kept_tasks()?;
        let mut sent = false;
        let mut current = None;
        let mut failed = None;
        // The bound task first, and one that fails does not keep the others waiting: they have deadlines too.
        let others: BTreeSet<u64> = kept.iter().copied().filter(|id| Some(*id) != bound).collect();
        for id in bound.into_iter().chain(others) {
            let task = task::task(&self.client, id).await?;
            match self.advance(now, id, task.as_ref(), bound == Some(id)).await {
                Ok(advanced) => sent |= advanced,
                Err(error) => failed = failed.or(Some(error)),
            }
            current = current.or(task.filter(|_| bound == Some(id)));
        }
        match self.care.tend(now, &self.me.address, view.as_ref(), &self.actor).await {
            Ok(tended) => sent |= tended,
            Err(error) => failed = failed.or(Some(error)),
        }
        self.seen = now.height;
        self.care.tell(now, view.as_ref(), current.as_ref(), &self.disk.saved_tasks()?)?;
        failed.map_or(Ok(sent), Err)?;
        self.board.note_look();
        Ok(sent)
    }

    /// Waits for a block after the one last seen, for the worker or for an upload.
    pub(crate) async fn wait(&mut self) {
        let next = self.seen.next();
        let block = async {
            if let Err(error) = self.client.await_height(next, BLOCK_WAIT).await {
                tracing::warn!(%error, "no node answers");
                tokio::time::sleep(PAUSE).await;
            }
        };
        let delivered = tokio::select! {
            () = block => None,
            () = self.worker.wait() => None,
            delivered = self.uploads.wait() => delivered,
        };
        if let Some(delivered) = delivered
            && let Err(error) = self.take_receipt(delivered)
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "tried again soon");
            self.note_failure(&error);
        }
    }

    /// From now on the node pauses or quits, and finishes.
    pub(crate) fn begin_stop(&mut self) {
        self.care.stopping = true;
    }

    /// Whether it was asked to stop, and nothing is owed any more.
    pub(crate) fn is_finished(&self) -> bool {
        self.care.finished
    }

    /// Ends what runs beside the loop.
    pub(crate) async fn close(&mut self) {
        self.worker.close().await;
    }

    pub(crate) fn note_failure(&mut self, error: &ComputeError) {
        self.board.metrics.count_error();
        self.care.note_unfit(error);
        self.board.change(|status| status.last_error = Some(told(error)));
    }

    /// Does what is due for one task, step after step, until it has to wait or the view is old.
    async fn advance(
        &mut self,
        now: Now,
        id: u64,
        view: Option<&TaskView>,
        bound: bool,
    ) -> Result<bool, ComputeError> {
        let deadline_ms = view.and_then(|view| view.deadline_ms);
        for _ in 0..STEPS_MAX {
            let saved = self.disk.saved(id)?;
            let attempt = self.worker.attempt(id);
            let duty = reconcile(now, &self.me, view, saved.as_ref(), &attempt);
            match self.actor.bend(duty, view, &self.me.address) {
                Duty::Idle if saved.is_none() && !bound => {
                    // Arguments, or a result whose record was never written: of no use to an ended task.
                    self.clean_up(id, view).await?;
                    return Ok(false);
                }
                Duty::Idle | Duty::WaitUntil { .. } | Duty::Resume => return Ok(false),
                Duty::FetchAndRun(work) => {
                    self.begin(now, *work, view).await?;
                    return Ok(false);
                }
                Duty::Persist(saved) => self.persist(&saved, &attempt)?,
                Duty::Commit { task, commitment } => {
                    self.sender.call(calls::commit(task, &commitment), deadline_ms, now.height).await?;
                    tracing::info!(task, "committed");
                    return Ok(true);
                }
                Duty::Reveal { task, outcome, salt } => {
                    self.sender.call(calls::reveal(task, &outcome, &salt), deadline_ms, now.height).await?;
                    tracing::info!(task, "revealed");
                    return Ok(true);
                }
                Duty::Upload { task, relay, digest } => {
                    self.uploads.begin(Delivery { task, relay, digest });
                    return Ok(false);
                }
                Duty::ReportUploaded { task, receipt } => {
                    self.sender.call(calls::report_uploaded(task, &receipt), deadline_ms, now.height).await?;
                    tracing::info!(task, "upload reported");
                    return Ok(true);
                }
                Duty::CleanUp { task } => {
                    self.clean_up(task, view).await?;
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }

    /// Begins the work, if this build runs programs as the task's configuration says.
    async fn begin(&mut self, now: Now, work: Work, view: Option<&TaskView>) -> Result<(), ComputeError> {
        let config = view.map_or(0, |view| view.config);
        if self.care.speaks_abi_of(now, config, work.task).await? {
            let time = Duration::from_millis(work.give_up_ms.saturating_sub(now.uptime_ms));
            let made_up = view.and_then(|view| self.actor.instead_of_work(view, &self.me));
            self.worker.begin(work, time, made_up);
        }
        Ok(())
    }

    /// Removes all that is kept of a task, unless the chain merely does not show it yet.
    async fn clean_up(&mut self, task: u64, view: Option<&TaskView>) -> Result<(), ComputeError> {
        if view.is_some() || self.is_past(task).await? {
            self.worker.forget(task);
            self.uploads.forget(task);
            self.disk.remove(task)?;
        }
        Ok(())
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
        self.disk.save(saved, result)?;
        self.board.metrics.count_outcome(&saved.outcome);
        self.care.count_outcome(&saved.outcome);
        Ok(())
    }

    /// Puts a receipt beside the record it belongs to.
    fn take_receipt(&mut self, delivered: Delivered) -> Result<(), ComputeError> {
        let task = delivered.task;
        let Some(saved) = self.disk.saved(task)? else { return Ok(()) };
        match delivered.receipt {
            Ok(receipt) => self.disk.save(&saved.with_receipt(receipt), None),
            Err(error @ ComputeError::WrongResult { .. }) => {
                // Without its record the task is computed anew.
                self.worker.forget(task);
                self.disk.remove(task)?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }
}
