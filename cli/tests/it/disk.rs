//! Disks that are full, read-only or failing, vote logs that are lost: real nodes on real mounts end with a sentence, a
//! code of their own and an undamaged store, and go on once the cause is mended.
//!
//! Mounts need root (or CAP_SYS_ADMIN); without it the tests that mount say loudly that they were skipped.

use crate::support::{Running, hydrogen};
use hydrogen::keys::{KeyError, KeyFile};
use hydrogen_core::{NodeKeys, sign_tx};
use hydrogen_types::codec::encode;
use hydrogen_types::{Action, Gas, Height, TxBody};
use serde_json::Value;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The longest a node may take to notice.
const PATIENCE: Duration = Duration::from_secs(600);
const LOOK: Duration = Duration::from_millis(50);
/// What a node ends with for which the disk is to blame.
pub(crate) const EXIT_DISK: i32 = 5;

/// A small disk in memory; gone when dropped.
pub(crate) struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None`, loudly, where mounting is not allowed.
    pub(crate) fn mount(mib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={mib}m");
        if mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], folder.path()) {
            return Some(Self(folder));
        }
        let written = writeln!(
            std::io::stderr().lock(),
            "\n*** SKIPPED: no permission to mount a small disk; run this test as root ***\n"
        );
        drop(written);
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn read_only(&self, on: bool) {
        let option = if on { "remount,ro" } else { "remount,rw" };
        assert!(mount(&["-o", option], self.path()), "nobody writes to it");
    }

    /// Fills the disk until `left` bytes are free; the file to remove.
    pub(crate) fn fill(&self, left: u64) -> PathBuf {
        let path = self.path().join("filler");
        let mut file = File::options().create(true).append(true).open(&path).expect("room for a file");
        let block = vec![7; 16 << 10];
        while free(self.path()) > left && file.write_all(&block).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let gone = Command::new("umount").arg("-l").arg(self.path()).status();
        drop(gone);
    }
}

fn mount(options: &[&str], path: &Path) -> bool {
    let done = Command::new("mount").args(options).arg(path).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}

fn free(path: &Path) -> u64 {
    let output = Command::new("stat").args(["-f", "-c", "%a %S"]).arg(path).output().expect("stat runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<u64> = text.split_whitespace().map(|part| part.parse().expect("a number")).collect();
    numbers[0] * numbers[1]
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a JSON answer")
}

fn init(home: &Path) {
    json(&hydrogen(home).args(["init", "--clear", "--json"]).output().expect("the binary runs"));
}

const NODE: &[&str] = &["node", "--rpc-listen", "127.0.0.1:0", "--p2p-listen", "/ip4/127.0.0.1/tcp/0"];

fn start(home: &Path, args: &[&str]) -> Running {
    Running::start(hydrogen(home).args(NODE).args(args).stderr(Stdio::piped()))
}

/// A node that must not start; its code and its words.
fn refused(home: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = hydrogen(home).args(NODE).args(args).output().expect("the binary runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Sends a transfer; whether it became final.
fn transfer(home: &Path, node: &Running) -> bool {
    let rpc = node.ready["rpc"].as_str().expect("an address");
    let args = ["tx", "transfer", "node", "1", "--from", "node", "--json", "--rpc", rpc];
    hydrogen(home).args(args).output().expect("the binary runs").status.success()
}

/// Keeps a node busy until it ends by itself; its code and its words.
fn ended(home: &Path, node: &mut Running) -> (Option<i32>, String) {
    ended_by(node, |node| {
        transfer(home, node);
    })
}

fn ended_by(node: &mut Running, mut busy: impl FnMut(&Running)) -> (Option<i32>, String) {
    let end = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = node.child.try_wait().expect("a child") {
            break status;
        }
        assert!(Instant::now() < end, "the node runs on");
        busy(node);
        std::thread::sleep(LOOK);
    };
    assert_eq!(status.signal(), None);
    let mut text = String::new();
    node.child.stderr.take().expect("piped").read_to_string(&mut text).expect("UTF-8");
    (status.code(), text)
}

fn stop(mut node: Running) {
    let pid = node.child.id().to_string();
    assert!(Command::new("kill").arg(pid).status().expect("kill runs").success());
    assert!(node.child.wait().expect("a child").success());
}

fn check(home: &Path) -> Value {
    json(&hydrogen(home).args(["store", "check", "--deep", "--json"]).output().expect("the binary runs"))
}

fn health(node: &Running) -> String {
    let address = node.ready["rpc"].as_str().expect("an address").trim_start_matches("http://").to_owned();
    let mut text = String::new();
    if let Ok(mut stream) = TcpStream::connect(&address) {
        let asked = stream.write_all(b"GET /health HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n");
        let heard = asked.and_then(|()| stream.read_to_string(&mut text));
        drop(heard);
    }
    text
}

fn height(report: &Value) -> u64 {
    report["height"].as_str().expect("a height").parse().expect("a number")
}

/// Sends a module that is none: it enters a block all the same. Some of them fill the MiB that the store reserves ahead.
fn upload(home: &Path, node: &Running) {
    let rpc = node.ready["rpc"].as_str().expect("an address").to_owned();
    let client = hydrogen::client::Client::new(&[rpc]).expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let ask = |method: &str, params: Value| runtime.block_on(client.request(method, params)).ok();
    let genesis = hydrogen::node::Home::new(home).genesis().expect("a genesis");
    let key = KeyFile::read(&home.join("keys/node.json")).expect("a key");
    let seed = key.seed(|| -> Result<_, KeyError> { unreachable!("it is in clear") }).expect("a seed");
    let key = NodeKeys::from_seed(*seed).account;
    let account = ask("account_get", serde_json::json!([key.address().to_string()]));
    let Some(nonce) = account.and_then(|account| account["nonce"].as_str()?.parse().ok()) else { return };
    let body = TxBody {
        chain_id: genesis.chain_id.clone(),
        sender: key.public(),
        nonce,
        valid_until: Height::new(u64::MAX),
        gas_limit: Gas::new(900_000_000_000),
        gas_price: genesis.params.gas_price_min,
        action: Action::Upload { code: vec![7; 400_000] },
    };
    let tx = hex::encode(encode(&sign_tx(body, &key)));
    ask("tx_submitAndWait", serde_json::json!([format!("0x{tx}"), 5_000]));
}

#[test]
fn a_full_disk_ends_in_a_clear_stop_and_no_damage() {
    let Some(disk) = SmallDisk::mount(64) else { return };
    let home = disk.path().join("home");
    init(&home);
    let mut node = start(&home, &["--disk-reserve-mib", "0"]);
    assert!(transfer(&home, &node));
    let filler = disk.fill(0);
    let mut uploads = 0;
    let (code, text) = ended_by(&mut node, |node| {
        upload(&home, node);
        uploads += 1;
    });
    println!("full after {uploads} uploads: {text}");
    assert_eq!(code, Some(EXIT_DISK), "{text}");
    assert!(text.to_lowercase().contains("no space left"), "{text}");
    assert!(text.contains("free space on the disk"), "{text}");
    std::fs::remove_file(&filler).expect("the filler");
    let before = check(&home);
    assert_eq!(before["sound"], true, "{before}");
    let node = start(&home, &["--disk-reserve-mib", "0"]);
    assert!(transfer(&home, &node), "it goes on");
    stop(node);
    assert!(height(&check(&home)) > height(&before));
}

#[test]
fn a_node_stops_before_its_disk_is_full_and_says_so_in_time() {
    let Some(disk) = SmallDisk::mount(96) else { return };
    let home = disk.path().join("home");
    init(&home);
    let reserve: &[&str] = &["--disk-reserve-mib", "30"];
    let mut node = start(&home, reserve);
    assert!(health(&node).starts_with("HTTP/1.1 200"), "{}", health(&node));
    disk.fill(45 << 20);
    let end = Instant::now() + PATIENCE;
    while !health(&node).contains("MiB free, the node stops soon") {
        assert!(Instant::now() < end, "{}", health(&node));
        std::thread::sleep(LOOK);
    }
    assert!(health(&node).starts_with("HTTP/1.1 503"));
    let filler = disk.fill(20 << 20);
    let (code, text) = ended(&home, &mut node);
    assert_eq!(code, Some(EXIT_DISK), "{text}");
    assert!(text.contains("the node stops below 31457280"), "{text}");
    let mut again = start(&home, reserve);
    assert_eq!(ended(&home, &mut again).0, Some(EXIT_DISK), "as long as there is no room");
    std::fs::remove_file(filler).expect("the filler");
    let node = start(&home, reserve);
    assert!(transfer(&home, &node));
    stop(node);
    assert_eq!(check(&home)["sound"], true);
}

#[test]
fn a_read_only_disk_is_named_and_can_be_checked() {
    let Some(disk) = SmallDisk::mount(64) else { return };
    let home = disk.path().join("home");
    init(&home);
    let args: &[&str] = &["--disk-reserve-mib", "0"];
    let node = start(&home, args);
    assert!(transfer(&home, &node));
    stop(node);
    disk.read_only(true);
    let (code, text) = refused(&home, args);
    assert_eq!(code, Some(EXIT_DISK), "{text}");
    assert!(text.contains("mounted read-only"), "{text}");
    assert_eq!(check(&home)["sound"], true, "a check writes nothing");
    disk.read_only(false);
    let node = start(&home, args);
    assert!(transfer(&home, &node));
    stop(node);
}

/// From one moment on the system refuses every write behind the first 4 KiB of any file of the process (EFBIG): the next
/// block cannot be committed. Needs no root.
#[test]
fn a_write_that_fails_while_committing_stops_the_node() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    init(&home);
    // What a shell ignores its children ignore: the refusal is an error then, not a signal.
    let mut shell = Command::new("sh");
    shell.env("HYDROGEN_HOME", &home).env_remove("HYDROGEN_RPC").env_remove("HYDROGEN_PASSPHRASE");
    shell.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_hydrogen")]).args(NODE);
    let mut node = Running::start(shell.args(["--disk-reserve-mib", "0"]).stderr(Stdio::piped()));
    assert!(transfer(&home, &node));
    let pid = node.child.id().to_string();
    let limited = Command::new("prlimit").args(["--fsize=4096", "--pid", &pid]).status();
    assert!(limited.expect("prlimit runs").success());
    let (code, text) = ended(&home, &mut node);
    assert_eq!(code, Some(EXIT_DISK), "{text}");
    assert!(text.contains("File too large"), "{text}");
    let before = check(&home);
    assert_eq!(before["sound"], true, "{before}");
    assert!(height(&before) >= 1);
    let node = start(&home, &[]);
    assert!(transfer(&home, &node));
    stop(node);
}

#[test]
fn a_lost_foreign_or_newer_vote_log_is_not_guessed_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let (home, other) = (folder.path().join("home"), folder.path().join("other"));
    for home in [&home, &other] {
        init(home);
        let node = start(home, &[]);
        assert!(transfer(home, &node));

        // While a node has the store nobody checks it, and the owner is named.
        let args = ["store", "check"];
        let output = hydrogen(home).args(args).output().expect("the binary runs");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let owner = format!("in use by another process (pid {})", node.child.id());
        assert!(!output.status.success() && stderr.contains(&owner), "{stderr}");
        let (code, stderr) = refused(home, &[]);
        assert!(code == Some(1) && stderr.contains(&owner), "{stderr}");
        stop(node);
    }
    let votes = home.join("votes");
    let log = votes.join("consensus.wal");

    // Another chain's log.
    let own = std::fs::read(&log).expect("a log");
    std::fs::copy(other.join("votes/consensus.wal"), &log).expect("a log");
    let (code, text) = refused(&home, &[]);
    assert!(code == Some(1) && text.contains("the vote log belongs to the chain with genesis"), "{text}");

    // A newer program's.
    std::fs::write(&log, &own).expect("written");
    std::fs::write(votes.join("format"), "7\n").expect("written");
    let (code, text) = refused(&home, &[]);
    assert!(code == Some(1) && text.contains("has format 7, this program reads and writes format"), "{text}");

    // None at all: the only validator may have voted for the next block, and nobody else can say.
    std::fs::remove_dir_all(&votes).expect("removed");
    let (code, text) = refused(&home, &[]);
    assert!(code == Some(1) && text.contains("this node may have signed at height"), "{text}");
    assert!(text.contains("--forget-votes"), "{text}");
    let node = start(&home, &["--forget-votes"]);
    assert!(transfer(&home, &node));
    stop(node);
    let node = start(&home, &[]);
    assert!(transfer(&home, &node), "and is not asked again");
    stop(node);

    // A log cut anywhere is one of a crash.
    let length = std::fs::metadata(&log).expect("a log").len();
    File::options().write(true).open(&log).and_then(|file| file.set_len(length / 2)).expect("cut");
    let node = start(&home, &[]);
    assert!(transfer(&home, &node));
    stop(node);
}

#[test]
fn history_is_configured_and_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    init(&home);
    let output =
        hydrogen(&home).args(NODE).args(["--history", "blocks=10"]).output().expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("history of 10 blocks is too short, at least 128"), "{text}");

    let path = home.join("config.json");
    let mut config: Value = serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("JSON");
    assert_eq!(config["history"], serde_json::json!({"blocks": null, "states": 1000}));
    config["history"] = "everything".into();
    std::fs::write(&path, config.to_string()).expect("written");
    let (_, text) = refused(&home, &[]);
    assert!(text.contains("`history` is \"archive\", or"), "{text}");
    config["history"] = serde_json::json!({"blocks": 128, "states": 4});
    std::fs::write(&path, config.to_string()).expect("written");

    let node = start(&home, &[]);
    for _ in 0..6 {
        assert!(transfer(&home, &node));
    }
    let rpc = node.ready["rpc"].as_str().expect("an address").to_owned();
    let client = hydrogen::client::Client::new(&[rpc]).expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let ask = |method: &str, params: Value| runtime.block_on(client.request(method, params));
    let status = ask("chain_status", serde_json::json!([])).expect("an answer");
    let number = |name: &str| -> u64 { status[name].as_str().expect("text").parse().expect("a number") };
    assert_eq!(number("earliest_block"), 1);
    assert_eq!(number("earliest_state"), number("height") - 3);
    let account = hydrogen(&home).args(["keys", "list", "--json"]).output().expect("the binary runs");
    let address = json(&account).to_string();
    let address = address.split('"').find(|word| word.starts_with("cnx1")).expect("an address").to_owned();
    let old = ask("account_get", serde_json::json!([address, "1"])).expect_err("forgotten");
    assert!(old.to_string().contains("no state at height 1: heights"), "{old}");
    stop(node);
    let report = check(&home);
    assert_eq!(report["undo_records"], 3);
}
