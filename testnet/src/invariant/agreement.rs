//! One block a height, whoever tells of it.

use super::{Invariant, Seen};
use hydrogen_types::{Hash, Height};
use std::collections::BTreeMap;

/// No two nodes commit different blocks at one height.
#[derive(Default)]
pub struct Agreement {
    decided: BTreeMap<Height, (Hash, usize)>,
}

impl Invariant for Agreement {
    fn name(&self) -> &'static str {
        "agreement"
    }

    fn see(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Committed { node, committed, .. } = seen else { return Ok(()) };
        let (height, hash) = (committed.block.header.height, committed.hash);
        let (known, first) = *self.decided.entry(height).or_insert((hash, *node));
        if known == hash {
            return Ok(());
        }
        Err(format!("height {height}: node {first} has block {known}, node {node} has {hash}"))
    }
}
