//! The disk, the sandbox, the worker's pauses, and what is told; the loop is tested with real processes in
//! `tests/it/task.rs`, `tests/it/kill.rs` and `tests/it/compute.rs`.

use crate::client::Client;
use crate::compute::board::Board;
use crate::compute::disk::Disk;
use crate::compute::error::ComputeError;
use crate::compute::executor::{Executor, Executors};
use crate::compute::http;
use crate::compute::sandbox::{self, Job, Ran};
use crate::compute::status::{Endpoint, Fine, LocalStatus, read_status};
use crate::compute::worker::{Tools, Worker};
use hydrogen_core::SecretKey;
use hydrogen_offchain::compute::{Attempt, Computation, Notice, NoticeKind, Saved, Work};
use hydrogen_offchain::personas::{Actor, Persona};
use hydrogen_types::Hash;
use hydrogen_types::task::{Comparison, Outcome, error_code};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

#[test]
fn a_record_is_read_back_and_a_damaged_one_set_aside() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Disk::open(folder.path()).expect("opens");
    let outcome = Outcome::Result { digest: Hash::sha256(b"result"), fingerprint: Vec::new() };
    let saved = Saved::new(7, outcome, [3; 32]);
    disk.save(&saved, Some(b"result")).expect("saves");
    assert_eq!(disk.saved(7).expect("reads"), Some(saved));
    assert_eq!(std::fs::read(disk.result(7)).expect("reads"), b"result");
    assert_eq!(disk.saved_tasks().expect("lists"), [7]);

    let record = folder.path().join("records/7.saved");
    std::fs::write(&record, b"torn").expect("writes");
    assert_eq!(disk.saved(7).expect("reads"), None);
    assert!(!record.exists() && folder.path().join("records/7.bad").exists());

    disk.remove(7).expect("removes");
    assert!(!disk.result(7).exists());
    assert_eq!(disk.saved_tasks().expect("lists"), Vec::<u64>::new());
}

#[test]
fn a_home_has_one_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Disk::open(folder.path()).expect("opens");
    assert!(matches!(Disk::open(folder.path()), Err(ComputeError::InUse { .. })));
    drop(disk);
    Disk::open(folder.path()).expect("opens again");
}

#[test]
fn a_home_has_one_chain() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Disk::open(folder.path()).expect("opens");
    disk.bind_chain(&Hash::sha256(b"a")).expect("binds");
    disk.bind_chain(&Hash::sha256(b"a")).expect("is bound");
    assert!(matches!(disk.bind_chain(&Hash::sha256(b"b")), Err(ComputeError::OtherChain { .. })));
}

#[tokio::test]
async fn the_speed_is_measured_with_a_program_that_runs() {
    assert!(sandbox::measure_speed().await > 0);
}

#[tokio::test]
async fn bytes_that_are_no_program_are_an_error_of_the_task() {
    let job = Job {
        program: b"not a module".to_vec(),
        args: Vec::new(),
        memory_bytes_max: 1 << 20,
        fuel_max: 1_000,
        output_bytes_max: 10,
        clock_ms: 0,
        random_seed: Hash::ZERO,
    };
    assert!(matches!(sandbox::run(job).await, Ran::Error { code: error_code::BAD_PROGRAM, .. }));
}

#[test]
fn programs_are_kept_under_a_budget_and_the_longest_unused_go_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Disk::open(folder.path()).expect("opens");
    let hashes: Vec<Hash> = (0..4u8).map(|byte| Hash::sha256(&[byte])).collect();
    for (age, hash) in hashes.iter().enumerate() {
        let path = disk.program(hash);
        std::fs::write(&path, [0; 100]).expect("writes");
        let hours = u64::try_from(hashes.len() - age).expect("small");
        let file = std::fs::File::options().append(true).open(&path).expect("opens");
        file.set_modified(SystemTime::now() - Duration::from_secs(3600 * hours)).expect("sets");
    }
    std::fs::write(disk.args(1), [0; 1000]).expect("writes");
    let held = |disk: &Disk| hashes.iter().map(|hash| disk.program(hash).exists()).collect::<Vec<_>>();
    disk.trim_programs(400, &[]).expect("trims");
    assert_eq!(held(&disk), [true; 4], "arguments are not counted");
    disk.touch_program(&hashes[0]);
    disk.trim_programs(200, &[]).expect("trims");
    assert_eq!(held(&disk), [true, false, false, true], "the first was used just now");
    disk.trim_programs(0, &[hashes[3]]).expect("trims");
    assert_eq!(held(&disk), [false, false, false, true], "what a task needs stays");
    assert_eq!(disk.cache_bytes().expect("counts"), 1100);
}

