//! The validator set in the hands of its governance key: four validators in a network, a fifth that joins from a home
//! of its own, votes, gets more power and goes; and a light client that follows all of it.

use crate::support::{Running, hydrogen};
use crate::testnet::Testnet;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The longest any step may take: a stuck network fails the test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(120);

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no text `{field}` in {value}"))
}

fn number(value: &Value, field: &str) -> u64 {
    text(value, field).parse().expect("a number")
}

/// A command that must fail: its last line on stderr.
fn refused(command: &mut Command) -> String {
    let output = command.output().expect("the binary runs");
    assert!(!output.status.success(), "{command:?} should have failed");
    String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned()
}

fn init(home: &Path, args: &[&str]) -> Command {
    let mut command = hydrogen(home);
    command.args(["init", "--clear", "--json"]).args(args);
    command
}

fn answer(command: &mut Command) -> (Value, String) {
    let output = command.output().expect("the binary runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {stderr}");
    (serde_json::from_slice(&output.stdout).expect("JSON"), stderr)
}

fn prove(net: &Testnet, account: &str, args: &[&str]) -> Value {
    net.ok(&[&["verify-proof", "--account", account], args].concat())
}

/// Blocks are made by transfers until one carries the signature of `validator`.
fn votes(net: &Testnet, validator: &str) -> u64 {
    let begin = Instant::now();
    loop {
        let height = number(&net.ok(&["tx", "transfer", "app", "0.001", "--from", "faucet"]), "height");
        let block = net.ok(&["block", &height.to_string()]);
        let signatures = block["certificate"]["signatures"].as_array().expect("signatures");
        if signatures.iter().any(|signature| signature["validator"] == validator) {
            return height;
        }
        assert!(begin.elapsed() < PATIENCE, "{validator} signs no block");
    }
}

/// Changes the set as the governance key; the height from which the change holds.
fn change(net: &Testnet, args: &[&str]) -> u64 {
    let done = net.ok(&[&["validators"], args, &["--from", "governance"]].concat());
    let holds = number(&done, "holds_from");
    assert_eq!(holds, number(&done, "height") + 2);
    let set = net.ok(&["validators", "list", "--height", &holds.to_string()]);
    assert!(set.as_array().is_some_and(|set| !set.is_empty()), "known as soon as the command ends");
    holds
}

fn powers(net: &Testnet, height: u64) -> Vec<String> {
    let set = net.ok(&["validators", "list", "--height", &height.to_string()]);
    let mut powers: Vec<_> =
        set.as_array().expect("a set").iter().map(|member| text(member, "power").to_owned()).collect();
    powers.sort();
    powers
}

#[test]
fn a_fifth_validator_joins_votes_and_leaves() {
    let net = Testnet::up(&["--nodes", "0", "--seed", "21"]);
    let genesis = net.dir().join("genesis.json").display().to_string();
    let peers: Vec<&str> = (0..4).map(|index| text(net.role(&format!("validator-{index}")), "p2p")).collect();
    assert_eq!(powers(&net, 1), ["1"; 4]);

    // A genesis of another chain: nothing is written. A peer that is not there: a warning.
    let (other, home) = (net.folder.path().join("other"), net.folder.path().join("fifth"));
    answer(&mut init(&other, &["--chain-id", "other"]));
    let foreign = other.join("genesis.json").display().to_string();
    let sentence = refused(&mut init(&home, &["--genesis", &foreign, "--peer", peers[0]]));
    assert!(
        sentence.contains("it follows `/hydrogen/") && sentence.contains("nothing was written"),
        "{sentence}"
    );
    assert!(!home.exists());
    let joined = answer(&mut init(&home, &["--genesis", &genesis, "--peer", peers[0], "--peer", peers[1]])).0;
    assert_eq!((&joined["existed"], &joined["peers_not_reached"]), (&json!(false), &json!([])));
    let nobody = "/ip4/127.0.0.1/tcp/9";
    let (again, stderr) = answer(&mut init(&home, &["--genesis", &genesis, "--peer", nobody]));
    assert!(stderr.contains("warning: peer /ip4/127.0.0.1/tcp/9 could not be asked"), "{stderr}");
    assert_eq!((&again["existed"], &again["peers_not_reached"]), (&json!(true), &json!([nobody])));
    let sentence = refused(&mut init(&home, &["--genesis", &foreign]));
    assert!(sentence.contains("belongs to the chain with genesis"), "{sentence}");

    let node = ["node", "--rpc-listen", "127.0.0.1:0", "--p2p-listen", "/ip4/127.0.0.1/tcp/0"];
    let _fifth = Running::start(hydrogen(&home).args(node));
    let validator = text(&joined, "validator").to_owned();
    let member = |power| {
        let keys = ["--consensus-key", text(&joined, "consensus_key"), "--vrf-key", text(&joined, "vrf_key")];
        [&["set"], keys.as_slice(), &["--account", text(&joined, "account"), "--power", power]].concat()
    };

    // Who may not, and how much may not.
    let by = |power, from| refused(net.command(&["validators"]).args(member(power)).args(["--from", from]));
    let sentence = by("1", "faucet");
    assert!(
        sentence.contains("only the governance key 0x") && sentence.contains("under the name"),
        "{sentence}"
    );
    let sentence = by("2", "governance");
    assert!(sentence.contains("moves 2 of a power of 4 in one block, a third is allowed"), "{sentence}");

    let added = change(&net, &member("1"));
    assert_eq!((powers(&net, added - 1).len(), powers(&net, added).len()), (4, 5));
    assert!(votes(&net, &validator) >= added);
    let saved = net.folder.path().join("trust.json").display().to_string();
    let proved = prove(&net, "app", &["--genesis", &genesis, "--save", &saved]);
    assert_eq!((&proved["hops"], &proved["validators"]), (&json!(1), &json!(5)));

    let raised = change(&net, &member("2"));
    assert_eq!(powers(&net, raised), ["1", "1", "1", "1", "2"]);
    let removed = change(&net, &["remove", &validator]);
    assert_eq!(powers(&net, removed), ["1"; 4]);
    net.ok(&["tx", "transfer", "app", "0.001", "--from", "faucet"]);
    assert_eq!(powers(&net, raised).len(), 5, "history stays");
    let sentence = refused(&mut net.command(&["validators", "remove", &validator, "--from", "governance"]));
    assert!(sentence.contains("is no validator"), "{sentence}");

    // From genesis, from what was saved, and from the id of a block.
    assert_eq!(prove(&net, "app", &["--genesis", &genesis])["hops"], 3);
    let resumed = prove(&net, "app", &["--trusted", &saved]);
    assert_eq!((&resumed["hops"], &resumed["trusted_height"]), (&json!(2), &json!(added.to_string())));
    let block = net.ok(&["block", &added.to_string()]);
    let point = format!("{added}:{}", text(&block, "hash"));
    let absent = net.ok(&["verify-proof", "--key", "0x01", "--trusted", &point]);
    assert_eq!((&absent["hops"], &absent["present"]), (&json!(2), &json!(false)));
    let wrong = format!("{}:{}", added + 1, text(&block, "hash"));
    let sentence = refused(&mut net.command(&["verify-proof", "--account", "app", "--trusted", &wrong]));
    assert!(sentence.contains("has id 0x"), "{sentence}");
}
