//! State roots, as headers name them and as stores have them.

use super::{Invariant, Seen};

/// A node's state after a block is the one that the block's header names.
pub struct Roots;

impl Invariant for Roots {
    fn name(&self) -> &'static str {
        "roots"
    }

    fn see(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Committed { node, committed, reader } = seen else { return Ok(()) };
        let header = &committed.block.header;
        let tip = reader.tip();
        // A node may have gone on by the time it tells.
        if tip.height != header.height || (tip.state_root, tip.hash) == (header.state_root, committed.hash) {
            return Ok(());
        }
        Err(format!(
            "node {node} at height {}: state root {}, its block says {}",
            tip.height, tip.state_root, header.state_root
        ))
    }
}
