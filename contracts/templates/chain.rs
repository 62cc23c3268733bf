//! A chain in memory for a test: `hydrogen dev` in a process of its own, with the real sandbox and all of its limits.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A running chain, ended when dropped.
pub struct Chain {
    process: Child,
    binary: String,
    module: String,
    rpc: String,
    home: PathBuf,
}

impl Chain {
    /// Starts one, if `hydrogen contract test` has said where binary and module are; plain `cargo test` has neither.
    pub fn start() -> Option<Self> {
        static CHAINS: AtomicU32 = AtomicU32::new(0);
        let (Ok(binary), Ok(module)) = (std::env::var("HYDROGEN_BIN"), std::env::var("HYDROGEN_MODULE"))
        else {
            eprintln!("left out: `hydrogen contract test` runs this on a chain");
            return None;
        };
        let number = CHAINS.fetch_add(1, Ordering::Relaxed);
        let home =
            std::env::temp_dir().join(format!("{}-{}-{number}", env!("CARGO_PKG_NAME"), std::process::id()));
        let mut process = Command::new(&binary)
            .args(["dev", "--port", "0", "--json", "--home"])
            .arg(&home)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut ready = String::new();
        let stdout = process.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut ready).expect("it says that it is ready");
        let rpc = text_after(&ready, "\"rpc\":\"").unwrap_or_else(|| panic!("no address in `{ready}`"));
        Some(Self { process, binary, module, rpc, home })
    }

    /// Deploys the project's module as `dev0`; the contract's address.
    pub fn deploy(&self, init: &str) -> String {
        let module = self.module.clone();
        let answer = self.ok(&["deploy", &module, init, "--from", "dev0"]);
        text_after(&answer, "\"contract\":\"").unwrap_or_else(|| panic!("no address in `{answer}`"))
    }

    /// Runs `hydrogen contract WORDS`, which must succeed; its answer in JSON.
    pub fn ok(&self, words: &[&str]) -> String {
        self.run(words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// Runs `hydrogen contract WORDS`, which must fail; its words.
    pub fn fails(&self, words: &[&str]) -> String {
        self.run(words).expect_err("it should have failed")
    }

    fn run(&self, words: &[&str]) -> Result<String, String> {
        let output = Command::new(&self.binary)
            .args(["--json", "--rpc", &self.rpc, "--home"])
            .arg(&self.home)
            .arg("contract")
            .args(words)
            .output()
            .expect("the binary runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        drop(ended);
        drop(std::fs::remove_dir_all(&self.home));
    }
}

/// The text between `start` and the next quote.
fn text_after(json: &str, start: &str) -> Option<String> {
    Some(json.split_once(start)?.1.split('"').next()?.to_owned())
}