#[test]
fn what_a_killed_process_was_writing_is_removed_and_what_it_had_written_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(Disk::open(folder.path()).expect("opens"));
    for name in ["records/7.part", "cache/args-7.part-ab", "cache/args-8", "records/9.result"] {
        std::fs::write(folder.path().join(name), b"x").expect("writes");
    }
    let disk = Disk::open(folder.path()).expect("opens again");
    assert!(!folder.path().join("records/7.part").exists());
    assert!(!folder.path().join("cache/args-7.part-ab").exists());
    assert_eq!(disk.kept_tasks().expect("lists"), BTreeSet::from([8, 9]));
    assert_eq!(disk.saved_tasks().expect("lists"), Vec::<u64>::new());
}

fn work() -> Work {
    Work {
        task: 7,
        relay: None,
        args_hash: Hash::sha256(b"args"),
        args_bytes_max: 10,
        computation: Computation::External("test".into()),
        comparison: Comparison::Exact,
        memory_bytes_max: 1 << 20,
        fuel_max: 1_000,
        output_bytes_max: 10,
        clock_ms: 0,
        random_seed: Hash::ZERO,
        give_up_ms: 1_000,
    }
}

/// A worker whose task has its arguments on disk, so that it needs neither chain nor relay.
fn worker(folder: &std::path::Path, args: &[u8], commands: &[&str]) -> (Worker, Work) {
    // Nobody listens there.
    let client = Client::new(&[String::from("http://127.0.0.1:1")]).expect("an address");
    let disk = Disk::open(folder).expect("opens");
    std::fs::write(disk.args(7), args).expect("writes");
    let module = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/wasm/wordcount.wasm");
    let module = std::fs::read(module).expect("a program");
    std::fs::write(disk.program(&Hash::sha256(&module)), &module).expect("writes");
    let list = commands.iter().map(|text| Executor::parse(text).expect("a command")).collect();
    let worker = Worker::new(Tools {
        client,
        disk: Arc::new(disk),
        key: SecretKey::from_seed([1; 32]),
        actor: Actor::from(Persona::Honest),
        executors: Executors::new(list).expect("commands"),
        program_bytes_max: 1 << 30,
    });
    let comparison = Comparison::Similar { threshold: 5, fingerprint: Hash::sha256(&module) };
    let limits = Work { memory_bytes_max: 64 << 20, fuel_max: 1_000_000_000, ..work() };
    (worker, Work { args_hash: Hash::sha256(args), comparison, output_bytes_max: 1_000, ..limits })
}

async fn attempt(worker: &mut Worker, work: Work) -> (Attempt, Option<Vec<u8>>) {
    worker.begin(work, Duration::from_secs(60), None);
    worker.wait().await;
    (worker.attempt(7), worker.result(7).map(<[u8]>::to_vec))
}

/// The command gives the result, the fingerprint program (which counts words here) what is compared.
#[tokio::test]
async fn an_external_task_is_run_and_fingerprinted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut worker, work) = worker(folder.path(), b"ABCDE", &["test=tr A-Z a-z", "other=false"]);
    let (found, result) = attempt(&mut worker, work).await;
    let outcome = Outcome::Result { digest: Hash::sha256(b"abcde"), fingerprint: b"1 abcde\n".to_vec() };
    assert_eq!((found, result), (Attempt::Finished(outcome), Some(b"abcde".to_vec())));
}

#[tokio::test]
async fn an_exact_task_has_no_fingerprint() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut worker, work) = worker(folder.path(), b"ABCDE", &["test=cat"]);
    let work = Work { comparison: Comparison::Exact, ..work };
    let (found, _) = attempt(&mut worker, work).await;
    let outcome = Outcome::Result { digest: Hash::sha256(b"ABCDE"), fingerprint: Vec::new() };
    assert_eq!(found, Attempt::Finished(outcome));
}

#[tokio::test]
async fn a_fingerprint_of_a_wrong_length_is_an_error_of_the_task() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut worker, work) = worker(folder.path(), b"abc", &["test=cat"]);
    let (found, result) = attempt(&mut worker, work).await;
    let outcome = Outcome::Error { code: error_code::BAD_PROGRAM };
    assert_eq!((found, result), (Attempt::Finished(outcome), None));
}

#[tokio::test]
async fn a_command_that_refuses_is_an_error_and_one_that_fails_is_tried_again() {
    let check = async |command: &str, expected: Attempt| {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut worker, work) = worker(folder.path(), b"abcde", &[command]);
        assert_eq!(attempt(&mut worker, work).await, (expected, None), "{command}");
    };
    check("test=exit 65", Attempt::Finished(Outcome::Error { code: error_code::BAD_ARGUMENTS })).await;
    check("test=exit 1", Attempt::CommandFailed).await;
    check("test=head -c 1001 /dev/zero", Attempt::CommandFailed).await;
    check("other=cat", Attempt::CommandFailed).await;
}

