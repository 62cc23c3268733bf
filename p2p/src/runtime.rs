//! A running node: one thread owns the chain, one drives the network, and a handle speaks to both.
//!
//! *Invariants*: every queue is bounded; if one thread ends, so does the other, and the handle says why.

mod behaviour;
mod bootstrap;
mod disk;
mod fetching;
pub(crate) mod frames;
mod gate;
mod inbound;
mod join;
mod metered;
mod network;
mod peers;
mod pool_file;
mod probe;
mod resolve;
mod snapshots;
mod standing;
mod thread;
pub(crate) mod wire;

pub use bootstrap::bootstrap;
pub use probe::{ProbeError, probe};

use crate::config::NodeConfig;
use crate::consensus::{Host, HostConfig, HostError, HostLimits, SubmitError};
use crate::metrics::Counters;
use hydrogen_core::{Chain, ChainReader, Committed, Genesis, Mempool};
use hydrogen_types::{Hash, Height};
use libp2p::{Multiaddr, PeerId};
use network::{Network, NetworkParts};
use peers::PeerBook;
use snapshots::Shelf;
pub use standing::BannedPeer;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thread::{Clock, HostThread, Reply, ToHost};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use wire::Limits;

/// Inputs that wait for the host.
const INPUTS_MAX: usize = 4_096;
/// Outputs that wait for the network.
const OUTPUTS_MAX: usize = 4_096;
/// Decided blocks that a slow listener may fall behind before it loses some.
const COMMITTED_MAX: usize = 1_024;
/// Time for the listener to come up.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(5);
/// Stack of a thread that may execute blocks: a sandbox then runs contracts right here, without handing each call to a
/// thread of its own. Only touched pages take memory.
const THREAD_STACK_BYTES: usize = 32 << 20;

/// Code of a submission that a stopped node refuses.
const CODE_STOPPED: u32 = 290;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The host cannot be made.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The vote log cannot be opened.
    #[error("vote log in {home} cannot be opened")]
    Wal {
        /// The node's home.
        home: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The vote log was written by another version.
    #[error("vote log in {home} has format {stored}, this program reads and writes format {known} alone", known = disk::VOTES_FORMAT)]
    VotesFormat {
        /// The node's home.
        home: String,
        /// What its log says.
        stored: String,
    },
    /// A chain is there, its vote log is not, and the others cannot decide without this node.
    #[error("vote log in {home} is missing: this node may have signed at height {height} already")]
    VotesLost {
        /// The node's home.
        home: String,
        /// The height after the tip.
        height: Height,
    },
    /// A thread or the async runtime cannot be made.
    #[error("node cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// No snapshot can be fetched or restored.
    #[error("snapshot: {0}")]
    Snapshot(String),
    /// The network cannot be set up.
    #[error("network cannot be set up: {0}")]
    Network(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: Multiaddr,
        /// The cause.
        reason: String,
    },
}

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
    status: Mutex<NodeStatus>,
    listening: Mutex<Option<Result<Multiaddr, String>>>,
    listening_changed: Condvar,
    failure: watch::Sender<Option<NodeFailure>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn new() -> Self {
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

    pub(crate) fn set_listening(&self, result: Result<Multiaddr, String>) {
        lock(&self.listening).get_or_insert(result);
        self.listening_changed.notify_all();
    }

    pub(crate) fn fail(&self, failure: NodeFailure) {
        self.failure.send_replace(Some(failure));
    }

    fn wait_listening(&self) -> Result<Multiaddr, String> {
        let waited =
            self.listening_changed
                .wait_timeout_while(lock(&self.listening), LISTEN_TIMEOUT, |listening| listening.is_none());
        let (listening, _) = waited.unwrap_or_else(PoisonError::into_inner);
        listening.clone().unwrap_or_else(|| Err(format!("no answer within {LISTEN_TIMEOUT:?}")))
    }
}

