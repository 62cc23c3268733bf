//! What passes the checks compiles and can be instantiated.

use super::{compile, link as link_image};
use crate::config::VmConfig;
use crate::host::Host;
use crate::{check, engine, link};
use std::fmt::Write;
use wasmtime::Linker;

fn linker() -> Linker<Host> {
    link::linker(&engine::contracts(&VmConfig::default()).expect("an engine")).expect("a linker")
}

fn compile_and_link(linker: &Linker<Host>, code: &[u8]) -> Result<(), String> {
    link_image(linker, &compile(linker.engine(), code)?).map(drop)
}

fn check_compiles(wat: &str) {
    let code = wat::parse_str(wat).expect("good wat");
    check::contract(&code).expect("passes the checks");
    compile_and_link(&linker(), &code).expect("compiles");
}

#[test]
fn the_most_functions_all_in_the_table_compile() {
    let mut body = String::from("(memory (export \"memory\") 1024) (table 10000 funcref)");
    for index in 0..9_999 {
        write!(body, "(func $f{index})").expect("memory");
    }
    let names: Vec<String> = (0..9_999).map(|index| format!("$f{index}")).collect();
    check_compiles(&format!("(module {body} (elem (i32.const 0) {}))", names.join(" ")));
}

#[test]
fn the_largest_functions_compile() {
    // Seven functions of nearly 64 KiB: deep blocks, wide tables, many locals, long expressions.
    let locals = "i64 ".repeat(1024);
    let table = "0 ".repeat(4097);
    let deep = format!("{} (br_table {table} (local.get 0)) {}", "block ".repeat(500), "end ".repeat(500));
    let sum: String = (0..9_000).map(|index| format!("(i64.mul (local.get {})", 1 + index % 1024)).collect();
    let sum = format!("(local.set 1 {sum} (i64.const 3) {})", ")".repeat(9_000));
    let function = |name: u32| format!("(func $big{name} (param i32) (local {locals}) {deep} {deep} {sum})");
    let functions: String = (0..7).map(function).collect();
    check_compiles(&format!("(module (memory (export \"memory\") 1) {functions})"));
}

#[test]
fn every_flipped_byte_that_passes_compiles() {
    let code = wat::parse_str(
        r#"(module
            (import "hydrogen" "log" (func $log (param i32 i32)))
            (memory (export "memory") 1 9)
            (table 3 funcref)
            (global $g (mut i64) (i64.const 5))
            (elem (i32.const 0) $a $b)
            (data (i32.const 8) "some data")
            (func $a (export "call.a") (local i64 f64)
                (loop $l
                    (block $out (br_table $out $l 2 (i32.wrap_i64 (local.get 0))))
                    (local.set 1 (f64.div (local.get 1) (f64.const 3)))
                    (if (i64.eqz (global.get $g)) (then return))
                    (call_indirect (i32.const 1)))
                (call $log (i32.const 8) (i32.const 9)))
            (func $b (export "init") (memory.fill (i32.const 0) (i32.const 1) (memory.size))))"#,
    )
    .expect("good wat");
    let linker = linker();
    let mut passed = 0;
    for at in 8..code.len() {
        for flip in [0x01, 0x02, 0x10, 0x40, 0x80] {
            let mut bad = code.clone();
            bad[at] ^= flip;
            if check::contract(&bad).is_ok() {
                passed += 1;
                compile_and_link(&linker, &bad)
                    .unwrap_or_else(|error| panic!("byte {at} ^ {flip:#x}: {error}"));
            }
        }
    }
    assert!(passed > 100, "{passed} is too few to mean anything");
}
