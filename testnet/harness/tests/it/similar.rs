//! Similar tasks, whole: executors of an external type draw almost the same image, and the perceptual hash decides.
//!
//! Programs give the same bytes everywhere, so results that differ a little come from executors alone: here closures that
//! draw one scene with a noise of their own, as graphics cards do.

use crate::{check_books, penalties, program, reason};
use hydrogen_harness::{FEE, Net};
use hydrogen_offchain::calls::program_task;
use hydrogen_types::Hash;
use hydrogen_types::task::{
    AbortReason, Comparison, CreateTask, Outcome, PenaltyReason, TaskState, error_code,
};
use std::sync::atomic::{AtomicU32, Ordering};

const SIDE: u32 = 64;
const TYPE: &str = "draw";
const TIMEOUT_MS: u64 = 60_000;
const INPUT: &[u8] = b"a hill at dawn";

/// A scene as a PGM: `scene` decides what is seen, `noise` changes single pixels by up to two levels.
fn image(scene: u32, noise: u32) -> Vec<u8> {
    let mut bytes = format!("P5 {SIDE} {SIDE} 255\n").into_bytes();
    for y in 0..SIDE {
        for x in 0..SIDE {
            let wave =
                |factor: u32| (x * (3 + scene * factor) + y * (5 + scene * 2)) * (x + scene * 7) / 40 % 100;
            let grain = Hash::sha256(&[noise.to_le_bytes(), x.to_le_bytes(), y.to_le_bytes()].concat());
            let grain = u32::from(grain.as_bytes()[0]) % 5 * noise.min(1);
            bytes.push(u8::try_from(60 + wave(1) + wave(4) / 2 + grain).unwrap());
        }
    }
    bytes
}

/// A similar task of the external type.
fn request(fingerprint: Hash, threshold: u8) -> CreateTask {
    CreateTask {
        program: None,
        external: Some(String::from(TYPE)),
        comparison: Comparison::Similar { threshold, fingerprint },
        timeout_ms: Some(600_000),
        ..program_task(Hash::ZERO, INPUT, FEE)
    }
}

/// Three nodes with an executor: the one that runs n-th draws `image(scenes[n], n + 1)`.
fn net(seed: u64, scenes: [u32; 3]) -> Net {
    let runs = AtomicU32::new(0);
    let draw = move |args: &[u8]| {
        assert_eq!(args, INPUT);
        let run = runs.fetch_add(1, Ordering::SeqCst);
        Ok(image(scenes[usize::try_from(run).unwrap() % 3], run + 1))
    };
    Net::builder().nodes(3).seed(seed).external(TYPE, TIMEOUT_MS, 3, draw).start().unwrap()
}

fn fingerprints(report: &hydrogen_harness::TaskReport) -> Vec<u64> {
    let found = report.task.seats.iter().filter_map(|seat| match &seat.outcome {
        Some(Outcome::Result { fingerprint, .. }) => Some(fingerprint.clone()),
        _ => None,
    });
    found.map(|bytes| u64::from_be_bytes(bytes.try_into().expect("one image, one hash"))).collect()
}

#[test]
fn images_that_differ_in_noise_agree_and_one_of_them_is_delivered() {
    let mut net = net(1, [0; 3]);
    let phash = net.relay_mut().publish(&program("phash"));
    let report = net.run(&request(phash, 5), INPUT).unwrap();
    assert!(report.succeeded(), "{report}");
    check_books(&report);
    let digests: Vec<Hash> = report
        .task
        .seats
        .iter()
        .map(|seat| match seat.outcome {
            Some(Outcome::Result { digest, .. }) => digest,
            _ => panic!("no result:\n{report}"),
        })
        .collect();
    assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2]);
    assert_eq!(penalties(&report), []);
    let hashes = fingerprints(&report);
    assert!(hashes.iter().all(|hash| (hash ^ hashes[0]).count_ones() < 5), "{hashes:016x?}");
    let uploader = report.task.uploader.expect("somebody uploaded");
    let round = report.task.seats.iter().position(|seat| seat.node == uploader).unwrap();
    let delivered = report.result.clone().expect("a result");
    assert_eq!(Hash::sha256(&delivered), digests[round], "of the three, the uploader's bytes");
}

#[test]
fn another_image_is_a_cheat() {
    let mut net = net(2, [0, 0, 9]);
    let phash = net.relay_mut().publish(&program("phash"));
    let report = net.run(&request(phash, 5), INPUT).unwrap();
    assert!(report.succeeded(), "{report}");
    check_books(&report);
    let found = penalties(&report);
    assert_eq!(found.len(), 1, "{report}");
    assert_eq!(found[0].1, reason(PenaltyReason::Cheat));
    let hashes = fingerprints(&report);
    let far = |round: usize| {
        (0..3).all(|other| other == round || (hashes[other] ^ hashes[round]).count_ones() >= 5)
    };
    assert!(far(found[0].0), "the one far from both others is the cheat: {hashes:016x?}\n{report}");
}

#[test]
fn three_images_of_nothing_alike_agree_on_nothing() {
    let mut net = net(3, [0, 9, 20]);
    let phash = net.relay_mut().publish(&program("phash"));
    let report = net.run(&request(phash, 5), INPUT).unwrap();
    assert_eq!(report.task.abort_reason, Some(AbortReason::ResultsDiffer), "{report}");
    assert_eq!(penalties(&report), []);
    check_books(&report);
}

/// Nodes agree on the code of a fingerprint that cannot be made, so nobody is slashed for the executor's format.
#[test]
fn results_that_have_no_fingerprint_are_one_error_for_all() {
    let text = |_: &[u8]| Ok(b"no image at all".to_vec());
    let mut net = Net::builder().nodes(3).seed(4).external(TYPE, TIMEOUT_MS, 3, text).start().unwrap();
    let phash = net.relay_mut().publish(&program("phash"));
    let report = net.run(&request(phash, 5), INPUT).unwrap();
    assert_eq!(
        (report.task.state, report.task.abort_reason),
        (TaskState::Aborted, Some(AbortReason::TaskError))
    );
    let errors = report
        .task
        .seats
        .iter()
        .filter(|seat| seat.outcome == Some(Outcome::Error { code: error_code::BAD_ARGUMENTS }));
    assert_eq!(errors.count(), 3, "{report}");
    check_books(&report);
}

/// A program's results are the same everywhere, so its fingerprints are at distance 0 and every threshold holds.
#[test]
fn a_programs_image_agrees_at_the_narrowest_threshold() {
    let mut net = Net::builder().nodes(5).seed(5).start().unwrap();
    let mandelbrot = net.relay_mut().publish(&program("mandelbrot"));
    let phash = net.relay_mut().publish(&program("phash"));
    let input = b"80 60 50";
    let request = CreateTask {
        comparison: Comparison::Similar { threshold: 1, fingerprint: phash },
        ..program_task(mandelbrot, input, FEE)
    };
    let report = net.run(&request, input).unwrap();
    assert!(report.succeeded(), "{report}");
    let hashes = fingerprints(&report);
    assert!(hashes[0] != 0 && hashes == [hashes[0]; 3], "{hashes:016x?}");
    check_books(&report);
}
