//! Following peers: their heights, announcements, and decided blocks with certificates, each verified before it is
//! stored. Nodes that do not vote live on this alone; a validator that fell behind catches up by it.
//!
//! *Invariants*: at most one request for blocks is under way; a peer whose claim of a height proves empty is not asked
//! again for a while; an announcement is forwarded only once this node has the block.

use super::error::HostError;
use super::host::Host;
use super::messages::{Output, Peer, PeerState, Verdict};
use super::txs::block_bytes_max;
use hydrogen_core::block::has_own_body;
use hydrogen_core::{Tip, verify_certificate};
use hydrogen_types::codec::decode;
use hydrogen_types::{Block, Certificate, Hash, Height};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Time for an answer before another peer is asked.
const SYNC_TIMEOUT_MS: u64 = 3_000;
/// How long a validator lets agreement go on by itself after it heard that the current height is decided.
const DECIDE_GRACE_MS: u64 = 100;
/// How long a peer is left alone after a claim that proved empty.
const DISTRUST_MS: u64 = 5_000;
/// Announcements that wait for their block.
pub(crate) const ANNOUNCED_MAX: usize = 64;
/// How long one waits: gossip forgets messages after five seconds.
const ANNOUNCED_MS: u64 = 4_000;
/// Recent heights whose announcements are judged from memory.
const RECENT_MAX: usize = 64;

struct FollowedPeer {
    height: Height,
    validator: bool,
    distrusted_until_ms: u64,
}

struct Pending {
    gossip: u64,
    height: Height,
    id: Hash,
    until_ms: u64,
}

struct Request {
    peer: Peer,
    from: Height,
    until_ms: u64,
}

/// What is known of peers.
pub(crate) struct Followed {
    peers: BTreeMap<Peer, FollowedPeer>,
    request: Option<Request>,
    ahead_since_ms: Option<u64>,
    last_asked: Option<Peer>,
    pending: Vec<Pending>,
    recent: BTreeMap<Height, Hash>,
    synced_last: bool,
}

impl Followed {
    pub(crate) fn new(tip: &Tip) -> Self {
        Self {
            peers: BTreeMap::new(),
            request: None,
            ahead_since_ms: None,
            last_asked: None,
            pending: Vec::new(),
            recent: BTreeMap::from([(tip.height, tip.hash)]),
            synced_last: false,
        }
    }

    pub(crate) fn peers(&self) -> impl Iterator<Item = Peer> + '_ {
        self.peers.keys().copied()
    }

    /// Whether blocks come from peers rather than from votes.
    pub(crate) fn catching_up(&self) -> bool {
        self.synced_last && self.request.is_some()
    }

    pub(crate) fn next_wake(&self) -> Option<u64> {
        let request = self.request.as_ref().map(|request| request.until_ms);
        let grace = self.ahead_since_ms.filter(|_| self.request.is_none());
        let grace = grace.map(|since_ms| since_ms.saturating_add(DECIDE_GRACE_MS));
        let pending = self.pending.iter().map(|pending| pending.until_ms).min();
        [request, grace, pending].into_iter().flatten().min()
    }

    /// Announcements that wait for their block.
    pub(crate) fn announced(&self) -> usize {
        self.pending.len()
    }

    /// The highest height a peer claims.
    fn highest(&self) -> Height {
        self.peers.values().map(|peer| peer.height).max().unwrap_or_default()
    }
}

impl Host {
    /// Whether peers claim more than one block beyond this node's tip.
    #[must_use]
    pub fn is_syncing(&self) -> bool {
        self.followed.highest() > self.height
    }

    /// A peer tells its state; to a new one that votes, tell what was said at this height so far.
    pub(crate) fn on_status(&mut self, peer: Peer, state: PeerState) -> Result<(), HostError> {
        let PeerState { height, validator } = state;
        let news = FollowedPeer { height, validator, distrusted_until_ms: 0 };
        match self.followed.peers.get_mut(&peer) {
            Some(known) => {
                known.height = known.height.max(height);
                known.validator = validator;
            }
            None => {
                self.followed.peers.insert(peer, news);
                self.out.push(Output::AskEvidence(peer));
                if validator {
                    self.repeat_to(peer);
                }
            }
        }
        Ok(())
    }

