//! What every decoder of this ledger must survive: one function over bytes each, run by libFuzzer (`fuzz/run`) and, over
//! a corpus and a fixed number of mutations, by the tests of this crate.
//!
//! ```text
//! seeds (made of real objects), corpus/TARGET/* --mutated--> Target::run --> panics if a promise is broken
//! ```
//!
//! *Provided*: no panic, bounded answers, one encoding of everything that is accepted, and what each target says of
//! itself. *Not provided*: sockets and files; `testnet` has a peer that misbehaves on real ones.

mod fixture;
mod mutate;
mod targets;

pub use mutate::Mutator;
pub use targets::{TARGETS, Target, target};
