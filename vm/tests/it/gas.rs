//! Golden gas: what canned calls cost. A change here is a change of consensus and a commit of its own.

use crate::fixture::{Bench, GAS, contract};
use hydrogen_types::Amount;

/// Name, body, gas.
const CALLS: &[(&str, &str, u64)] = &[
    ("nothing", "", 1_080),
    (
        "a loop of a thousand rounds",
        "(local i32) (loop $l (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000))))",
        601_080,
    ),
    ("a division", "(drop (i64.div_u (i64.const 7) (i64.const 3)))", 4_760),
    ("a square root", "(drop (f64.sqrt (f64.const 2)))", 6_120),
    ("a page", "(drop (memory.grow (i32.const 1)))", 8_241_680),
    ("a kilobyte filled", "(memory.fill (i32.const 0) (i32.const 1) (i32.const 1024))", 89_120),
    (
        "a read of nothing",
        "(drop (call $storage_get (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))",
        3_003_040,
    ),
    (
        "a write of 32 bytes",
        "(call $storage_set (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 32))",
        6_167_040,
    ),
    ("a hash of 64 bytes", "(call $sha256 (i32.const 0) (i32.const 64) (i32.const 64))", 686_000),
    ("a value of 10 bytes", "(call $return_value (i32.const 0) (i32.const 10))", 103_960),
];

#[test]
fn canned_calls_cost_what_they_did() {
    let mut seen = String::new();
    let mut expected = String::new();
    for (name, body, gas) in CALLS {
        // One module each, so that a new row moves no other.
        let code = contract(&format!("(func (export \"call.run\") {body})"));
        let instance = instance_gas(code.len());
        let mut bench = Bench::open(&[("c", code)]);
        let ran = bench.call_with("c", "run", b"", Amount::ZERO, GAS);
        assert_eq!(ran.receipt.code, 0, "{name}: {:?}", ran.side);
        seen.push_str(&format!("{name}: {}\n", ran.gas - instance));
        expected.push_str(&format!("{name}: {gas}\n"));
    }
    assert_eq!(seen, expected, "the first are what is paid now");
}

/// An instance of a module of one page.
fn instance_gas(module_bytes: usize) -> u64 {
    8_000_000 + 30 * u64::try_from(module_bytes).unwrap() + 500_000
}
