//! Wrong: the outcome of a payment is thrown away, and noted as made.
//! Mend: `?` or a match on it; a failed transfer moves nothing and stops nothing.
//!
//! ```text
//! $ deploy
//! $ call pay --to dev1
//! $ query paid
//! true
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

const PAID: Item<bool> = Item::new("paid");

#[contract]
mod wrong {
    use super::*;

    #[init]
    pub(crate) fn init() {}

    #[call]
    pub(crate) fn pay(to: Address) {
        let _unchecked = env::transfer(&to, Amount::new(1_000));
        PAID.save(&true);
    }

    #[query]
    pub(crate) fn paid() -> bool {
        PAID.load().unwrap_or_default()
    }
}
