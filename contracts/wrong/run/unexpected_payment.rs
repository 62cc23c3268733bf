//! Wrong: CNX sent to a method that says nothing of CNX.
//! Mend: `#[call(payable)]`, if it is to take any.
//!
//! ```text
//! $ deploy
//! $ call buy --value 1
//! this method takes no CNX (code 1000000)
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::contract;

#[contract]
mod wrong {
    #[init]
    pub(crate) fn init() {}

    #[call]
    pub(crate) fn buy() {}
}
