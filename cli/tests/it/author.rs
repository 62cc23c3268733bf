//! A contract author's first hour, with the real compiler: a project from nothing, built, checked, tested, deployed, called,
//! changed and upgraded. Where no compiler for WebAssembly is, the tests say so and stop.
//!
//! `HYDROGEN_TEMPLATES=all` tests every template's project, not the counter's alone.

use crate::support::{Dev, hydrogen};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Projects of this test, one after the other: they share what cargo has built of other crates, here and in later runs.
pub(crate) struct Workshop {
    place: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Workshop {
    pub(crate) fn open() -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Self { place: tempfile::tempdir().expect("a folder"), _turn: turn }
    }

    /// Where all projects are built.
    pub(crate) fn target_dir(&self) -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("author")
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn run(&self, folder: &Path, words: &[&str]) -> Output {
        let mut command = hydrogen(self.place.path());
        command.arg("contract").args(words).arg("--json").current_dir(folder);
        command.env("CARGO_TARGET_DIR", self.target_dir());
        command.output().expect("the binary runs")
    }

    /// Runs `hydrogen contract WORDS` in a folder; its answer, or its failure.
    pub(crate) fn contract(&self, folder: &Path, words: &[&str]) -> Result<Value, Failure> {
        let output = self.run(folder, words);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            return Ok(serde_json::from_slice(&output.stdout).expect("an answer in JSON"));
        }
        let last = stderr.lines().last().unwrap_or_default();
        let failure =
            serde_json::from_str(last).unwrap_or_else(|_| panic!("{words:?} failed with `{stderr}`"));
        Err(Failure { failure, stderr })
    }

    pub(crate) fn ok(&self, folder: &Path, words: &[&str]) -> Value {
        self.contract(folder, words).unwrap_or_else(|failure| panic!("{words:?}: {}", failure.stderr))
    }

    /// Makes a project.
    pub(crate) fn project(&self, name: &str, template: &str, path: &str) -> PathBuf {
        let folder = self.folder(path);
        let shown = folder.to_str().expect("UTF-8");
        let made = self.ok(self.place.path(), &["new", name, "--template", template, "--path", shown]);
        assert_eq!(made["name"], name);
        folder
    }

    /// Builds a project; nothing where no compiler for WebAssembly is.
    pub(crate) fn build(&self, folder: &Path) -> Option<Value> {
        match self.contract(folder, &["build"]) {
            Ok(built) => Some(built),
            Err(failure) if failure.failure["name"] == "NoToolchain" => {
                assert!(failure.text().contains("rustup target add wasm32-unknown-unknown"));
                eprintln!("left out: {}", failure.text());
                None
            }
            Err(failure) => panic!("{}", failure.stderr),
        }
    }
}

/// A command's failure.
pub(crate) struct Failure {
    pub(crate) failure: Value,
    /// All that it and the compiler said.
    pub(crate) stderr: String,
}

impl Failure {
    /// The sentence and the hint.
    pub(crate) fn text(&self) -> String {
        let part = |name: &str| self.failure[name].as_str().unwrap_or_default();
        format!("{} {}", part("error"), part("hint"))
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {value}"))
}

fn edit(file: &Path, from: &str, to: &str) {
    let source = std::fs::read_to_string(file).expect("readable");
    assert!(source.contains(from), "{} has no `{from}`", file.display());
    std::fs::write(file, source.replacen(from, to, 1)).expect("writable");
}

/// What the author adds in the second version, before the query.
const SECOND: &str = r#"    /// Takes over the count of the first version.
    #[migrate]
    pub(crate) fn migrate(
        /// Added to it.
        bonus: u64,
    ) {
        COUNT.save(&(COUNT.load().unwrap_or_default() + bonus));
    }

    /// Fails.
    #[call]
    pub(crate) fn fail() {
        deeper(COUNT.load().unwrap_or_default());
    }

    #[inline(never)]
    fn deeper(count: u64) {
        assert!(count == 0, "the count is {count}");
    }

