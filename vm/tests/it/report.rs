//! Every violation of a module at once, each with its place and the way to mend it.

use crate::fixture::{contract, refusal, vm};
use hydrogen_core::ContractVm;
use hydrogen_vm::{Finding, FindingKind, program, report};

fn parse(body: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {body})")).unwrap()
}

fn of(body: &str) -> Vec<Finding> {
    let code = parse(body);
    let report = report(&code);
    assert_eq!(report.unseen, None, "{:?}", report.findings);
    assert_eq!(report.findings.is_empty(), passes(&code), "report and upload disagree");
    for finding in &report.findings {
        assert!(finding.offset.is_none_or(|offset| offset < code.len() + 1), "{finding:?}");
        assert!(!finding.mend.is_empty(), "{finding:?}");
    }
    report.findings
}

fn passes(code: &[u8]) -> bool {
    vm().check(code).is_ok()
}

const MEMORY: &str = "(memory (export \"memory\") 1)";

/// Kinds and how the lines begin.
fn check(body: &str, expected: &[(FindingKind, &str)]) {
    let findings = of(body);
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings.len(), expected.len(), "{lines:#?}");
    for (kind, text) in expected {
        let found = findings.iter().zip(&lines).any(|(f, line)| f.kind == *kind && line.contains(text));
        assert!(found, "no {kind:?} `{text}` in {lines:#?}");
    }
}

#[test]
fn a_good_module_has_no_findings() {
    assert_eq!(report(&contract("(func (export \"call.a\"))")).findings, []);
}

#[test]
fn every_import_and_export_is_named() {
    use FindingKind::{Export, Import};
    check(
        r#"(import "env" "now" (func)) (import "wasi_snapshot_preview1" "fd_write" (func))
        (import "hydrogen" "storageget" (func)) (import "hydrogen" "log" (func (param i64)))
        (import "env" "t" (table 1 funcref))
        (func (export "call.a") (param i32)) (func (export "query.b") (result i64) (i64.const 1))
        (func (export "init") (param f32)) (func (export "free") (param i64))"#,
        &[
            (Import, "import `env.now`"),
            (Import, "is of WASI"),
            (Import, "did you mean `storage_get`?"),
            (Import, "import `hydrogen.log` has type (i64) -> ()"),
            (Import, "import `env.t` is not a function"),
            (Export, "export `call.a` has type (i32) -> ()"),
            (Export, "export `query.b` has type () -> i64"),
            (Export, "export `init` has type (f32) -> ()"),
            (Export, "exports its memory as `memory`"),
        ],
    );
}

#[test]
fn every_bound_of_every_function_is_named() {
    use FindingKind::Limit;
    let wide = format!("(func $wide (local {}))", "i32 ".repeat(1025));
    let many = format!("(func $many (param {}))", "i32 ".repeat(33));
    let long = format!("(func $long {})", "(drop (i32.const 1))".repeat(25_000));
    let deep = format!("(func $deep {} {})", "block ".repeat(600), "end ".repeat(600));
    let table = format!("(func $table (block (br_table {} (i32.const 0))))", "0 ".repeat(4098));
    let twice = format!(
        "(func $twice (local {}) {} {})",
        "i32 ".repeat(1025),
        "block ".repeat(600),
        "end ".repeat(600)
    );
    check(
        &format!("{MEMORY} {wide} {many} {long} {deep} {table} {twice}"),
        &[
            (Limit, "function 0 `wide`: 1025 locals, at most 1024"),
            (Limit, "function 1 `many`: 33 parameters, at most 32"),
            (Limit, "function 2 `long`: 75002 bytes long"),
            (Limit, "function 3 `deep`: blocks nested more than 512 deep"),
            (Limit, "function 4 `table`: a branch table of 4097 targets"),
            (Limit, "function 5 `twice`: 1025 locals"),
            (Limit, "function 5 `twice`: blocks nested"),
        ],
    );
}

