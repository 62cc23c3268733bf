//! Blocks on their way to and from others: what is wanted, offered and asked for.
//!
//! *Invariants*: a block is wanted once a signed proposal names it; wants are bounded, and those of the oldest rounds make
//! room; a block enters the pool only if it is what its id says.

use super::error::HostError;
use super::host::Host;
use super::messages::{Output, Peer};
use super::parts::{Offer, Taken};
use super::proposals::{WANTED_MAX, Want};
use super::txs::block_bytes_max;
use hydrogen_core::block::has_own_body;
use hydrogen_types::Hash;
use hydrogen_types::codec::decode;
use hydrogen_types::{Block, Height};
use std::sync::Arc;

/// What a block may have besides its transactions' bytes.
const BLOCK_OVERHEAD_BYTES: usize = 64 << 10;
/// Time for the bytes of a proposal to come by themselves before they are asked for.
const ASK_AFTER_MS: u64 = 25;
/// Time for an answer before the next peer is asked.
const ASK_AGAIN_MS: u64 = 150;

impl Host {
    /// A proposal of `round` names a block.
    pub(crate) fn want_block(&mut self, from: Option<Peer>, id: Hash, round: u32) {
        if self.blocks.get(&id).is_some() {
            return;
        }
        if let Some(want) = self.wanted.get_mut(&id) {
            want.round = want.round.max(round);
            return;
        }
        if self.wanted.len() >= WANTED_MAX {
            let oldest = self.wanted.iter().min_by_key(|(_, want)| want.round);
            let Some((oldest, _)) = oldest.filter(|(_, want)| want.round < round) else { return };
            let oldest = *oldest;
            self.wanted.remove(&oldest);
        }
        let ask_at_ms = self.now.mono_ms.saturating_add(ASK_AFTER_MS);
        self.wanted.insert(id, Want { from, asked: 0, ask_at_ms, round });
    }

    /// Asks for a block that nobody sends by itself.
    pub(crate) fn fetch_block(&mut self, from: Option<Peer>, id: Hash, round: u32) {
        self.want_block(from, id, round);
        if let Some(want) = self.wanted.get_mut(&id).filter(|want| want.asked == 0) {
            want.ask_at_ms = self.now.mono_ms;
        }
    }

    /// Asks for parts of the blocks that were offered so, and for the others that have not come by themselves: first
    /// whoever sent the proposal, then others in turn.
    pub(crate) fn ask_for_blocks(&mut self) {
        let now_ms = self.now.mono_ms;
        let wanted = &self.wanted;
        self.out.extend(self.parts.ask(now_ms, &|id| wanted.contains_key(id)));
        for (id, want) in &mut self.wanted {
            if want.ask_at_ms > now_ms || self.parts.expects(id) {
                continue;
            }
            let peers = || want.from.into_iter().chain(self.followed.peers());
            let peer = peers().nth(want.asked % peers().count().max(1));
            want.asked += 1;
            want.ask_at_ms = now_ms.saturating_add(ASK_AGAIN_MS);
            self.out.extend(peer.map(|peer| Output::AskBlock(peer, *id)));
        }
    }

    fn is_of_use(&self, height: Height) -> bool {
        height == self.height || height == self.height.next()
    }

    fn undecided_bytes_max(&self) -> usize {
        block_bytes_max(&self.chain.genesis().params).saturating_add(BLOCK_OVERHEAD_BYTES)
    }

    /// Takes the offer of a block.
    pub(crate) fn on_offer(&mut self, peer: Peer, bytes: &[u8]) -> Result<(), HostError> {
        match Offer::decode(bytes, self.undecided_bytes_max(), self.limits.part_bytes) {
            Err(_) => self.fault(peer, "sent a malformed block"),
            Ok(Offer::Whole(bytes)) => return self.on_block(peer, &bytes),
            Ok(Offer::Parts(manifest)) => {
                let known = self.blocks.get(&manifest.id).is_some() || !self.is_of_use(manifest.height);
                let wanted = &self.wanted;
                let wanted = |id: &Hash| wanted.contains_key(id);
                if !known && self.parts.offer(peer, manifest, &wanted) == Taken::Wrong {
                    self.fault(peer, "offered one block in two ways");
                }
            }
        }
        Ok(())
    }

