//! Messages of validators, proposals and the blocks they name: what is held until both are there, judged once, and
//! given to the engine.
//!
//! *Invariants*: the engine learns of a proposal only with its block judged; a block is executed before it is voted
//! for; a block counts as its proposer's, at the round of its header, only if that round fits the proposal: the current
//! round without a proof-of-lock, at most the proof's round with one. The clock is asked only without one.

use super::codec::{Message, Record};
use super::context::{At, BlockId, EngineInput, Members, Proposal, SignedProposal, Voter, engine, malachite};
use super::host::{Host, HostError, causes};
use super::messages::{Output, Peer};
use super::txs::block_bytes_max;
use engine::{LocallyProposedValue, MAX_FUTURE_ROUND_LOOKAHEAD, ProposedValue};
use hydrogen_core::block::has_own_body;
use hydrogen_core::{BlockError, Executed};
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::{Block, Hash};
use malachite::{Round, Validity, ValueOrigin};
use std::sync::Arc;

/// Distinct proposals of one round that are looked at: one, and a second as proof of misbehaviour.
const PROPOSALS_PER_ROUND_MAX: usize = 2;
/// What a block may have besides its transactions' bytes.
const BLOCK_OVERHEAD_BYTES: usize = 64 << 10;
/// Time for the bytes of a proposal to come by themselves before they are asked for.
const ASK_AFTER_MS: u64 = 25;
/// Time for an answer before the next peer is asked.
const ASK_AGAIN_MS: u64 = 150;
/// Certificates taken from one peer in one height: each costs as many checks as there are validators.
const CERTIFICATES_PER_PEER_MAX: u32 = 128;

/// What is known of a block of this height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Executed: the roots are right.
    Valid,
    /// Wrong, whoever proposes it.
    Invalid,
    /// Its time is ahead of this node's clock; with a proof-of-lock it is judged again, without the clock.
    Early,
}

/// A block that a held proposal waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Want {
    from: Option<Peer>,
    asked: usize,
    pub(crate) ask_at_ms: u64,
}

impl Host {
    /// Takes a message of a peer.
    pub(crate) fn on_message(&mut self, peer: Peer, bytes: &[u8]) -> Result<(), HostError> {
        let Ok(message) = Message::decode(bytes) else {
            self.fault(peer, "sent a malformed message");
            return Ok(());
        };
        let height = message.height();
        if height > self.height {
            // Only a claim, which a request for blocks will test.
            self.hear_of_height(peer, height.previous().unwrap_or(height));
        }
        let members = if self.validator { self.members_of(height)? } else { None };
        let Some(members) = members else { return Ok(()) };
        let Some((voter, good)) = self.check_message(&message, &members) else {
            // A certificate names no sender; the engine checks it, and only while a height is on.
            return self.on_certificate(peer, message);
        };
        if !good {
            self.fault(peer, "sent a message with a wrong signature");
            return Ok(());
        }
        self.hear(&message, Some(peer))?;
        if height < self.height {
            return Ok(());
        }
        self.counters.votes_received.add_one();
        if let Message::Proposal(proposal) = &message {
            self.want_block(Some(peer), proposal.message.value.0);
        }
        if height == self.height && self.started {
            return self.take_message(message);
        }
        self.keep_early(voter, message);
        if height == self.height && self.is_voting() && self.log_allows_start() {
            self.start_height()?;
        }
        Ok(())
    }

    /// Who signed a vote or proposal, and whether it is a validator and really did.
    pub(crate) fn check_message(&mut self, message: &Message, members: &Members) -> Option<(Voter, bool)> {
        match message {
            Message::Vote(vote) => {
                let key = members.key_of(&vote.message.voter);
                Some((vote.message.voter, key.is_some_and(|key| self.verifier.vote(vote, &key))))
            }
            Message::Proposal(signed) => {
                let Proposal { height, round, pol_round, proposer, .. } = signed.message;
                let in_turn = members.proposer_address(height, round.as_u32().unwrap_or(0)) == proposer;
                let locked_before = pol_round.is_nil() || pol_round < round;
                let key = members.key_of(&proposer).filter(|_| in_turn && locked_before);
                Some((proposer, key.is_some_and(|key| self.verifier.proposal(signed, &key))))
            }
            Message::Polka(_) | Message::Round(_) => None,
        }
    }

    fn on_certificate(&mut self, peer: Peer, message: Message) -> Result<(), HostError> {
        let count = self.certificates.entry(peer).or_default();
        *count += 1;
        if *count > CERTIFICATES_PER_PEER_MAX || !self.started || message.height() != self.height {
            return Ok(());
        }
        self.take_message(message)
    }

