//! Guests that talk too much, store too much, or plan too much.

use super::{CASE_GAS, Ends, case, check, returns, traps};
use crate::fixture::{Bench, GAS};
use hydrogen_types::codec::encode;
use hydrogen_types::receipt::code;
use hydrogen_types::schedule::{CallKind, Due, ScheduleRequest};
use hydrogen_types::{Address, Amount, Gas, Height};

fn times(count: u32, body: &str) -> String {
    format!(
        "(local i32) (loop $l {body} (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const {count}))))"
    )
}

#[test]
fn events_lines_values_and_keys() {
    let event = "(data (i32.const 2000) \"\\03\\00\\00\\00Saw\\00\\00\\00\\00\")
        (data (i32.const 2100) \"\\ff\\ff\\ff\\ffSaw\") (data (i32.const 2200) \"\\01\\00\\00\\00S\\ff\\ff\\ff\\ff\")
        (data (i32.const 2300) \"\\ff\\fe\\fd\\fc\")";
    let emit = "(call $emit (i32.const 2000) (i32.const 11))";
    let forbidden = Ends::Metered(code::FORBIDDEN);
    let cases = [
        case("as many events as fit", event, &times(256, emit), Ends::Metered(0)),
        case("an event too many", "", &times(257, emit), forbidden.clone()).saying("more than 256 events"),
        traps("an event that is too long", "(call $emit (i32.const 2000) (i32.const 4097))").saying("event of 4097"),
        traps("an event with a byte behind it", "(call $emit (i32.const 2000) (i32.const 12))").saying("event: "),
        traps("an event cut short", "(call $emit (i32.const 2000) (i32.const 10))").saying("event: "),
        traps("a name of 4 GiB", "(call $emit (i32.const 2100) (i32.const 7))").saying("event: "),
        traps("4 billion attributes", "(call $emit (i32.const 2200) (i32.const 9))").saying("event: "),
        case("ten thousand lines", "", &times(10_000, "(call $log (i32.const 0) (i32.const 8))"), Ends::Metered(0)),
        case("lines that are no text", "", "(call $log (i32.const 2300) (i32.const 4))", Ends::Metered(0)),
        returns("a value, and then another", "(call $return_value (i32.const 2003) (i32.const 4)) (call $return_value (i32.const 2004) (i32.const 2))", b"Sa"),
        returns("a value, and then none", "(call $return_value (i32.const 2000) (i32.const 8)) (call $return_value (i32.const 0) (i32.const 0))", b""),
        returns("the largest value", "(call $return_value (i32.const 4096) (i32.const 65536))", &[0; 65536]),
        traps("a value that is too large", "(call $return_value (i32.const 0) (i32.const 65537))").saying("return value of 65537"),
        case("the longest key", "", "(call $storage_set (i32.const 0) (i32.const 256) (i32.const 0) (i32.const 1))", Ends::Metered(0)),
        traps("a key that is too long", "(call $storage_set (i32.const 0) (i32.const 257) (i32.const 0) (i32.const 1))").saying("storage key of 257"),
        traps("a key to remove that is too long", "(drop (call $storage_remove (i32.const 0) (i32.const 257)))"),
        traps("a bound that is too long", "(drop (call $storage_range (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 257) (i32.const 1) (i32.const 0) (i32.const 64)))"),
        case("an empty key", "", "(call $storage_set (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1))", Ends::Metered(0)),
        case("the largest entry", "", "(call $storage_set (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 65536))", Ends::Metered(0)),
        traps("an entry that is too large", "(call $storage_set (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 65537))").saying("storage value of 65537"),
        traps("a range without room", "(drop (call $storage_range (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 3)))").saying("even an empty range"),
        traps("a message that is too long to hash", "(call $sha256 (i32.const 0) (i32.const 1048577) (i32.const 0))").saying("message of 1048577"),
        case("the beacon outside a draw", "", "(call $beacon (i32.const 0))", forbidden).saying("in a draw only"),
        traps("a code of the ledger's own", "(call $revert (i32.const 999) (i32.const 0) (i32.const 0))").saying("a contract's codes start at 1000"),
        traps("success as a failure", "(call $revert (i32.const 0) (i32.const 0) (i32.const 0))"),
        case("the least code", "", "(call $revert (i32.const 1000) (i32.const 0) (i32.const 0))", Ends::Metered(1000)),
        case("the largest code", "", "(call $revert (i32.const -1) (i32.const 0) (i32.const 0))", Ends::Metered(u32::MAX)),
        case("a panic that is no text", "", "(call $panic (i32.const 2300) (i32.const 4) (i32.const 2300) (i32.const 4) (i32.const -1) (i32.const -1))", Ends::Metered(code::PANIC)),
        traps("a plan that is junk", "(drop (call $schedule (i32.const 2300) (i32.const 4)))").saying("schedule request: "),
        traps("a plan of nothing", "(drop (call $schedule (i32.const 2300) (i32.const 0)))").saying("schedule request: "),
        traps("a plan that is too large", "(drop (call $schedule (i32.const 0) (i32.const 5000)))").saying("schedule request of 5000"),
        returns("takes back what there is not", "(i32.store (i32.const 0) (call $unschedule (i64.const -1) (i32.const 16))) (call $return_value (i32.const 0) (i32.const 4))", &[0; 4]),
    ];
    assert_eq!(check("2", &cases), 32);
}

#[test]
fn a_flood_of_lines_keeps_a_hundred() {
    let mut bench = Bench::of(&format!(
        "(func (export \"call.run\") {})",
        times(5_000, "(call $log (i32.const 0) (i32.const 65536))")
    ));
    let ran = bench.call_with("c", "run", b"", Amount::ZERO, CASE_GAS);
    assert_eq!((ran.receipt.code, ran.side.log.len()), (0, 100));
    assert!(ran.side.log.iter().all(|line| line.len() <= 1024));
}

fn request(due: Due, gas: u64, gas_price: u64) -> Vec<u8> {
    encode(&ScheduleRequest {
        kind: CallKind::Ordinary,
        due,
        method: String::from("spin"),
        args: Vec::new(),
        gas: Gas::new(gas),
        gas_price,
        refund_to: Address::new([9; 20]),
    })
}

const PLAN: &str = r#"
    (func (export "call.once") (call $input_read (i32.const 1024))
        (i64.store (i32.const 0) (call $schedule (i32.const 1024) (call $input_len))) (call $return_value (i32.const 0) (i32.const 8)))
    (func (export "call.many") (local i32) (call $input_read (i32.const 1024))
        (loop $l (drop (call $schedule (i32.const 1024) (call $input_len)))
            (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 2000)))))
    (func (export "scheduled.spin") (loop $l (br $l)))"#;

