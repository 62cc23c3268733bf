//! Calls that should not be made.

use super::{CASE_GAS, Ends, case, check, returns, traps};
use crate::fixture::{Bench, contract};
use hydrogen_types::receipt::code;
use hydrogen_types::{Address, Amount};

fn address(name: &str) -> String {
    Address::of_name(name).as_bytes().iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// A body that returns the code which a call gives; arguments after the contract's pointer.
fn gives(contract: u32, rest: &str) -> String {
    format!(
        "(i64.store (i32.const 0) (call $call (i32.const {contract}) {rest})) (call $return_value (i32.const 0) (i32.const 8))"
    )
}

#[test]
fn calls_that_are_refused() {
    let items = format!(
        "(data (i32.const 3000) \"{}\") (data (i32.const 3100) \"m0\") (data (i32.const 3200) \"\\ff\\fe\") (data (i32.const 3300) \"\\ff\\ff\\ff\\ff\\ff\")",
        address("c")
    );
    let plain = "(i32.const 3100) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 4000) (i64.const 0)";
    let code_of = |code: u32| u64::from(code).to_le_bytes();
    let cases = [
        case("calls itself", &items, &gives(3000, plain), Ends::Value(code_of(code::REENTRANCY).to_vec())),
        returns("calls nobody", &gives(3400, plain), &code_of(code::CONTRACT_NOT_FOUND)),
        returns(
            "calls itself with another method",
            &gives(3000, "(i32.const 3100) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 4000) (i64.const -1)"),
            &code_of(code::REENTRANCY),
        ),
        traps(
            "a method name of 65 bytes",
            &gives(3000, "(i32.const 3100) (i32.const 65) (i32.const 0) (i32.const 0) (i32.const 4000) (i64.const 0)"),
        )
        .saying("method name of 65 bytes"),
        traps(
            "a method name that is no text",
            &gives(3000, "(i32.const 3200) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 4000) (i64.const 0)"),
        )
        .saying("not UTF-8"),
        traps(
            "arguments beyond the bound",
            &gives(3000, "(i32.const 3100) (i32.const 2) (i32.const 0) (i32.const 262145) (i32.const 4000) (i64.const 0)"),
        )
        .saying("arguments of 262145 bytes"),
        returns("reads a result there is not", "(call $result_read (i32.const 0)) (call $return_value (i32.const 0) (call $result_len))", b""),
        returns("pays the void what it has not", &gives(3400, "(i32.const 3100) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 3300) (i64.const 0)"), &code_of(code::CONTRACT_NOT_FOUND)),
    ];
    assert_eq!(check("5", &cases), 8);
}

/// A calls B, B calls A: however the circle is closed, the second entry is refused and nothing is left half done.
#[test]
fn circles_of_any_length_are_refused() {
    for length in [2usize, 3, 8, 16] {
        let link = |next: usize| {
            contract(&format!(
                r#"(data (i32.const 3000) "{}") (data (i32.const 3100) "go")
                (func (export "call.go")
                    (call $storage_set (i32.const 3100) (i32.const 2) (i32.const 3100) (i32.const 2))
                    (i64.store (i32.const 0) (call $call (i32.const 3000) (i32.const 3100) (i32.const 2)
                        (i32.const 0) (i32.const 0) (i32.const 4000) (i64.const 0)))
                    (if (call $result_len) (then (call $result_read (i32.const 0))))
                    (call $return_value (i32.const 0) (i32.const 8)))"#,
                address(&format!("c{next}"))
            ))
        };
        let names: Vec<String> = (0..length).map(|index| format!("c{index}")).collect();
        let contracts: Vec<(&str, Vec<u8>)> = names
            .iter()
            .enumerate()
            .map(|(index, name)| (name.as_str(), link((index + 1) % length)))
            .collect();
        let mut bench = Bench::open(&contracts);
        let ran = bench.call_with("c0", "go", b"", Amount::ZERO, CASE_GAS);
        assert_eq!(ran.receipt.code, 0, "{:?}", ran.side);
        // The innermost one hands its code up through all the others.
        let code = u64::from_le_bytes(ran.receipt.value.try_into().unwrap());
        assert_eq!(code, u64::from(code::REENTRANCY), "a circle of {length}");
    }
}

/// What a callee does with the gas it is given.
#[test]
fn callees_that_burn_leave_their_caller_its_share() {
    let caller =
        r#"(data (i32.const 3000) "ADDRESS") (data (i32.const 3100) "spin") (data (i32.const 3104) "trap")
        (func $many (param $name i32) (param $gas i64) (local i32)
            (loop $l
                (drop (call $call (i32.const 3000) (local.get $name) (i32.const 4) (i32.const 0) (i32.const 0)
                    (i32.const 4000) (local.get $gas)))
                (br_if $l (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (i32.const 20)))))
        (func (export "call.all") (call $many (i32.const 3100) (i64.const 0)))
        (func (export "call.some") (call $many (i32.const 3104) (i64.const 30000000)))
        (func (export "call.lie") (call $many (i32.const 3104) (i64.const -1)))"#
            .replace("ADDRESS", &address("callee"));
    let callee = r#"(func (export "call.spin") (loop $l (br $l))) (func (export "call.trap") unreachable)"#;
    let mut bench = Bench::open(&[("caller", contract(&caller)), ("callee", contract(callee))]);
    let mut gas = |method: &str| {
        let ran = bench.call_with("caller", method, b"", Amount::ZERO, CASE_GAS);
        (ran.receipt.code, ran.gas)
    };
    // Each takes 63 of 64 parts of what is left: after a few there is too little for the host's own price.
    assert_eq!(gas("all").0, code::OUT_OF_GAS);
    assert_eq!(gas("lie").0, code::OUT_OF_GAS, "more gas than there is, is what there is");
    let (code, some) = gas("some");
    assert_eq!(code, 0);
    assert!((20 * 50_000_000..20 * 60_000_000).contains(&some), "{some}: each trap costs what it was given");
}
