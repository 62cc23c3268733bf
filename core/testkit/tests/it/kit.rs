//! What the kit itself promises, on every backend: rollback, nested calls, the schedule, limits, costs; and that a drift
//! of gas is noticed.

use hydrogen_test::types::receipt::code;
use hydrogen_test::types::{Address, Amount};
use hydrogen_test::{BackendKind, Contract, Kit};
use lottery::Drawn;
use std::panic::{AssertUnwindSafe, catch_unwind};

const COUNTER: Contract = crate::example!(counter);
const ESCROW: Contract = crate::example!(escrow);
const LOTTERY: Contract = crate::example!(lottery);
const PROBE: Contract = crate::example!(probe);
const TOKEN: Contract = crate::example!(token);

fn accounts_have_cnx_that_moves(kit: &mut Kit) {
    let (alice, bob) = (kit.account("alice"), kit.account("bob"));
    let before = kit.balance(&bob.address());
    assert_eq!(before, hydrogen_test::ACCOUNT_FUNDS);
    kit.transfer(&alice, &bob.address(), Amount::cnx(7)).unwrap();
    assert_eq!(kit.balance(&bob.address()), before.checked_add(Amount::cnx(7)).unwrap());
    assert_eq!(kit.account("alice").address(), alice.address());
    let failure = kit.transfer(&alice, &bob.address(), Amount::cnx(20_000)).unwrap_err();
    assert!(matches!(failure.code, code::BALANCE_TOO_LOW | 210), "{failure}");
}

fn a_call_of_another_contract_fails_alone_or_goes_through(kit: &mut Kit) {
    let (alice, bob) = (kit.account("alice"), kit.account("bob"));
    let token = kit.deploy(&alice, &TOKEN, &("Test", "TST", 2u8, 1_000u128)).unwrap();
    let escrow = kit.deploy(&alice, &ESCROW, &()).unwrap();
    let open = (token, bob.address(), alice.address(), 200u128, 60_000u64);
    let failure = kit.call::<u64>(&alice, &escrow, "open", &open).unwrap_err();
    assert_eq!(failure.code, 1000);
    assert!(failure.message.ends_with("the allowance is 0, 200 are needed"), "{failure}");
    kit.call::<()>(&alice, &token, "approve", &(escrow, 200u128)).unwrap();
    let opened = kit.call::<u64>(&alice, &escrow, "open", &open).unwrap();
    assert_eq!((opened.value, opened.event("Opened").contract), (1, escrow));
    assert_eq!(opened.event("Transferred").contract, token, "the callee's event comes with it");
    assert_eq!(kit.query::<u128>(&token, "balance", &(escrow,)).unwrap(), 200);
    let failure = kit.call::<()>(&bob, &escrow, "release", &(1u64,)).unwrap_err();
    assert_eq!(failure.code, 1002);
    kit.call::<()>(&alice, &escrow, "release", &(1u64,)).unwrap();
    assert_eq!(kit.query::<u128>(&token, "balance", &(bob.address(),)).unwrap(), 200);
}

fn the_schedule_runs_as_blocks_are_made(kit: &mut Kit) {
    let alice = kit.account("alice");
    let price = Amount::cnx(1);
    let lottery = kit.deploy(&alice, &LOTTERY, &(price, 3u64)).unwrap();
    let failure = kit.call::<u32>(&alice, &lottery, "buy", &()).unwrap_err();
    assert_eq!(failure.code, 1001);
    kit.call_paying::<u32>(&alice, &lottery, "buy", &(), price).unwrap();
    kit.advance_blocks(4);
    let last: Drawn = kit.query::<Option<Drawn>>(&lottery, "last", &()).unwrap().unwrap();
    assert_eq!((last.round, last.winner, last.tickets), (1, alice.address(), 1));
    assert_eq!(kit.balance(&lottery), Amount::ZERO);
}

fn time_moves_on_when_told_to(kit: &mut Kit) {
    let (before, height) = (kit.time_ms(), kit.height());
    kit.advance_ms(86_400_000);
    assert!(kit.time_ms() >= before + 86_400_000, "{} after {before}", kit.time_ms());
    assert!(kit.height() > height);
    kit.advance_blocks(2);
    assert!(kit.height() >= height.plus(3));
}

