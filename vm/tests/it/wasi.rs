//! Programs that mean harm: lies to the functions of WASI preview 1, floods of them, and every limit from both sides.
//! Each is run in both ways of compiling and has one exact outcome.

use hydrogen_types::Hash;
use hydrogen_types::task::error_code::{
    BAD_ARGUMENTS, BAD_PROGRAM, FUEL_EXHAUSTED, MEMORY_LIMIT, NON_ZERO_EXIT, OUTPUT_TOO_LARGE, TRAP,
};
use hydrogen_vm::program::{Compilation, ProgramEnding, ProgramLimits, ProgramOutcome, run_compiled};
use std::fmt::Write;

/// All functions of preview 1, written down once more: `i` for i32, `l` for i64.
const PREVIEW_1: &[(&str, &str)] = &[
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "ili"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("fd_advise", "illi"),
    ("fd_allocate", "ill"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "ill"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "il"),
    ("fd_filestat_set_times", "illi"),
    ("fd_pread", "iiili"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiili"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiili"),
    ("fd_renumber", "ii"),
    ("fd_seek", "ilii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiilli"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiillii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

const EBADF: u8 = 8;
const EFAULT: u8 = 21;
const EINVAL: u8 = 28;
const ENOSYS: u8 = 52;
const ESPIPE: u8 = 70;
const ENOTCAPABLE: u8 = 76;

/// Small limits: what harms here harms at once.
const LIMITS: ProgramLimits =
    ProgramLimits { memory_bytes_max: 4 << 20, fuel_max: 50_000_000, output_bytes_max: 1_000 };

/// A module with all of preview 1, 2 pages of memory and `body` as `_start`; `more` are other fields.
fn module_with(more: &str, body: &str) -> Vec<u8> {
    let mut text = String::from("(module\n");
    for (name, params) in PREVIEW_1 {
        let params: Vec<&str> = params.chars().map(|kind| if kind == 'l' { "i64" } else { "i32" }).collect();
        writeln!(
            text,
            "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param {}) (result i32)))",
            params.join(" ")
        )
        .unwrap();
    }
    text.push_str("(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $proc_exit (param i32)))\n");
    // $vector describes one buffer at 0; $say writes one byte to stdout.
    let helpers = r#"
        (func $vector (param $ptr i32) (param $len i32)
            (i32.store (i32.const 0) (local.get $ptr)) (i32.store (i32.const 4) (local.get $len)))
        (func $say (param $byte i32)
            (i32.store8 (i32.const 100) (local.get $byte))
            (call $vector (i32.const 100) (i32.const 1))
            (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable)))"#;
    text.push_str(helpers);
    let memory = if more.contains("(memory") { "" } else { "(memory (export \"memory\") 2)" };
    write!(text, "{memory}\n{more}\n(func $start (export \"_start\") {body}))").unwrap();
    wat::parse_str(text).unwrap()
}

fn module(body: &str) -> Vec<u8> {
    module_with("", body)
}

/// Runs it fresh, kept and compiled otherwise; the one outcome.
fn run(module: &[u8], input: &[u8], limits: ProgramLimits) -> ProgramOutcome {
    let once =
        |compilation| run_compiled(compilation, module, input, limits, 1_000, Hash::new([5; 32])).unwrap();
    let first = once(Compilation::Usual);
    assert_eq!(first, once(Compilation::Usual), "kept, another outcome");
    assert_eq!(first, once(Compilation::Plain), "compiled otherwise, another outcome");
    first
}

/// The result of a program that must have one.
fn result(body: &str, input: &[u8]) -> Vec<u8> {
    match run(&module(body), input, LIMITS).ending {
        ProgramEnding::Result(bytes) => bytes,
        ProgramEnding::Error { code, reason } => panic!("code {code}: {reason}\n{body}"),
    }
}

fn check_module(module: &[u8], limits: ProgramLimits, expected: u32, says: &str) -> ProgramOutcome {
    let outcome = run(module, b"", limits);
    match &outcome.ending {
        ProgramEnding::Error { code, reason } => {
            assert_eq!(*code, expected, "{reason}");
            assert!(reason.contains(says), "{reason}");
        }
        ProgramEnding::Result(bytes) => panic!("a result of {} bytes", bytes.len()),
    }
    outcome
}

fn check(body: &str, expected: u32, says: &str) -> ProgramOutcome {
    check_module(&module(body), LIMITS, expected, says)
}

/// What calls answer, one after the other, as bytes on stdout.
fn answers(calls: &[&str]) -> Vec<u8> {
    answers_on(calls, b"")
}

fn answers_on(calls: &[&str], input: &[u8]) -> Vec<u8> {
    let said: String = calls.iter().map(|call| format!("(call $say {call})")).collect();
    result(&said, input)
}

/// A call of a function with plain numbers.
fn call(name: &str, numbers: &[i64]) -> String {
    let (_, params) = PREVIEW_1.iter().find(|(known, _)| *known == name).unwrap();
    assert_eq!(params.len(), numbers.len(), "{name}");
    let operands = params.chars().zip(numbers);
    let operands = operands
        .map(|(kind, number)| format!("({}.const {number})", if kind == 'l' { "i64" } else { "i32" }));
    format!("(call ${name} {})", operands.collect::<Vec<_>>().join(" "))
}

#[test]
fn what_a_program_does_not_have_answers_nosys() {
    let has = [
        "args_get",
        "args_sizes_get",
        "clock_res_get",
        "clock_time_get",
        "environ_get",
        "environ_sizes_get",
        "fd_close",
        "fd_fdstat_get",
        "fd_fdstat_set_flags",
        "fd_filestat_get",
        "fd_prestat_dir_name",
        "fd_prestat_get",
        "fd_read",
        "fd_seek",
        "fd_tell",
        "fd_write",
        "path_open",
        "poll_oneoff",
        "random_get",
        "sched_yield",
    ];
    let mut refused = Vec::new();
    for (name, params) in PREVIEW_1.iter().filter(|(name, _)| !has.contains(name)) {
        let body = format!("(call $say {})", call(name, &vec![0; params.len()]));
        let outcome = run(&module(&body), b"", LIMITS);
        assert_eq!(outcome.ending, ProgramEnding::Result(vec![ENOSYS]), "{name}");
        assert_eq!(outcome.asked.refused.get(name), Some(&1), "{name}");
        refused.push(*name);
    }
    assert_eq!(refused.len(), PREVIEW_1.len() - has.len());
    assert_eq!(refused.len(), 25);
    let open = answers(&[&call("path_open", &[3, 0, 0, 0, 0, 0, 0, 0, 0])]);
    assert_eq!(open, [ENOTCAPABLE]);
}

#[test]
fn descriptors_that_are_none_are_refused_everywhere() {
    for fd in [3, 4, 1_000, -1, i64::from(i32::MIN), i64::from(i32::MAX)] {
        let calls = [
            call("fd_read", &[fd, 0, 0, 8]),
            call("fd_write", &[fd, 0, 0, 8]),
            call("fd_close", &[fd]),
            call("fd_seek", &[fd, 0, 0, 8]),
            call("fd_tell", &[fd, 8]),
            call("fd_fdstat_get", &[fd, 8]),
            call("fd_fdstat_set_flags", &[fd, 0]),
            call("fd_filestat_get", &[fd, 8]),
            call("fd_prestat_get", &[fd, 8]),
            call("fd_prestat_dir_name", &[fd, 8, 1]),
        ];
        assert_eq!(answers(&calls.each_ref().map(String::as_str)), [EBADF; 10], "{fd}");
    }
    // The wrong way through an open one, and what streams cannot.
    let calls = [
        call("fd_read", &[1, 0, 0, 8]),
        call("fd_write", &[0, 0, 0, 8]),
        call("fd_seek", &[0, 5, 0, 8]),
        call("fd_tell", &[1, 8]),
    ];
    assert_eq!(answers(&calls.each_ref().map(String::as_str)), [EBADF, EBADF, ESPIPE, ESPIPE]);
}

#[test]
fn a_closed_descriptor_stays_closed() {
    let (close_in, close_out) = (call("fd_close", &[0]), call("fd_close", &[1]));
    let read = call("fd_read", &[0, 0, 1, 8]);
    let stat = call("fd_fdstat_get", &[0, 64]);
    assert_eq!(answers_on(&[&close_in, &close_in, &read, &stat], b"abc"), [0, EBADF, EBADF, EBADF]);
    // Without stdout the result ends where it was closed.
    let body =
        format!("(call $say (i32.const 65)) (drop {close_out}) (drop {})", call("fd_write", &[1, 0, 1, 8]));
    assert_eq!(result(&body, b""), b"A");
    let body = format!("(drop {close_out}) (call $say (i32.const 65))");
    check(&body, TRAP, "unreachable");
}

#[test]
fn buffers_outside_memory_are_faults() {
    let vector = |ptr: i64, len: i64| format!("(call $vector (i32.const {ptr}) (i32.const {len}))");
    let faults = [(131_071, 2), (131_072, 1), (-1, 1), (-1, 2), (i64::from(i32::MIN), 1)];
    for (ptr, len) in faults {
        let (set, write) = (vector(ptr, len), call("fd_write", &[2, 0, 1, 8]));
        let body = format!("(local i32) {set} (local.set 0 {write}) (call $say (local.get 0))");
        let outcome = run(&module(&body), b"", LIMITS);
        assert_eq!(outcome.ending, ProgramEnding::Result(vec![EFAULT]), "write of {len} at {ptr}");
        assert_eq!(outcome.log, "");
        let read = call("fd_read", &[0, 0, 1, 8]);
        let body = format!("(local i32) {set} (local.set 0 {read}) (call $say (local.get 0))");
        assert_eq!(result(&body, b"input"), [EFAULT], "read of {len} at {ptr}");
    }
    // A length beyond memory, whose end would be byte 1 if it wrapped: a read takes what is left of the input, which fits.
    let body = format!(
        "(local i32) {} (local.set 0 {}) (call $say (local.get 0)) (call $say (i32.load8_u (i32.const 206)))",
        vector(202, -1),
        call("fd_read", &[0, 0, 1, 8])
    );
    assert_eq!(result(&body, b"input"), [0, b't']);
    // Bytes that cannot be there are paid for all the same, before anybody looks.
    let lie = format!("{} (drop {})", vector(0, -1), call("fd_write", &[1, 0, 1, 8]));
    check(&lie, FUEL_EXHAUSTED, "all fuel used");
}

#[test]
fn lists_of_buffers_outside_memory_are_faults() {
    for (list, count) in [(131_072, 1), (131_065, 1), (131_064, 2), (-8, 1), (-8, 2), (-4, 1)] {
        let calls = [call("fd_read", &[0, list, count, 8]), call("fd_write", &[1, list, count, 8])];
        assert_eq!(answers_on(&calls.each_ref().map(String::as_str), b"x"), [EFAULT; 2], "{count} at {list}");
    }
    for count in [1_025, 65_536, i64::from(i32::MAX), -1] {
        let calls = [
            call("fd_read", &[0, 0, count, 8]),
            call("fd_write", &[1, 0, count, 8]),
            call("poll_oneoff", &[0, 0, count, 8]),
        ];
        assert_eq!(answers(&calls.each_ref().map(String::as_str)), [EINVAL; 3], "{count} buffers");
    }
    // As many as are allowed, all of them empty.
    let most = [call("fd_read", &[0, 1_024, 1_024, 8]), call("fd_write", &[1, 1_024, 1_024, 8])];
    assert_eq!(answers(&most.each_ref().map(String::as_str)), [0, 0]);
}

#[test]
fn a_write_that_ends_in_a_fault_keeps_what_came_before_it() {
    let body = format!(
        "(local i32)
        (i32.store8 (i32.const 200) (i32.const 97))
        (call $vector (i32.const 200) (i32.const 1))
        (i32.store (i32.const 8) (i32.const 131072)) (i32.store (i32.const 12) (i32.const 1))
        (local.set 0 {})
        (call $say (local.get 0))
        (i32.store8 (i32.const 200) (i32.const 98))
        (call $vector (i32.const 200) (i32.const 1))
        (local.set 0 {})
        (call $say (local.get 0))",
        call("fd_write", &[1, 0, 2, 16]),
        call("fd_write", &[1, 0, 1, -4]),
    );
    assert_eq!(result(&body, b""), [b'a', EFAULT, b'b', EFAULT]);
}

/// A read into the list that describes it: the list counts as it was when the call began.
#[test]
fn buffers_may_overlap_their_list() {
    let body = format!(
        "(call $vector (i32.const 8) (i32.const 8))
        (i32.store (i32.const 8) (i32.const 300)) (i32.store (i32.const 12) (i32.const 4))
        (drop {})
        (call $say (i32.load8_u (i32.const 8))) (call $say (i32.load8_u (i32.const 300)))
        (call $say (i32.load8_u (i32.const 303))) (call $say (i32.load8_u (i32.const 304)))",
        call("fd_read", &[0, 0, 2, 400]),
    );
    assert_eq!(result(&body, b"0123456789abcdef"), [b'0', b'8', b'b', 0]);
}

#[test]
fn answers_that_have_no_place_are_faults() {
    let calls = [
        call("args_get", &[131_070, 100]),
        call("args_get", &[100, 131_070]),
        call("args_sizes_get", &[-1, 100]),
        call("args_sizes_get", &[100, -1]),
        call("environ_sizes_get", &[131_069, 100]),
        call("clock_res_get", &[0, 131_065]),
        call("clock_time_get", &[0, 0, 131_065]),
        call("fd_fdstat_get", &[1, 131_049]),
        call("fd_filestat_get", &[1, 131_009]),
        call("random_get", &[131_000, 100]),
        call("random_get", &[-1, 1]),
        call("poll_oneoff", &[131_025, 200, 1, 100]),
        call("poll_oneoff", &[1_000, 131_041, 1, 100]),
        call("poll_oneoff", &[1_000, 200, 1, 131_069]),
    ];
    let calls: Vec<&str> = calls.iter().map(String::as_str).collect();
    assert_eq!(answers(&calls), [EFAULT; 14]);
    let most = [call("random_get", &[0, 1_048_577]), call("random_get", &[0, -1])];
    assert_eq!(answers(&most.each_ref().map(String::as_str)), [EINVAL; 2]);
}

#[test]
fn waiting_for_ever_takes_no_time() {
    // One subscription at 1000: an absolute clock at the end of time.
    let body = format!(
        "(i64.store (i32.const 1024) (i64.const -1)) (i32.store8 (i32.const 1040) (i32.const 1))
        (call $say {poll}) (call $say (i32.load8_u (i32.const 3000)))
        (drop {now}) (call $say (i64.eq (i64.load (i32.const 3008)) (i64.const -1)))
        (call $say {poll}) (call $say {empty})",
        poll = call("poll_oneoff", &[1_000, 2_000, 1, 3_000]),
        now = call("clock_time_get", &[0, 0, 3_008]),
        empty = call("poll_oneoff", &[1_000, 2_000, 0, 3_000]),
    );
    let outcome = run(&module(&body), b"", LIMITS);
    assert_eq!(outcome.ending, ProgramEnding::Result(vec![0, 1, 1, 0, EINVAL]));
    assert_eq!(outcome.asked.slept_ns, u64::MAX - 1_000_000_000);
}

#[test]
fn polling_a_closed_descriptor_says_so() {
    let body = format!(
        "(drop {}) (i32.store8 (i32.const 1008) (i32.const 1))
        (call $say {}) (call $say (i32.load8_u (i32.const 2008)))",
        call("fd_close", &[0]),
        call("poll_oneoff", &[1_000, 2_000, 1, 3_000]),
    );
    assert_eq!(result(&body, b"input"), [0, EBADF]);
}

/// Whatever is called over and over ends with the fuel, long before it could hold a node.
#[test]
fn floods_of_calls_run_out_of_fuel() {
    let full = "(memory.fill (i32.const 0) (i32.const 0) (i32.const 65536))";
    for flood in [
        call("sched_yield", &[]),
        call("fd_write", &[1, 1_024, 1_024, 0]),
        call("fd_read", &[0, 1_024, 1_024, 0]),
        call("poll_oneoff", &[0, 65_536, 1_024, 131_000]),
        call("random_get", &[0, 131_072]),
        call("clock_time_get", &[0, 0, 0]),
        call("fd_close", &[1]),
        call("path_open", &[3, 0, 0, 0, 0, 0, 0, 0, 0]),
        call("sock_send", &[0, 0, 0, 0, 0]),
        call("proc_raise", &[9]),
    ] {
        let outcome =
            check(&format!("{full} (loop $l (drop {flood}) (br $l))"), FUEL_EXHAUSTED, "all fuel used");
        assert_eq!(outcome.fuel_used, LIMITS.fuel_max, "{flood}");
    }
    check("(loop $l (br $l))", FUEL_EXHAUSTED, "all fuel used");
}

/// The description of a buffer costs as its bytes do: a thousand empty buffers are no free work.
#[test]
fn empty_buffers_are_paid_for() {
    let fuel = |count| {
        let body = format!("(drop {})", call("fd_write", &[2, 1_024, count, 8]));
        run(&module(&body), b"", LIMITS).fuel_used
    };
    assert_eq!(fuel(1_024) - fuel(1), 8 * 1_023);
}

/// 32 MiB are a result, one byte more is none: at once and in pieces.
#[test]
fn a_result_has_32_mib_at_most() {
    let limits = ProgramLimits::default();
    let memory = "(memory (export \"memory\") 600)";
    let write = |bytes: u32| {
        let write = call("fd_write", &[1, 0, 1, 8]);
        format!("(call $vector (i32.const 1024) (i32.const {bytes})) (if {write} (then unreachable))")
    };
    let whole = run(&module_with(memory, &write(32 << 20)), b"", limits);
    assert!(matches!(&whole.ending, ProgramEnding::Result(bytes) if bytes.len() == 32 << 20));
    check_module(&module_with(memory, &write((32 << 20) + 1)), limits, OUTPUT_TOO_LARGE, "output beyond");
    let pieces = format!(
        "(local i32) (loop $l {} (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1)))
        (i32.const 32)))) {}",
        write(1 << 20),
        write(1),
    );
    check_module(&module_with(memory, &pieces), limits, OUTPUT_TOO_LARGE, "output beyond");
}

