//! Guests that want memory, tables and traps of every kind.

use super::{Ends, case, check, returns, spins, traps};
use crate::fixture::{Bench, GAS};
use hydrogen_types::Amount;
use hydrogen_types::receipt::code;

fn word(value: i32) -> [u8; 4] {
    value.to_le_bytes()
}

/// A body that returns what an i32 expression gives.
fn gives(expression: &str) -> String {
    format!("(i32.store (i32.const 0) {expression}) (call $return_value (i32.const 0) (i32.const 4))")
}

#[test]
fn memory_bombs() {
    let cases = [
        returns("grows to 12 MiB at once and touches all", &format!(
            "(drop (memory.grow (i32.const 199))) (memory.fill (i32.const 0) (i32.const 7) (i32.const 0xc80000)) {}",
            gives("(memory.size)")
        ), &word(200)),
        returns("grows beyond the bound", &gives("(memory.grow (i32.const 1024))"), &word(-1)),
        spins("grows by everything", "(drop (memory.grow (i32.const -1)))"),
        returns("grows by 4 GiB", &gives("(memory.grow (i32.const 65536))"), &word(-1)),
        spins("grows to the bound for more than its gas", "(drop (memory.grow (i32.const 1023))) (loop $l (br $l))"),
        traps("fills beyond the end", "(memory.fill (i32.const 0) (i32.const 1) (i32.const 65537))"),
        traps("fills from behind the end", "(memory.fill (i32.const 65537) (i32.const 1) (i32.const 0))"),
        traps("fills around 4 GiB", "(memory.fill (i32.const -1) (i32.const 1) (i32.const 2))"),
        traps("copies beyond the end", "(memory.copy (i32.const 0) (i32.const 1) (i32.const 65536))"),
        traps("copies to behind the end", "(memory.copy (i32.const 65530) (i32.const 0) (i32.const 10))"),
        traps("copies around 4 GiB", "(memory.copy (i32.const -4) (i32.const 0) (i32.const 8))"),
        returns(
            "copies over itself, forwards",
            "(i32.store (i32.const 16) (i32.const 0x04030201)) (memory.copy (i32.const 17) (i32.const 16) (i32.const 4))
            (call $return_value (i32.const 16) (i32.const 5))",
            &[1, 1, 2, 3, 4],
        ),
        traps("loads at 4 GiB", "(drop (i32.load offset=4294967295 (i32.const -1)))"),
        traps("loads the byte behind the end", "(drop (i32.load8_u (i32.const 65536)))"),
        traps("loads half outside", "(drop (i64.load (i32.const 65532)))"),
        traps("stores half outside", "(i64.store (i32.const 65529) (i64.const 1))"),
        traps("stores with an offset that wraps", "(i32.store offset=65536 (i32.const -65536) (i32.const 1))"),
        case("uses a dropped segment", "(data $gone \"gone\")", "(data.drop $gone) (memory.init $gone (i32.const 0) (i32.const 0) (i32.const 1))", Ends::AllGas(code::TRAP)),
        case("drops a segment twice", "(data $twice \"twice\")", "(data.drop $twice) (data.drop $twice)", Ends::Metered(0)),
        case("reads beyond a segment", "(data $short \"short\")", "(memory.init $short (i32.const 0) (i32.const 3) (i32.const 3))", Ends::AllGas(code::TRAP)),
    ];
    assert_eq!(check("1", &cases), 20);
    let bounded = [
        returns("grows beyond its own maximum", &gives("(memory.grow (i32.const 2))"), &word(-1)),
        returns("grows to its own maximum", &gives("(memory.grow (i32.const 1))"), &word(1)),
    ];
    assert_eq!(check("1 2", &bounded), 2);
    assert_eq!(check("0", &[traps("has no byte of memory", "(drop (i32.load8_u (i32.const 0)))")]), 1);
}