    /// The count.
    #[query]
    pub(crate) fn count("#;

#[test]
fn an_author_goes_from_nothing_to_an_upgrade() {
    let workshop = Workshop::open();
    let project = workshop.project("tally", "counter", "tally");
    let again = ["new", "tally", "--path", project.to_str().expect("UTF-8")];
    let refused = workshop.contract(&project, &again).expect_err("it is there already");
    assert!(refused.text().contains("exists already, and nothing is overwritten"), "{}", refused.text());
    let Some(built) = workshop.build(&project) else { return };
    assert_eq!(
        built["methods"],
        json!(["call increment(by: u64) -> u64", "init(start: u64)", "query get() -> u64"])
    );
    assert!(built["code_bytes"].as_u64().expect("a number") <= 16 * 1024, "{built}");
    assert!(project.join("build/tally.debug.wasm").is_file());
    let checked = workshop.ok(&project, &["check", "build/tally.wasm"]);
    assert_eq!(checked["code_hash"], built["code_hash"]);
    // Another folder, another depth: the same bytes.
    let elsewhere = workshop.project("tally", "counter", "some/where/else/entirely");
    assert_eq!(workshop.build(&elsewhere).expect("it was built before")["code_hash"], built["code_hash"]);
    // Native tests, and those on a chain.
    let tested = workshop.ok(&project, &["test"]);
    assert_eq!(tested["module"].as_str().map(Path::new), Some(project.join("build/tally.wasm").as_path()));
    edit(&project.join("tests/on_chain.rs"), "\"\"42\"\"", "\"\"43\"\"");
    let failed = workshop.contract(&project, &["test"]).expect_err("the chain answers 42");
    assert!(failed.text().contains("the tests of tally fail"), "{}", failed.text());
    upgrade(&workshop, &project, &built);
}

fn upgrade(workshop: &Workshop, project: &Path, built: &Value) {
    let dev = Dev::start();
    let first = project.join("build/tally.wasm");
    let deployed = dev.ok(&[
        "contract",
        "deploy",
        first.to_str().expect("UTF-8"),
        r#"{"start": "1"}"#,
        "--from",
        "dev0",
    ]);
    let contract = text(&deployed, "contract");
    dev.ok(&["contract", "call", contract, "increment", r#"{"by": "41"}"#, "--from", "dev1"]);
    assert_eq!(dev.ok(&["contract", "query", contract, "get"]), json!("42"));
    let file = project.join("second.wasm");
    let file = file.to_str().expect("UTF-8");
    std::fs::copy(&first, file).expect("a copy");
    let words = |from: &'static str| {
        let words = ["contract", "upgrade", contract, file, r#"{"bonus": "8"}"#, "--from", from];
        words.map(str::to_owned)
    };
    let fails = |from: &'static str| dev.fails(&words(from).each_ref().map(String::as_str));
    assert!(fails("dev0").contains("has no `migrate`, which every upgrade runs"));
    edit(&project.join("src/lib.rs"), "    /// The count.\n    #[query]\n    pub(crate) fn get(", SECOND);
    let second = workshop.build(project).expect("it was built before");
    std::fs::copy(project.join("build/tally.wasm"), file).expect("a copy");
    assert!(fails("dev1").contains("is not the admin of"));
    let upgraded = dev.ok(&words("dev0").each_ref().map(String::as_str));
    assert_eq!((&upgraded["before"], &upgraded["after"]), (&built["code_hash"], &second["code_hash"]));
    assert_eq!(upgraded["removed"], json!(["query get() -> u64"]));
    assert_eq!(dev.ok(&["contract", "query", contract, "count"]), json!("50"));
    assert!(fails("dev0").contains("already"));
    frames(&dev, contract, project);
    // The admin hands the contract on, the next one freezes it.
    assert_eq!(dev.ok(&["contract", "admin", contract])["admin"], dev.address("dev0"));
    dev.ok(&["contract", "admin", contract, "--to", "dev2", "--from", "dev0"]);
    assert_eq!(dev.ok(&["contract", "admin", contract])["admin"], dev.address("dev2"));
    assert!(
        dev.fails(&["contract", "admin", contract, "--freeze", "--from", "dev0"]).contains("not the admin")
    );
    dev.ok(&["contract", "admin", contract, "--freeze", "--from", "dev2"]);
    assert_eq!(dev.ok(&["contract", "admin", contract])["admin"], Value::Null);
}

/// A panic has its place, and its frames have names where the module with names is; a wrong one is not believed.
fn frames(dev: &Dev, contract: &str, project: &Path) {
    let debug = project.join("build/tally.debug.wasm");
    let call = ["contract", "call", contract, "fail", "--from", "dev0"];
    let named = [&call[..], &["--debug", debug.to_str().expect("UTF-8")]].concat();
    for words in [named.clone(), [&named[..], &["--gas", "20000000000"]].concat()] {
        let (words, answer) = dev.failure(&words);
        assert!(words.contains("the count is 50 (code 3) at src/lib.rs:"), "{words}");
        let frames = answer["backtrace"].to_string();
        assert!(frames.contains(" tally::tally::deeper"), "{frames}");
    }
    let (_, answer) = dev.failure(&call);
    let frames = answer["backtrace"].to_string();
    assert!(frames.contains("function ") && !frames.contains("deeper"), "{frames}");
    let wrong = crate::support::module("counter.wasm");
    let refused = dev.fails(&[&call[..], &["--debug", wrong.to_str().expect("UTF-8")]].concat());
    assert!(refused.contains("is not the module with names of code"), "{refused}");
}

/// The other templates make projects that pass their tests, too; their sources are tested in `contracts/` anyway.
#[test]
fn every_template_is_a_project_that_passes_its_tests() {
    let workshop = Workshop::open();
    for template in ["counter", "token", "escrow", "lottery"] {
        let project = workshop.project("my-own", template, template);
        if std::env::var("HYDROGEN_TEMPLATES").is_ok_and(|value| value == "all") {
            workshop.ok(&project, &["test"]);
        }
    }
}
