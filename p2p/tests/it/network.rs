//! Nodes over real sockets on the loopback.

use crate::fixture::{chain, genesis, keys, transfer, upload};
use hydrogen_core::{Genesis, MemStore, Params};
use hydrogen_p2p::{Multiaddr, NodeConfig, NodeHandle, peer_id, start};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Longest any condition is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) fn live(count: usize, params: Params) -> Genesis {
    let time_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    Genesis { time_ms: u64::try_from(time_ms).unwrap(), ..genesis(count, params) }
}

pub(crate) struct Net {
    pub(crate) genesis: Genesis,
    pub(crate) nodes: Vec<NodeHandle>,
    pub(crate) stores: Vec<Arc<MemStore>>,
}

pub(crate) fn config(index: usize, validators: usize, peers: Vec<Multiaddr>) -> NodeConfig {
    NodeConfig {
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
        peers,
        keys: keys(index),
        validator: index < validators,
        home: None,
        allow: None,
        disk: None,
        forget_votes: false,
        snapshots: None,
        sync: hydrogen_p2p::SyncMode::Auto,
    }
}

impl Net {
    /// A network without nodes, and a genesis of this moment.
    pub(crate) fn of(validators: usize, params: Params) -> Self {
        Self { genesis: live(validators, params), nodes: Vec::new(), stores: Vec::new() }
    }

    pub(crate) fn start(count: usize, params: Params) -> Self {
        Self::start_in(count, params, |_| None)
    }

    pub(crate) fn start_in(count: usize, params: Params, home: impl Fn(usize) -> Option<PathBuf>) -> Self {
        let mut net = Self::of(count, params);
        for index in 0..count {
            net.join(NodeConfig { home: home(index), ..config(index, count, net.addresses()) });
        }
        net
    }

    pub(crate) fn addresses(&self) -> Vec<Multiaddr> {
        self.nodes.iter().map(NodeHandle::peer_address).collect()
    }

    pub(crate) fn join(&mut self, config: NodeConfig) {
        let store = Arc::new(MemStore::default());
        self.nodes.push(start(chain(&store, &self.genesis), config).unwrap());
        self.stores.push(store);
    }
}

