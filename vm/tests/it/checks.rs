//! What is refused at upload, and how the refusal reads.

use crate::fixture::{contract, refusal, vm};
use hydrogen_core::ContractVm;
use hydrogen_vm::program;

fn check(body: &str, expected: &str) {
    let code = wat::parse_str(format!("(module {body})")).unwrap();
    let message = refusal(&code);
    assert!(message.contains(expected), "`{message}` does not say `{expected}`");
}

const MEMORY: &str = "(memory (export \"memory\") 1)";

#[test]
fn every_host_function_may_be_imported_and_exports_may_be_many() {
    vm().check(&contract(
        "(func (export \"call.a\")) (func (export \"other\") (param i32) (result i64) unreachable)",
    ))
    .unwrap();
}

#[test]
fn imports_are_named_with_what_to_do() {
    check(
        "(import \"hydrogen\" \"storage_put\" (func (param i32)))",
        "import `hydrogen.storage_put` is not a host function of this chain",
    );
    check("(import \"hydrogen\" \"storageget\" (func (param i32)))", "did you mean `storage_get`?");
    check(
        "(import \"hydrogen\" \"storage_get\" (func (param i32)))",
        "import `hydrogen.storage_get` has type (i32) -> (), the host function has (i32, i32, i32, i32) -> i64",
    );
    check("(import \"env\" \"now\" (func))", "import `env.now`: contracts import from `hydrogen` alone");
    check("(import \"wasi_snapshot_preview1\" \"fd_write\" (func))", "build for wasm32-unknown-unknown");
    check("(import \"env\" \"memory\" (memory 1))", "import `env.memory` is not a function");
}

#[test]
fn sections_and_functions_are_named() {
    check(
        &format!("{MEMORY} (func $boot) (start $boot)"),
        "the module has a start section (function 0 `boot`), which would run outside the meter",
    );
    check(
        &format!("{MEMORY} (func $first) (func $wide (local {}))", "i32 ".repeat(1025)),
        "function 1 `wide`: 1025 locals, at most 1024",
    );
    check(
        &format!("{MEMORY} (func $long {})", "(drop (i32.const 1))".repeat(25_000)),
        "function 0 `long`: 75002 bytes long, at most 65536 are allowed (at offset",
    );
    check(
        &format!("{MEMORY} (func $deep {} {})", "block ".repeat(600), "end ".repeat(600)),
        "function 0 `deep`: blocks nested more than 512 deep",
    );
    check(
        &format!("{MEMORY} (func $table (block (br_table {} (i32.const 0))))", "0 ".repeat(4098)),
        "function 0 `table`: a branch table of 4097 targets, at most 4096",
    );
    check(
        &format!("{MEMORY} (func (export \"call.a\") (param i32))"),
        "export `call.a` has type (i32) -> ()",
    );
    check("(memory 1) (func)", "exports its memory as `memory`");
    check("(memory (export \"memory\") 1025)", "the memory starts with 1025 pages");
    check(&format!("{MEMORY} (table 10001 funcref)"), "the table has 10001 elements");
    check(&format!("{MEMORY} (data (i32.const 65535) \"ab\")"), "data segment 0 ends at byte 65537");
    check(
        &format!("{MEMORY} (table 1 funcref) (func $f) (elem (i32.const 1) $f)"),
        "element segment 0 ends at 2",
    );
}

#[test]
fn proposals_that_are_off_are_refused_with_what_is_allowed() {
    for body in [
        "(func (result i32 i32) (i32.const 1) (i32.const 2))",
        "(func (drop (v128.const i32x4 0 0 0 0)))",
        "(memory 1) (memory 1)",
        "(func $f (return_call $f))",
        "(import \"hydrogen\" \"log\" (func (param externref)))",
        "(memory i64 1)",
        "(memory 1 2 shared)",
        "(tag)",
        "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
    ] {
        let code = wat::parse_str(format!("(module {body})")).unwrap();
        refusal(&code);
    }
    check(
        &format!("{MEMORY} (func (drop (v128.const i32x4 0 0 0 0)))"),
        "switch the other target features off",
    );
}

#[test]
fn garbage_is_refused_and_never_panics() {
    let good = contract("(func (export \"call.a\") (local i64) (loop (br_if 0 (i32.const 0))) return)");
    vm().check(&good).unwrap();
    for length in 0..good.len() {
        drop(vm().check(&good[..length]));
        drop(program::check(&good[..length]));
    }
    for at in 0..good.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            drop(vm().check(&bad));
        }
    }
}

#[test]
fn programs_import_preview_1_alone_and_start() {
    let check = |body: &str, expected: &str| {
        let code = wat::parse_str(format!("(module {MEMORY} {body})")).unwrap();
        let message = program::check(&code).unwrap_err().message;
        assert!(message.contains(expected), "`{message}` does not say `{expected}`");
    };
    let import = |module: &str, name: &str, kind: &str| {
        format!("(module (import \"{module}\" \"{name}\" (func {kind})) {MEMORY} (func (export \"_start\")))")
    };
    let refused = |wat: String| program::check(&wat::parse_str(wat).unwrap()).unwrap_err().message;
    check("", "exports `_start`");
    check("(func (export \"_start\") (param i32))", "expected () -> ()");
    assert!(
        refused(import("env", "emscripten_sleep", "")).contains("import from `wasi_snapshot_preview1` alone")
    );
    assert!(
        refused(import("wasi_snapshot_preview1", "fd_teleport", ""))
            .contains("not a function of WASI preview 1")
    );
    assert!(refused(import("wasi_snapshot_preview1", "fd_write", "")).contains("has type () -> ()"));
}
