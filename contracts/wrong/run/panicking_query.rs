//! Wrong: a query that takes for granted what nobody has saved yet.
//! Mend: `unwrap_or_default`, or an `Option` as the result.
//!
//! ```text
//! $ deploy
//! $ query owner
//! nothing was saved (code 3) at
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

const OWNER: Item<Address> = Item::new("owner");

#[contract]
mod wrong {
    use super::*;

    #[init]
    pub(crate) fn init() {}

    #[query]
    pub(crate) fn owner() -> Address {
        OWNER.load().expect("nothing was saved")
    }
}
