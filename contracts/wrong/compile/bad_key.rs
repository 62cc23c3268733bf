//! Wrong: a map with keys that have no order in bytes.
//! Mend: keys are whole numbers, addresses, hashes, text, or tuples of them.
//!
//! ```text
//! the method `save` exists for struct `hydrogen_sdk::Map<Option<u64>, hydrogen_sdk::prelude::Address>`, but its trait bounds were not satisfied
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

const BY_RANK: Map<Option<u64>, Address> = Map::new("by rank");

#[contract]
mod wrong {
    use super::*;

    #[call]
    pub(crate) fn place(rank: Option<u64>) {
        BY_RANK.save(&rank, &env::caller());
    }
}
