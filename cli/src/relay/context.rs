//! What all requests share.

use crate::relay::answer::Refused;
use crate::relay::blobs::Blobs;
use crate::relay::config::RelayLimits;
use crate::relay::index::Index;
use crate::relay::locks::Locks;
use crate::relay::metrics::Metrics;
use crate::relay::nodes::Nodes;
use crate::relay::pace::Pace;
use crate::relay::quota::Quotas;
use hydrogen_core::SecretKey;
use hydrogen_offchain::signing::Nonces;
use hydrogen_types::task::RelayView;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The relay's parts, shared by all requests and the background work.
pub(crate) struct Context {
    pub(crate) nodes: Nodes,
    pub(crate) key: SecretKey,
    pub(crate) limits: RelayLimits,
    /// Hosts (with port) under which a request may be addressed to this relay.
    pub(crate) authorities: BTreeSet<String>,
    pub(crate) index: Index,
    pub(crate) blobs: Box<dyn Blobs>,
    pub(crate) nonces: Mutex<Nonces>,
    pub(crate) quotas: Arc<Quotas>,
    /// Held by every upload and download; an upload's until its blob is durable, even if its client is gone.
    pub(crate) transfers: Arc<Semaphore>,
    /// Held while a program runs or is checked.
    pub(crate) checks: Arc<Semaphore>,
    pub(crate) locks: Locks,
    /// Held while programs are added or removed, and between finding a task's programs here and saying so in a receipt.
    pub(crate) programs: tokio::sync::Mutex<()>,
    /// The contract's relays; written by `head`.
    pub(crate) relays: Mutex<Vec<RelayView>>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Context {
    /// A slot for a transfer, or the refusal when all are taken.
    pub(crate) fn slot(&self) -> Result<OwnedSemaphorePermit, Refused> {
        let slot = Arc::clone(&self.transfers).try_acquire_owned();
        slot.map_err(|_| Refused::busy("all transfer slots are taken"))
    }

    /// The speed asked of a body that starts now.
    pub(crate) fn pace(&self) -> Pace {
        Pace::new(Instant::now(), self.idle_timeout(), self.limits.rate_min)
    }

    pub(crate) fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.limits.idle_timeout_ms)
    }
}

/// Milliseconds since 1970 on this machine's clock.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
