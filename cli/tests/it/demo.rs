//! The demonstration ends well, and only then with success.

use crate::support::hydrogen;
use serde_json::Value;
use std::path::Path;
use std::process::Output;

fn demo(home: &Path, args: &[&str]) -> Output {
    let mut command = hydrogen(home);
    command.args(["--json", "demo", "--once", "--validators", "1", "--dir"]).arg(home.join("net")).args(args);
    command.output().expect("the binary runs")
}

#[test]
fn a_cheat_is_caught_and_no_coin_is_lost() {
    let home = tempfile::tempdir().expect("a folder");
    let output = demo(home.path(), &["--cheats", "1", "--nodes", "3"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let found: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    assert_eq!(found["sum"], "0");
    // Of three nodes one cheats, so that it is drawn at once.
    assert_eq!(found["tasks"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["caught"].as_array().map(Vec::len), Some(1));
    let changes = found["changes"].as_array().expect("changes");
    let burned = changes.iter().find(|change| change["name"] == "burned").expect("the fine is burned");
    assert_eq!(burned["change"], "400000000000000000000");
    for step in
        ["created", "beacon", "proof", "commitment", "reveal", "verdict", "penalised", "paid", "success"]
    {
        assert!(said.contains(step), "no {step} in {said}");
    }
}

#[test]
fn a_program_that_fails_fails_the_demonstration() {
    let home = tempfile::tempdir().expect("a folder");
    let input = home.path().join("no-text");
    std::fs::write(&input, [0xff, 0xfe]).expect("writes");
    let output = demo(home.path(), &["--nodes", "3", "--input", input.to_str().expect("a path")]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("TaskError"), "{said}");
}
