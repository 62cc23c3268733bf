//! Blocks of the current height and the next that are not decided yet.
//!
//! *Invariants*: a block is filed under the hash of its header, computed here; unasked blocks are bounded for each peer
//! and in total.

use super::messages::Peer;
use hydrogen_types::{Block, Hash, Height};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Blocks held in all.
pub(crate) const BLOCKS_MAX: usize = 64;
/// Bytes held in all.
const BYTES_MAX: usize = 256 << 20;
/// Blocks held of one peer that nobody asked for: its own proposals of this height and the next, and a spare.
const UNASKED_PER_PEER_MAX: usize = 4;

/// A block that is not decided yet.
pub(crate) struct Pooled {
    pub(crate) block: Block,
    pub(crate) bytes: Arc<[u8]>,
    unasked_from: Option<Peer>,
}

/// The blocks.
#[derive(Default)]
pub(crate) struct BlockPool {
    by_id: BTreeMap<Hash, Pooled>,
}

impl BlockPool {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn get(&self, id: &Hash) -> Option<&Pooled> {
        self.by_id.get(id)
    }

    /// Files a block that is needed: our own, or one that was asked for.
    pub(crate) fn insert(&mut self, id: Hash, block: Block, bytes: Arc<[u8]>) {
        self.by_id.insert(id, Pooled { block, bytes, unasked_from: None });
    }

    /// Files a block that a peer sent unasked, if there is room.
    pub(crate) fn offer(&mut self, id: Hash, block: Block, bytes: Arc<[u8]>, peer: Peer) -> bool {
        if self.by_id.contains_key(&id) {
            return true;
        }
        let of_peer = self.by_id.values().filter(|pooled| pooled.unasked_from == Some(peer)).count();
        let held: usize = self.by_id.values().map(|pooled| pooled.bytes.len()).sum();
        if of_peer >= UNASKED_PER_PEER_MAX || self.by_id.len() >= BLOCKS_MAX || held + bytes.len() > BYTES_MAX
        {
            return false;
        }
        self.by_id.insert(id, Pooled { block, bytes, unasked_from: Some(peer) });
        true
    }

    /// Forgets everything below `height`.
    pub(crate) fn prune(&mut self, height: Height) {
        self.by_id.retain(|_, pooled| pooled.block.header.height >= height);
    }
}