    /// Gives a checked message of the current height to the engine.
    pub(crate) fn take_message(&mut self, message: Message) -> Result<(), HostError> {
        let ahead = i64::from(MAX_FUTURE_ROUND_LOOKAHEAD);
        let too_far = message.round().as_i64() > self.engine_round().as_i64().saturating_add(ahead);
        match message {
            Message::Vote(_) | Message::Proposal(_) if too_far => Ok(()),
            Message::Vote(vote) => self.feed(EngineInput::Vote(vote)),
            Message::Proposal(proposal) => self.take_proposal(proposal),
            Message::Polka(certificate) => self.feed(EngineInput::PolkaCertificate(certificate)),
            Message::Round(certificate) => self.feed(EngineInput::RoundCertificate(certificate)),
        }
    }

    fn take_proposal(&mut self, proposal: SignedProposal) -> Result<(), HostError> {
        let Some(round) = proposal.message.round.as_u32() else { return Ok(()) };
        let id = proposal.message.value.0;
        let in_round =
            self.proposals_seen.range((round, Hash::ZERO)..).take_while(|seen| seen.0 == round).count();
        if in_round >= PROPOSALS_PER_ROUND_MAX || !self.proposals_seen.insert((round, id)) {
            return Ok(());
        }
        if self.blocks.get(&id).is_some() {
            self.wanted.remove(&id);
            return self.judge(proposal);
        }
        self.held.push(proposal);
        self.want_block(None, id);
        Ok(())
    }

    /// Asks for a block that nobody sends by itself.
    pub(crate) fn fetch_block(&mut self, from: Option<Peer>, id: Hash) {
        self.want_block(from, id);
        if let Some(want) = self.wanted.get_mut(&id).filter(|want| want.asked == 0) {
            want.ask_at_ms = self.now.mono_ms;
        }
    }

    fn want_block(&mut self, from: Option<Peer>, id: Hash) {
        if self.blocks.get(&id).is_none() && self.wanted.len() < 4 * PROPOSALS_PER_ROUND_MAX {
            let ask_at_ms = self.now.mono_ms.saturating_add(ASK_AFTER_MS);
            self.wanted.entry(id).or_insert(Want { from, asked: 0, ask_at_ms });
        }
    }

    /// Asks for the blocks that have not come by themselves: first whoever sent the proposal, then others in turn.
    pub(crate) fn ask_for_blocks(&mut self) {
        let now_ms = self.now.mono_ms;
        for (id, want) in &mut self.wanted {
            if want.ask_at_ms > now_ms {
                continue;
            }
            let peers = || want.from.into_iter().chain(self.followed.peers());
            let peer = peers().nth(want.asked % peers().count().max(1));
            want.asked += 1;
            want.ask_at_ms = now_ms.saturating_add(ASK_AGAIN_MS);
            self.out.extend(peer.map(|peer| Output::AskBlock(peer, *id)));
        }
    }

