//! A test network and the commands a person types at it.

use crate::support::{Running, hydrogen};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A network that is up; taken down when dropped.
pub(crate) struct Testnet {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) process: Running,
}

impl Testnet {
    /// `hydrogen testnet up` with these flags, on free ports.
    pub(crate) fn up(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = hydrogen(folder.path());
        command
            .args(["testnet", "up", "--base-port", "0", "--dir"])
            .arg(folder.path().join("net"))
            .args(flags);
        let process = Running::start(&mut command);
        Self { folder, process }
    }

    /// The network's folder.
    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().join("net")
    }

    /// A file of the samples.
    pub(crate) fn sample(&self, name: &str) -> String {
        self.dir().join("samples").join(name).to_str().expect("a path").to_owned()
    }

    /// A command at this network, as `testnet up` tells people to set home and RPC.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = hydrogen(&self.dir());
        command.args(args).arg("--json");
        for url in self.process.ready["rpc"].as_array().expect("addresses") {
            command.args(["--rpc", url.as_str().expect("an address")]);
        }
        command
    }

    pub(crate) fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// Runs a command that must succeed; its JSON.
    pub(crate) fn ok(&self, args: &[&str]) -> Value {
        answer(args, &self.output(args))
    }

    /// A part of the network as `testnet up` told of it.
    pub(crate) fn role(&self, name: &str) -> &Value {
        let roles = self.process.ready["roles"].as_array().expect("roles");
        roles.iter().find(|role| role["name"] == name).expect("a role")
    }

    /// Where a part listens.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://{}", self.role(name)["listen"].as_str().expect("an address"))
    }

    /// A part of the network as `testnet status` shows it now.
    pub(crate) fn status(&self, name: &str) -> Value {
        let status = self.ok(&["testnet", "status"]);
        let roles = status["roles"].as_array().expect("roles");
        roles.iter().find(|role| role["name"] == name).expect("a role").clone()
    }
}

impl Drop for Testnet {
    fn drop(&mut self) {
        drop(self.command(&["testnet", "down"]).output());
    }
}

/// The JSON that a command wrote.
pub(crate) fn answer(args: &[&str], output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?} failed: {stderr}");
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}
