use super::counter::{get, increment, init};
use super::*;
use hydrogen_sdk::mock;

#[test]
fn it_counts_and_tells() {
    mock::reset();
    init(40);
    assert_eq!(increment(2), Ok(42));
    assert_eq!(get(), 42);
    let events = mock::with(|world| world.events.clone());
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].0, "Incremented");
}

#[test]
fn it_refuses_to_overflow() {
    mock::reset();
    init(u64::MAX);
    let error = increment(1).expect_err("no room");
    assert_eq!(error, CounterError::Overflow { count: u64::MAX, by: 1 });
    assert_eq!(error.to_string(), "18446744073709551615 and 1 are more than the counter holds");
    assert_eq!(get(), u64::MAX);
}
