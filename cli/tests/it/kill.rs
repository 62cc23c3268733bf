//! Compute nodes are killed with SIGKILL at random moments while tasks run, and started again: every task succeeds, no
//! node loses stake or fee, and nothing takes effect twice. Real processes throughout.
//!
//! 20 kills by default. `HYDROGEN_KILLS=200` makes 200 kills over 50 tasks; `HYDROGEN_KILL_SEED=N` repeats a run's
//! choices (not the machine's timing).

use crate::support::{Running, hydrogen, module};
use hydrogen::client::{Client, task};
use hydrogen_offchain::calls::task_contract;
use hydrogen_types::task::{NodeState, NodeView};
use hydrogen_types::{Action, Address, Amount, Height};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Kills without the environment's word.
const KILLS: usize = 20;
/// Kills for each task.
const KILLS_A_TASK: usize = 4;
/// Compute nodes: one more than a panel, so that draws differ.
const NODES: usize = 4;
/// CNX that a test network gives a compute node, and its stake.
const NODE_CNX: Amount = Amount::cnx(1_000);
const STAKE: Amount = Amount::cnx(400);
/// A share of the fee of 30 CNX.
const SHARE: Amount = Amount::cnx(10);
/// The longest any step may take: a stuck network fails the test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(240);
const LOOK: Duration = Duration::from_millis(20);

fn from_env(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Numbers that look random and follow from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn pause(&mut self, ms_max: u64) {
        std::thread::sleep(Duration::from_millis(self.below(ms_max)));
    }
}

struct Net {
    folder: tempfile::TempDir,
    process: Running,
}

impl Net {
    fn up(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = hydrogen(folder.path());
        command.args(["testnet", "up", "--processes", "--base-port", "0", "--validators", "1"]);
        command.args(["--nodes", &NODES.to_string(), "--seed", &seed.to_string(), "--dir"]);
        command.arg(folder.path().join("net"));
        let process = Running::start(&mut command);
        Self { folder, process }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("net")
    }

    fn rpc(&self) -> String {
        self.process.ready["rpc"][0].as_str().expect("an address").to_owned()
    }

    /// A role of the plan as it is now.
    fn role(&self, name: &str) -> Option<Value> {
        let text = std::fs::read_to_string(self.dir().join("testnet.json")).ok()?;
        let plan: Value = serde_json::from_str(&text).ok()?;
        plan["roles"].as_array()?.iter().find(|role| role["name"] == name).cloned()
    }

    fn pid(&self, name: &str) -> Option<u64> {
        self.role(name)?["pid"].as_u64()
    }

    fn addresses(&self) -> Vec<Address> {
        let address = |name: String| {
            let role = self.role(&name).expect("a role");
            Address::parse(role["address"].as_str().expect("an address")).expect("an address")
        };
        (0..NODES).map(|index| address(format!("node-{index}"))).collect()
    }

    /// SIGKILL; the process that is no more.
    fn kill(&self, name: &str) -> u64 {
        let pid = wait_for("a running node", || self.pid(name));
        let status = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
        assert!(status.expect("kill runs").success(), "{name} with process {pid} was alive");
        pid
    }

    /// Starts a node whose process `killed` was killed. The holder of the network may not have seen yet that it is
    /// gone, and leaves alone what runs: so it is asked until another process is there.
    fn start(&self, name: &str, killed: u64) {
        wait_for("a new process", || {
            let started = hydrogen(self.folder.path())
                .args(["testnet", "start", name, "--json", "--dir"])
                .arg(self.dir())
                .output()
                .expect("the binary runs");
            assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
            self.pid(name).filter(|pid| *pid != killed)
        });
    }

    /// One task from its creation to its result, which must be `expected`.
    fn run_task(&self, program: &Path, input: &Path, expected: &[u8]) {
        let output = self.folder.path().join("result");
        let run = hydrogen(&self.dir())
            .args(["task", "run", "--fee", "30", "--from", "app", "--json", "--rpc", &self.rpc()])
            .args([Path::new("--program"), program, Path::new("--input"), input, Path::new("-o"), &output])
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        assert_eq!(std::fs::read(&output).expect("the result"), expected);
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        let down = hydrogen(self.folder.path()).args(["testnet", "down", "--dir"]).arg(self.dir()).output();
        drop(down);
    }
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "no {what} within {PATIENCE:?}");
        std::thread::sleep(LOOK);
    }
}

