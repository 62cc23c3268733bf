//! What an application's author types, on a network of real processes' parts: every command with right and with wrong
//! input, and `task run` killed at every step of its way. One network serves all of it, since starting one is dear.

mod program;

use crate::support::{Running, hydrogen, module};
use hydrogen::application::Stake;
use hydrogen::client::{Client, Wallet, task};
use hydrogen::keys::{KeyError, KeyFile};
use hydrogen_core::NodeKeys;
use hydrogen_types::Amount;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The longest any wait may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// An address where nobody listens: every command is given it first, and must go on to the next.
const NOBODY: &str = "http://127.0.0.1:1";
/// What `task run` says on its way, in this order: it is killed at each.
const STEPS: [&str; 9] =
    ["price", "program", "approved", "payment", "created", "drawn", "uploaded", "commitment", "verdict"];

/// A network of four validators, two relays and seven compute nodes, and a folder for files.
struct Net {
    folder: tempfile::TempDir,
    process: Running,
}

impl Net {
    fn up() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = hydrogen(folder.path());
        let dir = folder.path().join("net");
        // Seven nodes: a task that is not ended holds three, and another still finds three.
        command.args(["testnet", "up", "--base-port", "0", "--relays", "2", "--nodes", "7"]);
        command.args(["--seed", "7", "--dir"]).arg(dir);
        let process = Running::start(&mut command);
        Self { folder, process }
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("net")
    }

    fn urls(&self) -> Vec<String> {
        let urls = self.process.ready["rpc"].as_array().expect("addresses");
        urls.iter().map(|url| url.as_str().expect("an address").to_owned()).collect()
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("writes");
        path.display().to_string()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = hydrogen(&self.home());
        command.args(args).args(["--rpc", NOBODY]);
        for url in self.urls() {
            command.args(["--rpc", &url]);
        }
        command.stdin(Stdio::null());
        command
    }

    fn output(&self, args: &[&str]) -> Output {
        self.command(args).arg("--json").output().expect("the binary runs")
    }

    /// The answer of a command that must succeed.
    fn ok(&self, args: &[&str]) -> Value {
        let output = self.output(args);
        assert!(output.status.success(), "{args:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{args:?} answered no JSON"))
    }

    /// Name, sentence and hint of a command that must fail with this exit code.
    fn fails(&self, code: i32, args: &[&str]) -> (String, String) {
        let output = self.output(args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        let last = stderr.lines().last().unwrap_or_default();
        let failure: Value =
            serde_json::from_str(last).unwrap_or_else(|_| panic!("{args:?} failed with `{stderr}`"));
        let text = |name: &str| failure[name].as_str().unwrap_or_default().to_owned();
        (text("name"), format!("{} {}", text("error"), text("hint")))
    }

    fn tasks(&self) -> Vec<Value> {
        self.ok(&["task", "list"]).as_array().expect("a list").clone()
    }

    fn status(&self, id: &str) -> Value {
        self.ok(&["task", "status", id])
    }

    fn wallet(&self, name: &str) -> Wallet {
        let file = KeyFile::read(&self.home().join("keys").join(format!("{name}.json"))).expect("a key");
        let seed = file.seed(|| Err(KeyError::Unsupported)).expect("in clear");
        Wallet::new(Client::new(&self.urls()).expect("addresses"), NodeKeys::from_seed(*seed).account)
    }

    /// What the program gives on this machine.
    fn alone(&self, program: &str, input: &str) -> Vec<u8> {
        let mut command = hydrogen(self.folder.path());
        let output = command.args(["program", "run", program, "--input", input]).output().expect("it runs");
        assert!(output.status.success());
        output.stdout
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

fn wordcount() -> String {
    module("wordcount.wasm").display().to_string()
}

#[test]
fn an_application_author_gets_along() {
    let net = Net::up();
    wrong_input_is_told(&net);
    step_by_step(&net);
    limits_and_prices(&net);
    lists_are_filtered(&net);
    stakes_through_the_library(&net);
    program::in_c_from_an_empty_folder_to_a_result(&net);
    program::what_it_senses_is_frozen_at_the_draw(&net);
    program::publishing_says_what_is_wrong(&net);
    a_run_killed_at_every_step_pays_once(&net);
    a_second_run_is_not_paid_silently(&net);
    the_other_relay_is_used(&net);
    program::a_relay_that_is_gone_is_named(&net);
}

/// Nothing of this creates a task.
fn wrong_input_is_told(net: &Net) {
    let (program, input) = (wordcount(), net.file("small", b"a b a"));
    let order = |input: &'static str| ["task", "run", "--fee", "30", "--from", "app", "--input", input];
    let with = |more: &[&str]| {
        let mut args = vec!["task", "create", "--program", &program, "--input", &input, "--from", "app"];
        args.extend(more);
        net.fails(1, &args)
    };
    let (name, said) = with(&["--fee", "1"]);
    assert_eq!(name, "FeeTooLow");
    assert!(said.contains("minimum of 12 CNX"), "{said}");
    let (name, said) = with(&["--fee", "30", "--timeout-ms", "1000"]);
    assert_eq!(name, "BadLimits");
    assert!(said.contains("timeout_ms of 1000"), "{said}");
    assert_eq!(with(&["--fee", "2000000"]).0, "NotEnoughTokens");
    let (_, said) = with(&["--fee", "30", "--relay", "http://nowhere"]);
    assert!(said.contains("`http://nowhere` is not among"), "{said}");

    let missing = net.fails(1, &[&order("/nowhere/input")[..], &["--program", &program]].concat()).1;
    assert!(missing.contains("/nowhere/input"), "{missing}");
    let missing = net
        .fails(
            1,
            &["task", "create", "--program", "/no.wasm", "--input", &input, "--fee", "30", "--from", "app"],
        )
        .1;
    assert!(missing.contains("/no.wasm") && missing.contains("64 hex digits"), "{missing}");
    let external =
        ["task", "create", "--external", "none", "--input", &input, "--fee", "30", "--from", "app"];
    assert_eq!(net.fails(1, &external).0, "UnknownType");
    let unknown = "0x00000000000000000000000000000000000000000000000000000000000000ff";
    let unpublished =
        ["task", "create", "--program", unknown, "--input", &input, "--fee", "30", "--from", "app"];
    assert_eq!(net.fails(1, &unpublished).0, "ProgramMissing");
    let nobody = net.fails(1, &["task", "result", "1", "--from", "nobody"]).1;
    assert!(nobody.contains("nobody"), "{nobody}");
    for command in ["status", "watch", "verify-draw"] {
        let (name, said) = net.fails(1, &["task", command, "77"]);
        assert!(name == "TaskNotFound" || name == "NotDrawn", "{command}: {name}");
        assert!(said.contains("77"), "{said}");
    }

    let large = net.file("large", &vec![b'a'; 40 << 20]);
    let args = ["task", "create", "--program", &program, "--input", &large, "--fee", "30", "--from", "app"];
    let (name, said) = net.fails(1, &args);
    assert_eq!(name, "ArgsTooLarge");
    assert!(said.contains("41943040") && said.contains("33554432"), "{said}");

    // What does not parse ends with 2, what may work later with 4.
    let bad = net.output(&[
        "task",
        "create",
        "--program",
        &program,
        "--input",
        &input,
        "--fee",
        "x",
        "--from",
        "app",
    ]);
    assert_eq!(bad.status.code(), Some(2));
    let bad = net.output(&["task", "create", "--input", &input, "--fee", "30", "--from", "app"]);
    assert_eq!(bad.status.code(), Some(2), "neither program nor type");
    let alone =
        hydrogen(&net.home()).args(["task", "list", "--json", "--rpc", NOBODY]).output().expect("it runs");
    assert_eq!(alone.status.code(), Some(4));
    let said = String::from_utf8_lossy(&alone.stderr);
    assert!(said.contains("\"Unreachable\"") && said.contains("--rpc"), "{said}");
    assert!(net.tasks().is_empty(), "nothing was paid");
}

fn step_by_step(net: &Net) {
    let (program, input) = (wordcount(), net.file("steps", b"to be or not to be"));
    let created =
        net.ok(&["task", "create", "--program", &program, "--input", &input, "--fee", "30", "--from", "app"]);
    let id = created["task"].as_str().expect("an id").to_owned();
    let other = net.file("other", b"something else");
    assert_eq!(net.fails(1, &["task", "upload", &id, "--input", &other, "--from", "app"]).0, "OtherArgs");
    assert_eq!(net.fails(1, &["task", "result", &id, "--from", "app"]).0, "NoResult");
    net.ok(&["task", "upload", &id, "--input", &input, "--from", "app"]);
    let twice = net.fails(1, &["task", "upload", &id, "--input", &input, "--from", "app"]).0;
    assert_eq!(twice, "WrongState");

    let watched = net.output(&["task", "watch", &id]);
    assert!(watched.status.success());
    let lines: Vec<Value> = String::from_utf8_lossy(&watched.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object a line"))
        .collect();
    assert_eq!(lines[0]["event"], "TaskCreated");
    assert_eq!(lines.iter().filter(|line| line["event"] == "TaskStarted").count(), 3);
    let last = lines.last().expect("the task");
    assert_eq!((&last["state"], &last["refunded"]), (&Value::from("Success"), &Value::from("0")));

    let out = net.path("steps.out");
    std::fs::write(&out, "what was there before").expect("writes");
    let result = net.ok(&["task", "result", &id, "-o", &out, "--from", "app"]);
    assert_eq!(result["paid"], "30000000000000000000");
    assert_eq!(std::fs::read(&out).expect("the result"), net.alone(&program, &input));
    let piped = net.command(&["task", "result", &id, "--from", "app"]).output().expect("it runs");
    assert_eq!(piped.stdout, net.alone(&program, &input), "without -o the bytes alone go to stdout");
    assert_eq!(net.fails(1, &["task", "result", &id, "--from", "faucet"]).0, "Forbidden");
    assert_eq!(net.ok(&["task", "verify-draw", &id])["holds"], true);
}

/// A time raised by itself, a fee that the stakes do not make safe, and what cancelling costs.
fn limits_and_prices(net: &Net) {
    let (program, input) = (wordcount(), net.file("prices", b"a"));
    let mut args = vec!["task", "create", "--program", &program, "--input", &input, "--from", "app"];
    args.extend(["--fee", "1000", "--fuel-max", "500000000000", "--output-bytes-max", "1000"]);
    let output = net.output(&args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("up to 960 CNX safe"), "{said}");
    assert!(said.contains("longer than usual"), "{said}");
    let created: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let id = created["task"].as_str().expect("an id").to_owned();
    let status = net.status(&id);
    assert_eq!((&status["timeout_ms"], &status["output_bytes_max"]), (&"2563555".into(), &"1000".into()));

    wait_for("draw", || (net.status(&id)["state"] == "Started").then_some(()));
    assert_eq!(net.fails(1, &["task", "cancel", &id, "--from", "faucet"]).0, "NotCreator");
    let before = balance(net, "app");
    let receipt = net.ok(&["task", "cancel", &id, "--from", "app"]);
    let back = balance(net, "app") + number(&receipt["fee"]) - before;
    let status = net.status(&id);
    assert_eq!((&status["state"], &status["abort_reason"]), (&"Aborted".into(), &"Cancelled".into()));
    // A tenth goes to the panel in three parts; what is left of the deposit comes besides.
    let refunded = number(&status["refunded"]);
    assert_eq!(refunded, 900_000_000_000_000_000_000 + 1, "what does not divide by three returns");
    assert!(back > refunded && back - refunded < 10_000_000_000_000_000, "{back} came back");
    let (name, said) = net.fails(3, &["task", "watch", &id]);
    assert_eq!(name, "Aborted");
    assert!(said.contains("Cancelled: its creator took it back"), "{said}");
    assert_eq!(net.fails(1, &["task", "result", &id, "--from", "app"]).0, "NoResult");
}

fn number(value: &Value) -> u128 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

fn balance(net: &Net, who: &str) -> u128 {
    number(&net.ok(&["account", "show", who])["balance"])
}

/// Of two tasks so far the first succeeded, the second was cancelled.
fn lists_are_filtered(net: &Net) {
    let ids = |more: &[&str]| -> Vec<String> {
        let tasks = net.ok(&[&["task", "list"], more].concat());
        let tasks = tasks.as_array().expect("a list").clone();
        tasks.iter().map(|task| task["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(ids(&[]), ["1", "2"]);
    assert_eq!(ids(&["--state", "aborted"]), ["2"]);
    assert_eq!(ids(&["--creator", "app", "--state", "success"]), ["1"]);
    assert_eq!(ids(&["--creator", "faucet"]), Vec::<String>::new());
    assert_eq!(ids(&["--mine"]), ["1", "2"]);
    assert_eq!(ids(&["--open"]), Vec::<String>::new());
    assert_eq!(ids(&["--limit", "1"]), ["1"]);
    assert_eq!(ids(&["--start", "2"]), ["2"]);
    let node = net.status("1")["seats"][0]["node"].as_str().expect("a node").to_owned();
    assert!(ids(&["--node", &node]).contains(&String::from("1")));
    assert_eq!(net.output(&["task", "list", "--state", "paid"]).status.code(), Some(2));
    let nodes = |more: &[&str]| net.ok(&[&["compute", "list"], more].concat()).as_array().map(Vec::len);
    wait_for("free nodes", || (nodes(&["--state", "available"]) == Some(7)).then_some(()));
    assert_eq!(nodes(&["--state", "paused"]), Some(0));
    assert_eq!(nodes(&["--limit", "2"]), Some(2));
    assert_eq!(nodes(&["--type", "none"]), Some(0));
}

/// Joins, adds, pauses, resumes and leaves: by the library, and what is refused by the command.
fn stakes_through_the_library(net: &Net) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (name, said) = net.fails(1, &["compute", "pause", "--from", "faucet"]);
    assert_eq!(name, "NodeNotFound");
    assert!(said.contains("compute join"), "{said}");
    let stake = Stake::new(net.wallet("faucet"));
    let low = runtime.block_on(stake.join(Amount::cnx(399), &[])).expect_err("too low");
    assert_eq!(low.name(), "StakeTooLow");
    runtime.block_on(stake.join(Amount::cnx(400), &[])).expect("joins");
    assert_eq!(net.fails(1, &["compute", "resume", "--from", "faucet"]).0, "IllegalNodeStatus");
    net.ok(&["compute", "pause", "--from", "faucet"]);
    runtime.block_on(stake.add_stake(Amount::cnx(100))).expect("adds");
    let status = net.ok(&["compute", "status", "faucet"]);
    assert_eq!((&status["state"], &status["stake"]), (&"Paused".into(), &"500000000000000000000".into()));
    assert_eq!(net.ok(&["compute", "list", "--state", "paused"]).as_array().map(Vec::len), Some(1));
    net.ok(&["compute", "quit", "--from", "faucet"]);
    let early = runtime.block_on(stake.withdraw()).expect_err("unbonding");
    assert_eq!(early.name(), "StillUnbonding");
    let view = runtime.block_on(stake.view()).expect("answers").expect("is there");
    assert_eq!(view.stake, Amount::cnx(500));
    let all = runtime.block_on(async {
        let client = net.wallet("faucet").client().clone();
        task::nodes(&client, &Default::default(), None, 3).await.expect("answers")
    });
    assert_eq!((all.0.len(), all.1.is_some()), (3, true), "a page of three, and more to come");
}

/// `task run` in a process of its own, its words read line by line.
fn spawn(net: &Net, input: &str, out: &str, more: &[&str]) -> Child {
    let program = wordcount();
    let mut args =
        vec!["task", "run", "--program", &program, "--input", input, "--fee", "30", "--from", "app"];
    args.extend(["-o", out]);
    args.extend(more);
    net.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
}

/// Kills it with SIGKILL as soon as it says a word, unless it ends before.
fn kill_at(mut child: Child, word: &str) {
    let stderr = child.stderr.take().expect("piped");
    for line in BufReader::new(stderr).lines() {
        if line.expect("text").contains(word) {
            break;
        }
    }
    child.kill().expect("it can be killed, or has ended");
    child.wait().expect("it is gone");
}

fn succeeded(child: Child) {
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn a_run_killed_at_every_step_pays_once(net: &Net) {
    let before = net.tasks().len();
    // One order, killed at each of its steps and resumed.
    let (input, out) = (net.file("killed", b"live and let live"), net.path("killed.out"));
    for word in STEPS {
        kill_at(spawn(net, &input, &out, &["--resume"]), word);
    }
    succeeded(spawn(net, &input, &out, &["--resume"]));
    assert_eq!(std::fs::read(&out).expect("the result"), net.alone(&wordcount(), &input));
    assert_eq!(net.tasks().len(), before + 1, "one order, one task");

    // Others, killed after a time that grows until they end by themselves.
    for (number, first_ms) in (0u64..).zip([15, 40]) {
        let text = format!("order number {number}");
        let (input, out) = (net.file(&text, text.as_bytes()), net.path(&format!("{text}.out")));
        let mut delay = Duration::from_millis(first_ms);
        let ended = loop {
            let mut child = spawn(net, &input, &out, &["--resume"]);
            std::thread::sleep(delay);
            if let Some(status) = child.try_wait().expect("a process") {
                break status;
            }
            child.kill().expect("it can be killed");
            child.wait().expect("it is gone");
            delay += delay / 2;
        };
        assert!(ended.success(), "{ended}");
        assert_eq!(std::fs::read(&out).expect("the result"), net.alone(&wordcount(), &input));
        let count = net.tasks().len();
        assert_eq!(count, before + 2 + usize::try_from(number).expect("small"), "one order, one task");
    }
    let leftovers = std::fs::read_dir(net.folder.path()).expect("a folder").filter(|entry| {
        entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().contains(".part-"))
    });
    assert_eq!(leftovers.count(), 0, "no half of a result is left behind");
}

fn a_second_run_is_not_paid_silently(net: &Net) {
    let before = net.tasks().len();
    let (input, out) = (net.file("twice", b"once or twice"), net.path("twice.out"));
    kill_at(spawn(net, &input, &out, &[]), "created");
    let program = wordcount();
    let mut args =
        vec!["task", "run", "--program", &program, "--input", &input, "--fee", "30", "--from", "app"];
    args.extend(["-o", &out]);
    let (name, said) = net.fails(1, &args);
    assert_eq!(name, "AlreadyUnderWay");
    assert!(said.contains("--resume") && said.contains("--new"), "{said}");
    assert_eq!(net.tasks().len(), before + 1);
    succeeded(spawn(net, &input, &out, &["--new"]));
    assert_eq!(net.tasks().len(), before + 2, "asked for by name, it is paid");
    let same = net.fails(1, &[&args[..args.len() - 1], &[input.as_str()]].concat());
    assert_eq!(same.0, "BadOutput", "the input is not written over");
    // The first one waits for its arguments; it is taken back, so that its nodes are free.
    let first = net.ok(&["task", "list", "--state", "started"]);
    for task in first.as_array().expect("a list") {
        net.ok(&["task", "cancel", task["id"].as_str().expect("an id"), "--from", "app"]);
    }
}

/// With the first relay gone, program and arguments go to the other.
fn the_other_relay_is_used(net: &Net) {
    let dir = net.home().display().to_string();
    let stopped = hydrogen(net.folder.path()).args(["testnet", "stop", "relay-0", "--dir", &dir]).output();
    assert!(stopped.expect("it runs").status.success());
    let (input, out) = (net.file("relays", b"the other one"), net.path("relays.out"));
    succeeded(spawn(net, &input, &out, &[]));
    assert_eq!(std::fs::read(Path::new(&out)).expect("the result"), net.alone(&wordcount(), &input));
}
