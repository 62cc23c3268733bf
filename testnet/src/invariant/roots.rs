//! State roots, as headers name them and as stores have them.

use super::{Invariant, Seen};
use hydrogen_core::state::keys;
use hydrogen_proof::verify_state;

/// A node's state after a block is the one that the block's header names: what the node stores as its tip says so, and
/// a proof of a key from its tree, checked by the crate of light clients, which shares no code with the executor.
pub struct Roots;

impl Invariant for Roots {
    fn name(&self) -> &'static str {
        "roots"
    }

    fn see(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Committed { node, committed, reader, .. } = seen else { return Ok(()) };
        let header = &committed.block.header;
        let key = keys::account(&header.proposer);
        let (tip, value, proof) = reader.state_proof(&key).map_err(|error| error.to_string())?;
        // A node may have gone on by the time it tells.
        if tip.height != header.height {
            return Ok(());
        }
        let at = |what: String| format!("node {node} at height {}: {what}", tip.height);
        if (tip.state_root, tip.hash) != (header.state_root, committed.hash) {
            return Err(at(format!("state root {}, its block says {}", tip.state_root, header.state_root)));
        }
        verify_state(&header.state_root, &key, value.as_deref(), &proof)
            .map_err(|error| at(format!("its tree is not that of its block: {error}")))
    }
}
