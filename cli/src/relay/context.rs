//! What all requests share.

use crate::client::Client;
use crate::relay::blobs::Blobs;
use crate::relay::config::RelayLimits;
use crate::relay::head::Head;
use crate::relay::index::Index;
use crate::relay::metrics::Metrics;
use hydrogen_core::SecretKey;
use hydrogen_offchain::signing::Nonces;
use hydrogen_types::{Address, ChainId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::{Semaphore, watch};

/// Locks that keep two uploads of one blob apart; different tasks rarely share one.
const PUBLISH_LOCKS: usize = 64;

/// The relay's parts, shared by all requests and the background work.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) chain_id: ChainId,
    pub(crate) key: SecretKey,
    pub(crate) limits: RelayLimits,
    /// Hosts (with port) under which a request may be addressed to this relay.
    pub(crate) authorities: BTreeSet<String>,
    pub(crate) index: Index,
    pub(crate) blobs: Box<dyn Blobs>,
    pub(crate) nonces: Mutex<Nonces>,
    /// Bytes stored by account; written by uploads and the sweep.
    pub(crate) usage: Mutex<BTreeMap<Address, u64>>,
    pub(crate) transfers: Arc<Semaphore>,
    pub(crate) publish_locks: Vec<tokio::sync::Mutex<()>>,
    pub(crate) head: watch::Receiver<Head>,
    pub(crate) metrics: Metrics,
}

impl Context {
    pub(crate) fn publish_locks() -> Vec<tokio::sync::Mutex<()>> {
        (0..PUBLISH_LOCKS).map(|_| tokio::sync::Mutex::new(())).collect()
    }

    /// The lock under which blob number `key` is made visible.
    pub(crate) fn publish_lock(&self, key: u64) -> &tokio::sync::Mutex<()> {
        let index = usize::try_from(key % PUBLISH_LOCKS as u64).unwrap_or(0);
        &self.publish_locks[index]
    }

    /// Adds to what `account` has stored, unless it would be more than it may.
    pub(crate) fn reserve(&self, account: &Address, bytes: u64) -> bool {
        let mut usage = self.usage.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let used = usage.entry(*account).or_default();
        let sum = used.saturating_add(bytes);
        let fits = sum <= self.limits.account_bytes_max;
        if fits {
            *used = sum;
        }
        fits
    }

    /// Takes back what [`Context::reserve`] added.
    pub(crate) fn release(&self, account: &Address, bytes: u64) {
        let mut usage = self.usage.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(used) = usage.get_mut(account) {
            *used = used.saturating_sub(bytes);
            if *used == 0 {
                usage.remove(account);
            }
        }
    }
}

/// Milliseconds since 1970 on this machine's clock.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
