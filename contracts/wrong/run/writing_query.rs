//! Wrong: a query that counts how often it is asked.
//! Mend: queries read; what changes state is a `#[call]`.
//!
//! ```text
//! $ deploy
//! $ query ask
//! a query may not change anything (code 6)
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

const ASKED: Item<u64> = Item::new("asked");

#[contract]
mod wrong {
    use super::*;

    #[init]
    pub(crate) fn init() {}

    #[query]
    pub(crate) fn ask() -> u64 {
        let asked = ASKED.load().unwrap_or_default().saturating_add(1);
        ASKED.save(&asked);
        asked
    }
}