    /// Takes a part of a block; the last one makes it whole.
    pub(crate) fn on_part(
        &mut self,
        peer: Peer,
        root: Hash,
        index: u32,
        bytes: Vec<u8>,
    ) -> Result<(), HostError> {
        match self.parts.take(peer, root, index, bytes) {
            Taken::Fine => Ok(()),
            Taken::Wrong => {
                self.fault(peer, "sent a part that does not fit its block");
                Ok(())
            }
            Taken::Whole(id, bytes, sources) => {
                let block = decode::<Block>(&bytes, self.undecided_bytes_max());
                match block.ok().filter(|block| block.hash() == id) {
                    Some(_) => self.on_block(sources.first().copied().unwrap_or(peer), &bytes),
                    None => {
                        for source in sources {
                            self.fault(source, "offered parts that are not of the block");
                        }
                        Ok(())
                    }
                }
            }
        }
    }

    /// The peer has no such parts.
    pub(crate) fn on_part_missing(&mut self, peer: Peer, root: Hash) -> Result<(), HostError> {
        self.parts.missing(peer, root);
        Ok(())
    }

    /// A peer lacks a part of a block.
    pub(crate) fn on_part_wanted(&mut self, request: u64, root: Hash, index: u32) -> Result<(), HostError> {
        let part = self.blocks.part(&root, index).or_else(|| self.parts.part(&root, index));
        let part = part.map(Arc::from);
        self.out.push(Output::PartReply(request, root, index, part));
        Ok(())
    }

    /// Takes the bytes of a block.
    fn on_block(&mut self, peer: Peer, bytes: &[u8]) -> Result<(), HostError> {
        let Ok(block) = decode::<Block>(bytes, self.undecided_bytes_max()) else {
            self.fault(peer, "sent a malformed block");
            return Ok(());
        };
        if block.header.chain_id != self.chain.genesis().chain_id {
            self.fault(peer, "sent a block of another chain");
            return Ok(());
        }
        let (id, height) = (block.hash(), block.header.height);
        if !self.is_of_use(height) {
            return Ok(());
        }
        if !has_own_body(&block) {
            self.fault(peer, "sent a block with another block's transactions");
            return Ok(());
        }
        if let Some(want) = self.wanted.remove(&id) {
            self.blocks.insert(id, block, bytes.into(), want.round);
        } else if !self.blocks.offer(id, block, bytes.into(), peer, self.round) {
            return Ok(());
        }
        self.parts.forget(&id);
        if let Some(certificate) = self.undelivered.take_if(|certificate| certificate.block == id) {
            self.commit_block(certificate)?;
            return self.follow_up();
        }
        for proposal in self.held.extract_if(.., |held| held.message.value.0 == id).collect::<Vec<_>>() {
            if self.started && proposal.message.height.0 == self.height {
                self.judge(proposal)?;
            }
        }
        Ok(())
    }

    /// The peer has no such block: ask the next at once.
    pub(crate) fn on_block_missing(&mut self, _peer: Peer, id: Hash) -> Result<(), HostError> {
        if let Some(want) = self.wanted.get_mut(&id) {
            want.ask_at_ms = want.ask_at_ms.min(self.now.mono_ms.saturating_add(ASK_AFTER_MS));
        }
        Ok(())
    }

    /// A peer lacks a block that is not decided yet, or is the last one.
    pub(crate) fn on_block_wanted(&mut self, request: u64, id: Hash) -> Result<(), HostError> {
        let offer = self.blocks.get(&id).map(|pooled| Arc::clone(&pooled.offer));
        self.out.push(Output::BlockReply(request, offer));
        Ok(())
    }

    /// The bytes of a block that is not decided yet: for simulators, whose liars change them.
    #[must_use]
    pub fn undecided(&self, id: &Hash) -> Option<Arc<[u8]>> {
        self.blocks.get(id).map(|pooled| Arc::clone(&pooled.bytes))
    }
}
