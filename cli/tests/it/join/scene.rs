//! A chain with a past and a large state, two nodes that serve it, and homes of nodes that join.

use super::line::Line;
use crate::support::{Running, hydrogen};
use hydrogen::keys::{self, KeyFile};
use hydrogen::node::{Home, NodeFile, SnapshotsFile, Sync, contracts};
use hydrogen_core::block::certify;
use hydrogen_core::store::RocksStore;
use hydrogen_core::{Chain, Genesis, NodeKeys, Params, check_tx, sign_tx};
use hydrogen_types::codec::encode;
use hydrogen_types::task::TaskConfig;
use hydrogen_types::{Action, Address, Amount, ChainId, Gas, Height, TxBody, Validator};
use hydrogen_vm::{Vm, VmConfig};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The longest any step may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(240);
/// Between two looks.
pub(super) const LOOK: Duration = Duration::from_millis(20);

/// What a scene is made of.
pub(super) struct Plan {
    /// Accounts at genesis: about 55 bytes of state each.
    pub(super) accounts: u32,
    /// Blocks of the past, each with a transfer; the snapshot is of the last.
    pub(super) blocks: u64,
    /// Bytes a second from each server to those who join; 0 for as many as come.
    pub(super) rate: u64,
}

/// See the module.
pub(super) struct Scene {
    pub(super) folder: tempfile::TempDir,
    pub(super) servers: Vec<Running>,
    pub(super) lines: Vec<Line>,
    pub(super) height: u64,
    genesis: Genesis,
}

/// Waits until `look` gives something.
pub(super) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "no {what} within {PATIENCE:?}");
        std::thread::sleep(LOOK);
    }
}

fn seed(number: u8) -> [u8; 32] {
    [number; 32]
}

fn genesis(plan: &Plan) -> Genesis {
    let keys = NodeKeys::from_seed(seed(1));
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let past_ms = 120_000 + 200 * (plan.blocks + 500);
    let account = |number: u32| {
        let mut bytes = [3; 20];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        (Address::new(bytes), Amount::new(u128::from(number) + 1))
    };
    let rich = keys.account.address();
    let mut accounts = vec![(rich, Amount::cnx(1_000_000))];
    accounts.extend((0..plan.accounts).map(account));
    Genesis {
        chain_id: ChainId::new("joined").expect("a name"),
        time_ms: u64::try_from(now_ms).expect("small") - past_ms,
        // No second snapshot comes while a test runs, however slowly.
        params: Params { heartbeat_ms: 60_000, ..Params::default() },
        validators: vec![Validator {
            consensus_key: keys.consensus.public(),
            vrf_key: keys.vrf.public(),
            power: 1,
            account: rich,
        }],
        governance: None,
        accounts,
        contracts: contracts::genesis(TaskConfig::default(), rich, Vec::new()),
    }
}

