//! A compute node is asked to stop: it pauses or quits, finishes what it owes, and comes back. Real processes.

use crate::support::{Dev, Running, hydrogen, module};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The longest any wait may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

struct Node {
    home: tempfile::TempDir,
    process: Running,
    key: String,
}

/// A chain, a relay and three compute nodes, all of which a task needs.
struct Scene {
    dev: Dev,
    _relay: Running,
    _relay_home: tempfile::TempDir,
    nodes: Vec<Node>,
}

impl Scene {
    fn start() -> Self {
        Self::start_with(Dev::start(), &[])
    }

    /// On a chain that was made ready, with more arguments for each node.
    fn start_with(dev: Dev, more: &[&str]) -> Self {
        let relay_home = tempfile::tempdir().expect("a folder");
        let args = ["relay", "--key", "dev5", "--listen", "127.0.0.1:0", "--rpc", &dev.rpc];
        let relay = Running::start(hydrogen(relay_home.path()).args(args));
        let text = |name: &str| relay.ready[name].as_str().expect("a text").to_owned();
        let register = format!(r#"{{"key": "{}", "url": "{}"}}"#, text("key"), text("url"));
        dev.ok(&["contract", "call", "task", "register_relay", &register, "--from", "dev0"]);
        let nodes = (1..=3)
            .map(|index| {
                let (home, key) = (tempfile::tempdir().expect("a folder"), format!("dev{index}"));
                let process = run(&dev, home.path(), &key, more);
                Node { home, process, key }
            })
            .collect();
        let scene = Self { dev, _relay: relay, _relay_home: relay_home, nodes };
        scene.until("three nodes have joined", |scene| {
            (0..3).all(|index| scene.state(index).as_deref() == Some("Available"))
        });
        scene
    }

    /// Starts a node again, which has ended.
    fn start_again(&mut self, index: usize, more: &[&str]) {
        let node = &self.nodes[index];
        self.nodes[index].process = run(&self.dev, node.home.path(), &node.key, more);
    }

    /// The state of a node on the chain.
    fn state(&self, index: usize) -> Option<String> {
        let (nodes, address) = (self.dev.ok(&["compute", "list"]), self.dev.address(&self.nodes[index].key));
        let found = nodes.as_array()?.iter().find(|node| node["address"] == address.as_str())?;
        found["state"].as_str().map(str::to_owned)
    }

    /// What a node wrote of itself.
    fn told(&self, index: usize) -> Option<Value> {
        let path = self.nodes[index].home.path().join("compute/status.json");
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < end, "waited in vain until {what}");
            std::thread::sleep(LOOK);
        }
    }

    /// SIGTERM; nothing is waited for.
    fn ask_to_stop(&self, index: usize) {
        let pid = self.nodes[index].process.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
    }

    /// The process ends by itself, with success.
    fn ends(&mut self, index: usize) {
        let status = self.nodes[index].process.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
    }

    fn order(&self, input: &Path, output: &Path) -> Child {
        let program = module("mandelbrot.wasm");
        self.order_work(&["--program", program.to_str().expect("a path")], input, output)
    }

    fn order_work(&self, work: &[&str], input: &Path, output: &Path) -> Child {
        hydrogen(self.dev.home.path())
            .args(["task", "run", "--fee", "30", "--from", "dev6", "--rpc", &self.dev.rpc, "--json"])
            .args(work)
            .args([Path::new("--input"), input, Path::new("-o"), output])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs")
    }
}

fn run(dev: &Dev, home: &Path, key: &str, more: &[&str]) -> Running {
    let args = ["compute", "run", "--from", key, "--stake", "400", "--rpc", &dev.rpc];
    Running::start(hydrogen(home).args(args).args(more))
}

