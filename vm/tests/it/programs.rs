//! Programs, from stdin to stdout, and every way to fail.

use hydrogen_types::task::error_code;
use hydrogen_types::{Hash, Tag};
use hydrogen_vm::program::{self, ProgramEnding, ProgramLimits, ProgramOutcome};

const START_MS: u64 = 1_767_225_600_000;
const SEED: Hash = Hash::new([5; 32]);

/// The calls used here, and a buffer descriptor at 0 that points at 1024.
const IMPORTS: &str = r#"
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sock_shutdown" (func $shutdown (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 2)
    (func $out (param $fd i32) (param $ptr i32) (param $len i32)
        (i32.store (i32.const 0) (local.get $ptr))
        (i32.store (i32.const 4) (local.get $len))
        (if (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable)))"#;

pub(crate) fn module(start: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {IMPORTS} (func $start (export \"_start\") {start}))")).unwrap()
}

fn run_with(start: &str, input: &[u8], limits: ProgramLimits) -> ProgramOutcome {
    let module = module(start);
    let first = program::run(&module, input, limits, START_MS, SEED).unwrap();
    let second = program::run(&module, input, limits, START_MS, SEED).unwrap();
    assert_eq!(first, second, "the same run, another outcome");
    first
}

fn result(start: &str, input: &[u8]) -> Vec<u8> {
    match run_with(start, input, ProgramLimits::default()).ending {
        ProgramEnding::Result(bytes) => bytes,
        ProgramEnding::Error { code, reason } => panic!("code {code}: {reason}"),
    }
}

fn check_error(start: &str, limits: ProgramLimits, expected: u32) -> ProgramOutcome {
    let outcome = run_with(start, b"", limits);
    match &outcome.ending {
        ProgramEnding::Error { code, reason } => assert_eq!(*code, expected, "{reason}"),
        ProgramEnding::Result(bytes) => panic!("a result: {bytes:?}"),
    }
    outcome
}

