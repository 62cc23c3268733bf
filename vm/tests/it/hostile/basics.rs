//! Guests that mean harm. Each ends in a receipt with its own code; the node goes on.

use crate::fixture::{Bench, GAS};
use hydrogen_types::Amount;
use hydrogen_types::receipt::code;

/// The code and gas of a method with this body, and the same from a second chain.
fn run(body: &str) -> (u32, u64, Vec<u8>) {
    let once = || {
        let mut bench = Bench::of(&format!("(func (export \"call.run\") {body})"));
        let ran = bench.call_with("c", "run", b"", Amount::ZERO, GAS);
        (ran.receipt.code, ran.receipt.gas_used.get(), ran.receipt.value)
    };
    let first = once();
    assert_eq!(first, once(), "another chain, another result");
    first
}

fn check_all_gas(body: &str, code: u32) {
    let (got, gas, _) = run(body);
    assert_eq!((got, gas), (code, GAS), "{body}");
}

#[test]
fn an_endless_loop_runs_out_of_gas() {
    check_all_gas("(loop $l (br $l))", code::OUT_OF_GAS);
}

#[test]
fn traps_cost_all_gas_whatever_the_meter_says() {
    // 10^5 iterations and a trap without a call between: the meter itself would say nearly nothing.
    let spin = "(local i32) (loop $l (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get 0) (i32.const 100000))))";
    check_all_gas(&format!("{spin} (i32.store (i32.const -4) (i32.const 1))"), code::TRAP);
    check_all_gas(&format!("{spin} (drop (i32.div_u (i32.const 1) (i32.const 0)))"), code::TRAP);
    check_all_gas("unreachable", code::TRAP);
    check_all_gas("(drop (i32.trunc_f64_s (f64.const nan)))", code::TRAP);
}

#[test]
fn deep_recursion_ends_by_the_counter() {
    let mut bench = Bench::of("(func $down (export \"call.run\") (call $down))");
    let ran = bench.call_with("c", "run", b"", Amount::ZERO, GAS);
    assert_eq!((ran.receipt.code, ran.receipt.gas_used.get()), (code::STACK_EXHAUSTED, GAS));
    assert!(ran.side.backtrace.len() > 5, "{:?}", ran.side.backtrace);
}

#[test]
fn a_memory_bomb_gets_64_mib_and_pays_for_them() {
    // Grows page by page until refused, touches every page, returns the count.
    let body = r#"
        (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (memory.fill (i32.const 65536) (i32.const 7) (i32.const 0x3ff0000))
        (i32.store (i32.const 0) (memory.size))
        (call $return_value (i32.const 0) (i32.const 4))"#;
    let (code, gas, value) = run(body);
    assert_eq!((code, value), (0, 1024u32.to_le_bytes().to_vec()));
    assert!(gas > 1023 * 8_000_000, "{gas}");
}

#[test]
fn growing_in_vain_for_ever_runs_out_of_gas() {
    check_all_gas("(loop $l (drop (memory.grow (i32.const 2000))) (br $l))", code::OUT_OF_GAS);
}

#[test]
fn growing_for_more_gas_than_is_left_is_out_of_gas_even_at_the_end() {
    let mut bench = Bench::of("(func (export \"call.run\") (drop (memory.grow (i32.const 1000))))");
    let gas = 500_000_000;
    let ran = bench.call_with("c", "run", b"", Amount::ZERO, gas);
    assert_eq!((ran.receipt.code, ran.receipt.gas_used.get()), (code::OUT_OF_GAS, gas));
}

#[test]
fn pointers_outside_memory_trap() {
    for body in [
        "(call $return_value (i32.const 65530) (i32.const 100))",
        "(call $return_value (i32.const -1) (i32.const 1))",
        "(call $input_read (i32.const 65537))",
        "(drop (call $storage_get (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0))) (call $sha256 (i32.const 0) (i32.const 1) (i32.const 65530))",
        "(call $log (i32.const 65536) (i32.const 8))",
        "(call $emit (i32.const -8) (i32.const 8))",
        "(call $balance (i32.const 65530) (i32.const 0))",
    ] {
        check_all_gas(body, code::TRAP);
    }
}

#[test]
fn lengths_beyond_the_limits_trap() {
    for body in [
        "(call $storage_set (i32.const 0) (i32.const 257) (i32.const 0) (i32.const 1))",
        "(call $return_value (i32.const 0) (i32.const 65537))",
        "(call $storage_set (i32.const 0) (i32.const 1) (i32.const 0) (i32.const -1))",
        "(call $emit (i32.const 0) (i32.const 4097))",
    ] {
        check_all_gas(body, code::TRAP);
    }
}

#[test]
fn nan_has_one_bit_pattern() {
    let body = r#"
        (f32.store (i32.const 0) (f32.add (f32.reinterpret_i32 (i32.const 0x7fe12345)) (f32.const 1)))
        (f64.store (i32.const 4) (f64.div (f64.const 0) (f64.const 0)))
        (call $return_value (i32.const 0) (i32.const 12))"#;
    let (code, _, value) = run(body);
    assert_eq!(code, 0);
    assert_eq!(value, [&0x7fc0_0000u32.to_le_bytes()[..], &0x7ff8_0000_0000_0000u64.to_le_bytes()].concat());
}

#[test]
fn too_little_gas_for_an_instance_is_out_of_gas_and_a_missing_method_costs_an_instance() {
    let mut bench = Bench::of("");
    let ran = bench.call_with("c", "run", b"", Amount::ZERO, 61_000_000);
    assert_eq!((ran.receipt.code, ran.receipt.gas_used.get()), (code::OUT_OF_GAS, 61_000_000));
    let ran = bench.call_with("c", "run", b"", Amount::ZERO, GAS);
    assert_eq!(ran.receipt.code, code::METHOD_NOT_FOUND);
    assert!((8_000_000..20_000_000).contains(&ran.gas), "{}", ran.gas);
}

#[test]
fn each_call_sees_fresh_memory() {
    let mut bench = Bench::of(
        r#"(func (export "call.run")
            (i32.store (i32.const 32768) (i32.add (i32.load (i32.const 32768)) (i32.const 1)))
            (call $return_value (i32.const 32768) (i32.const 4)))"#,
    );
    for _ in 0..3 {
        assert_eq!(bench.call("run", b"").receipt.value, [1, 0, 0, 0]);
    }
}