/// Makes the past, without waiting for the disk.
fn grow(folder: &Path, genesis: &Genesis, blocks: u64) {
    let keys = NodeKeys::from_seed(seed(1));
    let store = Arc::new(RocksStore::open(folder).expect("a store"));
    let vm = Arc::new(Vm::new(VmConfig::default()).expect("a sandbox"));
    let mut chain = Chain::open(store, vm, genesis.clone()).expect("a chain");
    for nonce in 0..blocks {
        let body = TxBody {
            chain_id: genesis.chain_id.clone(),
            sender: keys.account.public(),
            nonce,
            valid_until: Height::new(u64::MAX),
            gas_limit: Gas::new(1_000_000_000),
            gas_price: 1_000_000,
            action: Action::Transfer { to: Address::new([7; 20]), amount: Amount::new(1) },
        };
        let bytes = encode(&sign_tx(body, &keys.account));
        let tx = check_tx(&bytes, &genesis.chain_id, &genesis.params).expect("a good one");
        let executed = chain.build(&keys, 0, chain.tip().time_ms + 100, vec![tx]).expect("a block");
        let certificate = certify(&genesis.chain_id, &executed.block, &[&keys.consensus]);
        chain.commit_refetchable(executed, certificate).expect("a store");
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").arg(from).arg(to).status().expect("cp runs");
    assert!(copied.success());
}

impl Scene {
    /// Builds the past, starts a validator and a follower that have it, and waits for the snapshot of both.
    pub(super) fn start(plan: &Plan) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let genesis = genesis(plan);
        let mut scene = Self { folder, servers: Vec::new(), lines: Vec::new(), height: plan.blocks, genesis };
        let every = SnapshotsFile { every: plan.blocks, keep: 2 };
        let first = scene.home(&scene.folder.path().join("server-0"), 1, Sync::Blocks, every, Vec::new());
        std::fs::create_dir_all(&first).expect("a folder");
        grow(&first.join("chain"), &scene.genesis, plan.blocks);
        let second = scene.home(&scene.folder.path().join("server-1"), 2, Sync::Blocks, every, Vec::new());
        copy(&first.join("chain"), &second.join("chain"));
        let start = |home: &Path, more: &[&str]| {
            let mut command = hydrogen(home);
            command.args(["node", "--rpc-listen", "127.0.0.1:0", "--p2p-listen", "/ip4/127.0.0.1/tcp/0"]);
            Running::start(command.args(more).stderr(log(&home.join("log"))))
        };
        let validator = start(&first, &["--forget-votes"]);
        let peer = validator.ready["peer"].as_str().expect("an address").to_owned();
        let follower = start(&second, &["--follow", "--peer", &peer]);
        for server in [validator, follower] {
            let peer = server.ready["peer"].as_str().expect("an address");
            scene.lines.push(Line::to(peer, plan.rate));
            scene.servers.push(server);
        }
        for home in [first, second] {
            let manifest = home.join("snapshots").join(plan.blocks.to_string()).join("manifest.bin");
            wait_for("snapshot", || manifest.exists().then_some(()));
        }
        scene
    }

    fn home(
        &self,
        path: &Path,
        key: u8,
        sync: Sync,
        snapshots: SnapshotsFile,
        peers: Vec<String>,
    ) -> PathBuf {
        let (validate, disk_reserve_mib) = (key == 1, 0);
        let file = NodeFile { sync, snapshots, peers, validate, disk_reserve_mib, ..NodeFile::default() };
        Home::new(path).write(&file, &self.genesis).expect("a home");
        keys::write(path, "node", &KeyFile::clear(&seed(key))).expect("a key");
        path.into()
    }

    /// A home of a node that is to join by both servers.
    pub(super) fn joiner(&self, name: &str, key: u8, sync: Sync) -> Joiner {
        self.joiner_in(&self.folder.path().join(name), key, sync)
    }

    /// As [`Self::joiner`], anywhere.
    pub(super) fn joiner_in(&self, path: &Path, key: u8, sync: Sync) -> Joiner {
        let peers = self.lines.iter().map(|line| line.address.clone()).collect();
        let home = self.home(path, key, sync, SnapshotsFile { every: 0, keep: 1 }, peers);
        // Kept over restarts, so none that the system may give to another meanwhile.
        let first = 30_000 + u16::try_from(std::process::id() % 2_000).expect("small");
        let free = (first..32_768).find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok());
        let rpc = free.expect("a port").local_addr().expect("bound").to_string();
        let log = self.folder.path().join(format!("log-{key}"));
        Joiner { home, rpc, log, height: self.height }
    }

    /// Bytes that came from the servers so far.
    pub(super) fn carried(&self) -> u64 {
        self.lines.iter().map(|line| line.carried.load(std::sync::atomic::Ordering::Relaxed)).sum()
    }

    /// The address of the first server's RPC.
    pub(super) fn rpc(&self) -> String {
        let url = self.servers[0].ready["rpc"].as_str().expect("an address");
        url.trim_start_matches("http://").to_owned()
    }
}

/// The home of a node that joins, and where its RPC listens.
pub(super) struct Joiner {
    pub(super) home: PathBuf,
    pub(super) rpc: String,
    /// Where its log is.
    pub(super) log: PathBuf,
    height: u64,
}

/// A process; killed when dropped.
pub(super) struct Process(pub(super) Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill().and_then(|()| self.0.wait()));
    }
}

