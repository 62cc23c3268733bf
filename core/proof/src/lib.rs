//! The light client: a state proof against a header, and a certificate against a validator set, with no store.
//!
//! *Provided*: presence or absence of one key in one state root; that more than two thirds of a given set signed a
//! block. *Not provided*: which set is the right one (a client follows `Header::validators` from a set it trusts).
//! *Requires*: the header, the set, and the raw key.
//!
//! *Absent on purpose*: I/O, a clock, randomness. Builds for wasm32.

mod certificate;
mod state;

pub use certificate::{CertificateError, verify_certificate, verify_signature};
pub use state::{StateProof, StateProofError, fold_inner, key_hash, leaf_hash, value_hash, verify_state};