#[test]
fn words_on_stderr_are_kept_up_to_64_kib_and_never_stop_a_program() {
    let body = format!(
        "(local i32) (memory.fill (i32.const 0) (i32.const 120) (i32.const 131072))
        (call $vector (i32.const 1024) (i32.const 60000))
        (loop $l (drop {}) (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 9))))
        (call $say (i32.const 79))",
        call("fd_write", &[2, 0, 1, 8]),
    );
    let outcome = run(&module(&body), b"", LIMITS);
    assert_eq!(outcome.ending, ProgramEnding::Result(vec![b'O']));
    assert_eq!(outcome.log.len(), 65_536);
}

#[test]
fn memory_ends_at_its_limit() {
    let grow = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))";
    let outcome = check(grow, MEMORY_LIMIT, "asked for 4259840 bytes");
    assert_eq!(outcome.memory_bytes, LIMITS.memory_bytes_max);
    check("(drop (memory.grow (i32.const 10000)))", MEMORY_LIMIT, "asked for 655491072 bytes");
    // Pages are paid for before anybody looks for them.
    check("(drop (memory.grow (i32.const -1)))", FUEL_EXHAUSTED, "all fuel used");
    // A bound of its own is told by -1, as everywhere.
    let bound = "(memory (export \"memory\") 1 3)";
    let module = module_with(bound, &format!("{grow} (call $say (memory.size))"));
    let outcome = run(&module, b"", LIMITS);
    assert_eq!(outcome.ending, ProgramEnding::Result(vec![3]));
    assert_eq!(outcome.memory_bytes, 3 << 16);
    let large = module_with("(memory (export \"memory\") 65)", "");
    let outcome = check_module(&large, LIMITS, MEMORY_LIMIT, "starts with 4259840 bytes");
    assert_eq!((outcome.memory_bytes, outcome.exit_code), (0, None));
    // 1 GiB is the most that any task may allow, whatever it says.
    let all = ProgramLimits { memory_bytes_max: u64::MAX, ..LIMITS };
    let module = module_with("(memory (export \"memory\") 1)", "(drop (memory.grow (i32.const 16384)))");
    check_module(&module, all, MEMORY_LIMIT, "asked for 1073807360 bytes");
}

