//! The counter.

use hydrogen_test::types::Address;
use hydrogen_test::{Account, Contract, Kit};

const COUNTER: Contract = crate::example!(counter);

fn started(kit: &mut Kit, start: u64) -> (Account, Address) {
    let alice = kit.account("alice");
    let counter = kit.deploy(&alice, &COUNTER, &(start,)).unwrap();
    (alice, counter)
}

fn it_counts_and_tells(kit: &mut Kit) {
    let (alice, counter) = started(kit, 40);
    let bob = kit.account("bob");
    let done = kit.call::<u64>(&bob, &counter, "increment", &(2u64,)).unwrap();
    assert_eq!(done.value, 42);
    let event = done.event("Incremented");
    assert_eq!((event.u64("by"), event.u64("count")), (Some(2), Some(42)));
    assert_eq!((event.address("caller"), event.contract), (Some(bob.address()), counter));
    assert_eq!(kit.query::<u64>(&counter, "get", &()).unwrap(), 42);
    assert_eq!(kit.call::<u64>(&alice, &counter, "increment", &(1u64,)).unwrap().value, 43);
}

fn it_refuses_to_overflow(kit: &mut Kit) {
    let (alice, counter) = started(kit, u64::MAX);
    let failure = kit.call::<u64>(&alice, &counter, "increment", &(1u64,)).unwrap_err();
    assert_eq!(failure.code, counter::CounterError::Overflow { count: u64::MAX, by: 1 }.code());
    assert_eq!(failure.message, "18446744073709551615 and 1 are more than the counter holds");
    assert_eq!(kit.query::<u64>(&counter, "get", &()).unwrap(), u64::MAX);
}

hydrogen_test::on_every_backend!(it_counts_and_tells, it_refuses_to_overflow);

#[test]
fn each_call_uses_what_it_used() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/gas/counter.txt");
    hydrogen_test::gas_snapshot(path, |kit| {
        it_counts_and_tells(kit);
        it_refuses_to_overflow(kit);
    });
}
