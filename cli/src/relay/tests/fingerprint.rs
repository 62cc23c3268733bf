//! Fingerprint programs on uploaded bytes: real programs, in the sandbox.

use crate::client::Client;
use crate::relay::RelayLimits;
use crate::relay::blobs::FileBlobs;
use crate::relay::check;
use crate::relay::context::Context;
use crate::relay::index::{Index, program_file};
use crate::relay::locks::Locks;
use crate::relay::metrics::Metrics;
use crate::relay::nodes::{Head, Identity, Nodes};
use crate::relay::quota::Quotas;
use hydrogen_core::SecretKey;
use hydrogen_offchain::signing::Nonces;
use hydrogen_types::task::{Comparison, TaskState, TaskView};
use hydrogen_types::{Address, Amount, ChainId, Hash, Height};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::Semaphore;

/// Reads up to 64 bytes and writes the first `size` of them; fails with the exit code that the first byte says, if it is
/// not a letter.
fn module(size: u32) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\40\00\00\00\40\00\00\00")
            (func (export "_start")
                (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
                (if (i32.lt_u (i32.load8_u (i32.const 64)) (i32.const 97))
                    (then (call $exit (i32.load8_u (i32.const 64)))))
                (i32.store (i32.const 4) (i32.const {size}))
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"#
    ))
    .expect("a module")
}

/// A relay's parts without a node, which is not asked here.
fn context(home: &Path) -> Arc<Context> {
    let limits = RelayLimits::default();
    let metrics = Arc::new(Metrics::new());
    let identity = Identity { chain_id: ChainId::new("dev").expect("legal"), genesis: Hash::ZERO };
    let head = Head { height: Height::new(1), uptime_ms: 0, seen: Instant::now() };
    let nowhere = Client::new(&[String::from("http://127.0.0.1:9")]).expect("a URL");
    Arc::new(Context {
        nodes: Nodes::new(vec![nowhere], identity, head, Arc::clone(&metrics)),
        key: SecretKey::from_seed([1; 32]),
        authorities: BTreeSet::new(),
        index: Index::open(&home.join("index")).expect("opens"),
        blobs: Box::new(FileBlobs::open_folder(&home.join("blobs")).expect("opens")),
        nonces: Mutex::new(Nonces::default()),
        quotas: Arc::new(Quotas::new(&limits, std::iter::empty())),
        transfers: Arc::new(Semaphore::new(1)),
        checks: Arc::new(Semaphore::new(1)),
        locks: Locks::default(),
        programs: tokio::sync::Mutex::default(),
        relays: Mutex::default(),
        limits,
        metrics,
    })
}

fn view(fingerprint: Hash, fuel_max: u64) -> TaskView {
    TaskView {
        id: 1,
        creator: Address::default(),
        state: TaskState::Validated,
        abort_reason: None,
        program: None,
        external: None,
        args_hash: Hash::ZERO,
        args_bytes_max: 0,
        comparison: Comparison::Similar { threshold: 5, fingerprint },
        fee: Amount::ZERO,
        deposit: Amount::ZERO,
        timeout_ms: 0,
        memory_bytes_max: 1 << 20,
        fuel_max,
        output_bytes_max: 0,
        config: 1,
        created_height: Height::new(0),
        created_ms: 0,
        deadline_ms: None,
        draw_height: None,
        draw_time_ms: Some(0),
        draw_seed: Some(Hash::ZERO),
        candidates: None,
        seats: Vec::new(),
        relay: None,
        uploader: None,
        upload_open: false,
        result: None,
        result_relay: None,
    }
}

/// What an upload of `result` is answered with when the node revealed `revealed`.
async fn answer(module: &[u8], fuel_max: u64, result: &[u8], revealed: &[u8]) -> Result<(), (u16, String)> {
    let home = tempfile::tempdir().expect("a folder");
    let context = context(home.path());
    let hash = Hash::sha256(module);
    let mut stored = context.blobs.begin().expect("begins");
    stored.write(module).await.expect("writes");
    stored.publish(&program_file(&hash)).await.expect("publishes");
    let mut pending = context.blobs.begin().expect("begins");
    pending.write(result).await.expect("writes");
    let done = check::fingerprint(&context, &mut pending, &view(hash, fuel_max), &hash, revealed).await;
    let text = context.metrics.encode();
    let runs = text.lines().filter(|line| line.contains("fingerprint_runs_total{") && line.ends_with("} 1"));
    assert_eq!(runs.count(), 1, "it is counted");
    assert_eq!(context.checks.available_permits(), 1, "the slot is free again");
    done.map_err(|refused| (refused.status.as_u16(), format!("{}: {}", refused.name, refused.message)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_taken_only_with_the_fingerprint_that_was_revealed() {
    let fuel = 1_000_000;
    assert_eq!(answer(&module(8), fuel, b"abcdefghij", b"abcdefgh").await, Ok(()));
    let (status, text) = answer(&module(8), fuel, b"abcdefghij", b"abcdefgi").await.expect_err("another");
    assert!(status == 422 && text.starts_with("FingerprintMismatch"), "{status} {text}");
    // One bit less would still be similar: but these are not the bytes that the node spoke of.
    let (status, _) = answer(&module(16), fuel, b"abcdefghijklmnopq", b"abcdefgh").await.expect_err("longer");
    assert_eq!(status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fingerprint_program_that_fails_refuses_the_upload_with_its_code() {
    for (module, fuel, result, code) in [
        (module(8), 1_000_000, b"Aaaaaaaa".as_slice(), "error 1 "),
        (module(8), 1_000_000, b"\x02aaaaaaa".as_slice(), "error 6 "),
        (module(8), 10, b"abcdefgh".as_slice(), "error 3 "),
        (module(7), 1_000_000, b"abcdefgh".as_slice(), "error 7 "),
        (module(520), 1_000_000, b"abcdefgh".as_slice(), "error 5 "),
        (b"no module".to_vec(), 1_000_000, b"abcdefgh".as_slice(), "error 7 "),
    ] {
        let (status, text) = answer(&module, fuel, result, b"abcdefgh").await.expect_err(code);
        assert!(status == 422 && text.starts_with("FingerprintError"), "{status} {text}");
        assert!(text.contains(code), "{code}: {text}");
    }
}

/// The relay's own damage must not accuse a node.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_program_is_the_relays_trouble() {
    let home = tempfile::tempdir().expect("a folder");
    let context = context(home.path());
    let hash = Hash::sha256(b"the program");
    let mut stored = context.blobs.begin().expect("begins");
    stored.write(b"something else").await.expect("writes");
    stored.publish(&program_file(&hash)).await.expect("publishes");
    let mut pending = context.blobs.begin().expect("begins");
    pending.write(b"abcdefgh").await.expect("writes");
    let refused = check::fingerprint(&context, &mut pending, &view(hash, 1_000), &hash, b"abcdefgh").await;
    let refused = refused.expect_err("cannot be checked");
    assert_eq!((refused.status.as_u16(), refused.retry_s), (503, Some(1)));
}