#[test]
fn what_is_copied_and_filled_is_paid_for() {
    let fill = "(memory.fill (i32.const 0) (i32.const 1) (i32.const 131072))";
    let copy = "(memory.copy (i32.const 0) (i32.const 65536) (i32.const 65536))";
    for work in [fill, copy] {
        check(&format!("(loop $l {work} (br $l))"), FUEL_EXHAUSTED, "all fuel used");
    }
    let fuel = |body: &str| run(&module(body), b"", LIMITS).fuel_used;
    assert!(fuel(fill) > 131_072 && fuel(copy) > 65_536);
}

#[test]
fn tables_end_at_ten_thousand() {
    let more = "(table $t 1 funcref)";
    let grow = "(call $say (i32.eq (table.grow $t (ref.null func) (i32.const 9999)) (i32.const 1)))
        (call $say (i32.eq (table.grow $t (ref.null func) (i32.const 1)) (i32.const -1)))
        (call $say (i32.eq (table.grow $t (ref.null func) (i32.const 10001)) (i32.const -1)))";
    let outcome = run(&module_with(more, grow), b"", LIMITS);
    assert_eq!(outcome.ending, ProgramEnding::Result(vec![1, 1, 1]));
}

#[test]
fn exit_codes_are_kept_and_decide() {
    let exit =
        |code: i64| format!("(call $say (i32.const 65)) (call $proc_exit (i32.const {code})) unreachable");
    let outcome = run(&module(&exit(0)), b"", LIMITS);
    assert_eq!((outcome.ending, outcome.exit_code), (ProgramEnding::Result(vec![b'A']), Some(0)));
    for (code, error) in [
        (1, NON_ZERO_EXIT),
        (64, NON_ZERO_EXIT),
        (65, BAD_ARGUMENTS),
        (66, NON_ZERO_EXIT),
        (255, NON_ZERO_EXIT),
        (256, NON_ZERO_EXIT),
        (65 + 256, NON_ZERO_EXIT),
        (-1, NON_ZERO_EXIT),
    ] {
        let outcome = check(&exit(code), error, "exit code");
        assert_eq!(outcome.exit_code.map(u32::cast_signed).map(i64::from), Some(code));
        assert!(outcome.fuel_used < 10_000, "an exit is no trap: {}", outcome.fuel_used);
    }
    // From the depth of calls, and where nobody exits.
    let deep = module_with(
        "(func $down (param i32) (if (local.get 0) (then (call $down (i32.sub (local.get 0)
        (i32.const 1)))) (else (call $proc_exit (i32.const 7)))))",
        "(call $down (i32.const 500))",
    );
    assert_eq!(check_module(&deep, LIMITS, NON_ZERO_EXIT, "exit code 7").exit_code, Some(7));
    assert_eq!(run(&module(""), b"", LIMITS).exit_code, Some(0));
}