#[test]
fn a_node_that_is_asked_to_stop_finishes_its_task_first_and_comes_back() {
    let mut scene = Scene::start();
    let files = tempfile::tempdir().expect("a folder");
    let (input, output) = (files.path().join("in"), files.path().join("out"));
    std::fs::write(&input, "800 600 500").expect("writes");
    let order = scene.order(&input, &output);
    scene.until("the node is at work", |scene| {
        scene.told(0).is_some_and(|told| told["stage"] == "Executing" || told["stage"] == "Revealing")
    });
    scene.ask_to_stop(0);
    let ended = order.wait_with_output().expect("it ends");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    scene.ends(0);
    assert_eq!(scene.state(0).as_deref(), Some("Paused"));
    let task = scene.dev.ok(&["task", "status", "1"]);
    for seat in task["seats"].as_array().expect("seats") {
        assert_eq!((&seat["paid"], &seat["fined"]), (&"10000000000000000000".into(), &"0".into()), "{task}");
    }

    // A start takes the pause back, and what it was paid is told.
    scene.start_again(0, &["--on-stop", "quit"]);
    scene.until("the node is back", |scene| scene.state(0).as_deref() == Some("Available"));
    scene.until("the node tells what it earned", |scene| {
        scene
            .told(0)
            .is_some_and(|told| told["earned"] == "10000000000000000000" && told["tasks_paid"] == "1")
    });

    // An operator's own pause is respected, at the stop and at the next start.
    scene.dev.ok(&["compute", "pause", "--from", "dev2"]);
    scene.ask_to_stop(1);
    scene.ends(1);
    scene.start_again(1, &["--on-stop", "none"]);
    scene.until("the node is up", |scene| scene.told(1).is_some_and(|told| told["state"] == "Paused"));
    let before = scene.dev.ok(&["account", "show", "dev2"])["nonce"].clone();
    scene.ask_to_stop(1);
    scene.ends(1);
    assert_eq!(scene.state(1).as_deref(), Some("Paused"));
    assert_eq!(scene.dev.ok(&["account", "show", "dev2"])["nonce"], before, "nothing was sent");

    scene.ask_to_stop(0);
    scene.ends(0);
    assert_eq!(scene.state(0).as_deref(), Some("Unbonding"));
}

/// The chain gets an external type, the nodes a command for it: exact and similar tasks, and one that is refused.
#[test]
fn a_command_executes_tasks_of_an_external_type() {
    let dev = Dev::start();
    let mut config = dev.ok(&["contract", "query", "task", "config", r#"{"number": null}"#]);
    config["external_types"] = serde_json::json!([{"name": "upper", "timeout_ms_min": "60000"}]);
    let config = serde_json::json!({ "config": config }).to_string();
    dev.ok(&["contract", "call", "task", "set_config", &config, "--from", "dev0"]);
    let command = "upper=read -r line; test \"$line\" != refuse || exit 65; echo \"$line\" | tr a-z A-Z";
    let scene = Scene::start_with(dev, &["--executor", command]);
    let files = tempfile::tempdir().expect("a folder");
    let (input, output) = (files.path().join("in"), files.path().join("out"));
    let run = |work: &[&str], text: &str| {
        std::fs::write(&input, text).expect("writes");
        scene.order_work(work, &input, &output).wait_with_output().expect("it ends")
    };
    let exact = run(&["--external", "upper"], "from outside\n");
    assert!(exact.status.success(), "{}", String::from_utf8_lossy(&exact.stderr));
    assert_eq!(std::fs::read_to_string(&output).expect("reads"), "FROM OUTSIDE\n");

    // Its fingerprint is the count of its one word: eight bytes.
    let print = module("wordcount.wasm");
    let print = print.to_str().expect("a path");
    let similar = run(&["--external", "upper", "--similar", "5", "--fingerprint", print], "abcde\n");
    assert!(similar.status.success(), "{}", String::from_utf8_lossy(&similar.stderr));
    assert_eq!(std::fs::read_to_string(&output).expect("reads"), "ABCDE\n");

    let refused = run(&["--external", "upper"], "refuse\n");
    assert!(!refused.status.success());
    let task = scene.dev.ok(&["task", "status", "3"]);
    assert_eq!(task["abort_reason"], "TaskError", "{task}");
}
