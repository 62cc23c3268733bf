//! Bringing results to relays, beside the loop: a slow relay must not make the node miss another task's deadline.

use crate::client::Client;
use crate::client::relay::{RelayClient, RelayClientError, Upload};
use crate::compute::disk::Disk;
use crate::compute::error::ComputeError;
use crate::compute::fetch::{relay_time, relays};
use crate::compute::worker::sleep_until;
use hydrogen_core::SecretKey;
use hydrogen_offchain::personas::{Actor, Persona};
use hydrogen_offchain::relay::{Blob, check_receipt};
use hydrogen_types::task::{BlobKind, RelayReceipt, RelayView};
use hydrogen_types::{Address, ChainId, Hash};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// First and longest pause before a result is brought again.
const PAUSE: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Rounds in which a relay of the task that has not seen the verdict yet is waited for, before others are asked: it
/// follows final blocks and is a moment behind.
const PATIENT_ROUNDS: usize = 5;

/// One result on its way to a relay.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) task: u64,
    /// The relay of the arguments, asked first.
    pub(crate) relay: Option<Address>,
    pub(crate) digest: Hash,
}

/// How one round over the relays ended.
pub(crate) struct Delivered {
    pub(crate) task: u64,
    pub(crate) receipt: Result<RelayReceipt, ComputeError>,
}

/// What every delivery needs.
#[derive(Clone)]
pub(crate) struct Carrier {
    pub(crate) client: Client,
    pub(crate) disk: Arc<Disk>,
    pub(crate) key: SecretKey,
    pub(crate) actor: Actor,
    pub(crate) chain_id: ChainId,
}

/// The results under way: one round over the relays at a time for each.
pub(crate) struct Uploads {
    carrier: Carrier,
    current: BTreeMap<u64, Current>,
    ended: (mpsc::Sender<Delivered>, mpsc::Receiver<Delivered>),
}

struct Current {
    rounds: usize,
    not_before: Instant,
    /// When the loop is woken to begin the next round, once.
    wake_at: Option<Instant>,
    /// The round that runs, if one does; it ends when this is dropped.
    running: JoinSet<()>,
}

impl Uploads {
    pub(crate) fn new(carrier: Carrier) -> Self {
        Self { carrier, current: BTreeMap::new(), ended: mpsc::channel(16) }
    }

    /// Begins a round, unless one runs or the pause after the last one is not over.
    pub(crate) fn begin(&mut self, delivery: Delivery) {
        let now = Instant::now();
        let begun = Current { rounds: 0, not_before: now, wake_at: None, running: JoinSet::new() };
        let current = self.current.entry(delivery.task).or_insert(begun);
        if !current.running.is_empty() || now < current.not_before {
            return;
        }
        let (carrier, ended, rounds) = (self.carrier.clone(), self.ended.0.clone(), current.rounds);
        current.running.spawn(async move {
            let task = delivery.task;
            let receipt = carrier.deliver(&delivery, rounds).await;
            // The loop may have ended; then nobody waits.
            drop(ended.send(Delivered { task, receipt }).await);
        });
    }

    /// Forgets a task.
    pub(crate) fn forget(&mut self, task: u64) {
        self.current.remove(&task);
    }

    /// Waits for a round to end, or for the pause before the next. Safe to cancel.
    pub(crate) async fn wait(&mut self) -> Option<Delivered> {
        let wake_at = self.current.values().filter_map(|current| current.wake_at).min();
        let delivered = tokio::select! {
            delivered = self.ended.1.recv() => delivered?,
            () = sleep_until(wake_at) => {
                for current in self.current.values_mut().filter(|current| current.wake_at == wake_at) {
                    current.wake_at = None;
                }
                return None;
            }
        };
        self.note(&delivered);
        Some(delivered)
    }

    fn note(&mut self, delivered: &Delivered) {
        if delivered.receipt.is_ok() {
            self.current.remove(&delivered.task);
        } else if let Some(current) = self.current.get_mut(&delivered.task) {
            let doublings = u32::try_from(current.rounds.min(16)).unwrap_or(16);
            let pause = PAUSE.saturating_mul(1 << doublings).min(PAUSE_MAX);
            current.not_before = Instant::now() + pause;
            current.wake_at = Some(current.not_before);
            current.rounds += 1;
            current.running = JoinSet::new();
        }
    }
}

impl Carrier {
    /// One round over the relays, the task's own first.
    async fn deliver(&self, delivery: &Delivery, rounds: usize) -> Result<RelayReceipt, ComputeError> {
        let task = delivery.task;
        let upload = Upload::of(&self.disk.result(task)).await?;
        let honest = self.actor.persona() != Persona::UploadsGarbage;
        if honest && upload.digest != delivery.digest {
            return Err(ComputeError::WrongResult { task, found: upload.digest, wanted: delivery.digest });
        }
        let mut reasons = Vec::new();
        for relay in relays(&self.client, task, delivery.relay).await? {
            match self.bring(task, &relay, &upload).await {
                Ok(receipt) => return Ok(receipt),
                Err(error) => {
                    let own = Some(relay.id) == delivery.relay;
                    let early = is_early(&error);
                    reasons.push(error.to_string());
                    if own && early && rounds < PATIENT_ROUNDS {
                        break;
                    }
                }
            }
        }
        let reason = if reasons.is_empty() { String::from("none is registered") } else { reasons.join("; ") };
        Err(ComputeError::NoRelay { task, reason })
    }

    async fn bring(
        &self,
        task: u64,
        relay: &RelayView,
        upload: &Upload,
    ) -> Result<RelayReceipt, ComputeError> {
        let client = RelayClient::new(&relay.url)?;
        let bringing = client.upload(&self.key, task, BlobKind::Result, upload);
        let slow = || RelayClientError::Unreachable { url: relay.url.clone(), reason: "too slow".into() };
        let receipt = tokio::time::timeout(relay_time(upload.size), bringing).await.map_err(|_| slow())??;
        let uploader = self.key.address();
        let blob = Blob { task, kind: BlobKind::Result, digest: upload.digest, size: upload.size, uploader };
        if !check_receipt(&receipt, &relay.key, &self.chain_id, &blob) {
            return Err(ComputeError::BadReceipt { relay: relay.url.clone() });
        }
        tracing::info!(task, relay = relay.url, size = upload.size, "result uploaded");
        Ok(receipt)
    }
}

/// Whether the relay has not seen yet what it needs.
fn is_early(error: &ComputeError) -> bool {
    match error {
        ComputeError::Relay(RelayClientError::Refused { status, retry_after, .. }) => {
            *status == 404 && retry_after.is_some()
        }
        _ => false,
    }
}
