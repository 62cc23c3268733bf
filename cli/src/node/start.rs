//! Starts and stops a node.

use crate::failure::{Failure, Outcome};
use crate::node::backend::NodeBackend;
use crate::node::disk::{create_dir, disk_failure, node_failure, store_failure};
use crate::node::home::{Home, NodeFile, Sync};
use crate::rpc::{Backend, RpcConfig, RpcServer, serve};
use crate::shutdown::Shutdown;
use hydrogen_core::{Chain, ChainError, ContractVm, Genesis, Keep, NodeKeys};
use hydrogen_p2p::{DiskConfig, Multiaddr, NodeConfig, PeerId, Snapshots, SyncMode};
use hydrogen_vm::{Vm, VmConfig};
use std::collections::BTreeSet;
use std::net::SocketAddr;
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

/// Opens the home's chain, joins the network, serves the RPC.
///
/// # Errors
/// A sentence that says what is in the way and what to do.
pub async fn start(home: &Home, config: &NodeFile, genesis: Genesis, keys: NodeKeys) -> Outcome<RunningNode> {
    start_with(home, config, genesis, keys, VoteLog::Kept).await
}

/// What a missing vote log means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoteLog {
    /// It was lost: nothing is signed at the height where something may have been signed.
    Kept,
    /// The operator knows that nothing was signed there.
    Forgotten,
}

/// As [`start`], with the operator's word on the vote log.
///
/// # Errors
/// A sentence that says what is in the way and what to do.
pub async fn start_with(
    home: &Home,
    config: &NodeFile,
    genesis: Genesis,
    keys: NodeKeys,
    votes: VoteLog,
) -> Outcome<RunningNode> {
    let keep = config
        .history
        .keep()
        .map_err(|error| Failure::from(error).hint("mend `history` in config.json, or give --history"))?;
    let network = NodeConfig {
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
    };
    let paths = home.clone();
    let open = move || -> Outcome<hydrogen_p2p::NodeHandle> {
        let chain = open_chain(&paths, genesis, keep, &network)?;
        hydrogen_p2p::start(chain, network).map_err(node_failure)
    };
    let handle = tokio::task::spawn_blocking(open).await??;
    let peer_address = handle.peer_address().to_string();
    let backend = Arc::new(NodeBackend::new(handle));
    let listen = config.rpc_listen;
    match serve(&RpcConfig { listen }, Backend::Node(backend.clone())).await {
        Ok(server) => Ok(RunningNode { rpc: server.address, peer_address, backend, server }),
        Err(error) => {
            stop_backend(backend).await;
            Err(Failure::of(format_args!("rpc on {listen}"), &error)
                .hint("another process may have the port: change rpc_listen in config.json"))
        }
    }
}

fn open_chain(home: &Home, genesis: Genesis, keep: Keep, network: &NodeConfig) -> Outcome<Chain> {
    let path = home.chain();
    create_dir(&path)?;
    create_dir(&home.votes())?;
    let store = hydrogen_core::store::RocksStore::open(&path).map_err(store_failure)?;
    hydrogen_p2p::bootstrap(&store, &genesis, network).map_err(|error| match error {
        hydrogen_p2p::NodeError::Address(_) => node_failure(error),
        error => Failure::from(error)
            .hint("set \"sync\": \"blocks\" in config.json to take all blocks from genesis on"),
    })?;
    let vm = Vm::new(VmConfig::default()).map_err(|error| Failure::of("sandbox", &error))?;
    let vm: Arc<dyn ContractVm> = Arc::new(vm);
    let opened = Chain::open(Arc::new(store), vm, genesis).and_then(|chain| chain.keeping(keep));
    opened.map_err(|error| {
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
