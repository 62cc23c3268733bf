//! The light client: from a trusted validator set to the value of a key, with no store and no network.
//!
//! *Provided*: presence or absence of one key in one state root ([`verify_state`]); that more than two thirds of a set
//! signed a block ([`verify_certificate`]); following the set through its changes ([`LightClient`]). *Requires*: a set
//! that is trusted, and of each of its successors that less than a third of its power is dishonest: [`light`] says
//! why.
//!
//! *Absent on purpose*: I/O, a clock, randomness, `std`. Builds for wasm32, and is run there in a test.

#![no_std]

extern crate alloc;

mod certificate;
pub mod light;
mod state;

pub use certificate::{CertificateError, verify_certificate, verify_signature};
pub use light::{Hop, LightClient, LightError};
pub use state::{StateProof, StateProofError, fold_inner, key_hash, leaf_hash, value_hash, verify_state};
