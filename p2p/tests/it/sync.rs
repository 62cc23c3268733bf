//! Catching up over real sockets: by blocks, and from snapshots of peers that are honest, false or gone.
//!
//! `HYDROGEN_SYNC_BLOCKS=10000` makes the chain of the measurements that long.

use crate::fixture::{chain, genesis, keys, rich, transfer};
use hydrogen_core::block::certify;
use hydrogen_core::store::RocksStore;
use hydrogen_core::{Chain, Genesis, MemStore, Params, Store, Table, check_tx};
use hydrogen_p2p::{Joining, Multiaddr, NodeConfig, NodeHandle, Snapshots, SyncMode, bootstrap, start};
use hydrogen_types::{Address, Amount};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest any condition is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Accounts at genesis: some chunks of state.
const ACCOUNTS: u32 = 30_000;

fn old_genesis(accounts: u32) -> Genesis {
    let params = Params { heartbeat_ms: 3_600_000, ..Params::default() };
    let mut genesis = genesis(1, params);
    for number in 0..accounts {
        let mut address = [1; 20];
        address[..4].copy_from_slice(&number.to_be_bytes());
        genesis.accounts.push((Address::new(address), Amount::new(u128::from(number) + 1)));
    }
    genesis
}

/// Adds blocks of the only validator, each with a transfer.
fn grow(chain: &mut Chain, blocks: u64) {
    let proposer = keys(0);
    for _ in 0..blocks {
        let genesis = chain.genesis().clone();
        let tx = check_tx(&transfer(chain.tip().height.get()), &genesis.chain_id, &genesis.params).unwrap();
        let executed = chain.build(&proposer, 0, chain.tip().time_ms + 100, vec![tx]).unwrap();
        let certificate = certify(&genesis.chain_id, &executed.block, &[&proposer.consensus]);
        chain.commit_refetchable(executed, certificate).unwrap();
    }
}

fn config(index: usize, peers: Vec<Multiaddr>, folder: &Path, every: u64) -> NodeConfig {
    NodeConfig {
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
        peers,
        keys: keys(index),
        validator: index == 0,
        home: None,
        allow: None,
        disk: None,
        forget_votes: false,
        snapshots: Some(Snapshots { folder: folder.into(), every, keep: 2 }),
        sync: SyncMode::Auto,
    }
}

