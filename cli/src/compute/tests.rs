//! The disk and the sandbox; the loop is tested with real processes in `tests/it/task.rs`.

use crate::compute::disk::Disk;
use crate::compute::error::ComputeError;
use crate::compute::sandbox::{self, Job, Ran};
use hydrogen_offchain::compute::Saved;
use hydrogen_types::Hash;
use hydrogen_types::task::{Outcome, error_code};

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
