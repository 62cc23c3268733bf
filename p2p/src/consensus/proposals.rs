//! Messages of validators, proposals and the blocks they name: what is held until both are there, judged once, and
//! given to the engine.
//!
//! *Invariants*: the engine learns of a proposal only with its block judged; a block is executed before it is voted
//! for; a block counts as its proposer's, at the round of its header, only if that round fits the proposal: the current
//! round without a proof-of-lock, at most the proof's round with one. The clock is asked only without one.

use super::codec::{Message, Record};
use super::context::{At, BlockId, EngineInput, Members, Proposal, SignedProposal, Voter, engine, malachite};
use super::error::{HostError, causes};
use super::host::Host;
use super::messages::{Output, Peer};
use super::txs::block_bytes_max;
use engine::{LocallyProposedValue, MAX_FUTURE_ROUND_LOOKAHEAD, ProposedValue};
use hydrogen_core::BlockError;
use hydrogen_types::Hash;
use hydrogen_types::codec::encode;
use malachite::{Round, Validity, ValueOrigin};
use std::sync::Arc;

/// Distinct proposals of one round that are looked at: one, and a second as proof of misbehaviour.
const PROPOSALS_PER_ROUND_MAX: usize = 2;
/// Rounds before the current one whose proposals and blocks are kept.
pub(crate) const ROUNDS_KEPT: u32 = 8;
/// Rounds whose proposals are looked at at a time.
const ROUNDS_MAX: usize = ROUNDS_KEPT as usize + MAX_FUTURE_ROUND_LOOKAHEAD as usize + 2;
/// Proposals remembered.
pub(crate) const SEEN_MAX: usize = PROPOSALS_PER_ROUND_MAX * ROUNDS_MAX;
/// Proposals that wait for their blocks.
pub(crate) const HELD_MAX: usize = SEEN_MAX;
/// Blocks asked for at a time.
pub(crate) const WANTED_MAX: usize = 4 * PROPOSALS_PER_ROUND_MAX;
/// Rounds whose own blocks are remembered.
pub(crate) const OWN_MAX: usize = ROUNDS_KEPT as usize + 2;
/// Outcomes of executed blocks that are kept for the commit; others are executed again.
pub(crate) const EXECUTED_MAX: usize = 4;
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
    pub(crate) from: Option<Peer>,
    pub(crate) asked: usize,
    pub(crate) ask_at_ms: u64,
    /// Of the newest proposal that names it.
    pub(crate) round: u32,
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
            let round = proposal.message.round.as_u32().unwrap_or(0);
            self.want_block(Some(peer), proposal.message.value.0, round);
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
        if round < self.oldest_round() {
            return Ok(());
        }
        let id = proposal.message.value.0;
        let in_round =
            self.proposals_seen.range((round, Hash::ZERO)..).take_while(|seen| seen.0 == round).count();
        if in_round >= PROPOSALS_PER_ROUND_MAX || !self.proposals_seen.insert((round, id)) {
            return Ok(());
        }
        if self.blocks.get(&id).is_some() {
            self.wanted.remove(&id);
            self.blocks.used_in(&id, round);
            return self.judge(proposal);
        }
        self.held.push(proposal);
        self.want_block(None, id, round);
        Ok(())
    }

    /// Decides whether the engine hears of a proposal, and what of its block.
    pub(crate) fn judge(&mut self, proposal: SignedProposal) -> Result<(), HostError> {
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
                self.keep_executed(executed);
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
            self.out.push(Output::BroadcastBlock(Arc::clone(&pooled.offer)));
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
        self.blocks.insert(id, block, bytes, round);
        self.keep_executed(executed);
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
