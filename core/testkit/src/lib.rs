//! One test of a contract, run three times: natively, on the real sandbox, and on a running chain.
//!
//! ```
//! use hydrogen_test::{Contract, Kit};
//!
//! const COUNTER: Contract = Contract {
//!     name: "counter",
//!     native: counter::native,
//!     wasm: concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/wasm/counter.wasm"),
//! };
//!
//! fn it_counts(kit: &mut Kit) {
//!     let alice = kit.account("alice");
//!     let counter = kit.deploy(&alice, &COUNTER, &(40u64,)).unwrap();
//!     let done = kit.call::<u64>(&alice, &counter, "increment", &(2u64,)).unwrap();
//!     assert_eq!(done.value, 42);
//!     assert_eq!(done.event("Incremented").u64("by"), Some(2));
//!     assert_eq!(kit.query::<u64>(&counter, "get", &()).unwrap(), 42);
//!     let failure = kit.call::<u64>(&alice, &counter, "increment", &(u64::MAX,)).unwrap_err();
//!     assert_eq!(failure.code, 1000);
//! }
//!
//! # it_counts(&mut Kit::native());
//! hydrogen_test::on_every_backend!(it_counts);
//! ```
//!
//! | backend | what runs | for |
//! |---|---|---|
//! | [`Kit::native`] | the contract's functions on `hydrogen_sdk::mock` | a debugger, and thousands of cases a second |
//! | [`Kit::vm`] | the module in the sandbox, on a chain in memory | what counts: all limits, all gas; the same every time |
//! | [`Kit::dev`] | the module on a `hydrogen dev`, through its RPC | the way of a real application |
//!
//! Arguments are tuples and results are types, encoded with borsh as the contract's own are, so no interface is needed.
//!
//! # What the native backend cannot do
//!
//! It counts no gas, memory or stack: a call that would run out of them does not. Keccak-256 and curve arithmetic are those
//! of the mock. Scheduled calls run, but their gas costs nothing. It does keep the limits of storage, events and values,
//! the rights of queries and draws, the depth of calls and the rule against re-entrancy, and it takes back what a failed
//! call did.
//!
//! # Gas
//!
//! [`gas_snapshot`] runs tests on the sandbox and holds what each call used, in every dimension, against a file.
#![forbid(unsafe_code)]

mod account;
mod backend;
mod dev;
#[cfg(feature = "vm")]
mod embedded;
mod gas;
mod kit;
mod native;
mod outcome;
mod rpc;

pub use account::{ACCOUNT_FUNDS, Account};
pub use backend::{BackendKind, Contract};
pub use dev::{DEV_SWITCH, dev_is_off};
#[cfg(feature = "vm")]
pub use gas::gas_snapshot;
#[cfg(feature = "tasks")]
pub use hydrogen_harness as tasks;
pub use hydrogen_types as types;
pub use kit::Kit;
pub use outcome::{Cost, Done, Failure};

/// Makes of each function `fn(&mut Kit)` three tests: `native::NAME`, `vm::NAME` (with the feature `vm`) and `dev::NAME`.
/// Once in a module.
#[macro_export]
macro_rules! on_every_backend {
    ($($test:ident),+ $(,)?) => {
        #[cfg(test)]
        mod native {
            $(#[test]
            fn $test() {
                super::$test(&mut $crate::Kit::native());
            })+
        }
        $crate::on_the_sandbox!($($test),+);
        #[cfg(test)]
        mod dev {
            $(#[test]
            fn $test() {
                if !$crate::dev_is_off() {
                    super::$test(&mut $crate::Kit::dev());
                }
            })+
        }
    };
}

/// The part of [`on_every_backend`] that needs the feature `vm`.
#[cfg(feature = "vm")]
#[macro_export]
macro_rules! on_the_sandbox {
    ($($test:ident),+ $(,)?) => {
        #[cfg(test)]
        mod vm {
            $(#[test]
            fn $test() {
                super::$test(&mut $crate::Kit::vm());
            })+
        }
    };
}

/// The part of [`on_every_backend`] that needs the feature `vm`, which is off.
#[cfg(not(feature = "vm"))]
#[macro_export]
macro_rules! on_the_sandbox {
    ($($test:ident),+ $(,)?) => {};
}
