//! A task's whole life with real processes: a chain, a relay, three compute nodes, the command line.

use crate::support::{Dev, Running, hydrogen, module};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The longest any wait may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// A chain with a relay and three compute nodes, so that every task has all three.
struct Scene {
    dev: Dev,
    _relay: Running,
    _relay_home: tempfile::TempDir,
    nodes: Vec<(tempfile::TempDir, Option<Running>)>,
}

impl Scene {
    fn start() -> Self {
        let dev = Dev::start();
        let relay_home = tempfile::tempdir().expect("a folder");
        let args = ["relay", "--key", "dev5", "--listen", "127.0.0.1:0", "--rpc", &dev.rpc];
        let relay = Running::start(hydrogen(relay_home.path()).args(args));
        let text = |name: &str| relay.ready[name].as_str().expect("a text").to_owned();
        let register = format!(r#"{{"key": "{}", "url": "{}"}}"#, text("key"), text("url"));
        dev.ok(&["contract", "call", "task", "register_relay", &register, "--from", "dev0"]);
        let mut scene = Self { dev, _relay: relay, _relay_home: relay_home, nodes: Vec::new() };
        for index in 0..3 {
            scene.nodes.push((tempfile::tempdir().expect("a folder"), None));
            scene.start_node(index);
        }
        scene.until("three nodes have joined", |scene| {
            scene.dev.ok(&["compute", "list"]).as_array().is_some_and(|nodes| nodes.len() == 3)
        });
        scene
    }

    fn name(index: usize) -> String {
        format!("dev{}", index + 1)
    }

    fn start_node(&mut self, index: usize) {
        let name = Self::name(index);
        let (home, process) = &mut self.nodes[index];
        let args = ["compute", "run", "--from", &name, "--stake", "400", "--rpc", &self.dev.rpc];
        *process = Some(Running::start(hydrogen(home.path()).args(args)));
    }

    /// Dropping sends SIGKILL.
    fn kill_node(&mut self, index: usize) {
        self.nodes[index].1 = None;
    }

    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < end, "waited in vain until {what}");
            std::thread::sleep(LOOK);
        }
    }

    fn status(&self, id: &str) -> Value {
        self.dev.ok(&["task", "status", id])
    }

    /// `task run` in a process of its own.
    fn order(&self, program: &Path, input: &Path, output: &Path) -> Child {
        let mut command: Command = hydrogen(self.dev.home.path());
        command
            .args(["task", "run", "--fee", "30", "--from", "dev6", "--rpc", &self.dev.rpc, "--json"])
            .args([Path::new("--program"), program, Path::new("--input"), input, Path::new("-o"), output])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("the binary runs")
    }
}

fn succeeded(child: Child) {
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_task_gives_what_the_program_gives_alone_and_its_draw_holds() {
    let scene = Scene::start();
    let files = tempfile::tempdir().expect("a folder");
    let (input, output, alone) =
        (files.path().join("in"), files.path().join("out"), files.path().join("alone"));
    std::fs::write(&input, "to be or not to be").expect("writes");
    let program = module("wordcount.wasm");
    succeeded(scene.order(&program, &input, &output));
    let path = |path: &Path| path.to_str().expect("a path").to_owned();
    scene.dev.ok(&["program", "run", &path(&program), "--input", &path(&input), "-o", &path(&alone)]);
    let result = std::fs::read_to_string(&output).expect("reads");
    assert_eq!(result, "2 be\n2 to\n1 not\n1 or\n");
    assert_eq!(result, std::fs::read_to_string(&alone).expect("reads"));

    let status = scene.status("1");
    assert_eq!(status["state"], "Success");
    let paid: Vec<&str> = status["seats"]
        .as_array()
        .expect("seats")
        .iter()
        .map(|seat| seat["paid"].as_str().expect("paid"))
        .collect();
    assert_eq!(paid, ["10000000000000000000"; 3]);

    let draw = scene.dev.ok(&["task", "verify-draw", "1"]);
    assert_eq!(draw["holds"], true);
    assert_eq!(draw["nodes"].as_array().map(Vec::len), Some(3));
    let open =
        draw["checks"].as_array().expect("checks").iter().filter(|check| check["holds"].is_null()).count();
    assert_eq!(open, 0, "{draw}");

    // Only the creator gets the result; a task that is not there is said to be so.
    let denied = scene.dev.fails(&["task", "result", "1", "--from", "dev7"]);
    assert!(denied.contains("403"), "{denied}");
    let missing = scene.dev.fails(&["task", "status", "2"]);
    assert!(missing.contains("there is no task 2"), "{missing}");

    // A program that fails on two nodes is the task's error, paid at half.
    std::fs::write(&input, [0xff, 0xfe]).expect("writes");
    let failed = scene.order(&program, &input, &output).wait_with_output().expect("it ends");
    assert!(!failed.status.success());
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(said.contains("aborted: TaskError"), "{said}");
}

#[test]
fn a_compute_node_killed_at_any_stage_and_started_again_loses_nothing() {
    let mut scene = Scene::start();
    let files = tempfile::tempdir().expect("a folder");
    let (input, output) = (files.path().join("in"), files.path().join("out"));
    // About a second of work for each node.
    std::fs::write(&input, "800 600 500").expect("writes");
    let program = module("mandelbrot.wasm");
    let stages = ["Started", "Executing", "Revealing", "Validated"];
    for (number, stage) in (1u64..).zip(stages) {
        let child = scene.order(&program, &input, &output);
        let id = number.to_string();
        scene.until("the task is created", |scene| {
            scene.dev.ok(&["task", "list"]).as_array().is_some_and(|tasks| tasks.len() as u64 == number)
        });
        let reached = |state: &Value| {
            let states = ["Created", "Started", "Executing", "Revealing", "Validated", "Success"];
            let place = |name: &str| states.iter().position(|known| *known == name);
            place(state.as_str().expect("a state")) >= place(stage)
        };
        scene.until(stage, |scene| reached(&scene.status(&id)["state"]));
        let victim = usize::try_from(number % 3).expect("small");
        scene.kill_node(victim);
        std::thread::sleep(Duration::from_millis(100));
        scene.start_node(victim);
        succeeded(child);
        let status = scene.status(&id);
        assert_eq!(status["state"], "Success", "killed in {stage}");
        for seat in status["seats"].as_array().expect("seats") {
            assert_eq!(seat["paid"], "10000000000000000000", "killed in {stage}: {seat}");
            assert_eq!(seat["fined"], "0", "killed in {stage}: {seat}");
        }
    }
}
