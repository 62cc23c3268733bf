//! A running node: one thread owns the chain, one drives the network, and a handle speaks to both.
//!
//! *Invariants*: every queue is bounded; if one thread ends, so does the other, and the handle says why.

mod behaviour;
mod bootstrap;
mod dialling;
#[cfg(feature = "kad")]
mod discovery;
mod disk;
mod error;
mod fetching;
pub(crate) mod frames;
mod gate;
mod inbound;
mod join;
mod joining;
mod metered;
mod network;
mod outbound;
mod peers;
mod pool_file;
mod probe;
mod resolve;
mod shared;
mod snapshots;
mod standing;
mod thread;
mod transport;
pub(crate) mod wire;

pub use bootstrap::bootstrap;
pub use error::NodeError;
pub use joining::{JoinStage, Joining};
pub use probe::{ProbeError, probe};
pub(crate) use shared::Shared;
pub use shared::{NodeFailure, NodeStatus, PeerInfo};

use crate::config::NodeConfig;
use crate::consensus::{Host, HostConfig, HostLimits, SubmitError};
use crate::metrics::Counters;
use hydrogen_core::{Chain, ChainReader, Committed, Genesis, Mempool};
use hydrogen_types::Hash;
use libp2p::{Multiaddr, PeerId};
use network::{Network, NetworkParts};
use peers::PeerBook;
use shared::lock;
use snapshots::Shelf;
pub use standing::BannedPeer;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;
use thread::{Clock, HostThread, Reply, ToHost};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
pub use transport::AddressError;
use wire::Limits;

/// Inputs that wait for the host.
const INPUTS_MAX: usize = 4_096;
/// Outputs that wait for the network.
const OUTPUTS_MAX: usize = 4_096;
/// Decided blocks that a slow listener may fall behind before it loses some.
const COMMITTED_MAX: usize = 1_024;
/// Stack of a thread that may execute blocks: a sandbox then runs contracts right here, without handing each call to a
/// thread of its own. Only touched pages take memory.
const THREAD_STACK_BYTES: usize = 32 << 20;

/// Code of a submission that a stopped node refuses.
const CODE_STOPPED: u32 = 290;

/// A running node. Dropping it stops it.
pub struct NodeHandle {
    to_host: SyncSender<ToHost>,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
    committed: broadcast::Sender<Arc<Committed>>,
    shared: Arc<Shared>,
    reader: ChainReader,
    peer_id: PeerId,
    /// At least one.
    addresses: Vec<Multiaddr>,
}

/// Starts a node on a chain.
///
/// # Errors
/// The vote log is damaged or of another chain, or the address cannot be listened on.
pub fn start(chain: Chain, config: NodeConfig) -> Result<NodeHandle, NodeError> {
    check_addresses(&config)?;
    let first = config.listen.first().cloned().ok_or(NodeError::NoAddress)?;
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
        addresses: vec![first.clone()],
    };
    handle.spawn("hydrogen-net", move || runtime.block_on(network.run(from_host, stopped)))?;
    let listening = handle.shared.wait_listening();
    handle.addresses = listening.map_err(|reason| NodeError::Listen { address: first, reason })?;
    handle.spawn("hydrogen-host", move || host_thread.run())?;
    if let Some(shelf) = shelf {
        let (reader, stopped) = (handle.reader.clone(), handle.stop.subscribe());
        handle.spawn("hydrogen-snap", move || shelf.run(&reader, &stopped))?;
    }
    Ok(handle)
}

/// Whether this build can use all addresses of a configuration.
fn check_addresses(config: &NodeConfig) -> Result<(), AddressError> {
    config.listen.iter().chain(&config.peers).try_for_each(transport::check)
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
    let mut listeners = Vec::new();
    for address in &config.listen {
        let listening = swarm.listen_on(address.clone());
        let listener = listening.map_err(|error| NodeError::Listen {
            address: address.clone(),
            reason: error::words_of(&error),
        })?;
        listeners.push((listener, None));
    }
    let mut peers = PeerBook::new(*swarm.local_peer_id(), config.peers.clone(), Instant::now());
    peers.allow_only(config.allow.clone());
    let (genesis, validator) = (genesis.hash(), config.validator);
    Ok(Network::new(NetworkParts {
        swarm,
        listeners,
        topics,
        limits,
        peers,
        reader,
        genesis,
        validator,
        to_host,
        shared,
        shelf,
    }))
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

    /// The first address it listens on, with the real port.
    #[must_use]
    pub fn address(&self) -> &Multiaddr {
        self.addresses.first().expect("a node has an address to listen on")
    }

    /// One address, with the real port, for each that the configuration tells it to listen on.
    #[must_use]
    pub fn addresses(&self) -> &[Multiaddr] {
        &self.addresses
    }

    /// The first address with the peer id: what others put among their peers.
    #[must_use]
    pub fn peer_address(&self) -> Multiaddr {
        self.address().clone().with(libp2p::multiaddr::Protocol::P2p(self.peer_id))
    }

    /// All of them with the peer id.
    #[must_use]
    pub fn peer_addresses(&self) -> Vec<Multiaddr> {
        let id = libp2p::multiaddr::Protocol::P2p(self.peer_id);
        self.addresses.iter().map(|address| address.clone().with(id.clone())).collect()
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
