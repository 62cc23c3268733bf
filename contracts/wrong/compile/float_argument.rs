//! Wrong: a price as a float: clients and nodes would round it differently.
//! Mend: whole numbers of a small unit, such as `u64` of cents or `Amount`.
//!
//! ```text
//! `f64` has no place in an interface
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

#[contract]
mod wrong {
    #[call]
    pub(crate) fn set_price(_price: f64) {}
}
