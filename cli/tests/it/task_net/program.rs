//! Programs as their author has them run: made here, published, ordered; and what a relay refuses.

use super::Net;
use crate::program::build_c;
use crate::support::{hydrogen, test_program};
use serde_json::Value;

/// Runs a task of a published program and returns its id; the result is in `out`.
fn order(net: &Net, program: &Value, input: &str, out: &str) -> String {
    let hash = program["program"].as_str().expect("a hash");
    net.ok(&["task", "run", "--program", hash, "--input", input, "--fee", "30", "--from", "app", "-o", out]);
    let newest = net.tasks().last().expect("a task").clone();
    assert_eq!((&newest["state"], &newest["program"]), (&Value::from("Success"), &program["program"]));
    newest["id"].as_str().expect("an id").to_owned()
}

/// `program new`, `build`, `publish`, `task run`: the network finds what `program run` found.
pub(super) fn in_c_from_an_empty_folder_to_a_result(net: &Net) {
    let folder = net.path("total");
    // Without a compiler for WASI here, a program in C that was built elsewhere goes the same way.
    let module = build_c(net.folder.path(), "total")
        .unwrap_or_else(|| test_program("senses-c.wasm").display().to_string());
    let published = net.ok(&["program", "publish", &module, "--from", "app"]);
    assert_eq!(published["published"], true);
    let again = net.ok(&["program", "publish", &module, "--from", "app"]);
    assert_eq!((&again["published"], &again["program"]), (&Value::from(false), &published["program"]));

    let (input, out) = (format!("{folder}/sample/input.txt"), net.path("total.out"));
    let input = if module.starts_with(&folder) { input } else { net.file("numbers", b"4 8 15") };
    let task = order(net, &published, &input, &out);
    let result = std::fs::read(&out).expect("the result");
    if module.starts_with(&folder) {
        assert_eq!(result, std::fs::read(format!("{folder}/sample/expected.txt")).expect("the sample"));
        assert_eq!(result, net.alone(&module, &input));
    }
    let alone = alone_as(net, &module, &input, &net.status(&task));
    assert_eq!(alone["digest"], net.status(&task)["result"]);
}

/// What `program run` says with the clock and the seed of a task.
fn alone_as(net: &Net, module: &str, input: &str, task: &Value) -> Value {
    let text = |name: &str| task[name].as_str().unwrap_or_else(|| panic!("no {name} in {task}")).to_owned();
    let (time, seed) = (text("draw_time_ms"), text("draw_seed"));
    net.ok(&["program", "run", module, "--input", input, "--time", &time, "--seed", &seed, "--repeat", "2"])
}

/// Programs that tell all they can see of the machine: three nodes agree on it, and this machine with them.
pub(super) fn what_it_senses_is_frozen_at_the_draw(net: &Net) {
    let (input, out) = (net.file("nothing", b""), net.path("senses.out"));
    for name in ["senses-c.wasm", "senses-rust.wasm"] {
        let module = test_program(name).display().to_string();
        let published = net.ok(&["program", "publish", &module, "--from", "app"]);
        let task = net.status(&order(net, &published, &input, &out));
        let alone = alone_as(net, &module, &input, &task);
        assert_eq!(alone["digest"], task["result"], "{name}");
        let other = net.ok(&["program", "run", &module, "--input", &input]);
        assert_ne!(other["digest"], task["result"], "{name} senses clock and randomness");
    }
}

/// Nothing of this reaches a relay.
pub(super) fn publishing_says_what_is_wrong(net: &Net) {
    let large = net.file("large.wasm", &vec![0; (16 << 20) + 1]);
    let (name, said) = net.fails(1, &["program", "publish", &large, "--from", "app"]);
    assert_eq!(name, "ProgramTooLarge");
    assert!(said.contains("16777217") && said.contains("16777216"), "{said}");
    let text = net.file("text.wasm", b"not a module");
    assert_eq!(net.fails(1, &["program", "publish", &text, "--from", "app"]).0, "BadProgram");
    let contract = crate::support::module("counter.wasm").display().to_string();
    let (name, said) = net.fails(1, &["program", "publish", &contract, "--from", "app"]);
    assert_eq!(name, "IsContract");
    assert!(said.contains("contract check"), "{said}");
    let module = test_program("senses-c.wasm").display().to_string();
    let mut alone = hydrogen(&net.home());
    alone.args(["program", "publish", &module, "--from", "app", "--json", "--rpc", super::NOBODY]);
    let output = alone.output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("\"Unreachable\""));
}

/// One of the network's two relays has been stopped: a person who asks for it is told at once.
pub(super) fn a_relay_that_is_gone_is_named(net: &Net) {
    let relays = net.ok(&["contract", "query", "task", "relays", "{}"]);
    let urls =
        relays.as_array().expect("a list").iter().map(|relay| relay["url"].as_str().expect("an address"));
    let module = test_program("senses-rust.wasm").display().to_string();
    let mut gone = 0;
    for url in urls {
        let publish = ["program", "publish", &module, "--from", "app", "--relay", url];
        if net.output(&publish).status.success() {
            continue;
        }
        let (name, said) = net.fails(4, &publish);
        assert_eq!(name, "NoRelay");
        assert!(said.contains(url), "{said}");
        gone += 1;
    }
    assert_eq!(gone, 1, "of two relays one was stopped");
}
