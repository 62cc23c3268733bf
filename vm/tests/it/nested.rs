//! Contracts that call contracts.

use crate::fixture::{Bench, GAS, contract};
use hydrogen_types::receipt::code;
use hydrogen_types::{Address, Amount};

/// Calls the contract whose address the input starts with; the rest of the input is the method's name. Then writes its
/// own key and returns code, gas given by the caller included, and the callee's words.
const CALLER: &str = r#"
    (func $go (param $gas i64)
        (call $input_read (i32.const 1024))
        (i64.store (i32.const 0) (call $call
            (i32.const 1024) (i32.const 1044) (i32.sub (call $input_len) (i32.const 20))
            (i32.const 0) (i32.const 0) (i32.const 512) (local.get $gas)))
        (call $storage_set (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1))
        (call $result_read (i32.const 8))
        (call $return_value (i32.const 0) (i32.add (i32.const 8) (call $result_len))))
    (func (export "call.go") (call $go (i64.const 0)))
    (func (export "call.little") (call $go (i64.const 300000000)))"#;

const CALLEE: &str = r#"
    (data (i32.const 0) "no way")
    (func (export "call.fine") (call $return_value (i32.const 0) (i32.const 2)))
    (func (export "call.refuse")
        (call $storage_set (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1))
        (call $revert (i32.const 1007) (i32.const 0) (i32.const 6)))
    (func (export "call.spin") (loop $l (br $l)))
    (func $down (export "call.down") (call $down))
    (func (export "call.kept")
        (call $return_value (i32.const 64) (i32.wrap_i64
            (i64.add (call $storage_get (i32.const 0) (i32.const 1) (i32.const 64) (i32.const 1)) (i64.const 1)))))"#;

fn bench() -> Bench {
    Bench::open(&[("caller", contract(CALLER)), ("callee", contract(CALLEE))])
}

fn go(bench: &mut Bench, how: &str, to: &str, method: &str) -> (u64, Vec<u8>, u64) {
    let input = [Address::of_name(to).as_bytes().as_slice(), method.as_bytes()].concat();
    let ran = bench.call_with("caller", how, &input, Amount::ZERO, GAS);
    assert_eq!(ran.receipt.code, 0, "{:?}", ran.side);
    let (code, words) = ran.receipt.value.split_at(8);
    (u64::from_le_bytes(code.try_into().unwrap()), words.to_vec(), ran.gas)
}

#[test]
fn a_value_comes_back() {
    let (code, words, _) = go(&mut bench(), "go", "callee", "fine");
    assert_eq!((code, words.as_slice()), (0, b"no".as_slice()));
}

#[test]
fn a_refusal_takes_the_callees_changes_back_and_leaves_the_callers() {
    let mut bench = bench();
    let (code, words, _) = go(&mut bench, "go", "callee", "refuse");
    assert_eq!((code, words.as_slice()), (1007, b"no way".as_slice()));
    let ran = bench.call_with("callee", "kept", b"", Amount::ZERO, GAS);
    assert_eq!(ran.receipt.value, b"", "the callee stored nothing");
}

#[test]
fn a_callee_that_spins_uses_its_gas_and_the_caller_goes_on() {
    let (code, _, gas) = go(&mut bench(), "little", "callee", "spin");
    assert_eq!(code, u64::from(code::OUT_OF_GAS));
    assert!((300_000_000..400_000_000).contains(&gas), "{gas}");
    let (code, _, gas) = go(&mut bench(), "go", "callee", "spin");
    assert_eq!(code, u64::from(code::OUT_OF_GAS));
    assert!(gas > GAS / 64 * 62, "{gas}");
}

#[test]
fn a_callee_that_recurses_ends_by_the_counter_and_the_caller_goes_on() {
    let (code, ..) = go(&mut bench(), "little", "callee", "down");
    assert_eq!(code, u64::from(code::STACK_EXHAUSTED));
}

#[test]
fn nobody_enters_twice_and_nobody_is_found_twice() {
    let mut bench = bench();
    assert_eq!(go(&mut bench, "go", "caller", "go").0, u64::from(code::REENTRANCY));
    assert_eq!(go(&mut bench, "go", "nowhere", "go").0, u64::from(code::CONTRACT_NOT_FOUND));
    assert_eq!(go(&mut bench, "go", "callee", "nothing").0, u64::from(code::METHOD_NOT_FOUND));
}

/// A chain of contracts, each calling the next, down to the depth limit, on a thread with a small stack.
#[test]
fn sixteen_deep_is_the_end() {
    let link = |next: usize| {
        let address: String = Address::of_name(&format!("c{next}"))
            .as_bytes()
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        contract(&format!(
            r#"(data (i32.const 0) "{address}") (data (i32.const 32) "go")
            (func (export "call.go")
                (i64.store (i32.const 64) (call $call (i32.const 0) (i32.const 32) (i32.const 2)
                    (i32.const 0) (i32.const 0) (i32.const 512) (i64.const 0)))
                (call $result_read (i32.const 72))
                (i32.store8 (i32.const 63) (i32.wrap_i64 (i64.load (i32.const 64))))
                (call $return_value (i32.const 63) (i32.const 1))
                (if (call $result_len) (then
                    (i32.store8 (i32.const 72) (i32.add (i32.load8_u (i32.const 72)) (i32.const 16)))
                    (call $return_value (i32.const 72) (i32.const 1)))))"#
        ))
    };
    let names: Vec<String> = (0..20).map(|index| format!("c{index}")).collect();
    let contracts: Vec<(&str, Vec<u8>)> =
        names.iter().enumerate().map(|(index, name)| (name.as_str(), link(index + 1))).collect();
    let mut bench = Bench::open(&contracts);
    let ran = bench.call_with("c0", "go", b"", Amount::ZERO, GAS);
    assert_eq!(ran.receipt.code, 0, "{:?}", ran.side);
    // The sixteenth was refused the seventeenth with code 14, and each of the fifteen above added sixteen.
    assert_eq!(ran.receipt.value, [(14 + 15 * 16u32).to_le_bytes()[0]]);
}
