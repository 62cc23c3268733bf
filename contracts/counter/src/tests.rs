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

/// What the SDK costs a contract: a size that grows is noticed here.
#[test]
fn the_module_stays_below_its_ceiling() {
    const BYTES_MAX: u64 = 16 * 1024;
    let folder = std::env::var("HYDROGEN_WASM_DIR")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm").into());
    let size = std::fs::metadata(format!("{folder}/counter.wasm")).expect("the module is committed").len();
    assert!(size <= BYTES_MAX, "{size} bytes, at most {BYTES_MAX}");
}
