//! Starts and stops a node.

use crate::failure::{Failure, Outcome};
use crate::node::backend::NodeBackend;
use crate::node::disk::{create_dir, disk_failure, node_failure, store_failure};
use crate::node::home::{Home, NodeFile, Sync};
use crate::rpc::{Backend, JoiningServer, RpcServer, serve_on};
use crate::shutdown::Shutdown;
use hydrogen_core::{Chain, ChainError, ContractVm, Genesis, Keep, NodeKeys};
use hydrogen_p2p::{
    DiskConfig, Joining, Multiaddr, NodeConfig, NodeError, NodeHandle, PeerId, Snapshots, SyncMode,
};
use hydrogen_vm::{DiskCache, Vm, VmConfig};
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// A node that runs.
pub struct RunningNode {
    /// Where its RPC listens.
    pub rpc: SocketAddr,
    /// What others put among their peers.
    pub peer_address: String,
    backend: Arc<NodeBackend>,
    server: RpcServer,
}

/// What a missing vote log means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoteLog {
    /// It was lost: nothing is signed at the height where something may have been signed.
    Kept,
    /// The operator knows that nothing was signed there.
    Forgotten,
}

/// Opens the home's chain, joins the network, serves the RPC, which until then says how far this is. `None` if it was
/// asked to stop before the node ran.
///
/// # Errors
/// A sentence that says what is in the way and what to do.
pub async fn start(
    home: &Home,
    config: &NodeFile,
    genesis: Genesis,
    keys: NodeKeys,
    votes: VoteLog,
    shutdown: &Shutdown,
) -> Outcome<Option<RunningNode>> {
    let network = network(home, config, keys, votes)?;
    let keep = config
        .history
        .keep()
        .map_err(|error| Failure::from(error).hint("mend `history` in config.json, or give --history"))?;
    let listen = config.rpc_listen;
    let refused = |error| {
        Failure::of(format_args!("rpc on {listen}"), &error)
            .hint("another process may have the port: change rpc_listen in config.json")
    };
    let listener = TcpListener::bind(listen).map_err(refused)?;
    listener.set_nonblocking(true)?;
    let joining = Joining::default();
    let telling = JoiningServer::start(listener.try_clone()?, joining.clone())?;
    tracing::info!(rpc = %listener.local_addr()?, "the RPC says how far the node is until it runs");
    let (paths, watched) = (home.clone(), joining.clone());
    let open = move || open(&paths, genesis, keep, network, &watched);
    let mut opening = tokio::task::spawn_blocking(open);
    let opened = tokio::select! {
        opened = &mut opening => opened,
        () = shutdown.clone().wait() => {
            joining.stop();
            opening.await
        }
    };
    telling.stop().await;
    let Some(handle) = opened?? else { return Ok(None) };
    let peer_address = handle.peer_address().to_string();
    let backend = Arc::new(NodeBackend::new(handle));
    match serve_on(listener, Backend::Node(backend.clone())) {
        Ok(server) => Ok(Some(RunningNode { rpc: server.address, peer_address, backend, server })),
        Err(error) => {
            stop_backend(backend).await;
            Err(refused(error))
        }
    }
}

/// What the network is told.
fn network(home: &Home, config: &NodeFile, keys: NodeKeys, votes: VoteLog) -> Outcome<NodeConfig> {
    Ok(NodeConfig {
        listen: config.p2p_listen.iter().map(|text| multiaddr(text)).collect::<Outcome<_>>()?,
        peers: config.peers.iter().map(|text| multiaddr(text)).collect::<Outcome<_>>()?,
        keys,
        validator: config.validate,
        home: Some(home.votes()),
        allow: config.allow.as_ref().map(|ids| allowed(ids)).transpose()?,
        disk: Some(DiskConfig {
            folder: home.path().into(),
            reserve_bytes: config.disk_reserve_mib.saturating_mul(1 << 20),
        }),
        forget_votes: votes == VoteLog::Forgotten,
        snapshots: Some(Snapshots {
            folder: home.snapshots(),
            every: config.snapshots.every,
            keep: config.snapshots.keep,
        }),
        sync: match config.sync {
            Sync::Auto => SyncMode::Auto,
            Sync::Blocks => SyncMode::Blocks,
            Sync::Snapshot => SyncMode::Snapshot,
        },
    })
}

