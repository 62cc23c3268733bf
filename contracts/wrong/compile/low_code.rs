//! Wrong: a refusal with a code of the ledger.
//! Mend: codes from 1000.
//!
//! ```text
//! a contract's codes are 1000 to 999999
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

#[derive(Debug, ContractError)]
pub enum WrongError {
    #[error(1, "there is nothing left")]
    Empty,
}

#[contract]
mod wrong {
    use super::*;

    #[call]
    pub(crate) fn take() -> Result<(), WrongError> {
        Err(WrongError::Empty)
    }
}