/// Waits for events, not for time: the condition is looked at after every decided block.
pub(crate) fn wait(node: &NodeHandle, condition: impl Fn() -> bool) {
    let started = Instant::now();
    let mut committed = node.committed();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "stopped at {:?}, {:?}", node.status(), node.failure());
        if committed.try_recv().is_err() {
            std::thread::yield_now();
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Four validators decide, a transaction given to any of them is final on all, a fifth node that joins late takes the
/// chain with verified certificates, and passes a transaction on.
#[test]
fn four_nodes_decide_and_a_fifth_follows() {
    let mut net = Net::start(4, Params { heartbeat_ms: 500, ..Params::default() });
    wait(&net.nodes[0], || net.nodes.iter().all(|node| node.status().height.get() >= 3));
    net.nodes[1].submit(transfer(0)).unwrap();
    wait(&net.nodes[2], || net.nodes.iter().all(|node| nonce(node) == 1));
    net.join(config(4, 4, net.addresses()));
    wait(&net.nodes[4], || net.nodes[4].status().height >= net.nodes[0].status().height);
    assert!(net.nodes[4].metrics().blocks_synced.get() >= 3);
    assert_eq!(net.nodes[4].metrics().blocks_decided.get(), 0);
    net.nodes[4].submit(transfer(1)).unwrap();
    wait(&net.nodes[4], || net.nodes.iter().all(|node| nonce(node) == 2));
    let height = net.nodes[4].status().height;
    let blocks: BTreeSet<_> = net
        .nodes
        .iter()
        .filter_map(|node| node.reader().block(height.previous()?).unwrap())
        .map(|b| b.hash)
        .collect();
    assert_eq!(blocks.len(), 1, "all have the same block");
    net.nodes.into_iter().for_each(NodeHandle::stop);
}

pub(crate) fn nonce(node: &NodeHandle) -> u64 {
    node.reader().account(&crate::fixture::rich().address(), None).unwrap().nonce
}

/// A node whose id is not on the list is kept out; one on the list gets in.
#[test]
fn allow_list_keeps_strangers_out() {
    let mut net = Net {
        genesis: live(1, Params { heartbeat_ms: 300, ..Params::default() }),
        nodes: vec![],
        stores: vec![],
    };
    let allow = Some(BTreeSet::from([peer_id(&keys(1))]));
    net.join(NodeConfig { allow, ..config(0, 1, vec![]) });
    net.join(config(1, 1, net.addresses()));
    net.join(config(2, 1, net.addresses()[..1].to_vec()));
    wait(&net.nodes[0], || net.nodes[1].status().height.get() >= 4);
    assert_eq!(net.nodes[2].status().height.get(), 0);
    assert_eq!(net.nodes[0].status().peers.len(), 1);
}

/// A line on which bytes vanish without a word: both sides notice, give the connection up, and meet again by a new
/// one when bytes pass again.
#[test]
fn a_silent_line_is_given_up_and_dialled_anew() {
    let mut net = Net {
        genesis: live(1, Params { heartbeat_ms: 300, ..Params::default() }),
        nodes: vec![],
        stores: vec![],
    };
    net.join(config(0, 1, vec![]));
    let line = Line::to(&net.addresses()[0]);
    net.join(config(1, 1, vec![line.address.clone()]));
    let met = |node: usize| net.nodes[node].status().peers.len() == 1;
    wait(&net.nodes[0], || met(0) && met(1) && net.nodes[1].status().height.get() >= 2);
    line.silent.store(true, Ordering::Relaxed);
    wait(&net.nodes[0], || !met(0) && !met(1));
    let top = net.nodes[0].status().height;
    line.silent.store(false, Ordering::Relaxed);
    wait(&net.nodes[0], || met(0) && met(1) && net.nodes[1].status().height > top);
}

/// A line between nodes that can swallow what passes.
struct Line {
    address: Multiaddr,
    silent: Arc<AtomicBool>,
}

impl Line {
    fn to(target: &Multiaddr) -> Self {
        let text = target.to_string();
        let mut parts = text.split('/').skip(2);
        let (host, port) = (parts.next().unwrap(), parts.nth(1).unwrap());
        let (target, id) = (format!("{host}:{port}"), text.split("/p2p/").nth(1).unwrap().to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let silent = Arc::new(AtomicBool::new(false));
        let swallow = Arc::clone(&silent);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(&target) else { continue };
                let (near_too, far_too) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                let (there, back) = (Arc::clone(&swallow), Arc::clone(&swallow));
                std::thread::spawn(move || Self::carry(near, far, &there));
                std::thread::spawn(move || Self::carry(far_too, near_too, &back));
            }
        });
        Self { address: format!("/ip4/127.0.0.1/tcp/{port}/p2p/{id}").parse().unwrap(), silent }
    }

    /// Passes bytes on until one side ends. Once bytes were swallowed nothing passes on this connection any more, not
    /// even its end: it is a new one that must be dialled.
    fn carry(mut from: TcpStream, mut to: TcpStream, silent: &AtomicBool) {
        let (mut buffer, mut broken) = ([0; 4096], false);
        while let Ok(count) = from.read(&mut buffer) {
            broken |= silent.load(Ordering::Relaxed);
            if broken && count > 0 {
                continue;
            }
            if broken || count == 0 || to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        if broken {
            // The end does not pass either: the socket stays open for as long as the test runs.
            std::mem::forget((from, to));
        }
    }
}

/// A validator that stops and starts again from its store and its log goes on.
#[test]
fn a_node_restarts() {
    let home: PathBuf = tempfile::tempdir().unwrap().keep();
    let mut net = Net {
        genesis: live(2, Params { heartbeat_ms: 300, ..Params::default() }),
        nodes: vec![],
        stores: vec![],
    };
    net.join(NodeConfig { home: Some(home.clone()), ..config(0, 2, vec![]) });
    net.join(config(1, 2, net.addresses()));
    wait(&net.nodes[0], || net.nodes[0].status().height.get() >= 2);
    net.nodes.remove(0).stop();
    let other = net.addresses();
    let again = NodeConfig { home: Some(home.clone()), ..config(0, 2, other) };
    net.nodes.push(start(chain(&net.stores[0], &net.genesis), again).unwrap());
    let target = net.nodes[0].status().height.get() + 3;
    wait(&net.nodes[1], || net.nodes.iter().all(|node| node.status().height.get() >= target));
    drop(net);
    std::fs::remove_dir_all(home).unwrap();
}

