//! Wrong: randomness read in a call: its sender would know it beforehand, and choose.
//! Mend: schedule a draw, which reads the beacon of a later block; see the template `lottery`.
//!
//! ```text
//! $ deploy
//! $ call roll
//! the beacon can be read in a draw only: schedule one (code 6)
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

#[contract]
mod wrong {
    use super::*;

    #[init]
    pub(crate) fn init() {}

    #[call]
    pub(crate) fn roll() -> u8 {
        env::beacon().as_bytes()[0] % 6
    }
}
