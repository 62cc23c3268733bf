//! Wrong: a contract as an object.
//! Mend: state lives in `Item`, `Map` and their like, which every method reads and saves.
//!
//! ```text
//! a method has no self: state lives in storage
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

#[contract]
mod wrong {
    #[call]
    pub(crate) fn increment(&mut self, _by: u64) {}
}
