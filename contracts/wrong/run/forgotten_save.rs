//! Wrong: what was loaded is changed, and never saved.
//! Mend: end with `SCORES.save(&scores)`; storage changes by `save` alone.
//!
//! ```text
//! $ deploy
//! $ call add {"score": "7"}
//! $ query scores
//! []
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

const SCORES: Item<Vec<u64>> = Item::new("scores");

#[contract]
mod wrong {
    use super::*;

    #[init]
    pub(crate) fn init() {}

    #[call]
    pub(crate) fn add(score: u64) {
        let mut scores = SCORES.load().unwrap_or_default();
        scores.push(score);
    }

    #[query]
    pub(crate) fn scores() -> Vec<u64> {
        SCORES.load().unwrap_or_default()
    }
}