#[test]
fn every_bound_of_the_module_is_named() {
    use FindingKind::{Limit, Section};
    let globals = "(global i32 (i32.const 0))".repeat(257);
    let exports: String = (0..513).map(|index| format!("(export \"e{index}\" (func $f))")).collect();
    let types: String = (0..1025)
        .map(|index| {
            let param = |bit: u32| if index >> bit & 1 == 0 { "i32 " } else { "i64 " };
            format!("(type (func (param {})))", (0..11).map(param).collect::<String>())
        })
        .collect();
    let imports = "(import \"hydrogen\" \"input_len\" (func (result i32)))".repeat(257);
    let data = "(data (i32.const 0) \"a\")".repeat(1025);
    let elements = "(elem (i32.const 0) $f)".repeat(129);
    check(
        &format!(
            "{types} {imports} (memory (export \"memory\") 1025) (table 10001 funcref) (table 1 funcref) {globals} {exports}
            (func $f) (start $f) {elements} {data} (elem (i32.const 10001) $f)
            (data (i32.const 67174400) \"b\")"
        ),
        &[
            (Limit, "the module has 1027 types"),
            (Limit, "the module has 257 imports"),
            (Limit, "the memory starts with 1025 pages"),
            (Limit, "the table has 10001 elements"),
            (Limit, "the module has 2 tables, a contract at most 1"),
            (Limit, "the module has 257 globals"),
            (Limit, "the module has 514 exports"),
            (Limit, "the module has 130 element segments"),
            (Limit, "the module has 1026 data segments"),
            (Section, "a start section (function 257 `f`)"),
            (Section, "element segment 129 ends at 10002"),
            (Section, "data segment 1025 ends at byte 67174401"),
        ],
    );
    let functions = "(func)".repeat(10_001);
    check(&format!("{MEMORY} {functions}"), &[(Limit, "the module has 10001 functions")]);
    let big = format!("{MEMORY} (data (i32.const 0) \"{}\")", "a".repeat(520_000));
    let findings = of(&big.replace("memory\") 1)", "memory\") 9)"));
    assert!(findings.is_empty(), "{findings:?}");
    let big = format!("(memory (export \"memory\") 9) (data (i32.const 0) \"{}\")", "a".repeat(530_000));
    check(&big, &[(Limit, "bytes, a contract at most 524288")]);
}

#[test]
fn switched_off_proposals_are_named_each_where_it_is_used() {
    use FindingKind::{Import, Proposal};
    check(
        &format!(
            "(import \"env\" \"now\" (func))
            (func $two (result i32 i32) (i32.const 1) (i32.const 2))
            (func $tail (return_call $tail))
            (func $vector (drop (v128.const i32x4 0 0 0 0)) (drop (i32x4.relaxed_trunc_f32x4_s (v128.const i32x4 0 0 0 0))))
            (func $again (drop (v128.const i32x4 0 0 0 0)))
            (func $atomic (atomic.fence))
            {MEMORY} (global i32 (i32.add (i32.const 1) (i32.const 2)))"
        ),
        &[
            (Proposal, "uses `multi-value`, which is off"),
            (Proposal, "function 2 `tail`: uses `tail-call`"),
            (Proposal, "function 3 `vector`: uses `simd128`"),
            (Proposal, "function 3 `vector`: uses `relaxed-simd`"),
            (Proposal, "function 4 `again`: uses `simd128`"),
            (Proposal, "function 5 `atomic`: uses `threads`"),
            (Proposal, "uses `extended-const`"),
            (Import, "import `env.now`"),
        ],
    );
    let of_one = |body: &str, name: &str| {
        let findings = of(&format!("{body} {MEMORY}"));
        let found = findings.iter().any(|f| f.problem.contains(&format!("uses `{name}`")));
        assert!(found, "{findings:#?}");
    };
    of_one("(memory 1)", "multi-memory");
    of_one("(func (drop (ref.null extern)))", "gc-types");
    of_one("(type (struct))", "gc");
    of_one("(tag)", "exception-handling");
    of_one(
        "(func (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1)))",
        "multi-value",
    );
    check("(memory (export \"memory\") i64 1)", &[(Proposal, "build for wasm32, not wasm64")]);
    check("(memory (export \"memory\") 1 2 shared)", &[(Proposal, "uses `threads`")]);
    check("(memory (export \"memory\") 1 (pagesize 1))", &[(Proposal, "uses `custom-page-sizes`")]);
    let component = wat::parse_str("(component)").unwrap();
    assert_eq!(report(&component).findings[0].kind, Proposal);
    assert!(report(&component).findings[0].mend.contains("build a core module"));
}

#[test]
fn broken_bodies_hide_nothing_of_others() {
    use FindingKind::{Export, Malformed};
    let mut code = parse(&format!(
        "{MEMORY} (func $first (drop (i32.const 77))) (func $second (drop (i32.const 78)))
        (func $third (drop (i32.const 79)) (drop (i64.const 1))) (func (export \"call.a\") (param i32))"
    ));
    // The drops become additions of what is not there.
    for value in [78u8, 79] {
        let at = code
            .windows(4)
            .position(|w| w == [0x41, value | 0x80, 0x00, 0x1a] || (w[0] == 0x41 && w[1] == (value | 0x80)))
            .unwrap();
        let drop = code[at..].iter().position(|byte| *byte == 0x1a).unwrap();
        code[at + drop] = 0x6a;
    }
    let report = report(&code);
    let seen: Vec<_> =
        report.findings.iter().map(|f| (f.kind, f.function.as_ref().map(|f| f.index))).collect();
    assert_eq!(seen, [(Export, None), (Malformed, Some(1)), (Malformed, Some(2))], "{report:#?}");
    assert_eq!(report.unseen, None);
}

#[test]
fn offsets_point_into_the_file() {
    let code = parse(&format!("{MEMORY} (func $a) (func $b (drop (v128.const i32x4 7 7 7 7)))"));
    let report = report(&code);
    let [finding] = report.findings.as_slice() else { panic!("{report:?}") };
    let offset = finding.offset.unwrap();
    assert_eq!(code[offset..offset + 3], [0xfd, 0x0c, 7], "the operator's own place");
}

#[test]
fn a_truncated_module_says_how_far_it_was_read() {
    let code = contract("(func (export \"call.a\") (drop (i32.const 1)))");
    let report = report(&code[..code.len() - 9]);
    assert_eq!(report.findings[0].kind, FindingKind::Malformed);
    assert!(report.unseen.unwrap().contains("could not be read beyond offset"));
}

#[test]
fn the_number_of_findings_is_bounded() {
    let body: String =
        (0..300).map(|index| format!("(func (export \"call.m{index}\") (param i32))")).collect();
    let report = report(&parse(&format!("{MEMORY} {body}")));
    assert_eq!(report.findings.len(), 200);
    assert_eq!(report.unseen.as_deref(), Some("these are the first 200"));
}

#[test]
fn the_first_finding_is_what_an_upload_is_told() {
    for body in ["", "(import \"env\" \"now\" (func))", "(memory 1)", "(memory (export \"memory\") 1025)"] {
        let code = parse(body);
        let lines: Vec<String> = report(&code).findings.iter().map(ToString::to_string).collect();
        assert!(lines.contains(&refusal(&code)), "{lines:?}");
    }
}

#[test]
fn programs_are_reported_by_their_own_rules() {
    let code = parse(
        r#"(import "env" "sleep" (func)) (import "wasi_snapshot_preview1" "fd_teleport" (func))
        (import "wasi_snapshot_preview1" "fd_write" (func)) (func (drop (v128.const i32x4 0 0 0 0)))"#,
    );
    let report = program::report(&code);
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    for text in [
        "import from `wasi_snapshot_preview1` alone",
        "not a function of WASI preview 1",
        "has type () -> (), WASI preview 1 has",
        "a program exports its memory",
        "a program exports `_start`",
    ] {
        assert!(lines.iter().any(|line| line.contains(text)), "{text}: {lines:#?}");
    }
    assert_eq!(lines.len(), 5, "SIMD is on: {lines:#?}");
}

#[test]
fn reports_of_garbage_end_and_never_panic() {
    let good = contract("(func (export \"call.a\") (local i64) (loop (br_if 0 (i32.const 0))) return)");
    for length in 0..good.len() {
        let cut = &good[..length];
        assert_eq!(report(cut).findings.is_empty(), passes(cut), "{length}");
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0xff;
        assert_eq!(report(&bad).findings.is_empty(), passes(&bad), "byte {at}");
    }
}