/// The codes of what the host refuses are the same everywhere.
fn limits_and_rights_hold(kit: &mut Kit) {
    let alice = kit.account("alice");
    let probe = kit.deploy(&alice, &PROBE, &()).unwrap();
    let mut refused = |method: &str, args: Vec<u8>| {
        struct Raw(Vec<u8>);
        impl borsh::BorshSerialize for Raw {
            fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
                writer.write_all(&self.0)
            }
        }
        kit.call::<()>(&alice, &probe, method, &Raw(args)).unwrap_err()
    };
    let keep = |key: usize, value: usize| borsh::to_vec(&("k".repeat(key), vec![7u8; value])).unwrap();
    assert_eq!(refused("keep", keep(1, 70_000)).code, code::TRAP);
    assert_eq!(refused("keep", keep(300, 1)).code, code::TRAP);
    assert_eq!(refused("peek", Vec::new()).code, code::FORBIDDEN);
    assert_eq!(refused("nothing", Vec::new()).code, code::METHOD_NOT_FOUND);
    assert_eq!(refused("keep", vec![1]).code, code::BAD_ARGUMENTS);
    let panicked = refused("panic", borsh::to_vec(&13u64).unwrap());
    assert_eq!((panicked.code, panicked.message.as_str()), (code::PANIC, "13 is an unlucky number"));
    // Calling oneself through another is refused to the caller, which goes on.
    let args = (probe, "forward", borsh::to_vec(&(probe, "peek", Vec::<u8>::new())).unwrap());
    let done = kit.call::<(u32, Vec<u8>)>(&alice, &probe, "forward", &args).unwrap();
    assert_eq!(done.value.0, code::REENTRANCY);
    let missing = Address::of_name("nowhere");
    assert_eq!(kit.call::<()>(&alice, &missing, "peek", &()).unwrap_err().code, code::CONTRACT_NOT_FOUND);
}

fn costs_are_told_where_they_are_known(kit: &mut Kit) {
    let alice = kit.account("alice");
    let counter = kit.deploy(&alice, &COUNTER, &(1u64,)).unwrap();
    let done = kit.call::<u64>(&alice, &counter, "increment", &(1u64,)).unwrap();
    let failed = kit.call::<u64>(&alice, &counter, "increment", &(u64::MAX,)).unwrap_err();
    match kit.backend() {
        BackendKind::Native => assert_eq!((done.cost, failed.cost), (None, None)),
        BackendKind::Vm | BackendKind::Dev => {
            let (done, failed) = (done.cost.unwrap(), failed.cost.unwrap());
            let usage = done.usage;
            assert_eq!((usage.calls, usage.reads, usage.writes, usage.events), (1, 1, 1, 1));
            assert_eq!((usage.read_bytes, usage.written_bytes), (8, 14));
            assert_eq!((failed.usage.reads, failed.usage.writes), (1, 0));
            assert!(done.gas > failed.gas && failed.gas.get() > 60_000_000, "{done:?} {failed:?}");
        }
    }
    let report = kit.gas_report();
    assert_eq!(report.lines().count(), 4, "a header, init and two calls:\n{report}");
}

hydrogen_test::on_every_backend!(
    accounts_have_cnx_that_moves,
    a_call_of_another_contract_fails_alone_or_goes_through,
    the_schedule_runs_as_blocks_are_made,
    time_moves_on_when_told_to,
    limits_and_rights_hold,
    costs_are_told_where_they_are_known,
);

/// A file with another number in it is a drift, and the message shows both lines.
#[test]
fn a_drift_of_gas_is_noticed() {
    if std::env::var_os("HYDROGEN_REFRESH").is_some() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gas.txt");
    let test = |kit: &mut Kit| {
        let alice = kit.account("alice");
        kit.deploy(&alice, &COUNTER, &(1u64,)).unwrap();
    };
    let mut kit = Kit::vm();
    test(&mut kit);
    let report = kit.gas_report();
    std::fs::write(&path, &report).unwrap();
    hydrogen_test::gas_snapshot(&path, test);
    let line = report.lines().last().unwrap();
    let other = line.replacen("counter.init     0  ", "counter.init     0  9", 1);
    std::fs::write(&path, report.replace(line, &other)).unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| hydrogen_test::gas_snapshot(&path, test))).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains(&format!("- {other}\n+ {line}")), "{text}");
}
