//! Wrong: a refusal as text: callers could not tell one from another.
//! Mend: an enum that derives `ContractError`, whose variants have codes and sentences.
//!
//! ```text
//! the trait bound `Revert: From<std::string::String>` is not satisfied
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

#[contract]
mod wrong {
    use super::*;

    #[call]
    pub(crate) fn take() -> Result<(), String> {
        Err("there is nothing left".into())
    }
}