    fn repeat_to(&mut self, peer: Peer) {
        for id in self.own.values() {
            if let Some(pooled) = self.blocks.get(id) {
                self.out.push(Output::SendBlock(peer, Arc::clone(&pooled.offer)));
            }
        }
        for bytes in &self.published {
            self.out.push(Output::Send(peer, Arc::clone(bytes)));
        }
    }

    pub(crate) fn on_gone(&mut self, peer: Peer) -> Result<(), HostError> {
        self.followed.peers.remove(&peer);
        self.certificates.remove(&peer);
        self.parts.gone(peer);
        if self.followed.request.as_ref().is_some_and(|request| request.peer == peer) {
            self.followed.request = None;
        }
        Ok(())
    }

    /// A peer seems to have committed `height`.
    pub(crate) fn hear_of_height(&mut self, peer: Peer, height: Height) {
        if let Some(known) = self.followed.peers.get_mut(&peer) {
            known.height = known.height.max(height);
        }
    }

    /// Asks a peer that is ahead for blocks, unless agreement is about to give the only one missing.
    pub(crate) fn ask_for_sync(&mut self) {
        let now_ms = self.now.mono_ms;
        if self.followed.request.as_ref().is_some_and(|request| request.until_ms <= now_ms) {
            self.distrust_requested();
        }
        let target = self.height;
        let trusted = self.followed.peers.iter().filter(|(_, known)| known.distrusted_until_ms <= now_ms);
        let ahead: Vec<(Peer, Height)> = trusted
            .filter(|(_, known)| known.height >= target)
            .map(|(peer, known)| (*peer, known.height))
            .collect();
        if ahead.is_empty() {
            self.followed.ahead_since_ms = None;
            return;
        }
        let since_ms = *self.followed.ahead_since_ms.get_or_insert(now_ms);
        if self.followed.request.is_some() {
            return;
        }
        let far = ahead.iter().any(|(_, height)| *height > target);
        if (self.started || self.hears_height()) && !far && now_ms < since_ms.saturating_add(DECIDE_GRACE_MS)
        {
            return;
        }
        let next = ahead.iter().find(|(peer, _)| Some(*peer) > self.followed.last_asked).or(ahead.first());
        if let Some((peer, _)) = next.copied() {
            self.followed.last_asked = Some(peer);
            self.followed.request =
                Some(Request { peer, from: target, until_ms: now_ms.saturating_add(SYNC_TIMEOUT_MS) });
            self.out.push(Output::AskSync(peer, target));
        }
    }

    /// The peer that was asked has not delivered.
    fn distrust_requested(&mut self) {
        self.followed.synced_last = false;
        let Some(Request { peer, .. }) = self.followed.request.take() else { return };
        if let Some(known) = self.followed.peers.get_mut(&peer) {
            known.distrusted_until_ms = self.now.mono_ms.saturating_add(DISTRUST_MS);
            known.height = Height::GENESIS;
        }
    }

    pub(crate) fn on_sync_failed(&mut self, peer: Peer) -> Result<(), HostError> {
        if self.followed.request.as_ref().is_some_and(|request| request.peer == peer) {
            self.distrust_requested();
        }
        Ok(())
    }

    /// Decided blocks from a peer, in order of height.
    pub(crate) fn on_synced(
        &mut self,
        peer: Peer,
        blocks: Vec<(Vec<u8>, Certificate)>,
    ) -> Result<(), HostError> {
        let request = self.followed.request.as_ref().filter(|request| request.peer == peer);
        let Some(before) = request.map(|request| request.from) else { return Ok(()) };
        for (bytes, certificate) in blocks {
            match self.import(&bytes, certificate)? {
                Ok(()) => {}
                Err(reason) => {
                    self.fault(peer, reason);
                    break;
                }
            }
        }
        if self.height == before {
            self.distrust_requested();
        } else {
            self.followed.request = None;
            self.followed.synced_last = true;
        }
        Ok(())
    }