/// What was tried in vain wakes the loop once, after its pause: not again and again, when it is too late to try.
#[tokio::test]
async fn a_failed_attempt_wakes_the_loop_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut worker, work) = worker(folder.path(), b"damaged", &[]);
    let work = Work { args_hash: Hash::sha256(b"whole"), ..work };
    assert_eq!(worker.attempt(7), Attempt::NotBegun);
    worker.begin(work, Duration::from_secs(1), None);
    assert_eq!(worker.attempt(7), Attempt::Running);
    worker.wait().await;
    assert_eq!(worker.attempt(7), Attempt::NotFetched);
    worker.wait().await;
    let again = tokio::time::timeout(Duration::from_millis(400), worker.wait()).await;
    assert!(again.is_err(), "the loop is woken for nothing");
}

fn listed(text: &str, head: &str) -> BTreeSet<String> {
    let (_, section) = text.split_once(head).unwrap_or_else(|| panic!("no `{head}`"));
    let section = section.split("\n## ").next().expect("some");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).map(str::to_owned).collect()
}

#[test]
fn metrics_and_notices_are_those_of_the_documentation() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/compute.md");
    let page = std::fs::read_to_string(page).expect("docs/compute.md");
    let folder = tempfile::tempdir().expect("a folder");
    let board = Board::new(folder.path().join("status.json"), String::new());
    // A family without a member is not told.
    board.change(|status| {
        status.fines = vec![Fine::default()];
        status.rpc = vec![Endpoint::default()];
    });
    let text = board.metrics.encode();
    let names = text.lines().filter_map(|line| line.strip_prefix("# HELP "));
    let names: BTreeSet<String> =
        names.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert!(names.len() > 15, "{text}");
    assert_eq!(names, listed(&page, "## Metrics"));
    let kinds: BTreeSet<String> = NoticeKind::ALL.iter().map(|kind| kind.name().to_owned()).collect();
    assert_eq!(kinds, listed(&page, "## Notices"));
    let serde_json::Value::Object(fields) = serde_json::to_value(LocalStatus::default()).expect("JSON")
    else {
        panic!("a status is an object")
    };
    let fields: BTreeSet<String> = fields.keys().cloned().collect();
    assert_eq!(fields, listed(&page, "## Status"));
}

#[tokio::test]
async fn status_health_and_metrics_are_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let board = Arc::new(Board::new(folder.path().join("status.json"), "me".into()));
    let listener = http::bind("127.0.0.1:0".parse().expect("an address")).await.expect("binds");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let served = tokio::spawn(http::serve(listener, Arc::clone(&board)));
    let get = async |path: &str| {
        let response = reqwest::get(format!("{url}{path}")).await.expect("answers");
        (response.status().as_u16(), response.text().await.expect("text"))
    };
    board.change(|status| status.last_error = Some("the net is down".into()));
    assert_eq!(get("/health").await, (503, "the net is down\n".into()));
    board.note_look();
    assert_eq!(get("/health").await, (200, "ok\n".into()));

    board.change(|status| {
        status.stage = Some("Executing".into());
        status.earned = "1500000000000000000".into();
        status.fines = vec![Fine { reason: "MissedReveal".into(), count: "2".into(), amount: "10".into() }];
        status.rpc = vec![Endpoint { url: "http://a".into(), up: true }];
        status.relays = vec![Endpoint { url: "http://b".into(), up: false }];
    });
    board.metrics.count_outcome(&Outcome::Unavailable);
    board.tell(&Notice { at_ms: 1, kind: NoticeKind::Removed, task: Some(7), text: "gone".into() });
    let (_, text) = get("/metrics").await;
    for line in [
        "hydrogen_compute_stage{stage=\"executing\"} 1",
        "hydrogen_compute_earned_cnx 1.5",
        "hydrogen_compute_fines{reason=\"MissedReveal\"} 2",
        "hydrogen_compute_endpoint_up{role=\"rpc\",url=\"http://a\"} 1",
        "hydrogen_compute_endpoint_up{role=\"relay\",url=\"http://b\"} 0",
        "hydrogen_compute_outcomes_total{kind=\"unavailable\"} 1",
        "hydrogen_compute_outcomes_total{kind=\"result\"} 0",
        "hydrogen_compute_notices_total{kind=\"removed\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "no `{line}` in {text}");
    }
    let (_, text) = get("/status").await;
    let served_status: LocalStatus = serde_json::from_str(&text).expect("a status");
    assert_eq!(served_status, board.status());
    assert_eq!(read_status(folder.path()).expect("reads"), Some(board.status()));
    served.abort();
}