#[test]
fn recursion_of_every_kind_ends_at_the_same_depth() {
    check("(call $start)", TRAP, "stack exhausted");
    let table = "(type $f (func)) (table 1 funcref) (elem (i32.const 0) $round)
        (func $round (call_indirect (type $f) (i32.const 0)))";
    check_module(&module_with(table, "(call $round)"), LIMITS, TRAP, "stack exhausted");
    let wide = format!("(func $wide (local {}) (call $wide))", "i64 ".repeat(5_000));
    check_module(&module_with(&wide, "(call $wide)"), LIMITS, TRAP, "stack exhausted");
    let pair = "(func $ping (call $pong)) (func $pong (call $ping))";
    check_module(&module_with(pair, "(call $ping)"), LIMITS, TRAP, "stack exhausted");
}

#[test]
fn traps_cost_all_fuel_and_leave_no_result() {
    for (trap, says) in [
        ("unreachable", "unreachable"),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", "divide by zero"),
        ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", "overflow"),
        ("(drop (i32.load (i32.const 131069)))", "out of bounds"),
        ("(i64.store (i32.const -8) (i64.const 1))", "out of bounds"),
        ("(drop (i32.trunc_f64_s (f64.const nan)))", "integer"),
        ("(memory.fill (i32.const 131072) (i32.const 0) (i32.const 1))", "out of bounds"),
    ] {
        let outcome = check(&format!("(call $say (i32.const 65)) {trap}"), TRAP, says);
        assert_eq!((outcome.fuel_used, outcome.exit_code), (LIMITS.fuel_max, None), "{trap}");
    }
    let table = "(type $f (func)) (type $g (func (param i32))) (table 2 funcref) (elem (i32.const 0) $start)";
    for (index, says) in [(1, "uninitialized"), (2, "undefined"), (-1, "undefined")] {
        let body = format!("(call_indirect (type $f) (i32.const {index}))");
        check_module(&module_with(table, &body), LIMITS, TRAP, says);
    }
    let other = "(call_indirect (type $g) (i32.const 5) (i32.const 0))";
    check_module(&module_with(table, other), LIMITS, TRAP, "type mismatch");
}

