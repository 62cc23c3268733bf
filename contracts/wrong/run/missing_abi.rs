//! Wrong: a type of one's own in a method, which the interface does not know.
//! Mend: `#[derive(Abi)]` on it; types of `hydrogen-types` are listed in `#[contract(foreign(...))]`.
//!
//! ```text
//! $ abi
//! mentions the type `Price`, which the interface does not declare
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub struct Price {
    pub cents: u64,
}

#[contract]
mod wrong {
    use super::*;

    #[init]
    pub(crate) fn init() {}

    #[query]
    pub(crate) fn price() -> Price {
        Price { cents: 5 }
    }
}
