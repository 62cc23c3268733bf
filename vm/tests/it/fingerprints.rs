//! Fingerprints: what passes, what each failure is called, and what the program sees.

use crate::programs::module;
use hydrogen_types::task::error_code;
use hydrogen_types::{Hash, Tag};
use hydrogen_vm::program::{self, ProgramEnding, ProgramLimits};

const START_MS: u64 = 1_767_225_600_000;
const SEED: Hash = Hash::new([6; 32]);
/// A task's limits: its results are tiny, its fingerprints are not bound by that.
const LIMITS: ProgramLimits =
    ProgramLimits { memory_bytes_max: 1 << 20, fuel_max: 1_000_000, output_bytes_max: 4 };

fn ending(start: &str, result: &[u8]) -> ProgramEnding {
    program::fingerprint(&module(start), result, LIMITS, START_MS, SEED).unwrap().ending
}

fn fingerprint(start: &str, result: &[u8]) -> Vec<u8> {
    match ending(start, result) {
        ProgramEnding::Result(bytes) => bytes,
        ProgramEnding::Error { code, reason } => panic!("code {code}: {reason}"),
    }
}

fn check_error(start: &str, expected: u32) -> String {
    match ending(start, b"a result") {
        ProgramEnding::Result(bytes) => panic!("a fingerprint: {bytes:?}"),
        ProgramEnding::Error { code, reason } => {
            assert_eq!(code, expected, "{reason}");
            reason
        }
    }
}

fn write(len: u32) -> String {
    format!("(call $out (i32.const 1) (i32.const 1024) (i32.const {len}))")
}

#[test]
fn it_is_made_of_the_result() {
    let body = r#"
        (i32.store (i32.const 0) (i32.const 1024))
        (i32.store (i32.const 4) (i32.const 100))
        (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
        (call $out (i32.const 1) (i32.const 1024) (i32.load (i32.const 8)))"#;
    assert_eq!(fingerprint(body, b"sixteen letters!"), b"sixteen letters!");
}

#[test]
fn it_has_8_to_512_bytes_whatever_the_tasks_limit_of_output_is() {
    for len in [8, 16, 504, 512] {
        assert_eq!(fingerprint(&write(len), b""), vec![0; usize::try_from(len).unwrap()]);
    }
    for len in [0, 1, 7, 9, 508, 511] {
        let reason = check_error(&write(len), error_code::BAD_PROGRAM);
        assert!(reason.contains(&format!("of {len} bytes")), "{reason}");
    }
    for len in [513, 520, 4096] {
        check_error(&write(len), error_code::OUTPUT_TOO_LARGE);
    }
}

#[test]
fn every_failure_has_the_code_of_any_run() {
    check_error("(call $exit (i32.const 65))", error_code::BAD_ARGUMENTS);
    check_error("unreachable", error_code::TRAP);
    check_error("(loop $l (br $l))", error_code::FUEL_EXHAUSTED);
    check_error("(drop (memory.grow (i32.const 15)))", error_code::MEMORY_LIMIT);
    check_error("(call $exit (i32.const 1))", error_code::NON_ZERO_EXIT);
    let bad = program::fingerprint(b"not wasm", b"", LIMITS, START_MS, SEED).unwrap();
    assert!(matches!(bad.ending, ProgramEnding::Error { code: error_code::BAD_PROGRAM, .. }), "{bad:?}");
    assert_eq!(bad.fuel_used, 0);
}

#[test]
fn a_fingerprint_written_before_a_failure_counts_for_nothing() {
    check_error(&format!("{} unreachable", write(8)), error_code::TRAP);
}

#[test]
fn it_sees_the_clock_and_the_randomness_of_the_tasks_program() {
    let body = r#"
        (drop (call $now (i32.const 0) (i64.const 0) (i32.const 1024)))
        (drop (call $random (i32.const 1032) (i32.const 16)))
        (call $out (i32.const 1) (i32.const 1024) (i32.const 24))"#;
    let module = module(body);
    let limits = ProgramLimits { output_bytes_max: 24, ..LIMITS };
    let run = program::run(&module, b"", limits, START_MS, SEED).unwrap();
    let random = Hash::of(Tag::PROGRAM_RANDOM, &[SEED.as_bytes(), &0u64.to_le_bytes()]);
    let expected = [(START_MS * 1_000_000).to_le_bytes().as_slice(), &random.as_bytes()[..16]].concat();
    assert_eq!(run.ending, ProgramEnding::Result(expected.clone()));
    assert_eq!(fingerprint(body, b""), expected);
}
