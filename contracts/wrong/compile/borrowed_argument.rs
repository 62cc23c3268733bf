//! Wrong: an argument that borrows: arguments are decoded from bytes, there is nothing to borrow from.
//! Mend: `String`, `Vec<T>`, an owned type.
//!
//! ```text
//! this type has no place in an interface: use an owned one
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

#[contract]
mod wrong {
    #[call]
    pub(crate) fn greet(_name: &str) {}
}
