//! Wrong: a sum that does not fit. The chain's contracts are built with overflow checks, so nothing wraps: the call fails.
//! Mend: `checked_add`, with a refusal of its own.
//!
//! ```text
//! $ deploy
//! $ call increment {"by": "1"}
//! attempt to add with overflow (code 3) at
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

const COUNT: Item<u64> = Item::new("count");

#[contract]
mod wrong {
    use super::*;

    #[init]
    pub(crate) fn init() {
        COUNT.save(&u64::MAX);
    }

    #[call]
    pub(crate) fn increment(by: u64) {
        COUNT.save(&(COUNT.load().unwrap_or_default() + by));
    }
}