/// A running node. Dropping it stops it.
pub struct NodeHandle {
    to_host: SyncSender<ToHost>,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
    committed: broadcast::Sender<Arc<Committed>>,
    shared: Arc<Shared>,
    reader: ChainReader,
    peer_id: PeerId,
    address: Multiaddr,
}

/// Starts a node on a chain.
///
/// # Errors
/// The vote log is damaged or of another chain, or the address cannot be listened on.
pub fn start(chain: Chain, config: NodeConfig) -> Result<NodeHandle, NodeError> {
    let disk = disk::open_votes(&config, &chain)?;
    let shared = Arc::new(Shared::new());
    let clock = Clock::start();
    let genesis = Arc::clone(chain.genesis());
    let reader = chain.reader();
    let host_config = HostConfig {
        keys: config.keys.clone(),
        validator: config.validator,
        disk,
        counters: Arc::clone(&shared.counters),
        mempool: Mempool::new(),
        limits: HostLimits::default(),
    };
    let host = Host::new(chain, host_config, clock.now())?;
    let (to_host, inputs) = sync_channel(INPUTS_MAX);
    let (outputs, from_host) = mpsc::channel(OUTPUTS_MAX);
    let (committed, _) = broadcast::channel(COMMITTED_MAX);
    let (stop, stopped) = watch::channel(false);
    let shelf = config.snapshots.clone().map(|snapshots| Arc::new(Shelf::open(snapshots)));

    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(NodeError::Thread)?;
    let peer_id = crate::config::peer_id(&config.keys);
    let network = {
        let _inside = runtime.enter();
        network(&config, &genesis, reader.clone(), to_host.clone(), Arc::clone(&shared), shelf.clone())?
    };
    let host_thread = HostThread {
        host,
        clock,
        inputs,
        outputs,
        committed: committed.clone(),
        shared: Arc::clone(&shared),
        replies: BTreeMap::new(),
        next_request: 0,
        home: config.home.clone(),
        disk: disk::DiskWatch::new(config.disk.clone()),
        journal: None,
    };
    let mut handle = NodeHandle {
        to_host,
        stop,
        threads: Vec::new(),
        committed,
        shared,
        reader,
        peer_id,
        address: config.listen.clone(),
    };
    handle.spawn("hydrogen-net", move || runtime.block_on(network.run(from_host, stopped)))?;
    let listening = handle.shared.wait_listening();
    handle.address = listening.map_err(|reason| NodeError::Listen { address: config.listen, reason })?;
    handle.spawn("hydrogen-host", move || host_thread.run())?;
    if let Some(shelf) = shelf {
        let (reader, stopped) = (handle.reader.clone(), handle.stop.subscribe());
        handle.spawn("hydrogen-snap", move || shelf.run(&reader, &stopped))?;
    }
    Ok(handle)
}

/// Makes the network loop and begins to listen; to be called inside the runtime that will drive it.
fn network(
    config: &NodeConfig,
    genesis: &Genesis,
    reader: ChainReader,
    to_host: SyncSender<ToHost>,
    shared: Arc<Shared>,
    shelf: Option<Arc<Shelf>>,
) -> Result<Network, NodeError> {
    let topics = behaviour::Topics::new(genesis);
    let limits = Limits::new(&genesis.params);
    let made = behaviour::swarm(config, genesis, limits, &topics);
    let mut swarm = made.map_err(|error| NodeError::Network(error.to_string()))?;
    let listen = config.listen.clone();
    swarm
        .listen_on(listen)
        .map_err(|error| NodeError::Listen { address: config.listen.clone(), reason: error.to_string() })?;
    let peers = PeerBook::new(*swarm.local_peer_id(), config.peers.clone(), Instant::now());
    let (genesis, validator) = (genesis.hash(), config.validator);
    let parts =
        NetworkParts { swarm, topics, limits, peers, reader, genesis, validator, to_host, shared, shelf };
    Ok(Network::new(parts))
}

