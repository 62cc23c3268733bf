//! `hydrogen dev` and the commands against it.

use crate::support::{Dev, module};
use serde_json::json;

#[test]
fn a_transfer_moves_cnx_and_makes_a_block() {
    let dev = Dev::start();
    let receipt = dev.ok(&["tx", "transfer", "dev1", "1.5", "--from", "dev0"]);
    assert_eq!(receipt["status"], "success");
    assert_eq!(receipt["height"], "1");
    let account = dev.ok(&["account", "show", &dev.address("dev1")]);
    assert_eq!(account["balance"], "1000001500000000000000000");
    let block = dev.ok(&["block"]);
    assert_eq!(block["txs"][0]["action"]["amount"], "1500000000000000000");
    assert_eq!(block["receipts"][0]["hash"], receipt["hash"]);
}

#[test]
fn an_allowance_is_seen_and_replaced() {
    let dev = Dev::start();
    dev.ok(&["tx", "approve", "task", "5", "--from", "dev0"]);
    dev.ok(&["tx", "approve", "task", "7u", "--from", "dev0"]);
    let account = dev.ok(&["account", "show", "dev0"]);
    assert_eq!(account["allowances"].as_array().map(Vec::len), Some(1));
    assert_eq!(account["allowances"][0]["amount"], "7");
    assert_eq!(account["nonce"], "2");
}

#[test]
fn a_contract_is_deployed_called_and_queried_in_json() {
    let dev = Dev::start();
    let counter = module("counter.wasm");
    let counter = counter.to_str().expect("a path");
    let deployed = dev.ok(&["contract", "deploy", counter, r#"{"start": "5"}"#, "--from", "dev0"]);
    let contract = deployed["contract"].as_str().expect("an address").to_owned();
    let called = dev.ok(&["contract", "call", &contract, "increment", r#"{"by": "37"}"#, "--from", "dev1"]);
    assert_eq!(called["result"], "42");
    assert_eq!(called["events"][0]["name"], "Incremented");
    assert_eq!(dev.ok(&["contract", "query", &contract, "get"]), json!("42"));
    // A past height is still answered.
    let before =
        (called["height"].as_str().expect("a height").parse::<u64>().expect("a number") - 1).to_string();
    assert_eq!(dev.ok(&["contract", "query", &contract, "get", "--height", &before]), json!("5"));
    // The same module needs no second upload.
    dev.ok(&["contract", "deploy", counter, r#"{"start": "0"}"#, "--from", "dev2"]);
}

#[test]
fn a_refusal_of_a_contract_has_its_name_and_costs_nothing() {
    let dev = Dev::start();
    let counter = module("counter.wasm");
    let counter = counter.to_str().expect("a path");
    let start = format!("[\"{}\"]", u64::MAX);
    let deployed = dev.ok(&["contract", "deploy", counter, &start, "--from", "dev0"]);
    let contract = deployed["contract"].as_str().expect("an address").to_owned();
    let call = ["contract", "call", &contract, "increment", r#"{"by": "1"}"#, "--from", "dev1"];
    let failure = dev.fails(&call);
    assert!(failure.contains("Overflow (1000)") && failure.contains("was not sent"), "{failure}");
    // Sent all the same, it leaves a receipt with code and name, and its gas is paid.
    let failure = dev.fails(&[&call[..], &["--gas", "20000000000"]].concat());
    assert!(failure.contains("failed: Overflow (1000)"), "{failure}");
    assert_eq!(dev.ok(&["account", "show", "dev1"])["nonce"], "1");
}

#[test]
fn snapshots_time_and_mining_obey() {
    let dev = Dev::start();
    let snapshot = dev.rpc("dev_snapshot", json!([]));
    dev.ok(&["tx", "transfer", "dev1", "1", "--from", "dev0"]);
    let before = dev.rpc("chain_status", json!([]));
    assert_eq!(before["height"], "1");
    let later = dev.rpc("dev_advanceTime", json!({"ms": "86400000"}));
    let uptime =
        |tip: &serde_json::Value| tip["uptime_ms"].as_str().expect("ms").parse::<u64>().expect("a number");
    assert!(uptime(&later) >= uptime(&before) + 86_400_000);
    let tip = dev.rpc("dev_revert", json!([snapshot]));
    assert_eq!(tip["height"], "0");
    assert_eq!(dev.ok(&["account", "show", "dev0"])["nonce"], "0");
    assert_eq!(dev.rpc("dev_mine", json!(["3"]))["height"], "3");
    dev.rpc("dev_fund", json!([dev.address("dev1"), "1"]));
    assert_eq!(dev.ok(&["account", "show", "dev1"])["balance"], "1000000000000000000000001");
}
