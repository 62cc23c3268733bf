//! Every host function once, from a contract on a chain.

use crate::fixture::{Bench, GAS};
use hydrogen_types::codec::encode;
use hydrogen_types::event::Value;
use hydrogen_types::host::{CallContext, Origin};
use hydrogen_types::receipt::code;
use hydrogen_types::schedule::{CallKind, Due, ScheduleRequest};
use hydrogen_types::{Address, Amount, Attribute, Gas, Hash, Height, decode};

/// Reads the input to 1024.
const INPUT: &str = "(call $input_read (i32.const 1024))";

fn method(name: &str, body: &str) -> String {
    format!("(func (export \"call.{name}\") {body})")
}

/// Runs one method and returns its value; fails with the receipt's message.
fn value(bench: &mut Bench, method: &str, args: &[u8]) -> Vec<u8> {
    let ran = bench.call(method, args);
    assert_eq!(ran.receipt.code, 0, "{method}: {:?}", ran.side);
    ran.receipt.value
}

#[test]
fn input_comes_in_and_a_value_goes_out() {
    let echo = method("echo", &format!("{INPUT} (call $return_value (i32.const 1024) (call $input_len))"));
    assert_eq!(value(&mut Bench::of(&echo), "echo", b"hello"), b"hello");
}

#[test]
fn storage_gets_sets_removes_and_lists_in_order() {
    let data = "(data (i32.const 0) \"bxa12c\")";
    let body = r#"
        (call $storage_set (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 1))
        (call $storage_set (i32.const 2) (i32.const 1) (i32.const 3) (i32.const 2))
        (call $storage_set (i32.const 5) (i32.const 1) (i32.const 0) (i32.const 0))
        ;; absent: -1; present: its length, and as many bytes as there is room
        (i64.store (i32.const 64) (call $storage_get (i32.const 3) (i32.const 1) (i32.const 100) (i32.const 9)))
        (i64.store (i32.const 72) (call $storage_get (i32.const 2) (i32.const 1) (i32.const 100) (i32.const 1)))
        (i64.store (i32.const 80) (call $storage_get (i32.const 5) (i32.const 1) (i32.const 200) (i32.const 0)))
        (i32.store (i32.const 88) (call $storage_remove (i32.const 0) (i32.const 1)))
        (i32.store (i32.const 92) (call $storage_remove (i32.const 0) (i32.const 1)))
        (call $return_value (i32.const 64) (i32.const 40))"#;
    let list = r#"
        (call $return_value (i32.const 1024) (i32.wrap_i64 (call $storage_range
            (i32.const 2) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 1024) (i32.const 500))))"#;
    let first = list.replace("(i32.const 9)", "(i32.const 1)");
    let tight = list.replace("(i32.const 500)", "(i32.const 16)");
    let methods =
        [method("run", body), method("list", list), method("first", &first), method("tight", &tight)]
            .concat();
    let mut bench = Bench::of(&format!("{data}{methods}"));

    let out = value(&mut bench, "run", b"");
    let number = |at: usize| i64::from_le_bytes(out[at..at + 8].try_into().unwrap());
    assert_eq!((number(0), number(8), number(16)), (-1, 2, 0));
    assert_eq!(out[24..32], [1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(out[36..38], [b'1', 0], "one byte of two");

    let entry = |key: &str, value: &str| (key.as_bytes().to_vec(), value.as_bytes().to_vec());
    assert_eq!(value(&mut bench, "list", b""), encode(&vec![entry("a", "12"), entry("c", "")]));
    assert_eq!(value(&mut bench, "first", b""), encode(&vec![entry("a", "12")]));
    assert_eq!(value(&mut bench, "tight", b""), encode(&vec![entry("a", "12")]), "as many as fit");
}

#[test]
fn the_context_says_who_and_where() {
    let body = "(call $context_read (i32.const 0)) (call $return_value (i32.const 0) (call $context_len))";
    let mut bench = Bench::of(&method("who", body));
    let ran = bench.call_with("c", "who", b"", Amount::new(5), GAS);
    let context: CallContext = decode(&ran.receipt.value, 1024).unwrap();
    assert_eq!(context.caller, bench.app.address());
    assert_eq!(context.signer, bench.app.address());
    assert_eq!(context.contract, Address::of_name("c"));
    assert_eq!(context.value, Amount::new(5));
    assert_eq!(context.height, Height::new(1));
    assert_eq!(context.time_ms, bench.chain.tip().time_ms);
    assert_eq!(context.origin, Origin::Tx);
}

#[test]
fn money_moves_within_balance_and_allowance() {
    // Input: address, then two amounts.
    let pay = |at: u32| {
        format!(
            "(i32.store (i32.const {at}) (call $transfer (i32.const 1024) (i32.const {})))",
            1044 + at * 4
        )
    };
    let body = format!(
        r#"{INPUT} {} {}
        (call $balance (i32.const 1024) (i32.const 8))
        (call $allowance (i32.const 1024) (i32.const 1024) (i32.const 24))
        (i32.store (i32.const 40) (call $transfer_from (i32.const 1024) (i32.const 1024) (i32.const 1044)))
        (call $return_value (i32.const 0) (i32.const 44))"#,
        pay(0),
        pay(4)
    );
    let mut bench = Bench::of(&method("pay", &body));
    let to = Address::new([9; 20]);
    let input = [to.as_bytes().as_slice(), &3u128.to_le_bytes(), &1_000u128.to_le_bytes()].concat();
    let ran = bench.call_with("c", "pay", &input, Amount::new(10), GAS);
    assert_eq!(ran.receipt.code, 0, "{:?}", ran.side);
    let out = ran.receipt.value;
    assert_eq!(
        out[..8],
        [[0; 4], (-2i32).to_le_bytes()].concat(),
        "the second is more than the contract has"
    );
    assert_eq!(out[8..24], 3u128.to_le_bytes());
    assert_eq!(out[24..40], 0u128.to_le_bytes());
    assert_eq!(out[40..44], (-3i32).to_le_bytes());
    let balance = |address: &Address| bench.chain.reader().account(address, None).unwrap().balance;
    assert_eq!(balance(&to), Amount::new(3));
    assert_eq!(balance(&Address::of_name("c")), Amount::new(7));
}

#[test]
fn money_is_taken_within_an_allowance() {
    // Input: whose, to whom, how much.
    let body = format!(
        "{INPUT} (i32.store (i32.const 0) (call $transfer_from (i32.const 1024) (i32.const 1044) (i32.const 1064)))
        (call $return_value (i32.const 0) (i32.const 4))"
    );
    let mut bench = Bench::of(&method("take", &body));
    bench.approve("c", Amount::new(8));
    let to = Address::new([9; 20]);
    let input = [bench.app.address().as_bytes().as_slice(), to.as_bytes(), &5u128.to_le_bytes()].concat();
    assert_eq!(value(&mut bench, "take", &input), 0i32.to_le_bytes());
    assert_eq!(value(&mut bench, "take", &input), (-3i32).to_le_bytes(), "three are left");
    assert_eq!(bench.chain.reader().account(&to, None).unwrap().balance, Amount::new(5));
}

#[test]
fn events_and_log_lines_reach_the_receipt() {
    let body = format!(
        "{INPUT} (call $emit (i32.const 1024) (call $input_len)) (call $log (i32.const 1028) (i32.const 4))"
    );
    let mut bench = Bench::of(&method("tell", &body));
    let attribute = Attribute { name: String::from("n"), value: Value::U64(8) };
    let ran = bench.call("tell", &encode(&("Told", vec![attribute])));
    assert_eq!(ran.receipt.code, 0, "{:?}", ran.side);
    assert_eq!((ran.receipt.events[0].name.as_str(), ran.receipt.events[0].u64("n")), ("Told", Some(8)));
    assert_eq!(ran.side.log, ["Told"]);
    assert_eq!(bench.call("tell", b"junk").receipt.code, code::TRAP);
}

#[test]
fn reverts_and_panics_reach_their_author_and_cost_what_they_used() {
    let body = r#"(data (i32.const 0) "too little src/lib.rs")"#.to_owned()
        + &method("revert", "(call $revert (i32.const 1042) (i32.const 0) (i32.const 10))")
        + &method("low", "(call $revert (i32.const 3) (i32.const 0) (i32.const 10))")
        + &method(
            "panic",
            "(call $panic (i32.const 0) (i32.const 10) (i32.const 11) (i32.const 10) (i32.const 49) (i32.const 5))",
        );
    let mut bench = Bench::of(&body);
    let ran = bench.call("revert", b"");
    assert_eq!((ran.receipt.code, ran.side.message.as_str()), (1042, "too little"));
    assert!(ran.gas < 20_000_000, "{}", ran.gas);
    let ran = bench.call("panic", b"");
    assert_eq!((ran.receipt.code, ran.side.message.as_str()), (code::PANIC, "too little"));
    assert_eq!(ran.side.location, "src/lib.rs:49:5");
    assert!(ran.gas < 20_000_000, "{}", ran.gas);
    assert_eq!(
        bench.call("low", b"").receipt.code,
        code::TRAP,
        "the ledger's own codes are not the contract's"
    );
}

#[test]
fn hashes_and_signatures_agree_with_the_ledger() {
    let body = method(
        "hash",
        &format!(
            r#"{INPUT}
            (call $sha256 (i32.const 1024) (call $input_len) (i32.const 0))
            (call $keccak256 (i32.const 1024) (call $input_len) (i32.const 32))
            (call $return_value (i32.const 0) (i32.const 64))"#
        ),
    ) + &method(
        "verify",
        &format!(
            r#"{INPUT}
            (i32.store (i32.const 0) (call $ed25519_verify
                (i32.const 1024) (i32.const 1056) (i32.const 2) (i32.const 1058)))
            (i32.store (i32.const 4) (call $ed25519_verify
                (i32.const 1024) (i32.const 1055) (i32.const 2) (i32.const 1058)))
            (call $return_value (i32.const 0) (i32.const 8))"#
        ),
    ) + &method(
        "prove",
        &format!(
            r#"{INPUT}
            (i32.store (i32.const 0) (call $vrf_verify
                (i32.const 1024) (i32.const 1056) (i32.const 2) (i32.const 1058) (i32.const 8)))
            (call $return_value (i32.const 0) (i32.const 72))"#
        ),
    );
    let mut bench = Bench::of(&body);
    let hashes = value(&mut bench, "hash", b"abc");
    assert_eq!(hashes[..32], *Hash::sha256(b"abc").as_bytes());
    assert_eq!(
        hashes[32..],
        hydrogen_types::hash::from_hex::<32>(
            "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
        )
        .unwrap()
    );
    let signed = [&bench.app.public().0[..], b"hi", &bench.app.sign(b"hi").0].concat();
    assert_eq!(value(&mut bench, "verify", &signed), [1, 0, 0, 0, 0, 0, 0, 0]);
    let proof = bench.keys.vrf.prove(b"hi");
    let input = [&bench.keys.vrf.public().0[..], b"hi", &proof].concat();
    let out = value(&mut bench, "prove", &input);
    assert_eq!(out[..4], [1, 0, 0, 0]);
    let expected = hydrogen_core::crypto::vrf_verify(&bench.keys.vrf.public(), b"hi", &proof).unwrap();
    assert_eq!(out[8..], expected);
}

fn request(kind: CallKind, due: Due, method: &str) -> Vec<u8> {
    encode(&ScheduleRequest {
        kind,
        due,
        method: method.to_owned(),
        args: b"later".to_vec(),
        gas: Gas::new(1_000_000_000),
        gas_price: 1_000_000,
        refund_to: Address::new([9; 20]),
    })
}

#[test]
fn scheduled_calls_run_or_are_taken_back_and_only_draws_see_the_beacon() {
    let see = "(call $beacon (i32.const 0)) (call $return_value (i32.const 0) (i32.const 32))";
    let body = method(
        "plan",
        &format!(
            "{INPUT} (i64.store (i32.const 0) (call $schedule (i32.const 1024) (call $input_len)))
            (call $return_value (i32.const 0) (i32.const 8))"
        ),
    ) + &method(
        "drop",
        &format!(
            "{INPUT} (i32.store (i32.const 0) (call $unschedule (i64.load (i32.const 1024)) (i32.const 8)))
            (call $return_value (i32.const 0) (i32.const 24))"
        ),
    ) + &format!("(func (export \"scheduled.see\") {see})")
        + &method("see", see);
    let mut bench = Bench::of(&body);
    let rich = Amount::cnx(1);
    let ran =
        bench.call_with("c", "plan", &request(CallKind::Draw, Due::Height(Height::new(3)), "see"), rich, GAS);
    assert_eq!(ran.receipt.code, 0, "{:?}", ran.side);
    let draw: i64 = decode(&ran.receipt.value, 8).unwrap();
    assert!(draw >= 0, "{draw}");
    assert_eq!(ran.receipt.scheduled, [draw.cast_unsigned()]);
    assert_eq!(bench.call("see", b"").receipt.code, code::FORBIDDEN, "height 2: no draw");
    let committed = bench.produce(Vec::new());
    assert_eq!(committed.receipts[0].code, 0, "{:?}", committed.side);
    assert_eq!(committed.receipts[0].value, committed.block.header.beacon.as_bytes());

    let later = request(CallKind::Ordinary, Due::Height(Height::new(50)), "see");
    let ran = bench.call_with("c", "plan", &later, rich, GAS);
    let id = ran.receipt.value;
    let out = value(&mut bench, "drop", &id);
    assert_eq!(out[..4], [1, 0, 0, 0]);
    assert_eq!(out[8..24], Gas::new(1_000_000_000).cost(1_000_000).get().to_le_bytes());
    assert_eq!(value(&mut bench, "drop", &id)[..4], [0; 4]);
}
