//! `kill -9` in the middle of uploads: what a receipt was given for is served, nothing else is.
//!
//! `HYDROGEN_RELAY_KILLS` sets how often; the default suits the gate.

use super::scene::{Dice, Scene};
use super::wire::{self, Manner};
use hydrogen::client::relay::Upload;
use hydrogen_core::SecretKey;
use hydrogen_types::Hash;
use hydrogen_types::task::RelayReceipt;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const TASKS: usize = 6;
const BYTES: usize = 1_500_000;
const KILLS: usize = 8;
const SEED: u64 = 11;

struct Job {
    task: u64,
    creator: SecretKey,
    file: Upload,
    bytes: Vec<u8>,
}

/// Uploads one after the other until each has a receipt or `stop` is over.
async fn bring(
    scene: &Scene,
    job: &Job,
    receipts: &Mutex<BTreeMap<u64, RelayReceipt>>,
    seed: u64,
    stop: Instant,
) {
    let mut dice = Dice::new(seed);
    let path = format!("/v1/tasks/{}/args", job.task);
    while Instant::now() < stop && !receipts.lock().expect("whole").contains_key(&job.task) {
        let manner = Manner { cut: None, pause_ms: 40 };
        match wire::upload(scene, &job.creator, &path, &job.bytes, manner, &mut dice).await {
            Ok(answer) if matches!(answer.0, 200 | 201) => {
                receipts.lock().expect("whole").insert(job.task, wire::receipt(&answer));
            }
            Ok(answer) => assert!(wire::may_pass(&answer), "{answer:?}"),
            // The relay is away.
            Err(_) => tokio::time::sleep(Duration::from_millis(30)).await,
        }
    }
}

/// Everything with a receipt is served byte for byte; of what has none, all or nothing is there.
async fn check(scene: &Scene, jobs: &[Job], receipts: &BTreeMap<u64, RelayReceipt>) {
    let end = Instant::now() + super::scene::PATIENCE;
    for job in jobs {
        let path = format!("/v1/tasks/{}/args", job.task);
        loop {
            let answer = wire::download(scene, &job.creator, &path, 0, Manner::default()).await;
            let answer = answer.expect("the relay is up");
            match answer.0 {
                200 | 206 => {
                    assert!(Hash::sha256(&answer.1) == job.file.digest, "task {}: other bytes", job.task)
                }
                401 => {
                    assert!(wire::may_pass(&answer) && Instant::now() < end, "{answer:?}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
                status => {
                    assert_eq!(status, 404);
                    assert!(!receipts.contains_key(&job.task), "task {} is lost", job.task);
                }
            }
            break;
        }
    }
    assert_eq!(scene.pending(), Vec::<String>::new(), "what broke off is swept at the start");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receipt_was_given_for_survives_kills_at_any_moment() {
    let kills = std::env::var("HYDROGEN_RELAY_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let mut scene = Scene::build(None, 3 * TASKS).await;
    let program = scene.program().await;
    let creators = scene.funded(2, TASKS, 100).await;
    let mut dice = Dice::new(SEED);
    let mut jobs = Vec::new();
    for creator in creators {
        let bytes = dice.bytes(BYTES);
        let view = scene.task_of(&creator, program, &bytes).await;
        let file = scene.file(&format!("args-{}", view.id), &bytes).await;
        jobs.push(Job { task: view.id, creator, file, bytes });
    }
    let mut all = BTreeMap::new();
    let mut rounds = 0;
    for kill in 0..kills {
        // One more in every round, so that there is always something new under way; the others are brought again.
        let under_way = &jobs[..TASKS.min(kill + 1)];
        let receipts = Mutex::new(BTreeMap::new());
        let life = Duration::from_millis(dice.below(900) as u64 + 20);
        let stop = Instant::now() + life;
        let bringing = under_way
            .iter()
            .enumerate()
            .map(|(index, job)| bring(&scene, job, &receipts, (kill * TASKS + index) as u64, stop));
        let pid = scene.pid();
        let killing = async {
            tokio::time::sleep(life).await;
            let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
            assert!(killed.expect("runs").success());
        };
        tokio::join!(futures::future::join_all(bringing), killing);
        let given = receipts.into_inner().expect("whole");
        rounds += usize::from(given.len() < under_way.len());
        for (task, receipt) in given {
            let first = all.entry(task).or_insert_with(|| receipt.clone());
            assert_eq!(*first, receipt, "another receipt for the same bytes");
        }
        scene.kill_and_restart();
        check(&scene, &jobs, &all).await;
    }
    println!(
        "{kills} kills, {rounds} of them with uploads unfinished, {} of {TASKS} with a receipt",
        all.len()
    );
    for job in &jobs {
        let receipt = scene.upload_patiently(&job.creator, job.task, &job.file).await;
        assert_eq!(*all.entry(job.task).or_insert_with(|| receipt.clone()), receipt);
    }
    scene.kill_and_restart();
    check(&scene, &jobs, &all).await;
}
