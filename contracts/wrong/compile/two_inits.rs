//! Wrong: two functions that make the contract.
//! Mend: keep one `#[init]`; what else is to be set goes into its arguments.
//!
//! ```text
//! a contract has one `init`
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

#[contract]
mod wrong {
    #[init]
    pub(crate) fn init() {}

    #[init]
    pub(crate) fn init_with(_start: u64) {}
}
