//! Where a node stands, as its threads tell and its handle shows.

use super::disk;
use super::standing::BannedPeer;
use crate::consensus::Host;
use crate::metrics::Counters;
use hydrogen_types::Height;
use libp2p::{Multiaddr, PeerId};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Time for the listeners to come up, on a machine however busy: one that cannot says so at once.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(30);

/// A connected peer.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerInfo {
    /// Its id.
    pub id: PeerId,
    /// Its address as this node sees it.
    pub address: Multiaddr,
    /// Whether it says that it votes.
    pub validator: bool,
    /// Height it says it has committed.
    pub height: u64,
    /// Whether this node dialled it.
    pub outbound: bool,
    /// What gossip thinks of it: below -80 nothing of it is listened to.
    pub score: f64,
    /// Points against it, which fade; at 100 it is banned.
    pub points: u32,
    /// Faults, ever.
    pub faults: u64,
    /// Since it was last heard.
    pub silent_for: Duration,
    /// Bytes of messages received from it since it connected.
    pub bytes_in: u64,
    /// Bytes of messages sent to it.
    pub bytes_out: u64,
}

/// Where a node stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeStatus {
    /// Last height committed.
    pub height: Height,
    /// Round of the height being worked on.
    pub round: u32,
    /// Whether it votes at that height.
    pub voting: bool,
    /// Whether peers are more than a block ahead.
    pub syncing: bool,
    /// Transactions in the pool.
    pub mempool: usize,
    /// Connected peers.
    pub peers: Vec<PeerInfo>,
    /// Bytes free on the node's disk, if it has one.
    pub disk_free: Option<u64>,
    /// Whether they are so few that the node will stop soon.
    pub disk_low: bool,
    /// Peers that are kept out for a while.
    pub banned: Vec<BannedPeer>,
}

/// Why a node stopped by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeFailure {
    /// A sentence with all causes.
    pub reason: String,
    /// Whether the disk is at fault: full, read-only or failing.
    pub disk: bool,
}

/// What the threads and the handle share.
pub(crate) struct Shared {
    pub(crate) counters: Arc<Counters>,
    pub(super) status: Mutex<NodeStatus>,
    listening: Mutex<Option<Result<Vec<Multiaddr>, String>>>,
    listening_changed: Condvar,
    pub(super) failure: watch::Sender<Option<NodeFailure>>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            counters: Arc::default(),
            status: Mutex::default(),
            listening: Mutex::new(None),
            listening_changed: Condvar::new(),
            failure: watch::Sender::new(None),
        }
    }

    pub(crate) fn tell(&self, host: &Host, disk: &disk::DiskWatch) {
        let mut status = lock(&self.status);
        status.height = host.height().previous().unwrap_or_default();
        status.round = host.round();
        status.voting = host.is_voting();
        status.syncing = host.is_syncing();
        status.mempool = host.mempool_len();
        status.disk_free = disk.free();
        status.disk_low = disk.low();
    }

    pub(crate) fn set_peers(&self, peers: Vec<PeerInfo>, banned: Vec<BannedPeer>) {
        let mut status = lock(&self.status);
        status.peers = peers;
        status.banned = banned;
    }

    pub(crate) fn set_listening(&self, result: Result<Vec<Multiaddr>, String>) {
        lock(&self.listening).get_or_insert(result);
        self.listening_changed.notify_all();
    }

    pub(crate) fn fail(&self, failure: NodeFailure) {
        self.failure.send_replace(Some(failure));
    }

    pub(super) fn wait_listening(&self) -> Result<Vec<Multiaddr>, String> {
        let waited =
            self.listening_changed
                .wait_timeout_while(lock(&self.listening), LISTEN_TIMEOUT, |listening| listening.is_none());
        let (listening, _) = waited.unwrap_or_else(PoisonError::into_inner);
        listening.clone().unwrap_or_else(|| Err(format!("no answer within {LISTEN_TIMEOUT:?}")))
    }
}