#[test]
fn compute_nodes_killed_at_random_moments_lose_nothing() {
    let kills = usize::try_from(from_env("HYDROGEN_KILLS", KILLS as u64)).expect("a number of kills");
    let seed = from_env("HYDROGEN_KILL_SEED", 17);
    let net = Net::up(seed);
    let files = tempfile::tempdir().expect("a folder");
    let (input, program) = (files.path().join("in"), module("mandelbrot.wasm"));
    std::fs::write(&input, "400 300 400").expect("writes");
    let alone = hydrogen(files.path())
        .args(["program", "run"])
        .args([&program, Path::new("--input"), &input])
        .output()
        .expect("the binary runs");
    assert!(alone.status.success(), "{}", String::from_utf8_lossy(&alone.stderr));

    let (begun, killed, failed) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let killing = scope.spawn(|| {
            let _guard = OnUnwind(&failed);
            let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
            while killed.load(Ordering::Relaxed) < kills && !failed.load(Ordering::Relaxed) {
                if killed.load(Ordering::Relaxed) >= KILLS_A_TASK * begun.load(Ordering::Relaxed) {
                    std::thread::sleep(LOOK);
                    continue;
                }
                dice.pause(700);
                let victim = format!("node-{}", dice.below(NODES as u64));
                let pid = net.kill(&victim);
                killed.fetch_add(1, Ordering::Relaxed);
                dice.pause(300);
                net.start(&victim, pid);
            }
        });
        let _guard = OnUnwind(&failed);
        let enough =
            || begun.load(Ordering::Relaxed) >= kills.div_ceil(KILLS_A_TASK) && killing.is_finished();
        while !enough() && !failed.load(Ordering::Relaxed) {
            begun.fetch_add(1, Ordering::Relaxed);
            net.run_task(&program, &input, &alone.stdout);
        }
    });
    assert_eq!(killed.load(Ordering::Relaxed), kills);
    let (tasks, kills) = (begun.into_inner() as u64, killed.into_inner());
    let ledger = audit(&net, tasks);
    println!("seed {seed}: {tasks} tasks, {kills} kills; {ledger}");
}

/// Tells the other thread that this one failed: else the scope would wait for it.
struct OnUnwind<'a>(&'a AtomicBool);

impl Drop for OnUnwind<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// Checks the whole chain from its first block on; what it says in one line.
fn audit(net: &Net, tasks: u64) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = Client::new(&[net.rpc()]).expect("an address");
    let nodes = net.addresses();
    let views = wait_for("rest of all nodes", || {
        let views: Vec<NodeView> = nodes
            .iter()
            .map(|node| runtime.block_on(task::node(&client, node)).expect("answers").expect("has joined"))
            .collect();
        views.iter().all(|view| view.state == NodeState::Available).then_some(views)
    });
    for id in 1..=tasks {
        let view = runtime.block_on(task::task(&client, id)).expect("answers").expect("is kept");
        assert_eq!(view.state, hydrogen_types::task::TaskState::Success, "task {id}");
        for seat in &view.seats {
            assert_eq!((seat.paid, seat.fined), (SHARE, Amount::ZERO), "task {id}: {seat:?}");
        }
    }
    let history = runtime.block_on(History::read(&client, &nodes));
    assert_eq!(history.failed, Vec::<String>::new(), "transactions of nodes that failed");
    for ((method, id, node), count) in &history.done {
        assert_eq!(*count, 1, "{method} for task {id} by {node}");
    }
    let count = |method: &str| history.done.keys().filter(|(name, ..)| name == method).count() as u64;
    assert_eq!((count("commit"), count("reveal"), count("report_uploaded")), (3 * tasks, 3 * tasks, tasks));
    let (mut paid, mut gas) = (0, Amount::ZERO);
    for view in &views {
        assert_eq!((view.stake, view.penalties.as_slice()), (STAKE, [].as_slice()), "{}", view.address);
        let fees = history.fees.get(&view.address).copied().unwrap_or_default();
        let account = runtime.block_on(client.account(&view.address)).expect("answers");
        let spent = STAKE.checked_add(fees).expect("small");
        let wanted = NODE_CNX.checked_add(view.earned).and_then(|sum| sum.checked_sub(spent));
        assert_eq!(Some(account.balance), wanted, "balance of {}", view.address);
        paid += view.tasks_paid;
        gas = gas.checked_add(fees).expect("small");
    }
    assert_eq!(paid, 3 * tasks);
    format!(
        "{paid} shares of {SHARE} CNX paid, lost 0 CNX and 0 fees, {} transactions of nodes, 0 of them failed, {gas} CNX for gas",
        history.sent
    )
}

/// What compute nodes sent, from the first block to the tip.
#[derive(Default)]
struct History {
    sent: u64,
    /// Calls that succeeded, by method, task and node.
    done: BTreeMap<(String, u64, Address), u64>,
    failed: Vec<String>,
    fees: BTreeMap<Address, Amount>,
}

impl History {
    async fn read(client: &Client, nodes: &[Address]) -> Self {
        let tip = client.status().await.expect("answers").height.0;
        let mut history = Self::default();
        let mut height = Height::new(1);
        while height <= tip {
            let parts = client.block(height).await.expect("answers").expect("is kept");
            for tx in &parts.block.txs {
                let (hash, sender) = (tx.hash(), Address::of_key(&tx.body.sender));
                if !nodes.contains(&sender) {
                    continue;
                }
                let found = parts.receipts.iter().find(|(receipt, _)| receipt.hash == hash);
                let (receipt, side) = found.expect("a receipt for each");
                history.sent += 1;
                let fees = history.fees.entry(sender).or_default();
                *fees = fees.checked_add(receipt.fee).expect("small");
                let Action::Call { contract, method, args, .. } = &tx.body.action else { continue };
                if !receipt.is_success() {
                    history.failed.push(format!("{method} by {sender} at {height}: {}", side.message));
                } else if *contract == task_contract() && args.len() >= 8 && method != "join" {
                    let id = u64::from_le_bytes(args[..8].try_into().expect("eight bytes"));
                    *history.done.entry((method.clone(), id, sender)).or_default() += 1;
                }
            }
            height = height.next();
        }
        history
    }
}