/// A log, to be added to.
fn log(path: &Path) -> File {
    File::options().create(true).append(true).open(path).expect("a file")
}

impl Joiner {
    /// Starts the node; it need not come up.
    pub(super) fn launch(&self) -> Process {
        let mut command = hydrogen(&self.home);
        command.args(["node", "--json", "--rpc-listen", &self.rpc, "--p2p-listen", "/ip4/127.0.0.1/tcp/0"]);
        let log = log(&self.log);
        Process(command.stdout(Stdio::null()).stderr(log).spawn().expect("the binary starts"))
    }

    pub(super) fn health(&self) -> String {
        get(&self.rpc, "/health")
    }

    /// Whether it runs: it has a chain and answers questions.
    pub(super) fn is_up(&self) -> bool {
        self.health().ends_with("\r\n\r\nok\n")
    }

    fn snapshot(&self, suffix: &str) -> PathBuf {
        self.home.join("snapshots").join(format!("{}{suffix}", self.height))
    }

    /// Where the join stands, by what is on the disk.
    pub(super) fn stage(&self) -> &'static str {
        if self.snapshot(".fetching").exists() {
            "fetching"
        } else if self.snapshot("").exists() {
            "restoring"
        } else {
            "looking"
        }
    }

    /// The chunks that are here: names and when they were written.
    pub(super) fn chunks(&self) -> Vec<(String, SystemTime)> {
        let folder = Some(self.snapshot(".fetching")).filter(|path| path.exists());
        let folder = folder.unwrap_or_else(|| self.snapshot(""));
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut found: Vec<_> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let written = entry.metadata().ok()?.modified().ok()?;
                name.ends_with(".chunk").then_some((name, written))
            })
            .collect();
        found.sort();
        found
    }

    /// Forgets the chain and the snapshots: the next start joins anew.
    pub(super) fn forget(&self) {
        for folder in ["chain", "snapshots"] {
            std::fs::remove_dir_all(self.home.join(folder)).expect("a folder");
        }
    }

    /// Waits until it is where the server is, and has its root.
    pub(super) fn wait_for_root(&self, scene: &Scene) -> (u64, String) {
        wait_for("the same root", || {
            let (ours, theirs) = (status(&self.rpc)?, status(&scene.rpc())?);
            (ours == theirs && ours.0 >= scene.height).then_some(ours)
        })
    }

    /// What `store check --deep` says of it, while no process has it.
    pub(super) fn check(&self) -> Value {
        let output = hydrogen(&self.home).args(["store", "check", "--deep", "--json"]).output();
        let output = output.expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        serde_json::from_slice(&output.stdout).expect("a JSON answer")
    }
}

/// SIGTERM; the exit code and how long it took.
pub(super) fn terminate(mut process: Process) -> (Option<i32>, Duration) {
    let begin = Instant::now();
    let sent = Command::new("kill").arg(process.0.id().to_string()).status().expect("kill runs");
    assert!(sent.success());
    let status = process.0.wait().expect("a child");
    (status.code(), begin.elapsed())
}

fn exchange(address: &str, request: &str) -> String {
    let mut text = String::new();
    if let Ok(mut stream) = TcpStream::connect(address) {
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a duration");
        drop(stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut text)));
    }
    text
}

/// The whole answer to a plain request; empty if nobody answers.
pub(super) fn get(address: &str, path: &str) -> String {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n"))
}

/// The answer to a JSON-RPC request, errors included; `None` if nobody answers.
pub(super) fn ask(address: &str, body: &Value) -> Option<Value> {
    let (body, kind) = (body.to_string(), "content-type: application/json");
    let length = body.len();
    let answer = exchange(
        address,
        &format!(
            "POST / HTTP/1.1\r\nhost: node\r\nconnection: close\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        ),
    );
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

/// Height and root of a node that runs.
pub(super) fn status(address: &str) -> Option<(u64, String)> {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "chain_status", "params": []});
    let answer = ask(address, &request)?;
    let status = answer.get("result")?;
    Some((status["height"].as_str()?.parse().ok()?, status["state_root"].as_str()?.to_owned()))
}