#[test]
fn table_tricks() {
    let items = "(table $t 4 funcref) (type $none (func)) (type $one (func (param i32)))
        (elem (i32.const 1) func $ok) (elem $passive func $ok $ok) (elem declare func $one) (func $ok) (func $one (param i32))";
    let trap = Ends::AllGas(code::TRAP);
    let cases = [
        case("calls nothing", items, "(call_indirect $t (type $none) (i32.const 0))", trap.clone()),
        traps("calls beyond the end", "(call_indirect $t (type $none) (i32.const 4))"),
        traps("calls far beyond the end", "(call_indirect $t (type $none) (i32.const -1))"),
        traps("calls with another type", "(call_indirect $t (type $one) (i32.const 1) (i32.const 1))"),
        traps("gets beyond the end", "(drop (table.get $t (i32.const 4)))"),
        traps("sets beyond the end", "(table.set $t (i32.const -1) (ref.null func))"),
        traps("fills beyond the end", "(table.fill $t (i32.const 3) (ref.null func) (i32.const 2))"),
        traps("fills around 4 GiB", "(table.fill $t (i32.const -1) (ref.null func) (i32.const 2))"),
        traps("copies beyond the end", "(table.copy $t $t (i32.const 0) (i32.const 2) (i32.const 3))"),
        traps(
            "takes more than a segment has",
            "(table.init $t $passive (i32.const 0) (i32.const 1) (i32.const 2))",
        ),
        traps(
            "takes from a dropped segment",
            "(elem.drop $passive) (table.init $t $passive (i32.const 0) (i32.const 0) (i32.const 1))",
        ),
        traps("takes from an active segment", "(table.init $t 0 (i32.const 0) (i32.const 0) (i32.const 1))"),
        case(
            "overwrites what it calls",
            "",
            "(table.set $t (i32.const 1) (ref.func $one)) (call_indirect $t (type $none) (i32.const 1))",
            trap,
        ),
        returns("grows to the bound", &gives("(table.grow $t (ref.null func) (i32.const 9996))"), &word(4)),
        returns(
            "grows beyond the bound",
            &gives("(table.grow $t (ref.null func) (i32.const 9997))"),
            &word(-1),
        ),
        spins("grows by everything", "(drop (table.grow $t (ref.null func) (i32.const -1)))"),
        returns("has what it had", &gives("(table.size $t)"), &word(4)),
        spins("grows for ever", "(loop $l (drop (table.grow $t (ref.null func) (i32.const 1))) (br $l))"),
        spins(
            "fills for ever",
            "(loop $l (table.fill $t (i32.const 0) (ref.null func) (i32.const 4)) (br $l))",
        ),
    ];
    assert_eq!(check("1", &cases), 19);
}

#[test]
fn every_trap_costs_everything() {
    let cases = [
        traps("unreachable", "unreachable"),
        traps("i32 by zero", "(drop (i32.div_u (i32.const 1) (i32.const 0)))"),
        traps("i64 by zero", "(drop (i64.div_s (i64.const 1) (i64.const 0)))"),
        traps("rest by zero", "(drop (i32.rem_s (i32.const 1) (i32.const 0)))"),
        traps("i64 rest by zero", "(drop (i64.rem_u (i64.const 1) (i64.const 0)))"),
        traps("the least i32 by -1", "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))"),
        traps("the least i64 by -1", "(drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1)))"),
        returns(
            "the rest of the least by -1",
            &gives("(i32.rem_s (i32.const 0x80000000) (i32.const -1))"),
            &word(0),
        ),
        traps("NaN to integer", "(drop (i32.trunc_f64_s (f64.const nan)))"),
        traps("infinity to integer", "(drop (i64.trunc_f32_u (f32.const inf)))"),
        traps("too large to integer", "(drop (i32.trunc_f32_s (f32.const 2147483648)))"),
        traps("negative to unsigned", "(drop (i64.trunc_f64_u (f64.const -1)))"),
        returns("saturating", &gives("(i32.trunc_sat_f64_s (f64.const 1e300))"), &word(i32::MAX)),
    ];
    assert_eq!(check("1", &cases), 13);
}

/// Sixty calls that take 25 MiB each, one after the other: the process keeps little of it.
#[cfg(target_os = "linux")]
#[test]
fn the_process_does_not_grow() {
    let body = "(func (export \"call.run\")
        (drop (memory.grow (i32.const 399))) (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x1900000)))";
    let mut bench = Bench::of(body);
    let before = super::resident_kib();
    for _ in 0..60 {
        let ran = bench.call_with("c", "run", b"", Amount::ZERO, GAS);
        assert_eq!(ran.receipt.code, 0);
    }
    let grown = super::resident_kib().saturating_sub(before);
    // Other tests run beside this one; 60 times 25 MiB are 1.5 GiB.
    assert!(grown < 700_000, "grew by {grown} KiB");
}
