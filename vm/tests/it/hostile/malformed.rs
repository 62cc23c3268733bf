//! Modules that are none, and modules made to be dear: refused at upload with a reason, or compiled in bounded time.

use crate::fixture::{Bench, imports, refusal};
use hydrogen_core::ContractVm;
use hydrogen_types::Amount;
use hydrogen_types::receipt::code;
use hydrogen_vm::{program, report};
use std::time::{Duration, Instant};

fn leb(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return out;
        }
        out.push(byte | 0x80);
    }
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], leb(content.len() as u64).as_slice(), content].concat()
}

fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [b"\0asm\x01\0\0\0".as_slice(), &sections.concat()].concat()
}

/// A type `() -> ()`, one function, a memory, its export, and a body.
fn around(body: &[u8]) -> Vec<u8> {
    let entry = [leb(body.len() as u64).as_slice(), body].concat();
    module(&[
        section(1, b"\x01\x60\0\0"),
        section(3, b"\x01\0"),
        section(5, b"\x01\0\x01"),
        section(7, b"\x01\x06memory\x02\0"),
        section(10, &[&[1], entry.as_slice()].concat()),
    ])
}

fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let types = section(1, b"\x01\x60\0\0");
    let functions = section(3, b"\x01\0");
    let memory = section(5, b"\x01\0\x01");
    let code = section(10, b"\x01\x02\0\x0b");
    let huge = leb(u64::from(u32::MAX));
    let text = |wat: &str| wat::parse_str(wat).unwrap();
    vec![
        ("nothing", Vec::new()),
        ("a byte", vec![0]),
        ("half a magic number", b"\0as".to_vec()),
        ("another magic number", b"\x7fELF\x01\0\0\0".to_vec()),
        ("a magic number alone", b"\0asm".to_vec()),
        ("version 0", b"\0asm\0\0\0\0".to_vec()),
        ("version 2", b"\0asm\x02\0\0\0".to_vec()),
        ("a component", b"\0asm\x0d\0\x01\0".to_vec()),
        ("a section without a length", module(&[vec![1]])),
        ("a section beyond the end", module(&[vec![1, 100, 1]])),
        ("a section of 4 GiB", module(&[[&[1], huge.as_slice()].concat()])),
        ("a length of six bytes", module(&[vec![1, 0x80, 0x80, 0x80, 0x80, 0x80, 0]])),
        ("a length of more than 32 bits", module(&[vec![1, 0xff, 0xff, 0xff, 0xff, 0x7f]])),
        ("an unknown section", module(&[section(99, b"")])),
        ("sections out of order", module(&[functions.clone(), types.clone()])),
        ("a section twice", module(&[types.clone(), types.clone()])),
        ("four billion types", module(&[section(1, &huge)])),
        ("four billion imports", module(&[section(2, &huge)])),
        ("four billion functions", module(&[types.clone(), section(3, &huge)])),
        ("four billion globals", module(&[section(6, &huge)])),
        ("four billion exports", module(&[section(7, &huge)])),
        ("four billion elements", module(&[section(9, &huge)])),
        ("four billion bodies", module(&[types.clone(), functions.clone(), section(10, &huge)])),
        ("four billion data segments", module(&[section(11, &huge)])),
        ("a count that is too low", module(&[section(1, b"\x01\x60\0\0\x60\0\0")])),
        ("a count that is too high", module(&[section(1, b"\x02\x60\0\0")])),
        ("a function without a body", module(&[types.clone(), functions.clone(), memory.clone()])),
        ("a body without a function", module(&[types.clone(), memory.clone(), code.clone()])),
        (
            "a function of no type",
            module(&[types.clone(), section(3, b"\x01\x07"), memory.clone(), code.clone()]),
        ),
        (
            "a type of four billion parameters",
            module(&[section(1, &[b"\x01\x60".as_slice(), &huge].concat())]),
        ),
        ("a type that is no type", module(&[section(1, b"\x01\x60\x01\x01\0")])),
        ("an import of no kind", module(&[section(2, b"\x01\x01a\x01b\x09\0")])),
        ("an import name beyond the end", module(&[section(2, b"\x01\x7fa")])),
        ("an import name that is no text", module(&[types.clone(), section(2, b"\x01\x01\xff\x01\xfe\0\0")])),
        ("a memory that begins beyond its end", module(&[section(5, b"\x01\x01\x02\x01")])),
        ("two memories", module(&[section(5, b"\x02\0\x01\0\x01")])),
        ("two tables", text("(module (memory (export \"memory\") 1) (table 1 funcref) (table 1 funcref))")),
        ("a table without end", text("(module (memory (export \"memory\") 1) (table 4294967295 funcref))")),
        ("a memory without end", text("(module (memory (export \"memory\") 65536))")),
        ("an export twice", text_unchecked("(module (memory (export \"memory\") (export \"memory\") 1))")),
        ("an export of nothing", module(&[section(7, b"\x01\x01a\0\x05")])),
        ("an export name that is no text", module(&[memory.clone(), section(7, b"\x01\x01\xff\x02\0")])),
        (
            "the counter's own export",
            text(
                "(module (memory (export \"memory\") 1) (global (export \"hydrogen.stack\") i32 (i32.const 0)))",
            ),
        ),
        ("a start", text("(module (memory (export \"memory\") 1) (func $s) (start $s))")),
        ("a start of nothing", module(&[section(8, b"\x07")])),
        (
            "a segment outside memory",
            text("(module (memory (export \"memory\") 1) (data (i32.const 65536) \"x\"))"),
        ),
        ("a segment at -1", text("(module (memory (export \"memory\") 1) (data (i32.const -1) \"xx\"))")),
        (
            "a segment at a global",
            text(
                "(module (memory (export \"memory\") 1) (global $g i32 (i32.const 8)) (data (global.get $g) \"x\"))",
            ),
        ),
        (
            "elements outside the table",
            text(
                "(module (memory (export \"memory\") 1) (table 1 funcref) (func $f) (elem (i32.const 1) $f))",
            ),
        ),
        (
            "elements at a global",
            text(
                "(module (memory (export \"memory\") 1) (table 1 funcref) (global $g i32 (i32.const 0)) (func $f) (elem (global.get $g) $f))",
            ),
        ),
        ("a data count that lies", module(&[types, functions, memory, section(12, b"\x05"), code])),
        ("a body that does not end", around(b"\0\x01")),
        ("a body that ends twice", around(b"\0\x0b\x0b")),
        ("a body with a rest", around(b"\0\x0b\x01")),
        ("an else without an if", around(b"\0\x05\x0b")),
        ("a drop of nothing", around(b"\0\x1a\x0b")),
        ("something left", around(b"\0\x41\0\x0b")),
        ("a wrong type", around(b"\0\x41\0\x50\x1a\x0b")),
        ("an unknown operator", around(b"\0\xff\x0b")),
        ("an operator of half a prefix", around(b"\0\xfc")),
        ("an unknown operator behind a prefix", around(b"\0\xfc\x7f\x0b")),
        ("a call of nobody", around(b"\0\x10\x63\x0b")),
        ("a local there is not", around(b"\0\x20\x63\x1a\x0b")),
        ("a global there is not", around(b"\0\x23\x63\x1a\x0b")),
        ("a branch to nowhere", around(b"\0\x0c\x63\x0b")),
        ("a table of branches that lies", around(&[b"\0\x41\0\x0e".as_slice(), &huge, b"\x0b"].concat())),
        (
            "locals beyond counting",
            around(&[b"\x02".as_slice(), &huge, b"\x7f", &huge, b"\x7f\x0b"].concat()),
        ),
        ("locals of no type", around(b"\x01\x01\x01\x0b")),
        ("a constant of eleven bytes", around(b"\0\x42\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\0\x1a\x0b")),
        ("an alignment beyond all", around(b"\0\x41\0\x28\x40\0\x1a\x0b")),
        ("a block of no type", around(b"\0\x02\x3f\x0b\x0b")),
    ]
}