    /// Verifies, executes (unless done before a vote) and stores one decided block.
    pub(crate) fn import(
        &mut self,
        bytes: &[u8],
        certificate: Certificate,
    ) -> Result<Result<(), &'static str>, HostError> {
        let genesis = self.chain.genesis();
        let bytes_max = block_bytes_max(&genesis.params).saturating_mul(2);
        let Ok(block) = decode::<Block>(bytes, bytes_max) else {
            return Ok(Err("sent a malformed decided block"));
        };
        if block.header.height < self.height {
            return Ok(Ok(()));
        }
        if !has_own_body(&block) {
            return Ok(Err("sent a decided block with another block's transactions"));
        }
        let id = block.hash();
        if block.header.height > self.height || certificate.height != self.height || certificate.block != id {
            return Ok(Err("sent a decided block that was not asked for"));
        }
        let set = self.chain.validators(self.height)?;
        if verify_certificate(&self.chain.genesis().chain_id, &set, &certificate).is_err() {
            return Ok(Err("sent a decided block with a wrong certificate"));
        }
        // The certificate is good, so two thirds have executed this block: a failure from here on is this node's.
        if self.blocks.get(&id).is_none() {
            self.blocks.insert(id, block, bytes.into(), self.round);
        }
        let executed = self.executed_block(&id)?;
        // Far behind, a power cut costs no more than fetching again: the log names the height it is about, and nothing
        // is signed before the chain is back there.
        let committed = if self.is_syncing() {
            self.chain.commit_refetchable(executed, certificate)?
        } else {
            self.chain.commit(executed, certificate)?
        };
        self.counters.blocks_synced.add_one();
        self.enter_next_height(&committed)?;
        Ok(Ok(()))
    }

    /// A gossiped announcement: judged when the height is known here.
    pub(crate) fn on_announced(
        &mut self,
        peer: Peer,
        gossip: u64,
        height: Height,
        id: Hash,
    ) -> Result<(), HostError> {
        if height < self.height {
            let verdict = match self.followed.recent.get(&height) {
                Some(known) if *known == id => Verdict::Accept,
                Some(_) => Verdict::Reject,
                None => Verdict::Ignore,
            };
            self.out.push(Output::Verdict(gossip, verdict));
            return Ok(());
        }
        self.hear_of_height(peer, height);
        if self.followed.pending.len() >= ANNOUNCED_MAX {
            self.out.push(Output::Verdict(gossip, Verdict::Ignore));
            return Ok(());
        }
        let until_ms = self.now.mono_ms.saturating_add(ANNOUNCED_MS);
        self.followed.pending.push(Pending { gossip, height, id, until_ms });
        Ok(())
    }

    /// A block is stored: answer the announcements of its height.
    pub(crate) fn settle_announcements(&mut self, tip: &Tip) {
        self.followed.recent.insert(tip.height, tip.hash);
        if self.followed.recent.len() > RECENT_MAX {
            self.followed.recent.pop_first();
        }
        self.followed.ahead_since_ms = None;
        for pending in self.followed.pending.extract_if(.., |pending| pending.height <= tip.height) {
            let verdict = match (pending.height == tip.height, pending.id == tip.hash) {
                (true, true) => Verdict::Accept,
                (true, false) => Verdict::Reject,
                (false, _) => Verdict::Ignore,
            };
            self.out.push(Output::Verdict(pending.gossip, verdict));
        }
    }

    pub(crate) fn expire_announcements(&mut self) {
        let now_ms = self.now.mono_ms;
        for pending in self.followed.pending.extract_if(.., |pending| pending.until_ms <= now_ms) {
            self.out.push(Output::Verdict(pending.gossip, Verdict::Ignore));
        }
    }
}
