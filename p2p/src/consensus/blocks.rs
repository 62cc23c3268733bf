//! Blocks of the current height and the next that are not decided yet, and the last one that is, for who asks late.
//!
//! *Invariants*: a block is filed under the hash of its header, computed here; blocks that no proposal named are bounded
//! for each peer, all in count and bytes. The blocks of old rounds go first; one that is locked, or the newest known to
//! have two thirds of prevotes, or this node's own of a recent round, never goes while its height lasts.

use super::messages::Peer;
use super::parts::{Offer, part_range};
use hydrogen_types::codec::encode;
use hydrogen_types::{Block, Hash, Height};
use std::collections::{BTreeMap, BTreeSet};
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
    /// What is told of it: an encoded [`Offer`].
    pub(crate) offer: Arc<[u8]>,
    root: Option<Hash>,
    unasked_from: Option<Peer>,
    /// Newest round of this height in which it was of use.
    used: u32,
}

/// The blocks.
pub(crate) struct BlockPool {
    part_bytes: usize,
    by_id: BTreeMap<Hash, Pooled>,
    kept: BTreeSet<Hash>,
}

impl BlockPool {
    pub(crate) fn new(part_bytes: usize) -> Self {
        Self { part_bytes, by_id: BTreeMap::new(), kept: BTreeSet::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn get(&self, id: &Hash) -> Option<&Pooled> {
        self.by_id.get(id)
    }

    fn bytes(&self) -> usize {
        self.by_id.values().map(|pooled| pooled.bytes.len()).sum()
    }

    fn is_full(&self, more: usize) -> bool {
        self.by_id.len() >= BLOCKS_MAX || self.bytes().saturating_add(more) > BYTES_MAX
    }

    fn file(&mut self, id: Hash, block: Block, bytes: Arc<[u8]>, unasked_from: Option<Peer>, used: u32) {
        let offer = Offer::of(block.header.height, id, &bytes, self.part_bytes);
        let root = match &offer {
            Offer::Whole(_) => None,
            Offer::Parts(manifest) => Some(manifest.root()),
        };
        let offer = encode(&offer).into();
        self.by_id.insert(id, Pooled { block, bytes, offer, root, unasked_from, used });
    }

    /// Files a block that is needed in `round`: our own, or one that was asked for. Others make room.
    pub(crate) fn insert(&mut self, id: Hash, block: Block, bytes: Arc<[u8]>, round: u32) {
        while self.is_full(bytes.len()) {
            let old = self.by_id.iter().filter(|(id, _)| !self.kept.contains(*id));
            let old = old.min_by_key(|(_, pooled)| (pooled.unasked_from.is_none(), pooled.used));
            let Some(old) = old.map(|(id, _)| *id) else { break };
            self.by_id.remove(&old);
        }
        self.file(id, block, bytes, None, round);
    }

    /// Files a block that a peer sent unasked in `round`, if there is room.
    pub(crate) fn offer(&mut self, id: Hash, block: Block, bytes: Arc<[u8]>, peer: Peer, round: u32) -> bool {
        if self.by_id.contains_key(&id) {
            return true;
        }
        let of_peer = self.by_id.values().filter(|pooled| pooled.unasked_from == Some(peer)).count();
        if of_peer >= UNASKED_PER_PEER_MAX || self.is_full(bytes.len()) {
            return false;
        }
        self.file(id, block, bytes, Some(peer), round);
        true
    }

    /// A proposal of `round` names the block.
    pub(crate) fn used_in(&mut self, id: &Hash, round: u32) {
        if let Some(pooled) = self.by_id.get_mut(id) {
            pooled.used = pooled.used.max(round);
        }
    }

    /// A part of a block, by the root of its manifest.
    pub(crate) fn part(&self, root: &Hash, index: u32) -> Option<&[u8]> {
        let pooled = self.by_id.values().find(|pooled| pooled.root == Some(*root))?;
        pooled.bytes.get(part_range(pooled.bytes.len(), index, self.part_bytes)?)
    }

    /// Forgets the blocks of `height` that were last of use before `round`, except those in `kept`.
    pub(crate) fn forget_rounds(&mut self, height: Height, round: u32, kept: BTreeSet<Hash>) {
        self.kept = kept;
        let kept = &self.kept;
        self.by_id.retain(|id, pooled| {
            pooled.block.header.height != height || pooled.used >= round || kept.contains(id)
        });
    }

    /// A block is decided: forgets all others up to its height.
    pub(crate) fn decided(&mut self, height: Height, id: &Hash) {
        self.kept.clear();
        self.by_id.retain(|other, pooled| pooled.block.header.height > height || other == id);
        // Rounds begin anew.
        self.by_id.values_mut().for_each(|pooled| pooled.used = 0);
    }
}