#[test]
fn plans_that_cannot_be_are_refused() {
    let mut bench = Bench::of(PLAN);
    let far = Due::Height(Height::new(900));
    for (what, request, value, refusal) in [
        ("without money", request(far, 1_000_000_000, 1_000_000), Amount::ZERO, -2),
        ("in the past", request(Due::Height(Height::new(0)), 1, 1_000_000), Amount::cnx(1), -4),
        ("too cheap", request(far, 1_000_000, 0), Amount::ZERO, -4),
        ("too large", request(far, u64::MAX, 1_000_000), Amount::ZERO, -5),
    ] {
        let ran = bench.call_with("c", "once", &request, value, GAS);
        assert_eq!(
            (ran.receipt.code, ran.receipt.value),
            (0, i64::from(refusal).to_le_bytes().to_vec()),
            "{what}"
        );
    }
}

/// Two thousand endless calls due at once: each block takes what its gas allows, and the chain goes on.
#[test]
fn a_flood_of_plans_is_worked_off() {
    let mut bench = Bench::of(PLAN);
    let plan = request(Due::Height(Height::new(3)), 20_000_000, 1_000_000);
    let ran = bench.call_with("c", "many", &plan, Amount::cnx(100), GAS);
    assert_eq!((ran.receipt.code, ran.receipt.scheduled.len()), (0, 2000), "{:?}", ran.side);
    let mut done = 0;
    for _ in 0..20 {
        let committed = bench.produce(Vec::new());
        assert!(committed.receipts.iter().all(|receipt| receipt.code == code::OUT_OF_GAS));
        done += committed.receipts.len();
        if done == 2000 {
            return;
        }
    }
    panic!("{done} of 2000 after twenty blocks");
}
