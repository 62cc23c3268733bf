//! Guests that never end by themselves: loops and recursion of every kind.

use super::{Ends, case, check, spins};
use hydrogen_types::receipt::code;

#[test]
fn loops_run_out_of_gas() {
    let cases = [
        spins("a loop of nothing", "(loop $l (br $l))"),
        spins("a conditional loop", "(loop $l (br_if $l (i32.const 1)))"),
        spins("a loop through a table", "(loop $l (br_table $l $l (i32.const 7)))"),
        spins("two loops, one in the other", "(loop $a (loop $b (br_if $b (i32.const 0)) (br $a)))"),
        spins(
            "a loop that counts",
            "(local i64) (loop $l (local.set 0 (i64.add (local.get 0) (i64.const 1))) (br $l))",
        ),
        spins("a loop that divides", "(loop $l (drop (i64.div_s (i64.const 7) (i64.const 3))) (br $l))"),
        spins("a loop of square roots", "(loop $l (drop (f64.sqrt (f64.const 2))) (br $l))"),
        spins("a loop that stores", "(loop $l (i32.store (i32.const 8) (i32.const 1)) (br $l))"),
        spins(
            "a loop that fills",
            "(loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br $l))",
        ),
        spins(
            "a loop that fills nothing",
            "(loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 0)) (br $l))",
        ),
        spins(
            "a loop that copies",
            "(loop $l (memory.copy (i32.const 0) (i32.const 1) (i32.const 65535)) (br $l))",
        ),
        spins("a loop of calls into the host", "(loop $l (drop (call $input_len)) (br $l))"),
        spins("a loop that grows by nothing", "(loop $l (drop (memory.grow (i32.const 0))) (br $l))"),
        spins("a loop that grows in vain", "(loop $l (drop (memory.grow (i32.const -1))) (br $l))"),
        case(
            "a loop of calls",
            "(func $tick)",
            "(loop $l (call $tick) (br $l))",
            Ends::AllGas(code::OUT_OF_GAS),
        ),
        case(
            "a loop of indirect calls",
            "(table $ticks 1 funcref) (elem (table $ticks) (i32.const 0) func $tock) (func $tock)",
            "(loop $l (call_indirect $ticks (i32.const 0)) (br $l))",
            Ends::AllGas(code::OUT_OF_GAS),
        ),
        spins(
            "a loop of hashes",
            "(loop $l (call $sha256 (i32.const 0) (i32.const 64) (i32.const 64)) (br $l))",
        ),
        spins(
            "a loop of reads",
            "(loop $l (drop (call $storage_get (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0))) (br $l))",
        ),
        spins(
            "a loop of writes",
            "(local i32) (loop $l (i32.store (i32.const 0) (local.tee 0 (i32.add (local.get 0) (i32.const 1)))) (call $storage_set (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 64)) (br $l))",
        ),
        spins(
            "a loop of ranges",
            "(loop $l (drop (call $storage_range (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 65536))) (br $l))",
        ),
        spins(
            "a loop of transfers to itself",
            "(call $context_read (i32.const 1024)) (loop $l (drop (call $transfer (i32.const 2048) (i32.const 4096))) (br $l))",
        ),
        spins(
            "a loop of signatures",
            "(loop $l (drop (call $ed25519_verify (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))) (br $l))",
        ),
        spins(
            "a loop of proofs",
            "(loop $l (drop (call $vrf_verify (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))) (br $l))",
        ),
        spins("a loop of values", "(loop $l (call $return_value (i32.const 0) (i32.const 65536)) (br $l))"),
        spins("a loop of lines", "(loop $l (call $log (i32.const 0) (i32.const 65536)) (br $l))"),
    ];
    assert_eq!(check("1", &cases), 25);
}

#[test]
fn recursion_ends_by_the_counter() {
    let exhausted = Ends::AllGas(code::STACK_EXHAUSTED);
    let wide = "i64 ".repeat(1000);
    let down = |name: &str, items: &str, body: &str| case(name, items, body, exhausted.clone());
    let cases = [
        down("itself", "(func $a1 (call $a1))", "(call $a1)"),
        down("two in turns", "(func $b1 (call $b2)) (func $b2 (call $b1))", "(call $b1)"),
        down(
            "three in turns",
            "(func $c1 (call $c2)) (func $c2 (call $c3)) (func $c3 (call $c1))",
            "(call $c1)",
        ),
        down(
            "through a table",
            "(table $t 2 funcref) (elem (table $t) (i32.const 1) func $d1) (func $d1 (call_indirect $t (i32.const 1)))",
            "(call $d1)",
        ),
        down(
            "through a table filled at run time",
            "(table $u 1 4 funcref) (elem declare func $e1) (func $e1 (call_indirect $u (i32.const 0)))",
            "(table.set $u (i32.const 0) (ref.func $e1)) (call $e1)",
        ),
        down("with a thousand locals", &format!("(func $f1 (local {wide}) (call $f1))"), "(call $f1)"),
        down(
            "with thirty-two parameters",
            &format!(
                "(func $g1 (param {}) (call $g1 {}))",
                "i64 ".repeat(32),
                (0..32).map(|index| format!("(local.get {index}) ")).collect::<String>()
            ),
            &format!("(call $g1 {})", "(i64.const 1) ".repeat(32)),
        ),
        down(
            "with results that wait",
            "(func $h1 (param i64) (result i64) (i64.add (local.get 0) (call $h1 (i64.add (local.get 0) (i64.const 1)))))",
            "(drop (call $h1 (i64.const 0)))",
        ),
        down(
            "in a loop that comes back each time",
            "(func $i1 (param i32) (if (local.get 0) (then (call $i1 (i32.sub (local.get 0) (i32.const 1))))))",
            "(local i32) (loop $l (call $i1 (local.tee 0 (i32.add (local.get 0) (i32.const 1)))) (br $l))",
        ),
        down("the method itself", "(func $j1 (export \"call.j\") (call $j1))", "(call $j1)"),
        down(
            "with floats",
            "(func $k1 (param f64) (result f64) (f64.sqrt (call $k1 (f64.sqrt (local.get 0)))))",
            "(drop (call $k1 (f64.const 2)))",
        ),
    ];
    let tables = cases.iter().filter(|case| case.items.contains("(table")).count();
    assert_eq!(tables, 2, "one table a module, so these run apart");
    let (tabled, plain): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| case.items.contains("(table"));
    let mut count = check("1", &plain);
    for case in tabled {
        count += check("1", &[case]);
    }
    assert_eq!(count, 11);
}
