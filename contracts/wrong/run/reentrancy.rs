//! Wrong: a contract that calls a stranger, who calls it back: here itself, which is the shortest such circle.
//! Mend: change and save the state first, call last, and expect the refusal.
//!
//! ```text
//! $ deploy
//! $ call outer
//! the stranger does not call back: CallError { code: 13,
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
    pub(crate) fn outer() {
        let answer = env::call(&env::contract(), "inner", &[], Amount::ZERO, Gas::ZERO);
        answer.expect("the stranger does not call back");
    }

    #[call]
    pub(crate) fn inner() {}
}
