//! The kit on the example contracts: the model of a contract's tests, and tests of the kit itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod counter;
mod kit;
mod token;

/// A built example.
macro_rules! example {
    ($name:ident) => {
        hydrogen_test::Contract {
            name: stringify!($name),
            native: ::$name::native,
            wasm: concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/wasm/", stringify!($name), ".wasm"),
        }
    };
}
pub(crate) use example;
