//! Wrong: a contract without `#[init]`, which every deployment runs.
//! Mend: add one, even if it does nothing.
//!
//! ```text
//! $ deploy
//! there is no init `init`; there are: none
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::contract;

#[contract]
mod wrong {
    #[query]
    pub(crate) fn answer() -> u64 {
        42
    }
}
