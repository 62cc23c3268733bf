//! What a new user does: a network where two of seven nodes cheat, and tasks, one after the other, until both are
//! gone.

use crate::testnet::Testnet;
use serde_json::Value;

/// Tasks until both cheats were drawn: one that is left among six escapes half of the draws, so 40 miss it with 10^-12.
const TASKS_MAX: usize = 40;
const CHEATS: [&str; 2] = ["node-5", "node-6"];
const HONEST: [&str; 5] = ["node-0", "node-1", "node-2", "node-3", "node-4"];
/// Base units of a CNX.
const CNX: u128 = 1_000_000_000_000_000_000;

fn amount(value: &Value) -> u128 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no amount"))
}

/// `task run` on the samples; the result, or what was said of the failure.
fn run_task(net: &Testnet) -> Result<Vec<u8>, String> {
    let (program, input) = (net.sample("wordcount.wasm"), net.sample("text.txt"));
    let result = net.folder.path().join("result");
    let path = result.to_str().expect("a path");
    let order =
        ["task", "run", "--program", &program, "--input", &input, "--fee", "30", "--from", "app", "-o", path];
    let output = net.output(&order);
    if output.status.success() {
        return Ok(std::fs::read(&result).expect("the result"));
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn two_of_seven_cheat_until_both_are_caught() {
    let net = Testnet::up(&["--nodes", "7", "--cheats", "2"]);
    let (program, input) = (net.sample("wordcount.wasm"), net.sample("text.txt"));
    let alone = net.folder.path().join("alone");
    net.ok(&["program", "run", &program, "--input", &input, "-o", alone.to_str().expect("a path")]);
    let expected = std::fs::read(&alone).expect("the local result");
    let is_caught = |name: &&str| net.status(name)["state"] == "Unbonding";
    let mut tasks = 0;
    while !CHEATS.iter().all(is_caught) {
        assert!(tasks < TASKS_MAX, "a cheat is left after {tasks} tasks");
        tasks += 1;
        match run_task(&net) {
            Ok(result) => assert_eq!(result, expected, "task {tasks}"),
            // Both were drawn, and three results differ: nobody is paid, and nothing wrong is taken for right.
            Err(said) => assert!(said.contains("ResultsDiffer"), "{said}"),
        }
    }
    assert_eq!(run_task(&net).as_ref(), Ok(&expected), "five honest ones are left");
    for name in CHEATS {
        let cheat = net.status(name);
        assert_eq!((amount(&cheat["stake"]), amount(&cheat["earned"])), (0, 0), "{cheat}");
        assert_eq!(cheat["persona"], "cheat");
    }
    let mut earned = 0;
    for name in HONEST {
        let honest = net.status(name);
        assert_eq!(amount(&honest["stake"]), 400 * CNX, "{honest}");
        earned += amount(&honest["earned"]);
    }
    let listed = net.ok(&["task", "list"]);
    let seats =
        listed.as_array().expect("tasks").iter().flat_map(|task| task["seats"].as_array().expect("seats"));
    let paid: u128 = seats.map(|seat| amount(&seat["paid"])).sum();
    assert!(earned > 0);
    assert_eq!(earned, paid, "all that was paid went to honest nodes");
    let stats = net.ok(&["contract", "query", "task", "stats", "{}"]);
    assert_eq!(amount(&stats["burned"]), 800 * CNX, "{stats}");
}

/// One relay is stopped, later removed: applications and nodes go on through the other.
#[test]
fn a_stopped_relay_is_not_missed() {
    let net = Testnet::up(&["--processes", "--validators", "1", "--nodes", "3", "--relays", "2"]);
    let relay_of = |id: &str| net.ok(&["task", "status", id])["result_relay"].clone();
    net.ok(&["testnet", "stop", "relay-0"]);
    assert_eq!(net.status("relay-0")["running"], false);
    let first = run_task(&net).expect("through relay-1");
    assert_eq!(relay_of("1"), net.role("relay-1")["address"]);
    net.ok(&["testnet", "start", "relay-0"]);
    net.ok(&["testnet", "stop", "relay-1"]);
    assert_eq!(run_task(&net).as_ref(), Ok(&first), "through relay-0");
    assert_eq!(relay_of("2"), net.role("relay-0")["address"]);
    // Both run, but the owner removes the first: what is created from now on goes to the second.
    net.ok(&["testnet", "start", "relay-1"]);
    let removed = format!(r#"{{"relay": {}}}"#, net.role("relay-0")["address"]);
    net.ok(&["contract", "call", "task", "remove_relay", &removed, "--from", "faucet"]);
    assert_eq!(run_task(&net).as_ref(), Ok(&first), "through relay-1");
    assert_eq!(relay_of("3"), net.role("relay-1")["address"]);
}

/// What no stake prevents, with processes that share nothing but the plan: two accomplices in one panel say the same,
/// their fake is the result, and the honest third is fined.
#[test]
fn accomplices_in_two_processes_agree_on_their_fake() {
    let net = Testnet::up(&["--processes", "--validators", "1", "--nodes", "3", "--paired-cheats", "2"]);
    let result = run_task(&net).expect("two of three agree");
    assert_eq!(result.len(), 32, "a made-up result");
    assert_eq!(amount(&net.status("node-0")["stake"]), 0, "the honest one");
    for name in ["node-1", "node-2"] {
        let paired = net.status(name);
        assert_eq!(amount(&paired["earned"]), 10 * CNX, "{paired}");
    }
}

/// Each kind has its flag, and status says which node is what.
#[test]
fn every_kind_of_bad_node_is_started_and_shown() {
    let kinds = [
        ("--cheats", "cheat"),
        ("--paired-cheats", "paired cheat"),
        ("--copies", "copies"),
        ("--lazy", "lazy"),
        ("--never-reveal", "never reveals"),
        ("--never-upload", "never uploads"),
        ("--upload-garbage", "uploads garbage"),
        ("--error-reporters", "reports errors"),
        ("--claim-unavailable", "claims unavailable"),
        ("--offline", "offline"),
    ];
    let mut flags = vec!["--validators", "1", "--nodes", "11"];
    kinds.iter().for_each(|(flag, _)| flags.extend([*flag, "1"]));
    let net = Testnet::up(&flags);
    let status = net.ok(&["testnet", "status"]);
    let roles = status["roles"].as_array().expect("roles").iter();
    let nodes: Vec<&Value> = roles.filter(|role| role["kind"] == "compute").collect();
    assert_eq!(nodes.len(), 11);
    assert_eq!(nodes[0]["persona"], "honest");
    for (node, (flag, persona)) in nodes[1..].iter().zip(kinds) {
        assert_eq!(node["persona"], persona, "{flag}");
        assert_eq!(node["state"], "Available", "{flag}");
    }
}
