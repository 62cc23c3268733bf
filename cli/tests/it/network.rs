//! A network of real processes: one validator of four is killed with SIGKILL in the middle of a task. The task
//! succeeds, the validator comes back and catches up, and an embedded chain replays what they all agreed on.

use crate::support::{hydrogen, module};
use crate::testnet::{Testnet, answer};
use hydrogen_core::store::RocksStore;
use hydrogen_core::{Chain, ChainReader, Genesis, MemStore};
use hydrogen_types::Height;
use hydrogen_vm::{Vm, VmConfig};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Blocks that pass while the killed validator is away.
const BLOCKS_MISSED: u64 = 20;
/// The longest any step may take: a stuck network fails the test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until `look` gives something.
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

fn rpc(url: &str, method: &str, params: Value) -> Option<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = hydrogen::client::Client::new(&[url.to_owned()]).expect("an address");
    runtime.block_on(async {
        let request = client.request(method, params);
        tokio::time::timeout(Duration::from_secs(2), request).await.ok()?.ok()
    })
}

fn status(url: &str) -> Option<(u64, String)> {
    let status = rpc(url, "chain_status", json!([]))?;
    Some((status["height"].as_str()?.parse().ok()?, status["state_root"].as_str()?.to_owned()))
}

fn metric(url: &str, name: &str) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let text = runtime.block_on(async { reqwest::get(format!("{url}/metrics")).await?.text().await });
    let text = text.expect("metrics");
    let line = text.lines().find(|line| !line.starts_with('#') && line.contains(name));
    let value =
        line.and_then(|line| line.rsplit(' ').next()).unwrap_or_else(|| panic!("no {name} in {text}"));
    value.parse().expect("a number")
}

fn kill_hard(pid: u64) {
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill runs");
    assert!(killed.success());
}

#[test]
fn a_killed_validator_is_not_missed_and_catches_up() {
    let net = Testnet::up(&["--processes", "--seed", "11"]);
    let watched = net.url("validator-0");
    let victim = net.url("validator-3");
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let result = net.folder.path().join("result");
    let program = module("wordcount.wasm");
    let arguments = ["task", "run", "--fee", "30", "--from", "app"];
    let mut task = net.command(&arguments);
    task.arg("--program").arg(&program).arg("--input").arg(&input).arg("-o").arg(&result);
    let task = task.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");

    wait_for("task", || {
        let tasks = net.ok(&["task", "list"]);
        (!tasks.to_string().contains("[]")).then_some(())
    });
    kill_hard(net.role("validator-3")["pid"].as_u64().expect("a process"));
    let killed_at = wait_for("status", || status(&watched)).0;

    let output = task.wait_with_output().expect("the task ends");
    answer(&arguments, &output);
    let local = hydrogen(net.folder.path())
        .args(["program", "run"])
        .arg(&program)
        .arg("--input")
        .arg(&input)
        .output()
        .expect("the binary runs");
    assert!(local.status.success(), "{}", String::from_utf8_lossy(&local.stderr));
    assert_eq!(
        std::fs::read(&result).expect("the result"),
        local.stdout,
        "three nodes and this process agree"
    );

    let faucet = net.role("relay-0")["address"].as_str().expect("an address").to_owned();
    wait_for("blocks", || {
        net.ok(&["tx", "transfer", &faucet, "0.001", "--from", "faucet"]);
        let height = status(&watched)?.0;
        (height >= killed_at + BLOCKS_MISSED).then_some(())
    });

    net.ok(&["testnet", "start", "validator-3"]);
    wait_for("the same root", || {
        let (ours, theirs) = (status(&victim)?, status(&watched)?);
        (ours == theirs).then_some(())
    });
    assert!(
        metric(&victim, "blocks_synced") >= BLOCKS_MISSED,
        "each came with a certificate that was verified"
    );

    net.ok(&["testnet", "down"]);
    replay(&net.dir());
}

/// An embedded chain without disk or network takes the blocks of two validators and gets their roots.
fn replay(dir: &Path) {
    let text = std::fs::read_to_string(dir.join("genesis.json")).expect("the genesis");
    let genesis = Genesis::from_json(&text).expect("a genesis");
    let vm = Arc::new(Vm::new(VmConfig::default()).expect("a sandbox"));
    let mut embedded =
        Chain::open(Arc::new(MemStore::new()), vm.clone(), genesis.clone()).expect("an embedded chain");
    let stored = |name: &str| -> ChainReader {
        let home = hydrogen::node::Home::new(&dir.join(name));
        let store = RocksStore::open(&home.chain()).expect("nobody has it open");
        Chain::open(Arc::new(store), vm.clone(), genesis.clone()).expect("the chain").reader()
    };
    let (stayed, returned) = (stored("validator-0"), stored("validator-3"));
    let last = stayed.tip().height.min(returned.tip().height);
    assert!(last > Height::new(BLOCKS_MISSED));
    let mut height = Height::new(1);
    while height <= last {
        let ours = stayed.block(height).expect("readable").expect("present");
        let theirs = returned.block(height).expect("readable").expect("present");
        assert_eq!(ours.hash, theirs.hash, "no fork at {height}");
        embedded.import(ours.block.clone(), ours.certificate.clone()).expect("certified and right");
        assert_eq!(embedded.tip().state_root, theirs.block.header.state_root);
        height = height.next();
    }
}