/// Text that the assembler takes although the module is not valid.
fn text_unchecked(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

#[test]
fn malformed_modules_are_refused_with_a_reason_everywhere() {
    let cases = cases();
    let mut bench = Bench::of("");
    for (name, code) in &cases {
        let message = refusal(code);
        assert!(message.len() > 20 && message.len() < 2_000, "{name}: {message}");
        let report = report(code);
        assert!(!report.findings.is_empty(), "{name}");
        assert!(program::check(code).is_err(), "{name}: as a program");
        let (receipt, side) = bench.upload(code.clone());
        assert_eq!(receipt.code, code::BAD_CODE, "{name}: {side:?}");
    }
    assert_eq!(cases.len(), 71);
}

/// The largest and dearest of what is allowed. The bound on time is generous: machines differ, and others run beside.
const COMPILE_TIME_MAX: Duration = Duration::from_secs(60);

fn check_compiles(name: &str, code: &[u8]) {
    let start = Instant::now();
    assert_eq!(crate::fixture::vm().check(code).map_err(|error| error.message), Ok(()), "{name}");
    let mut bench = Bench::open(&[("c", code.to_vec())]);
    let ran = bench.call_with("c", "run", b"", Amount::ZERO, super::CASE_GAS);
    assert!([0, code::METHOD_NOT_FOUND].contains(&ran.receipt.code), "{name}: {:?}", ran.side);
    assert!(start.elapsed() < COMPILE_TIME_MAX, "{name}: {:?}", start.elapsed());
}

#[test]
fn compile_bombs_that_pass_compile_in_bounded_time() {
    let whole = |items: &str| {
        let text =
            format!("(module {} (memory (export \"memory\") 1) (func (export \"init\")) {items})", imports());
        wat::parse_str(text).unwrap()
    };
    let locals = "i64 ".repeat(1024);
    check_compiles(
        "many functions, each with the most locals",
        &whole(&format!("(func (local {locals}))").repeat(1_000)),
    );
    let targets = "0 ".repeat(4097);
    let tables = format!("(block (br_table {targets} (local.get 0)))").repeat(15);
    check_compiles("tables of branches", &whole(&format!("(func (param i32) {tables})")));
    let blocks = format!("{} {}", "block ".repeat(509), "end ".repeat(509)).repeat(40);
    check_compiles("blocks in blocks", &whole(&format!("(func {blocks})")));
    let ifs = "(if (local.get 0) (then (local.set 0 (i32.add (local.get 0) (i32.const 1)))) (else (return)))"
        .repeat(3_500);
    check_compiles("branches one after the other", &whole(&format!("(func (param i32) {ifs})")));
    let loops = format!("{} (br_if 0 (local.get 0)) {}", "loop ".repeat(509), "end ".repeat(509)).repeat(30);
    check_compiles("loops in loops", &whole(&format!("(func (param i32) {loops})")));
    let calls = "(call $f (i32.const 1))".repeat(12_000);
    check_compiles("calls", &whole(&format!("(func $f (param i32)) (func {calls})")));
    let divisions =
        "(local.set 0 (f64.div (f64.sqrt (local.get 0)) (f64.nearest (local.get 0))))".repeat(6_000);
    check_compiles("floats", &whole(&format!("(func (param f64) {divisions})")));
    let custom = module(&vec![section(0, b"\0"); 150_000]);
    let plain = wat::parse_str("(module (memory (export \"memory\") 1) (func (export \"init\")))").unwrap();
    let flood = [custom.as_slice(), &plain[8..]].concat();
    check_compiles("custom sections", &flood);
    let exports: String =
        (0..510).map(|index| format!("(export \"{}{index}\" (func 0))", "n".repeat(900))).collect();
    check_compiles(
        "long names",
        &wat::parse_str(format!(
            "(module (memory (export \"memory\") 1) (func (export \"init\")) {exports})"
        ))
        .unwrap(),
    );
}
