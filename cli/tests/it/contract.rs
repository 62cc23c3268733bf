//! `hydrogen contract` made from a contract's own interface: flags, help, storage, traces.

use crate::support::{Dev, hydrogen, module};
use serde_json::{Value, json};

/// Deploys a module with flags; its address.
fn deployed(dev: &Dev, name: &str, init: &[&str]) -> String {
    let file = module(name);
    let file = file.to_str().expect("a path");
    let receipt = dev.ok(&[&["contract", "deploy", file][..], init, &["--from", "dev0"]].concat());
    receipt["contract"].as_str().expect("an address").to_owned()
}

fn token(dev: &Dev) -> String {
    deployed(
        dev,
        "token.wasm",
        &["--name", "Test token", "--symbol", "TST", "--decimals", "6", "--supply", "100"],
    )
}

/// Help goes to stdout as text, and the process ends well.
fn help(dev: &Dev, args: &[&str]) -> String {
    let output = hydrogen(dev.home.path()).args(args).args(["--rpc", &dev.rpc]).output().expect("it runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn arguments_are_flags_made_from_the_interface() {
    let dev = Dev::start();
    let token = token(&dev);
    // Accounts by name, flags before and after the method, global flags anywhere.
    dev.ok(&["contract", "call", "--from", "dev0", &token, "transfer", "--to", "dev1", "--amount", "40"]);
    let balance = |of: &str| dev.ok(&["contract", "query", &token, "balance", "--of", of]);
    assert_eq!((balance("dev0"), balance("dev1")), (json!("60"), json!("40")));
    // An argument that is called like a flag of the command itself.
    dev.ok(&["contract", "call", &token, "approve", "--spender", "dev2", "--amount=7", "--from", "dev0"]);
    dev.ok(&[
        "contract",
        "call",
        &token,
        "transfer_from",
        "--arg-from",
        "dev0",
        "--to",
        "dev2",
        "--amount",
        "7",
        "--from",
        "dev2",
    ]);
    assert_eq!(balance("dev2"), json!("7"));
    // What is optional may be left out; the old forms go on.
    let holders = dev.ok(&["contract", "query", &token, "holders", "--limit", "2"]);
    assert_eq!(holders.as_array().map(Vec::len), Some(2));
    dev.ok(&["contract", "call", &token, "burn", "[\"1\"]", "--from", "dev2"]);
    let args = json!({"to": dev.address("dev1"), "amount": "1"}).to_string();
    dev.ok(&["contract", "call", &token, "transfer", &args, "--from", "dev2"]);
    assert_eq!(balance("dev1"), json!("41"));
    // Amounts of CNX are in CNX.
    let lottery = deployed(&dev, "lottery.wasm", &["--price", "1.5", "--blocks", "5"]);
    assert_eq!(dev.ok(&["contract", "query", &lottery, "terms"])["price"], "1500000000000000000");
}

#[test]
fn a_wrong_argument_is_named_with_its_type_and_value() {
    let dev = Dev::start();
    let token = token(&dev);
    let call = |args: &[&str]| {
        dev.fails(&[&["contract", "call", &token, "transfer"][..], args, &["--from", "dev0"]].concat())
    };
    let failure = call(&["--to", "dev1", "--amount", "many"]);
    assert!(failure.contains("`amount` is \"many\", expected u128"), "{failure}");
    let failure = call(&["--to", "nobody", "--amount", "1"]);
    assert!(failure.contains("`--to` is `nobody`, expected Address"), "{failure}");
    let failure = call(&["--to", "dev1"]);
    assert!(failure.contains("`amount` is missing; expected: to: Address, amount: u128"), "{failure}");
    assert!(failure.contains("transfer --help"), "{failure}");
    let lottery = module("lottery.wasm");
    let lottery = lottery.to_str().expect("a path");
    let failure =
        dev.fails(&["contract", "deploy", lottery, "--price", "x", "--blocks", "5", "--from", "dev0"]);
    assert!(failure.contains("`--price` is `x`, expected Amount: CNX like 1.5"), "{failure}");
    // What does not parse at all ends as every command does, with exit code 2 and the nearest name.
    let output = hydrogen(dev.home.path())
        .args(["contract", "call", &token, "transfer", "--too", "dev1", "--from", "dev0", "--rpc", &dev.rpc])
        .output()
        .expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("'--too'") && stderr.contains("'--to'"), "{stderr}");
}

