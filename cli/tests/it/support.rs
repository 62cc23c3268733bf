//! Starting and asking the binary.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The binary with a home of its own and nothing from the environment.
pub(crate) fn hydrogen(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydrogen"));
    command.env_remove("HYDROGEN_RPC").env_remove("HYDROGEN_PASSPHRASE").env("HYDROGEN_HOME", home);
    command
}

/// A module of `contracts/wasm`.
pub(crate) fn module(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/wasm").join(name)
}

/// A program of the sandbox's tests, `vm/tests/programs`, built by `hydrogen program build`.
pub(crate) fn test_program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vm/tests/programs").join(name)
}

/// A process that is up; ended when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    /// Its ready line.
    pub(crate) ready: Value,
}

impl Running {
    /// Starts a command with `--json` and waits for its ready line.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.arg("--json").stdout(Stdio::piped()).spawn().expect("the binary starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let ready: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("no ready line but `{line}`"));
        assert_eq!(ready["ready"], true);
        Self { child, ready }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        drop(killed);
    }
}

/// A development chain with a home for its clients.
pub(crate) struct Dev {
    pub(crate) home: tempfile::TempDir,
    pub(crate) process: Running,
    pub(crate) rpc: String,
}

impl Dev {
    pub(crate) fn start() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let process = Running::start(hydrogen(home.path()).args(["dev", "--port", "0"]));
        let rpc = process.ready["rpc"].as_str().expect("an address").to_owned();
        Self { home, process, rpc }
    }

    /// Runs a command.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        hydrogen(self.home.path())
            .args(args)
            .args(["--json", "--rpc", &self.rpc])
            .output()
            .expect("the binary runs")
    }

    /// Runs a command that must succeed; its JSON answer.
    pub(crate) fn ok(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?} failed: {stderr}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{args:?} answered no JSON"))
    }

    /// Runs a command that must fail; the sentence and the hint.
    pub(crate) fn fails(&self, args: &[&str]) -> String {
        self.failure(args).0
    }

    /// Runs a command that must fail; the sentence and the hint, and all of its answer.
    pub(crate) fn failure(&self, args: &[&str]) -> (String, Value) {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?} should have failed");
        let stderr = String::from_utf8_lossy(&output.stderr);
        let last = stderr.lines().last().unwrap_or_default();
        let failure: Value =
            serde_json::from_str(last).unwrap_or_else(|_| panic!("{args:?} failed with `{stderr}`"));
        let part = |name: &str| failure[name].as_str().unwrap_or_default();
        let words = format!("{} {}", part("error"), part("hint"));
        (words, failure)
    }

    /// The address of a funded account.
    pub(crate) fn address(&self, name: &str) -> String {
        let accounts = self.process.ready["accounts"].as_array().expect("accounts");
        let found = accounts.iter().find(|account| account["name"] == name).expect("a funded account");
        found["address"].as_str().expect("an address").to_owned()
    }

    /// One JSON-RPC call over HTTP, by hand.
    pub(crate) fn rpc(&self, method: &str, params: Value) -> Value {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = hydrogen::client::Client::new(std::slice::from_ref(&self.rpc)).expect("an address");
        runtime.block_on(client.request(method, params)).unwrap_or_else(|error| panic!("{method}: {error}"))
    }
}
