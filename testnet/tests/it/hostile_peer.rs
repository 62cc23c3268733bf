//! Every attack at once on four validators over real sockets: who misbehaves is banned, with a reason; who may only
//! have a bad line is not; honest peers keep their places, and blocks keep coming.
//!
//! It runs if `HYDROGEN_HOSTILE` is set: thirty-five attackers and four validators want a machine of their own.

use crate::support::vm;
use hydrogen_core::{Chain, Genesis, MemStore, Params};
use hydrogen_p2p::{BannedPeer, Multiaddr, NodeConfig, NodeHandle, PeerId, SyncMode, start};
use hydrogen_testnet::hostile::{Kind, Outcome, Villain, attack};
use hydrogen_testnet::sim::ledger::{genesis, keys};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Longest any condition is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// Blocks that must still be decided while everybody attacks.
const BLOCKS: u64 = 5;

fn live() -> Genesis {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let params = Params { heartbeat_ms: 300, ..Params::default() };
    Genesis { time_ms: u64::try_from(now).expect("fits"), ..genesis(4, params) }
}

fn net(genesis: &Genesis) -> Vec<NodeHandle> {
    let mut nodes: Vec<NodeHandle> = Vec::new();
    for index in 0..4 {
        let store = Arc::new(MemStore::default());
        let chain = Chain::open(store, vm(), genesis.clone()).expect("a chain");
        let config = NodeConfig {
            listen: vec!["/ip4/127.0.0.1/tcp/0".parse().expect("an address")],
            peers: nodes.iter().map(NodeHandle::peer_address).collect(),
            keys: keys(index),
            validator: true,
            home: None,
            allow: None,
            disk: None,
            forget_votes: false,
            snapshots: None,
            sync: SyncMode::Blocks,
        };
        nodes.push(start(chain, config).expect("a node"));
    }
    nodes
}

fn wait(what: &str, nodes: &[NodeHandle], mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        let banned: Vec<_> = nodes.iter().map(|node| node.status().banned).collect();
        assert!(Instant::now() < end, "{what}: {banned:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn height(nodes: &[NodeHandle]) -> u64 {
    nodes.iter().map(|node| node.status().height.get()).min().expect("nodes")
}

#[test]
fn attackers_are_banned_and_blocks_keep_coming() {
    if std::env::var_os("HYDROGEN_HOSTILE").is_none() {
        return;
    }
    let genesis = live();
    let nodes = net(&genesis);
    let honest: BTreeSet<PeerId> = nodes.iter().map(NodeHandle::peer_id).collect();
    let mesh = || {
        nodes
            .iter()
            .all(|node| node.status().peers.iter().filter(|peer| honest.contains(&peer.id)).count() == 3)
    };
    wait("a mesh and a block", &nodes, || mesh() && height(&nodes) >= 1);

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let until = Instant::now() + PATIENCE;
    let targets: Vec<Multiaddr> = nodes.iter().map(NodeHandle::peer_address).collect();
    let mut villains = Vec::new();
    for (number, kind) in (1..).zip(Kind::ALL) {
        let villain = Villain::new(number);
        villains.push((*kind, villain.id()));
        let (targets, genesis, kind) = (targets.clone(), genesis.clone(), *kind);
        // One node at a time: four would be four times the work of this machine, and no other test of a node.
        let target = usize::from(number) % targets.len();
        runtime.spawn(async move {
            attack(kind, &villain, &targets[target..=target], &genesis, until).await.expect("an attack");
        });
    }
    let expect = |outcome| villains.iter().filter(move |(kind, _)| kind.outcome() == outcome);
    let bans = || -> Vec<BannedPeer> { nodes.iter().flat_map(|node| node.status().banned).collect() };
    let before = height(&nodes);
    for (kind, id) in expect(Outcome::Banned) {
        wait(kind.name(), &nodes, || bans().iter().any(|banned| banned.id == *id));
    }
    wait("blocks", &nodes, || height(&nodes) >= before + BLOCKS);
    for (kind, id) in expect(Outcome::Dropped) {
        assert!(bans().iter().all(|banned| banned.id != *id), "{} is banned: {:?}", kind.name(), bans());
    }
    assert!(bans().iter().all(|banned| !honest.contains(&banned.id)), "{:?}", bans());
    assert!(bans().iter().all(|banned| !banned.reason.is_empty() && banned.left > Duration::ZERO));
    assert!(mesh(), "honest peers keep their connections");
    drop(runtime);
    nodes.into_iter().for_each(NodeHandle::stop);
}