#[test]
fn help_shows_the_contracts_own_methods_and_arguments() {
    let dev = Dev::start();
    let token = token(&dev);
    let methods = help(&dev, &["contract", "call", &token, "--help"]);
    assert!(methods.contains("token: A fungible token with allowances."), "{methods}");
    assert!(methods.contains("transfer ") && methods.contains("Moves tokens of the caller."), "{methods}");
    assert!(methods.contains("With `hydrogen contract query`: allowance, balance"), "{methods}");
    let arguments = help(&dev, &["contract", "call", &token, "transfer", "--help"]);
    for part in
        ["--to <Address>", "Who gets them.", "--amount <u128>", "Base units.", "--from <KEY>", "Returns ()"]
    {
        assert!(arguments.contains(part), "{part} in {arguments}");
    }
    let file = module("token.wasm");
    let init = help(&dev, &["contract", "deploy", file.to_str().expect("a path"), "--help"]);
    assert!(init.contains("--decimals <u8>") && init.contains("Decimals shown to people."), "{init}");
    let plain = help(&dev, &["contract", "query", "--help"]);
    assert!(plain.contains("hydrogen contract query CONTRACT --help"), "{plain}");
}

#[test]
fn storage_is_shown_by_name_and_page_by_page() {
    let dev = Dev::start();
    let token = token(&dev);
    for to in ["dev1", "dev2"] {
        dev.ok(&["contract", "call", &token, "transfer", "--to", to, "--amount", "10", "--from", "dev0"]);
    }
    let all = dev.ok(&["contract", "inspect", &token]);
    let entries = all["entries"].as_array().expect("entries");
    assert_eq!((entries.len(), &all["next"]), (4, &Value::Null), "{all}");
    let of = |name: &str| entries.iter().filter(|entry| entry["item"] == name).collect::<Vec<_>>();
    assert_eq!(of("info")[0]["item_value"]["name"], "Test token");
    let balance = of("balances").into_iter().find(|entry| entry["item_key"] == dev.address("dev0"));
    assert_eq!(balance.expect("dev0 has tokens")["item_value"], "80");
    // Two pages of the two that the prefix leaves together, then the rest.
    let first = dev.ok(&["contract", "inspect", &token, "--prefix", "balances", "--limit", "2"]);
    let next = first["next"].as_str().expect("there is more");
    let rest = dev.ok(&["contract", "inspect", &token, "--prefix", "balances", "--start", next]);
    assert_eq!(rest["entries"].as_array().map(Vec::len), Some(1));
    assert_eq!(rest["next"], Value::Null);
    // The state of a past height: before anybody but the owner had tokens.
    let height = all["height"].as_str().expect("a height").parse::<u64>().expect("a number") - 2;
    let before = dev.ok(&["contract", "inspect", &token, "--height", &height.to_string()]);
    assert_eq!(before["entries"].as_array().map(Vec::len), Some(2));
    let text = help(&dev, &["contract", "inspect", &token, "--prefix", "balances"]);
    assert!(text.contains(&format!("balances[\"{}\"] = \"80\"", dev.address("dev0"))), "{text}");
}

/// Sum of all gas in a call as the trace has it.
fn gas(call: &Value) -> u64 {
    let number = |value: &Value| value.as_str().expect("gas").parse::<u64>().expect("a number");
    let steps = call["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| number(&step["code_gas"]) + number(&step["gas"]) + step.get("call").map_or(0, gas));
    let own = number(&call["start_gas"]) + number(&call["tail_gas"]) + number(&call["unlisted_gas"]);
    let sum = own + steps.sum::<u64>();
    assert_eq!(sum, number(&call["gas_used"]));
    sum
}

#[test]
fn a_trace_shows_host_calls_and_adds_up_to_the_receipt() {
    let dev = Dev::start();
    let token = token(&dev);
    let escrow = deployed(&dev, "escrow.wasm", &[]);
    dev.ok(&[
        "contract",
        "call",
        &token,
        "approve",
        "--spender",
        &escrow,
        "--amount",
        "50",
        "--from",
        "dev0",
    ]);
    let receipt = dev.ok(&[
        "contract",
        "call",
        &escrow,
        "open",
        "--token",
        &token,
        "--seller",
        "dev1",
        "--arbiter",
        "dev2",
        "--amount",
        "50",
        "--lasts-ms",
        "60000",
        "--from",
        "dev0",
    ]);
    let hash = receipt["hash"].as_str().expect("a hash");
    let trace = dev.ok(&["contract", "trace", hash]);
    let intrinsic = trace["intrinsic_gas"].as_str().expect("gas").parse::<u64>().expect("a number");
    let whole = (intrinsic + gas(&trace["call"])).to_string();
    assert_eq!(
        (&trace["gas_used"], trace["gas_used"].as_str()),
        (&receipt["gas_used"], Some(whole.as_str()))
    );
    assert_eq!(trace["usage"]["calls"], 2);
    let text = help(&dev, &["contract", "trace", hash]);
    for part in [
        "escrow ",
        "call.open {",
        "storage_get next = \"1\"",
        "call.transfer_from {",
        "storage_set trades[\"1\"] = {",
        "emit event=Opened",
        "returned \"1\"",
        "in all",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let unknown = format!("0x{}", "7".repeat(64));
    let failure = dev.fails(&["contract", "trace", &unknown]);
    assert!(failure.contains("no final transaction"), "{failure}");
}
