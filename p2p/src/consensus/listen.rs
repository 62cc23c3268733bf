//! Blocks without a question: a node that does not vote hears proposals and precommits by gossip, fetches and executes
//! what is proposed meanwhile, and has it final as soon as a quorum has precommitted.
//!
//! *Invariants*: a block is stored only with a certificate, made of checked precommits; at most [`AHEAD_MAX`] blocks of
//! a height are executed before they are decided. What is not heard comes by `follow`.

use super::codec::Message;
use super::error::{HostError, causes};
use super::host::Host;
use super::messages::Peer;
use super::proposals::Verdict;
use hydrogen_types::{Certificate, Hash};
use std::sync::Arc;

/// Proposed blocks of one height that are fetched and executed before one is decided.
pub(crate) const AHEAD_MAX: usize = 4;

/// What a node that does not vote knows of the current height.
#[derive(Default)]
pub(crate) struct Listening {
    /// Whether anything was heard since it was last looked through.
    pub(crate) news: bool,
    /// Proof that a block is decided, until its bytes are there.
    certificate: Option<Certificate>,
}

impl Listening {
    /// At the beginning of a height: something may have been heard of it before.
    pub(crate) fn anew() -> Self {
        Self { news: true, certificate: None }
    }
}

impl Host {
    /// A proposal is heard: its block is fetched from whoever passed it on, or from another.
    pub(crate) fn listen(&mut self, peer: Peer, message: &Message) {
        if let Message::Proposal(proposal) = message
            && message.height() == self.height
            && !self.is_voting()
            && self.heard.proposed(self.height).len() <= AHEAD_MAX
        {
            let round = proposal.message.round.as_u32().unwrap_or(0);
            self.fetch_block(Some(peer), proposal.message.value.0, round);
        }
    }

    /// Whether the block of the current height is on its way by itself.
    pub(crate) fn hears_height(&self) -> bool {
        !self.is_voting() && !self.heard.proposed(self.height).is_empty()
    }

    /// Stores what is heard to be decided, and executes what may be next.
    pub(crate) fn follow_heard(&mut self) -> Result<(), HostError> {
        while !self.is_voting() && self.finalise_heard()? {}
        Ok(())
    }

    /// Stores the block of the current height if it is heard to be decided, and is here.
    fn finalise_heard(&mut self) -> Result<bool, HostError> {
        if std::mem::take(&mut self.listening.news) && self.listening.certificate.is_none() {
            self.listening.certificate = self.heard.certificate(self.height, &self.members);
        }
        let Some(certificate) = self.listening.certificate.take() else {
            self.execute_ahead()?;
            return Ok(false);
        };
        let Some(pooled) = self.blocks.get(&certificate.block) else {
            self.fetch_block(None, certificate.block, certificate.round);
            self.listening.certificate = Some(certificate);
            return Ok(false);
        };
        let bytes = Arc::clone(&pooled.bytes);
        if let Err(reason) = self.import(&bytes, certificate)? {
            tracing::warn!(height = %self.height, reason, "a block that was heard to be decided is refused");
            return Ok(false);
        }
        self.counters.blocks_heard.add_one();
        Ok(true)
    }

    fn execute_ahead(&mut self) -> Result<(), HostError> {
        let proposed = self.heard.proposed(self.height);
        let due = |id: &Hash| self.blocks.get(id).is_some() && !self.verdicts.contains_key(id);
        let due: Vec<Hash> = proposed.into_iter().filter(due).collect();
        for id in due {
            if self.verdicts.len() >= AHEAD_MAX {
                break;
            }
            let Some(pooled) = self.blocks.get(&id) else { continue };
            let verdict = match self.chain.execute(pooled.block.clone(), None) {
                Ok(executed) => {
                    self.keep_executed(executed);
                    Verdict::Valid
                }
                Err(error) if error.is_peer_fault() => {
                    tracing::debug!(height = %self.height, block = %id, reason = causes(&error), "not a good block");
                    Verdict::Invalid
                }
                Err(error) => return Err(HostError::execution(self.height, &error)),
            };
            self.verdicts.insert(id, verdict);
        }
        Ok(())
    }
}