/// `None` if it was asked to stop before the node ran. Blocks.
fn open(
    home: &Home,
    genesis: Genesis,
    keep: Keep,
    network: NodeConfig,
    joining: &Joining,
) -> Outcome<Option<NodeHandle>> {
    let Some(chain) = open_chain(home, genesis, keep, &network, joining)? else { return Ok(None) };
    hydrogen_p2p::start(chain, network).map(Some).map_err(node_failure)
}

fn open_chain(
    home: &Home,
    genesis: Genesis,
    keep: Keep,
    network: &NodeConfig,
    joining: &Joining,
) -> Outcome<Option<Chain>> {
    let path = home.chain();
    create_dir(&path)?;
    create_dir(&home.votes())?;
    let store = hydrogen_core::store::RocksStore::open(&path).map_err(store_failure)?;
    match hydrogen_p2p::bootstrap(&store, &genesis, network, joining) {
        Ok(_) => {}
        Err(NodeError::Stopped) => return Ok(None),
        Err(error @ NodeError::Address(_)) => return Err(node_failure(error)),
        Err(error) if error.is_disk() => return Err(disk_failure(Failure::from(error))),
        Err(error) => {
            return Err(Failure::from(error)
                .hint("set \"sync\": \"blocks\" in config.json to take all blocks from genesis on"));
        }
    }
    // What this node compiled itself it knows by a key of its own.
    let disk = DiskCache::new(home.compiled(), network.keys.peer.seed_bytes());
    let settings = VmConfig { disk: Some(disk), ..VmConfig::default() };
    let vm = Vm::new(settings).map_err(|error| Failure::of("sandbox", &error))?;
    let vm: Arc<dyn ContractVm> = Arc::new(vm);
    let opened = Chain::open(Arc::new(store), vm, genesis).and_then(|chain| chain.keeping(keep));
    opened.map(Some).map_err(|error| {
        if let ChainError::Store(error) = error {
            return store_failure(error);
        }
        let hint = match &error {
            ChainError::OtherGenesis { .. } => "this home follows another chain: use another --home",
            ChainError::OtherFormat { .. } => {
                "use the version that wrote it, or remove the chain folder and take the blocks from peers again"
            }
            _ => "the log says more",
        };
        Failure::of(path.display(), &error).hint(hint)
    })
}

pub(crate) fn multiaddr(text: &str) -> Outcome<Multiaddr> {
    text.parse().map_err(|error| {
        Failure::new(format!("`{text}` is not a peer's address: {error}"))
            .hint("write /ip4/HOST/tcp/PORT, with /p2p/PEER_ID at the end to accept no other peer there")
    })
}

fn allowed(ids: &[String]) -> Outcome<BTreeSet<PeerId>> {
    let parse = |id: &String| {
        id.parse().map_err(|error| Failure::new(format!("`{id}` in `allow` is not a peer id: {error}")))
    };
    ids.iter().map(parse).collect()
}

async fn stop_backend(backend: Arc<NodeBackend>) {
    let stopped = tokio::task::spawn_blocking(move || backend.stop()).await;
    if let Err(error) = stopped {
        tracing::error!(%error, "stopping the node panicked");
    }
}

impl RunningNode {
    /// Runs until asked to stop, or until the node fails by itself.
    ///
    /// # Errors
    /// Why the node failed.
    pub async fn run(self, shutdown: Shutdown) -> Outcome {
        let failure = match self.backend.handle() {
            Some(handle) => tokio::select! {
                () = shutdown.wait() => None,
                reason = handle.failed() => Some(reason),
            },
            None => None,
        };
        self.stop().await;
        match failure {
            None => Ok(()),
            Some(failure) => {
                let stopped = Failure::new(format!("the node stopped: {}", failure.reason));
                Err(if failure.disk {
                    disk_failure(stopped)
                } else {
                    stopped.hint(
                        "nothing that was final is lost; start it again, and look at its log if it recurs",
                    )
                })
            }
        }
    }

    /// Stops serving, then the node.
    pub async fn stop(self) {
        self.server.stop().await;
        stop_backend(self.backend).await;
    }
}
