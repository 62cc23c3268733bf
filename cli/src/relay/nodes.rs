//! The nodes the relay asks, tried in turn: of the right chain, and no older than what it has seen.
//!
//! ```text
//! question -> a node at the head (genesis and height checked) -> its answer, with the height it is no older than
//! ```
//!
//! *Invariants*: an answer is only ever taken from a node that has just shown this chain's genesis and a height at or
//! above every height seen before, also before a restart. A node that lags, was set back or follows another chain is
//! passed over; when none is left the request is refused with the reason, never answered from an older state.

use crate::client::{Client, ClientError, Status, task};
use crate::relay::answer::Refused;
use crate::relay::metrics::{Metrics, NodeFault};
use axum::http::StatusCode;
use hydrogen_types::task::{RelayView, TaskView};
use hydrogen_types::{Address, Amount, ChainId, Hash, Height};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};

/// Longest time for one answer of one node.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a node that is behind the others may take to catch up, before a request is refused.
const LAG_WAIT: Duration = Duration::from_secs(1);
/// Questions under way at a time: a node answers few at once, and strangers may ask many.
const CALLS_MAX: usize = 64;
/// Longest wait for one of them to end.
const CALLS_WAIT: Duration = Duration::from_secs(5);

/// The newest final block the relay has seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) height: Height,
    /// The chain's uptime at that block: what ended tasks are kept by.
    pub(crate) uptime_ms: u64,
    /// When a node of this chain last answered at this height or above.
    pub(crate) seen: Instant,
}

/// Which chain it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) chain_id: ChainId,
    pub(crate) genesis: Hash,
}

impl Identity {
    pub(crate) fn of(status: &Status) -> Self {
        Self { chain_id: status.chain_id.0.clone(), genesis: status.genesis.0 }
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The genesis hash is the chain's identity: two test networks share a name.
        write!(formatter, "{} {}", self.chain_id.as_str(), self.genesis)
    }
}

/// Why no node can be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodesError {
    #[error("no node can be asked: {}", .reasons.join("; "))]
    None { fault: NodeFault, reasons: Vec<String> },
    #[error("all {CALLS_MAX} questions to nodes are under way")]
    Busy,
    #[error("a node's answer: {0}")]
    Answer(#[from] ClientError),
}

impl From<NodesError> for Refused {
    fn from(error: NodesError) -> Self {
        let name = match &error {
            NodesError::None { fault, .. } => fault.name(),
            NodesError::Busy => return Self::busy("all questions to nodes are under way"),
            NodesError::Answer(cause) => return Self::trouble("node", cause),
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, name, error.to_string()).retry()
    }
}

/// The endpoints.
#[derive(Debug)]
pub(crate) struct Nodes {
    clients: Vec<Client>,
    /// Index of the one that was good last.
    preferred: AtomicUsize,
    identity: Identity,
    heads: watch::Sender<Head>,
    calls: Semaphore,
    metrics: Arc<Metrics>,
}

/// A node that is good to ask, with what it just said.
#[derive(Debug)]
pub(crate) struct Good<'a> {
    client: &'a Client,
    pub(crate) head: Head,
}

impl Nodes {
    pub(crate) fn new(clients: Vec<Client>, identity: Identity, head: Head, metrics: Arc<Metrics>) -> Self {
        let (heads, _) = watch::channel(head);
        let (preferred, calls) = (AtomicUsize::new(0), Semaphore::new(CALLS_MAX));
        Self { clients, preferred, identity, heads, calls, metrics }
    }