#[test]
fn what_is_no_program_is_never_run() {
    let text = |wat: &str| wat::parse_str(wat).unwrap();
    let memory = "(memory (export \"memory\") 1)";
    let wasi = "\"wasi_snapshot_preview1\"";
    for (module, says) in [
        (text(&format!("(module {memory})")), "exports `_start`"),
        (text(&format!("(module {memory} (func (export \"_start\") (param i32)))")), "expected () -> ()"),
        (text("(module (memory 1) (func (export \"_start\")))"), "exports its memory"),
        (
            text(&format!("(module {memory} (func $s) (func (export \"_start\")) (start $s))")),
            "start section",
        ),
        (
            text(&format!(
                "(module (import {wasi} \"fd_write\" (func)) {memory} (func (export \"_start\")))"
            )),
            "WASI preview 1 has",
        ),
        (
            text(&format!(
                "(module (import {wasi} \"thread_spawn\" (func)) {memory} (func (export \"_start\")))"
            )),
            "not a function of WASI preview 1",
        ),
        (
            text(&format!("(module (import \"env\" \"f\" (func)) {memory} (func (export \"_start\")))")),
            "`env.f`",
        ),
        (text("(module (import \"env\" \"memory\" (memory 1)) (func (export \"_start\")))"), "`env.memory`"),
        (b"\0asm\x0d\0\x01\0".to_vec(), ""),
        (Vec::new(), ""),
    ] {
        let outcome = check_module(&module, LIMITS, BAD_PROGRAM, says);
        assert_eq!((outcome.fuel_used, outcome.exit_code), (0, None));
    }
}

/// What a program uses is what it needs: with that much fuel it ends alike, with less it does not.
#[test]
fn the_fuel_that_was_used_is_enough() {
    let body = "(local i32) (loop $l (call $say (i32.const 65))
        (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 100))))";
    let module = module(body);
    let used = run(&module, b"", LIMITS).fuel_used;
    let enough = run(&module, b"", ProgramLimits { fuel_max: used, ..LIMITS });
    assert_eq!(enough.fuel_used, used);
    assert!(matches!(enough.ending, ProgramEnding::Result(bytes) if bytes.len() == 100));
    let less = ProgramLimits { fuel_max: used - 200, ..LIMITS };
    check_module(&module, less, FUEL_EXHAUSTED, "all fuel used");
}