fn wait(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Two nodes on the same chain of 600 blocks, with snapshots of height 600.
struct Servers {
    genesis: Genesis,
    folders: tempfile::TempDir,
    nodes: Vec<NodeHandle>,
    store: Arc<MemStore>,
}

impl Servers {
    fn start() -> Self {
        let (genesis, store) = (old_genesis(ACCOUNTS), Arc::new(MemStore::new()));
        grow(&mut chain(&store, &genesis), 600);
        let folders = tempfile::tempdir().unwrap();
        let nodes = (0..2).map(|index| {
            let folder = folders.path().join(index.to_string());
            let fork = Arc::new(store.fork());
            // The second does not vote, and does not follow the first: both stay where they are.
            start(chain(&fork, &genesis), config(index, vec![], &folder, 200)).unwrap()
        });
        let nodes: Vec<NodeHandle> = nodes.collect();
        let servers = Self { genesis, folders, nodes, store };
        wait("snapshot", || (0..2).all(|index| servers.folder(index).exists()));
        servers
    }

    fn folder(&self, index: usize) -> PathBuf {
        self.folders.path().join(index.to_string()).join("600")
    }

    fn fresh(&self, name: &str) -> (Arc<MemStore>, NodeConfig) {
        let peers = self.nodes.iter().map(NodeHandle::peer_address).collect();
        (Arc::new(MemStore::new()), config(7, peers, &self.folders.path().join(name), 0))
    }

    /// The store holds the state, the tree and the modules of the servers.
    fn check(&self, store: &MemStore) {
        for table in [Table::State, Table::Pages, Table::Code] {
            let all = |store: &MemStore| store.range(table, &[], None, usize::MAX).unwrap();
            assert_eq!(all(store), all(&self.store), "{table:?}");
        }
    }
}

fn chunk(index: usize) -> String {
    format!("{index:06}.chunk")
}

/// A fresh node takes the state from two peers, then follows by blocks; it offers the snapshot on to others.
#[test]
fn a_fresh_node_joins_by_snapshot() {
    let servers = Servers::start();
    let (store, config) = servers.fresh("fresh");
    let height = bootstrap(&*store, &servers.genesis, &config, &Joining::default()).unwrap();
    assert_eq!(height.map(|height| height.get()), Some(600));
    servers.check(&store);
    let node = start(chain(&store, &servers.genesis), config).unwrap();
    servers.nodes[0].submit(transfer(600)).unwrap();
    wait("the block after the snapshot", || {
        node.reader().account(&rich().address(), None).unwrap().nonce == 601
    });
    assert!(node.metrics().blocks_synced.get() < 10, "only what came after the snapshot");
    assert_eq!(node.reader().base().unwrap().get(), 600);

    let store = Arc::new(MemStore::new());
    let mut third = servers.fresh("third").1;
    third.keys = keys(8);
    third.peers = vec![node.peer_address()];
    assert!(bootstrap(&*store, &servers.genesis, &third, &Joining::default()).unwrap().is_some());
    servers.check(&store);
    // What has a chain is left alone.
    assert_eq!(bootstrap(&*store, &servers.genesis, &third, &Joining::default()).unwrap(), None);
}

/// A peer with a wrong chunk is not asked again; the other one's are taken.
#[test]
fn a_peer_with_wrong_chunks_is_blocked() {
    let servers = Servers::start();
    for index in 0..2 {
        let path = servers.folder(0).join(chunk(index));
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[99] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    let (store, config) = servers.fresh("fresh");
    assert!(bootstrap(&*store, &servers.genesis, &config, &Joining::default()).unwrap().is_some());
    servers.check(&store);
}

/// What an earlier run fetched is not fetched again, unless it was damaged since.
#[test]
fn a_fetch_goes_on_where_it_ended() {
    let servers = Servers::start();
    let (store, config) = servers.fresh("fresh");
    let left = servers.folders.path().join("fresh").join("600.fetching");
    std::fs::create_dir_all(&left).unwrap();
    for file in std::fs::read_dir(servers.folder(0)).unwrap().flatten() {
        std::fs::copy(file.path(), left.join(file.file_name())).unwrap();
    }
    std::fs::remove_file(left.join(chunk(0))).unwrap();
    std::fs::write(left.join(chunk(1)), b"half").unwrap();
    // The servers have nothing but these two any more: a node that asks for others never ends.
    for index in 0..2 {
        for number in 2..99 {
            std::fs::remove_file(servers.folder(index).join(chunk(number))).ok();
        }
    }
    assert!(bootstrap(&*store, &servers.genesis, &config, &Joining::default()).unwrap().is_some());
    servers.check(&store);
}

/// Where peers are not far ahead, where the chain is too young, or where blocks are wished, nothing is fetched.
#[test]
fn blocks_are_taken_where_a_snapshot_is_not_needed() {
    let servers = Servers::start();
    let (store, config) = servers.fresh("fresh");
    let blocks = NodeConfig { sync: SyncMode::Blocks, ..config.clone() };
    assert_eq!(bootstrap(&*store, &servers.genesis, &blocks, &Joining::default()).unwrap(), None);
    let genesis = old_genesis(0);
    let other = Arc::new(MemStore::new());
    grow(&mut chain(&other, &genesis), 20);
    let near = start(chain(&other, &genesis), self::config(3, vec![], &servers.folders.path().join("n"), 10));
    let near = near.unwrap();
    let config = NodeConfig { peers: vec![near.peer_address()], ..config };
    assert_eq!(bootstrap(&*store, &genesis, &config, &Joining::default()).unwrap(), None);
    let node = start(chain(&store, &genesis), config).unwrap();
    wait("block sync", || node.status().height.get() >= 20);
}

/// A chain on RocksDB, taken by a second node on RocksDB: all blocks, then by snapshot. Prints the times.
#[test]
fn sync_speed() {
    let blocks = std::env::var("HYDROGEN_SYNC_BLOCKS").map_or(600, |text| text.parse().unwrap());
    let (genesis, folders) = (old_genesis(1_000), tempfile::tempdir().unwrap());
    let open = |name: &str| {
        let store: Arc<dyn Store> = Arc::new(RocksStore::open(&folders.path().join(name)).unwrap());
        store
    };
    let chain_on = |store: &Arc<dyn Store>| {
        Chain::open(store.clone(), Arc::new(crate::fixture::NoVm), genesis.clone()).unwrap()
    };
    let mut made = chain_on(&open("server"));
    grow(&mut made, blocks);
    let tip = made.tip();
    let server = start(made, config(0, vec![], &folders.path().join("s0"), blocks)).unwrap();
    let config = |name: &str| config(5, vec![server.peer_address()], &folders.path().join(name), 0);

    let started = Instant::now();
    let node = start(chain_on(&open("blocks")), config("s1")).unwrap();
    while node.status().height.get() < blocks {
        assert!(started.elapsed() < Duration::from_secs(300) && node.failure().is_none());
        std::thread::sleep(Duration::from_millis(5));
    }
    println!("{blocks} blocks in {:.2} s", started.elapsed().as_secs_f64());
    assert_eq!(node.reader().tip().state_root, tip.state_root);
    drop(node);

    wait("snapshot", || folders.path().join("s0").join(blocks.to_string()).exists());
    let started = Instant::now();
    let store = open("snapshot");
    bootstrap(&*store, &genesis, &config("s2"), &Joining::default()).unwrap().unwrap();
    let node = start(chain_on(&store), config("s2")).unwrap();
    assert_eq!(node.reader().tip(), tip);
    println!("the same by snapshot in {:.2} s", started.elapsed().as_secs_f64());
}