    pub(crate) fn head(&self) -> Head {
        *self.heads.borrow()
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// A task, from a state no older than anything seen before.
    pub(crate) async fn task(&self, id: u64) -> Result<(Option<TaskView>, Head), NodesError> {
        self.ask(|client| async move { task::task(&client, id).await }).await
    }

    /// The relays that the task contract knows.
    pub(crate) async fn relays(&self) -> Result<Vec<RelayView>, NodesError> {
        Ok(self.ask(|client| async move { task::relays(&client).await }).await?.0)
    }

    /// What an account holds.
    pub(crate) async fn balance(&self, account: &Address) -> Result<Amount, NodesError> {
        let account = *account;
        let ask = |client: Client| async move { Ok(client.account(&account).await?.balance) };
        Ok(self.ask(ask).await?.0)
    }

    async fn ask<T, F: Future<Output = Result<T, ClientError>>>(
        &self,
        question: impl Fn(Client) -> F,
    ) -> Result<(T, Head), NodesError> {
        let slot = tokio::time::timeout(CALLS_WAIT, self.calls.acquire()).await;
        let _slot = slot.map_err(|_| NodesError::Busy)?.map_err(|_| NodesError::Busy)?;
        // A node that breaks off is not at the head the second time, so that another one is asked.
        match self.ask_once(&question).await {
            Err(NodesError::Answer(error)) if error.is_transient() => self.ask_once(&question).await,
            done => done,
        }
    }

    async fn ask_once<T, F: Future<Output = Result<T, ClientError>>>(
        &self,
        question: &impl Fn(Client) -> F,
    ) -> Result<(T, Head), NodesError> {
        let good = self.good().await?;
        match tokio::time::timeout(CALL_TIMEOUT, question(good.client.clone())).await {
            Ok(Ok(answer)) => Ok((answer, good.head)),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(unreachable(good.client, "no answer in time").into()),
        }
    }

    /// Waits for the block after the head, or `wait`.
    pub(crate) async fn follow(&self, wait: Duration) -> Result<(), NodesError> {
        let good = self.good().await?;
        let status = good.client.await_height(good.head.height.next(), wait).await?;
        // Passed over at the next question if it is not this chain any more.
        if Identity::of(&status) == self.identity {
            self.note(&status);
        }
        Ok(())
    }

    /// A node of this chain that is at the head.
    async fn good(&self) -> Result<Good<'_>, NodesError> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut reasons = Vec::new();
        let mut behind: Option<(usize, Height)> = None;
        let mut fault = NodeFault::Unreachable;
        for step in 0..self.clients.len() {
            let index = (first + step) % self.clients.len();
            let client = &self.clients[index];
            let status = match status_of(client).await {
                Ok(status) => status,
                Err(error) => {
                    self.metrics.node_fault(NodeFault::Unreachable);
                    reasons.push(error.to_string());
                    continue;
                }
            };
            let identity = Identity::of(&status);
            if identity != self.identity {
                self.metrics.node_fault(NodeFault::OtherChain);
                fault = NodeFault::OtherChain;
                reasons.push(format!(
                    "{} follows chain {identity}, this relay serves chain {}",
                    url_of(client),
                    self.identity
                ));
                continue;
            }
            if let Some(head) = self.note(&status) {
                self.preferred.store(index, Ordering::Relaxed);
                return Ok(Good { client, head });
            }
            if behind.is_none_or(|(_, height)| status.height.0 > height) {
                behind = Some((index, status.height.0));
            }
        }
        let Some((index, height)) = behind else { return Err(NodesError::None { fault, reasons }) };
        let client = &self.clients[index];
        let seen = self.head().height;
        // Of nodes at work, one is often a block behind another for a moment.
        if let Ok(Ok(status)) = tokio::time::timeout(CALL_TIMEOUT, client.await_height(seen, LAG_WAIT)).await
            && Identity::of(&status) == self.identity
            && let Some(head) = self.note(&status)
        {
            self.preferred.store(index, Ordering::Relaxed);
            return Ok(Good { client, head });
        }
        self.metrics.node_fault(NodeFault::Behind);
        reasons.push(format!("{} is at height {height}, this relay has seen {seen}", url_of(client)));
        Err(NodesError::None { fault: NodeFault::Behind, reasons })
    }

    /// The head with this status, `None` if it is older than what was seen.
    fn note(&self, status: &Status) -> Option<Head> {
        let new = Head { height: status.height.0, uptime_ms: status.uptime_ms.0, seen: Instant::now() };
        let mut current = false;
        self.heads.send_if_modified(|head| {
            current = new.height >= head.height;
            if current {
                *head = new;
            }
            current
        });
        current.then_some(new)
    }
}

/// What one node says of itself, asked once.
pub(crate) async fn status_of(client: &Client) -> Result<Status, ClientError> {
    match tokio::time::timeout(CALL_TIMEOUT, client.status_once()).await {
        Ok(status) => status,
        Err(_) => Err(unreachable(client, "no answer in time")),
    }
}

pub(crate) fn url_of(client: &Client) -> &str {
    client.urls().first().map_or("", String::as_str)
}

fn unreachable(client: &Client, reason: &str) -> ClientError {
    ClientError::Unreachable { tried: vec![format!("{}: {reason}", url_of(client))] }
}