/// A validator whose vote log is gone may have voted at the height after its tip: it says nothing there, even though the
/// others wait for it, and takes part again once they have decided without it.
#[test]
fn a_lost_vote_log_means_silence_for_one_height() {
    const SILENCE: Duration = Duration::from_millis(1_500);
    let homes = tempfile::tempdir().unwrap();
    let home = |index: usize| Some(homes.path().join(index.to_string()));
    // Blocks for transactions alone.
    let mut net = Net::start_in(4, Params { heartbeat_ms: 3_600_000, ..Params::default() }, home);
    wait(&net.nodes[0], || net.nodes.iter().all(|node| node.status().peers.len() == 3));
    net.nodes[0].submit(transfer(0)).unwrap();
    wait(&net.nodes[0], || net.nodes.iter().all(|node| nonce(node) == 1));
    net.nodes.remove(3).stop();
    net.nodes.remove(0).stop();
    let tip = net.nodes[0].status().height;
    std::fs::remove_dir_all(homes.path().join("0")).unwrap();
    let again = |net: &Net, index: usize| {
        let config = NodeConfig { home: home(index), ..config(index, 4, net.addresses()) };
        start(chain(&net.stores[index], &net.genesis), config).unwrap()
    };
    net.nodes.push(again(&net, 0));
    wait(&net.nodes[2], || net.nodes.iter().all(|node| node.status().peers.len() == 2));
    net.nodes[0].submit(transfer(1)).unwrap();
    std::thread::sleep(SILENCE);
    assert!(net.nodes.iter().all(|node| node.status().height == tip), "two of four decide nothing");

    net.nodes.push(again(&net, 3));
    wait(&net.nodes[0], || net.nodes.iter().all(|node| nonce(node) == 2));
    net.nodes.remove(3).stop();
    net.nodes[0].submit(transfer(2)).unwrap();
    wait(&net.nodes[0], || net.nodes.iter().all(|node| nonce(node) == 3));
}

/// Three validators of whom two know only the first: they learn of each other, or nothing would be decided.
#[test]
fn validators_find_each_other() {
    let params = Params { heartbeat_ms: 300, ..Params::default() };
    let mut net = Net { genesis: live(3, params), nodes: vec![], stores: vec![] };
    net.join(config(0, 3, vec![]));
    let first = net.addresses();
    net.join(config(1, 3, first.clone()));
    net.join(config(2, 3, first));
    wait(&net.nodes[0], || net.nodes.iter().all(|node| node.status().height.get() >= 3));
    assert!(net.nodes.iter().all(|node| node.status().peers.len() == 2));
}

/// What waits in the pool waits again after a restart.
#[test]
fn pool_survives_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let mut net = Net { genesis: live(2, Params::default()), nodes: vec![], stores: vec![] };
    net.join(NodeConfig { home: Some(home.path().into()), ..config(0, 2, vec![]) });
    net.nodes[0].submit(transfer(0)).unwrap();
    net.nodes.remove(0).stop();
    net.join(NodeConfig { home: Some(home.path().into()), ..config(0, 2, vec![]) });
    wait(&net.nodes[0], || net.nodes[0].status().mempool == 1);
}