/// Copies stdin to stdout in pieces of 7 bytes.
const COPY: &str = r#"
    (loop $more
        (i32.store (i32.const 0) (i32.const 1024))
        (i32.store (i32.const 4) (i32.const 7))
        (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
        (if (i32.load (i32.const 8)) (then
            (call $out (i32.const 1) (i32.const 1024) (i32.load (i32.const 8)))
            (br $more))))"#;

#[test]
fn stdin_becomes_stdout() {
    let input: Vec<u8> = (0..=255).collect();
    assert_eq!(result(COPY, &input), input);
    assert_eq!(result(COPY, b""), b"");
}

#[test]
fn bytes_cost_fuel() {
    let fuel = |input: &[u8]| run_with(COPY, input, ProgramLimits::default()).fuel_used;
    assert!(fuel(&[0; 700]) >= fuel(&[0; 7]) + 2 * 693);
}

#[test]
fn exit_codes_decide_and_stderr_is_the_log() {
    let say = "(i32.store (i32.const 1024) (i32.const 0x21696821)) (call $out (i32.const 2) (i32.const 1024) (i32.const 4))";
    let outcome = check_error(
        &format!("{say} (call $exit (i32.const 3))"),
        ProgramLimits::default(),
        error_code::NON_ZERO_EXIT,
    );
    assert_eq!(outcome.log, "!hi!");
    assert_eq!(outcome.last_words().as_deref(), Some("!hi!"));
    let log = format!("first\n \u{1b}[31m{}\r\n\n", "x".repeat(1_000));
    let words = ProgramOutcome { log, ..outcome.clone() }.last_words();
    assert_eq!(words, Some(format!("[31m{}", "x".repeat(196))));
    assert_eq!(ProgramOutcome { log: String::from(" \n"), ..outcome }.last_words(), None);
    assert_eq!(result(&format!("{say} (call $exit (i32.const 0)) unreachable"), b""), b"");
}

#[test]
fn exit_code_65_refuses_the_arguments() {
    check_error("(call $exit (i32.const 65))", ProgramLimits::default(), error_code::BAD_ARGUMENTS);
    check_error("(call $exit (i32.const 64))", ProgramLimits::default(), error_code::NON_ZERO_EXIT);
}

#[test]
fn limits_are_errors_of_the_task() {
    let limits = ProgramLimits { memory_bytes_max: 1 << 20, fuel_max: 1_000_000, output_bytes_max: 100 };
    let spin = check_error("(loop $l (br $l))", limits, error_code::FUEL_EXHAUSTED);
    assert_eq!(spin.fuel_used, 1_000_000);
    let large = "(call $out (i32.const 1) (i32.const 1024) (i32.const 101))";
    check_error(large, limits, error_code::OUTPUT_TOO_LARGE);
    check_error("(drop (memory.grow (i32.const 15)))", limits, error_code::MEMORY_LIMIT);
    assert_eq!(
        run_with("(drop (memory.grow (i32.const 14)))", b"", limits).ending,
        ProgramEnding::Result(Vec::new())
    );
    let tiny = ProgramLimits { memory_bytes_max: 65_536, ..limits };
    check_error("", tiny, error_code::MEMORY_LIMIT);
    check_error("(call $start)", ProgramLimits::default(), error_code::TRAP);
    check_error("unreachable", limits, error_code::TRAP);
    let bad = program::run(b"not wasm", b"", limits, 0, SEED).unwrap();
    assert!(matches!(bad.ending, ProgramEnding::Error { code: error_code::BAD_PROGRAM, .. }), "{bad:?}");
}

#[test]
fn the_clock_starts_at_the_draw_and_steps_by_a_microsecond() {
    let body = r#"
        (drop (call $now (i32.const 0) (i64.const 0) (i32.const 1024)))
        (drop (call $now (i32.const 1) (i64.const 0) (i32.const 1032)))
        ;; one relative clock subscription of 5 seconds
        (i64.store (i32.const 2024) (i64.const 5000000000))
        (drop (call $poll (i32.const 2000) (i32.const 3000) (i32.const 1) (i32.const 4000)))
        (drop (call $now (i32.const 1) (i64.const 0) (i32.const 1040)))
        (i32.store (i32.const 1048) (i32.load (i32.const 4000)))
        (call $out (i32.const 1) (i32.const 1024) (i32.const 28))"#;
    let out = result(body, b"");
    let time = |at: usize| u64::from_le_bytes(out[at..at + 8].try_into().unwrap());
    let start = START_MS * 1_000_000;
    assert_eq!((time(0), time(8)), (start, start + 1_000));
    assert_eq!(time(16), start + 2_000 + 5_000_000_000 + 1_000);
    assert_eq!(out[24..], [1, 0, 0, 0], "one event");
}

#[test]
fn random_bytes_follow_from_the_seed_however_they_are_asked_for() {
    let body = r#"
        (drop (call $random (i32.const 1024) (i32.const 5)))
        (drop (call $random (i32.const 1029) (i32.const 59)))
        (call $out (i32.const 1) (i32.const 1024) (i32.const 64))"#;
    let block = |counter: u64| Hash::of(Tag::PROGRAM_RANDOM, &[SEED.as_bytes(), &counter.to_le_bytes()]);
    assert_eq!(result(body, b""), [*block(0).as_bytes(), *block(1).as_bytes()].concat());
}

#[test]
fn there_is_one_argument_no_environment_and_no_file() {
    let answer = |index: u32, call: &str| format!("(i32.store8 (i32.const {}) {call})", 1100 + index);
    let body = [
        "(drop (call $args_sizes (i32.const 1024) (i32.const 1028)))",
        "(drop (call $args (i32.const 1032) (i32.const 1036)))",
        "(drop (call $environ_sizes (i32.const 1044) (i32.const 1048)))",
        &answer(0, "(call $prestat (i32.const 3) (i32.const 2000))"),
        &answer(1, "(call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0))"),
        &answer(2, "(call $seek (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 2000))"),
        &answer(3, "(call $shutdown (i32.const 3) (i32.const 0))"),
        &answer(4, "(call $close (i32.const 0))"),
        &answer(5, "(call $read (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8))"),
        &answer(6, "(call $read (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 8))"),
        &answer(7, "(call $write (i32.const 1) (i32.const 131000) (i32.const 100) (i32.const 8))"),
        "(call $out (i32.const 1) (i32.const 1024) (i32.const 84))",
    ]
    .concat();
    let out = result(&body, b"");
    let number = |at: usize| u32::from_le_bytes(out[at..at + 4].try_into().unwrap());
    assert_eq!((number(0), number(4), number(8)), (1, 8, 1036));
    assert_eq!(out[12..20], *b"program\0");
    assert_eq!((number(20), number(24)), (0, 0));
    assert_eq!(out[76..84], [8, 76, 70, 52, 0, 8, 8, 21]);
}