    /// Takes the bytes of a block.
    pub(crate) fn on_block(&mut self, peer: Peer, bytes: &[u8]) -> Result<(), HostError> {
        let genesis = self.chain.genesis();
        let bytes_max = block_bytes_max(&genesis.params).saturating_add(BLOCK_OVERHEAD_BYTES);
        let Ok(block) = decode::<Block>(bytes, bytes_max) else {
            self.fault(peer, "sent a malformed block");
            return Ok(());
        };
        if block.header.chain_id != genesis.chain_id {
            self.fault(peer, "sent a block of another chain");
            return Ok(());
        }
        let (id, height) = (block.hash(), block.header.height);
        if height < self.height || height > self.height.next() {
            return Ok(());
        }
        if !has_own_body(&block) {
            self.fault(peer, "sent a block with another block's transactions");
            return Ok(());
        }
        if self.wanted.remove(&id).is_some() {
            self.blocks.insert(id, block, bytes.into());
        } else if !self.blocks.offer(id, block, bytes.into(), peer) {
            return Ok(());
        }
        let (ready, held) =
            std::mem::take(&mut self.held).into_iter().partition(|held| held.message.value.0 == id);
        self.held = held;
        let ready: Vec<SignedProposal> = ready;
        for proposal in ready {
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

    /// A peer lacks a block that is not decided yet.
    pub(crate) fn on_block_wanted(&mut self, request: u64, id: Hash) -> Result<(), HostError> {
        let bytes = self.blocks.get(&id).map(|pooled| Arc::clone(&pooled.bytes));
        self.out.push(Output::BlockReply(request, bytes));
        Ok(())
    }

    /// Decides whether the engine hears of a proposal, and what of its block.
    fn judge(&mut self, proposal: SignedProposal) -> Result<(), HostError> {
        let Proposal { round, pol_round, value: BlockId(id), proposer, .. } = proposal.message;
        let Some(pooled) = self.blocks.get(&id) else { return Ok(()) };
        let header = &pooled.block.header;
        let fits = match pol_round {
            Round::Nil => Round::new(header.round) == round && header.proposer == proposer.0,
            Round::Some(_) => Round::new(header.round) <= pol_round,
        };
        if !fits || header.height != self.height {
            self.counters.proposals_refused_round.add_one();
            return Ok(());
        }
        let known = self.verdicts.get(&id).copied();
        let verdict = match known {
            Some(Verdict::Valid) => Verdict::Valid,
            Some(Verdict::Invalid) => Verdict::Invalid,
            Some(Verdict::Early) | None => self.execute(id, pol_round)?,
        };
        if known != Some(verdict) {
            self.verdicts.insert(id, verdict);
            let value = ProposedValue {
                height: At(self.height),
                round,
                valid_round: pol_round,
                proposer,
                value: BlockId(id),
                validity: Validity::from_bool(verdict == Verdict::Valid),
            };
            self.feed(EngineInput::ProposedValue(value, ValueOrigin::Consensus))?;
        }
        if self.started && proposal.message.height.0 == self.height {
            self.feed(EngineInput::Proposal(proposal))?;
        }
        Ok(())
    }

    /// Executes a block once, keeps the outcome for the commit, and logs its bytes ahead of the verdict.
    fn execute(&mut self, id: Hash, pol_round: Round) -> Result<Verdict, HostError> {
        let Some(pooled) = self.blocks.get(&id) else { return Ok(Verdict::Invalid) };
        let clock_ms = pol_round.is_nil().then_some(self.now.wall_ms);
        let bytes = Arc::clone(&pooled.bytes);
        match self.chain.execute(pooled.block.clone(), clock_ms) {
            Ok(executed) => {
                self.executed.insert(id, executed);
                self.log(&Record::Block(bytes.to_vec()));
                Ok(Verdict::Valid)
            }
            Err(error) if error.is_peer_fault() => {
                tracing::warn!(height = %self.height, block = %id, reason = causes(&error), "refused a proposed block");
                Ok(self.count_refusal(&error, pol_round))
            }
            Err(error) => Err(HostError::execution(self.height, &error)),
        }
    }

    fn count_refusal(&self, error: &BlockError, pol_round: Round) -> Verdict {
        match error {
            BlockError::WrongTime { .. } if pol_round.is_nil() => {
                self.counters.proposals_refused_clock.add_one();
                Verdict::Early
            }
            BlockError::BadBeacon { .. } => {
                self.counters.proposals_refused_beacon.add_one();
                Verdict::Invalid
            }
            _ => {
                self.counters.proposals_refused_block.add_one();
                Verdict::Invalid
            }
        }
    }

    /// The outcome of a block that is decided: kept from before the vote, or (after a restart) executed again.
    pub(crate) fn executed_block(&mut self, id: &Hash) -> Result<Executed, HostError> {
        if let Some(executed) = self.executed.remove(id) {
            return Ok(executed);
        }
        let pooled = self.blocks.get(id).ok_or_else(|| self.missing_block(id))?;
        let height = self.height;
        self.chain.execute(pooled.block.clone(), None).map_err(|error| HostError::execution(height, &error))
    }

    /// Answers the engine's request for a block: the one of this round from before a restart, or a new one.
    pub(crate) fn propose(&mut self, round: u32) -> Result<(), HostError> {
        if !self.started || self.engine_round() != Round::new(round) {
            return Ok(());
        }
        let id = match self.own.get(&round) {
            Some(id) => *id,
            None => self.build(round)?,
        };
        if let Some(pooled) = self.blocks.get(&id) {
            self.out.push(Output::BroadcastBlock(Arc::clone(&pooled.bytes)));
        }
        let value = LocallyProposedValue::new(At(self.height), Round::new(round), BlockId(id));
        self.run_engine(EngineInput::Propose(value))
    }

    fn build(&mut self, round: u32) -> Result<Hash, HostError> {
        let params = &self.chain.genesis().params;
        let txs = self.mempool.take(params.block_gas_max, block_bytes_max(params));
        let executed = self.chain.build(&self.keys, round, self.now.wall_ms, txs)?;
        let (id, block) = (executed.hash, executed.block.clone());
        let bytes: Arc<[u8]> = encode(&block).into();
        self.log(&Record::Block(bytes.to_vec()));
        self.blocks.insert(id, block, bytes);
        self.executed.insert(id, executed);
        self.verdicts.insert(id, Verdict::Valid);
        self.own.insert(round, id);
        self.counters.blocks_built.add_one();
        Ok(id)
    }

    pub(crate) fn fault(&mut self, peer: Peer, reason: &'static str) {
        self.counters.peer_faults.add_one();
        self.out.push(Output::Fault(peer, reason));
    }
}