/// The pool of a node that is killed: what its disk holds while it runs is enough for another to take it up.
#[test]
fn pool_survives_a_kill() {
    let (home, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut net = Net { genesis: live(2, Params::default()), nodes: vec![], stores: vec![] };
    net.join(NodeConfig { home: Some(home.path().into()), ..config(0, 2, vec![]) });
    net.nodes[0].submit(transfer(0)).unwrap();
    // Its turn comes later: it is kept all the same.
    net.nodes[0].submit(transfer(2)).unwrap();
    let journal = || std::fs::read(home.path().join("pool.journal")).unwrap_or_default();
    wait(&net.nodes[0], || journal().len() >= transfer(0).len() + transfer(2).len());
    std::fs::write(copy.path().join("pool.journal"), journal()).unwrap();
    net.join(NodeConfig { home: Some(copy.path().into()), ..config(0, 2, vec![]) });
    wait(&net.nodes[1], || net.nodes[1].status().mempool == 2);
}

/// How long after its proposer a node that only follows has a block. Prints; asserts that it heard them.
#[test]
fn follower_latency_on_loopback() {
    const BLOCKS: u64 = 60;
    let mut net = Net::start(4, Params { heartbeat_ms: 60, block_interval_ms: 10, ..Params::default() });
    net.join(config(4, 4, net.addresses()));
    wait(&net.nodes[4], || net.nodes.iter().all(|node| node.status().height.get() >= 3));
    let from = net.nodes[4].status().height.get() + 1;
    let watch = |node: &NodeHandle| {
        let mut committed = node.committed();
        std::thread::spawn(move || {
            let mut seen = std::collections::BTreeMap::new();
            while seen.len() < usize::try_from(BLOCKS).unwrap() {
                let block = committed.blocking_recv().unwrap();
                seen.insert(block.block.header.height.get(), (Instant::now(), block.block.header.proposer));
            }
            seen
        })
    };
    let watching: Vec<_> = net.nodes.iter().map(watch).collect();
    let seen: Vec<_> = watching.into_iter().map(|thread| thread.join().unwrap()).collect();
    let mut late: Vec<Duration> = Vec::new();
    for (height, (at, proposer)) in seen[4].iter().filter(|(height, _)| **height >= from) {
        let index = (0..4).find(|index| keys(*index).consensus.address() == *proposer).unwrap();
        if let Some((first, _)) = seen[index].get(height) {
            late.push(at.saturating_duration_since(*first));
        }
    }
    late.sort();
    let heard = net.nodes[4].metrics().blocks_heard.get();
    let (count, last) = (late.len(), late.last().unwrap());
    println!(
        "follower behind the proposer: p50 {:?} p99 {last:?} of {count}, {heard} heard",
        late[count / 2]
    );
    assert!(heard * 2 > BLOCKS, "{heard} of {BLOCKS} blocks were heard");
}

/// Time from a submission to finality, as a client of one validator sees it, with vote logs on the disk. Prints;
/// asserts only that it is sane.
#[test]
fn finality_on_loopback() {
    let homes = tempfile::tempdir().unwrap();
    let params = Params { block_interval_ms: 10, ..Params::default() };
    let net = Net::start_in(4, params, |index| Some(homes.path().join(index.to_string())));
    wait(&net.nodes[0], || net.nodes.iter().all(|node| node.status().height.get() >= 1));
    let mut times = Vec::new();
    for number in 0..100u64 {
        let node = &net.nodes[usize::try_from(number).unwrap() % 4];
        let mut committed = node.committed();
        let started = Instant::now();
        node.submit(transfer(number)).unwrap();
        while committed.blocking_recv().unwrap().block.txs.is_empty() {}
        times.push(started.elapsed());
        wait(node, || net.nodes.iter().all(|node| nonce(node) == number + 1));
    }
    times.sort();
    let rounds: u64 = net.nodes.iter().map(|node| node.metrics().rounds_above_zero.get()).sum();
    println!(
        "finality p50 {:?} p90 {:?} max {:?}, rounds above 0: {rounds}",
        times[50], times[90], times[99]
    );
    println!("{:?}", net.nodes[0].metrics().all());
    assert!(times[50] < Duration::from_millis(250));
}

/// Blocks of more than a MiB cross the network whole.
#[test]
fn large_blocks_are_decided() {
    let gas = hydrogen_types::Gas::new(10_000_000_000_000);
    let net = Net::start(4, Params { block_gas_max: gas, ..Params::default() });
    wait(&net.nodes[0], || net.nodes.iter().all(|node| node.status().height.get() >= 1));
    let started = Instant::now();
    for number in 0..9 {
        net.nodes[0].submit(upload(number)).unwrap();
    }
    wait(&net.nodes[3], || net.nodes.iter().all(|node| nonce(node) == 9));
    let blocks = (1..=net.nodes[0].status().height.get())
        .filter_map(|height| net.nodes[0].reader().block(hydrogen_types::Height::new(height)).unwrap());
    let most = blocks.map(|committed| committed.block.txs.len()).max().unwrap();
    println!("9 uploads in {:?}, {most} in the largest block", started.elapsed());
    assert!(most >= 2);
    assert_eq!(net.nodes.iter().map(|node| node.metrics().peer_faults.get()).sum::<u64>(), 0);
}

/// As many transactions as fit, given to one validator. Prints how many became final in a second.
#[test]
fn throughput_on_loopback() {
    const COUNT: u64 = 2_000;
    let net = Net::start(4, Params { block_interval_ms: 10, ..Params::default() });
    wait(&net.nodes[0], || net.nodes.iter().all(|node| node.status().height.get() >= 1));
    let txs: Vec<Vec<u8>> = (0..COUNT).map(transfer).collect();
    let started = Instant::now();
    for (number, tx) in (0u64..).zip(txs) {
        // A sender may have 256 waiting.
        wait(&net.nodes[0], || nonce(&net.nodes[0]) + 200 > number);
        net.nodes[0].submit(tx).unwrap();
    }
    wait(&net.nodes[3], || net.nodes.iter().all(|node| nonce(node) == COUNT));
    let seconds = started.elapsed().as_secs_f64();
    let height = net.nodes[0].status().height;
    println!("{COUNT} transactions in {seconds:.2} s and {height} blocks");
}