impl NodeHandle {
    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), NodeError> {
        let (shared, what) = (Arc::clone(&self.shared), name.to_string());
        let guarded = move || {
            // The thread's state is not looked at again, so it does not matter how it was left.
            if catch_unwind(AssertUnwindSafe(work)).is_err() {
                let reason = format!("the thread {what} panicked");
                shared.fail(NodeFailure { reason, disk: false });
            }
        };
        let builder = std::thread::Builder::new().name(name.into()).stack_size(THREAD_STACK_BYTES);
        self.threads.push(builder.spawn(guarded).map_err(NodeError::Thread)?);
        Ok(())
    }

    /// Gives a transaction to the node, and waits until its pool has taken or refused it. Blocks the calling thread
    /// for as long as the node executes a block.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn submit(&self, tx: Vec<u8>) -> Result<Hash, SubmitError> {
        let (sender, answer) = sync_channel(1);
        let reply: Reply = Box::new(move |result| drop(sender.send(result)));
        self.to_host.send(ToHost::Submit(tx, reply)).map_err(|_| stopped())?;
        answer.recv().unwrap_or_else(|_| Err(stopped()))
    }

    /// As [`Self::submit`], for async callers. Cancelling it leaves the transaction submitted.
    ///
    /// # Errors
    /// Why it was refused.
    pub async fn submit_async(&self, tx: Vec<u8>) -> Result<Hash, SubmitError> {
        let (sender, answer) = oneshot::channel();
        let reply: Reply = Box::new(move |result| drop(sender.send(result)));
        self.to_host.try_send(ToHost::Submit(tx, reply)).map_err(|_| busy())?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// A reader of the chain.
    #[must_use]
    pub fn reader(&self) -> ChainReader {
        self.reader.clone()
    }

    /// Decided blocks from now on. A listener that falls far behind loses some, and is told so.
    #[must_use]
    pub fn committed(&self) -> broadcast::Receiver<Arc<Committed>> {
        self.committed.subscribe()
    }

    /// Where the node stands.
    #[must_use]
    pub fn status(&self) -> NodeStatus {
        lock(&self.shared.status).clone()
    }

    /// The node's counters.
    #[must_use]
    pub fn metrics(&self) -> Arc<Counters> {
        Arc::clone(&self.shared.counters)
    }

    /// The node's peer id.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// The address it listens on, with the real port.
    #[must_use]
    pub fn address(&self) -> &Multiaddr {
        &self.address
    }

    /// The address with the peer id: what others put among their peers.
    #[must_use]
    pub fn peer_address(&self) -> Multiaddr {
        self.address.clone().with(libp2p::multiaddr::Protocol::P2p(self.peer_id))
    }

    /// Why the node stopped by itself; `None` while it runs.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.shared.failure.borrow().as_ref().map(|failure| failure.reason.clone())
    }

    /// Waits until the node stops by itself, and says why.
    pub async fn failed(&self) -> NodeFailure {
        let mut failure = self.shared.failure.subscribe();
        let reason = failure.wait_for(Option::is_some).await;
        reason.ok().and_then(|reason| reason.clone()).unwrap_or_default()
    }

    /// Stops the node and waits for its threads.
    pub fn stop(mut self) {
        self.stop_threads();
    }

    fn stop_threads(&mut self) {
        self.stop.send_replace(true);
        // Waits for room if the queue is full; an error says that the host has ended already.
        self.to_host.send(ToHost::Stop).ok();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the node panicked");
            }
        }
    }
}

impl Drop for NodeHandle {
    fn drop(&mut self) {
        self.stop_threads();
    }
}

fn stopped() -> SubmitError {
    SubmitError { code: CODE_STOPPED, message: "the node has stopped".into() }
}

fn busy() -> SubmitError {
    SubmitError { code: CODE_STOPPED, message: "the node is busy or has stopped".into() }
}
