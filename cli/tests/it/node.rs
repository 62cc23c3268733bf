//! `hydrogen init` and `hydrogen node`: a chain of one validator, and a second home that joins it.

use crate::support::{Running, hydrogen};
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

/// The longest a node may take to follow another.
const PATIENCE: Duration = Duration::from_secs(60);

fn init(home: &Path, args: &[&str]) -> Output {
    hydrogen(home).args(["init", "--clear", "--json"]).args(args).output().expect("the binary runs")
}

fn node(home: &Path) -> Running {
    Running::start(hydrogen(home).args([
        "node",
        "--rpc-listen",
        "127.0.0.1:0",
        "--p2p-listen",
        "/ip4/127.0.0.1/tcp/0",
    ]))
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a JSON answer")
}

fn status(home: &Path, node: &Running) -> Value {
    let rpc = node.ready["rpc"].as_str().expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = hydrogen::client::Client::new(&[rpc.into()]).expect("an address");
    let answer = runtime.block_on(client.request("chain_status", serde_json::json!([])));
    answer.unwrap_or_else(|error| panic!("{}: {error}", home.display()))
}

fn height(status: &Value) -> u64 {
    status["height"].as_str().expect("a height").parse().expect("a number")
}

#[test]
fn a_second_home_joins_and_follows_and_refuses_another_genesis() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    json(&init(&first, &[]));
    let validator = node(&first);
    let peer = validator.ready["peer"].as_str().expect("an address").to_owned();
    let genesis = first.join("genesis.json");
    let genesis = genesis.to_str().expect("a path");
    json(&init(&second, &["--genesis", genesis, "--peer", &peer]));
    let follower = node(&second);
    let end = Instant::now() + PATIENCE;
    loop {
        let (leader, behind) = (status(&first, &validator), status(&second, &follower));
        assert_eq!(leader["genesis"], behind["genesis"]);
        if height(&behind) >= 1 {
            break;
        }
        assert!(Instant::now() < end, "the follower is still at height {}", height(&behind));
        std::thread::sleep(Duration::from_millis(50));
    }

    // A home in use says so, and what to do.
    let output =
        hydrogen(&second).args(["node", "--rpc-listen", "127.0.0.1:0"]).output().expect("the binary runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("in use by another process"), "{stderr}");

    // A home of one chain takes no genesis of another.
    let other = folder.path().join("other");
    json(&init(&other, &["--chain-id", "other"]));
    let foreign = other.join("genesis.json");
    let output = init(&second, &["--genesis", foreign.to_str().expect("a path")]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("belongs to the chain with genesis"), "{stderr}");

    // What the follower says can be proved against the genesis, and not against another.
    let rpc = follower.ready["rpc"].as_str().expect("an address").to_owned();
    let prove = |genesis: &str| {
        let args = ["verify-proof", "--account", "node", "--genesis", genesis, "--rpc", &rpc, "--json"];
        hydrogen(&first).args(args).output().expect("the binary runs")
    };
    let proved = json(&prove(genesis));
    assert!(
        proved["text"].as_str().is_some_and(|text| text.starts_with("balance 1000000000 CNX")),
        "{proved}"
    );
    assert!(!prove(foreign.to_str().expect("a path")).status.success());
}
