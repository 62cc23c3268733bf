//! Twenty clients at once, who hang up at random, both ways.
//!
//! `HYDROGEN_RELAY_MIB` sets the size of each body, 32 for the full size; the default suits the gate.

use super::scene::{Dice, Scene};
use super::wire::{self, Manner};
use futures::future::join_all;
use hydrogen_core::SecretKey;
use hydrogen_types::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: usize = 20;
const MIB: usize = 4;
const SEED: u64 = 5;
/// Most times that a client hangs up in one direction.
const CUTS_MAX: usize = 3;

#[derive(Default)]
struct Counts {
    uploads_cut: AtomicUsize,
    downloads_cut: AtomicUsize,
    retries: AtomicUsize,
}

/// A line of `/proc/PID/status` in KiB.
fn status_kib(pid: u32, name: &str) -> usize {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the relay runs");
    let line = text.lines().find(|line| line.starts_with(name)).expect("a line");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

struct Job {
    path: String,
    creator: SecretKey,
    /// What the bytes are made from: the test does not hold all of them at once either.
    seed: u64,
    digest: Hash,
}

async fn bring(scene: &Scene, job: &Job, size: usize, counts: &Counts) {
    let mut dice = Dice::new(job.seed ^ 77);
    let bytes = Dice::new(job.seed).bytes(size);
    let mut cuts = dice.below(CUTS_MAX + 1);
    loop {
        let cut = (cuts > 0).then(|| dice.below(size));
        let manner = Manner { cut, pause_ms: 2 };
        match wire::upload(scene, &job.creator, &job.path, &bytes, manner, &mut dice).await {
            Ok(answer) if matches!(answer.0, 200 | 201) => {
                let receipt = wire::receipt(&answer);
                assert_eq!((receipt.body.digest, receipt.body.size), (job.digest, size as u64));
                return;
            }
            Ok(answer) => {
                assert!(wire::may_pass(&answer), "{} {}", answer.0, String::from_utf8_lossy(&answer.1));
                counts.retries.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => {
                assert!(cut.is_some(), "{error}");
                counts.uploads_cut.fetch_add(1, Ordering::Relaxed);
                cuts -= 1;
            }
        }
    }
}

async fn fetch(scene: &Scene, job: &Job, size: usize, counts: &Counts) {
    let mut dice = Dice::new(job.seed ^ 99);
    let mut bytes = Vec::new();
    let mut cuts = dice.below(CUTS_MAX + 1);
    while bytes.len() < size {
        let cut = (cuts > 0).then(|| dice.below(size - bytes.len()));
        let manner = Manner { cut, pause_ms: 0 };
        let (status, part) =
            wire::download(scene, &job.creator, &job.path, bytes.len(), manner).await.expect("served");
        assert_eq!(status, 206, "{}", String::from_utf8_lossy(&part[..part.len().min(200)]));
        bytes.extend(part);
        if cut.is_some() {
            cuts -= 1;
            counts.downloads_cut.fetch_add(1, Ordering::Relaxed);
        }
    }
    assert_eq!(bytes.len(), size);
    assert!(Hash::sha256(&bytes) == job.digest, "other bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_clients_hang_up_at_random_and_get_their_bytes() {
    let mib = std::env::var("HYDROGEN_RELAY_MIB").map_or(MIB, |text| text.parse().expect("a number"));
    let size = mib << 20;
    let scene = Scene::build(None, 3 * CLIENTS).await;
    let program = scene.program().await;
    let creators = scene.funded(2, CLIENTS, 100).await;
    let jobs = creators.into_iter().enumerate().map(|(index, creator)| {
        let scene = &scene;
        async move {
            let seed = SEED * 1_000 + index as u64;
            let bytes = Dice::new(seed).bytes(size);
            let view = scene.task_of(&creator, program, &bytes).await;
            let path = format!("/v1/tasks/{}/args", view.id);
            Job { path, creator, seed, digest: view.args_hash }
        }
    });
    let jobs = join_all(jobs).await;
    let before = status_kib(scene.pid(), "VmHWM");
    let counts = Counts::default();

    let start = Instant::now();
    join_all(jobs.iter().map(|job| bring(&scene, job, size, &counts))).await;
    let uploaded = start.elapsed();
    let start = Instant::now();
    join_all(jobs.iter().map(|job| fetch(&scene, job, size, &counts))).await;
    let downloaded = start.elapsed();
    let peak = status_kib(scene.pid(), "VmHWM");
    println!(
        "{CLIENTS} clients of {mib} MiB: uploads {uploaded:.1?} with {} hung up and {} refused for a while, \
         downloads {downloaded:.1?} with {} hung up; peak memory of the relay {} MiB, {} MiB before",
        counts.uploads_cut.load(Ordering::Relaxed),
        counts.retries.load(Ordering::Relaxed),
        counts.downloads_cut.load(Ordering::Relaxed),
        peak >> 10,
        before >> 10,
    );
    // Bodies are never held whole: the growth is that of buffers, for any size of body.
    assert!(peak - before < 64 << 10, "the relay grew by {} KiB", peak - before);
    assert!(
        counts.uploads_cut.load(Ordering::Relaxed) > 5 && counts.downloads_cut.load(Ordering::Relaxed) > 5
    );
    scene.await_no_pending().await;
    scene.await_metric("hydrogen_relay_transfers", |taken| taken == 0).await;
    assert_eq!(scene.metric("hydrogen_relay_quota_bytes").await, (CLIENTS * size) as u64);
    assert_eq!(scene.metric("hydrogen_relay_panics_total").await, 0);
}
