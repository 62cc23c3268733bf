//! Wrong: a function that calls itself without an end, and writes below its stack of 64 KiB.
//! Mend: a loop, or a bound on the depth.
//!
//! ```text
//! $ deploy
//! $ query depth {"start": "0"}
//! wasm trap: out of bounds memory access (code 2)
//! ```
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(missing_docs, reason = "shown in a line or two")]

use hydrogen_sdk::prelude::*;

#[contract]
mod wrong {
    use super::*;

    #[init]
    pub(crate) fn init() {}

    #[query]
    pub(crate) fn depth(start: u64) -> u64 {
        deeper(start).saturating_add(1)
    }
}

/// Keeps something of its own on the stack, so that it is no loop in disguise.
#[inline(never)]
fn deeper(depth: u64) -> u64 {
    let noted = core::hint::black_box([depth; 16]);
    if depth == u64::MAX { 0 } else { deeper(depth + 1).wrapping_add(noted[(depth % 16) as usize]) }
}
