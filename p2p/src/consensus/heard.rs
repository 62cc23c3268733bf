//! What validators were heard to say at the heights around the tip: the first statement of each at every step. A second
//! one that differs is evidence; precommits of a quorum are a certificate.
//!
//! *Invariants*: only signed statements of validators get in; bounded in number, the oldest rounds go first.

use super::codec::Message;
use super::context::{At, BlockId, Ledger, Members, Voter, malachite};
use super::messages::Peer;
use hydrogen_core::evidence::{Evidence, Statement, Step};
use hydrogen_types::{Certificate, CommitSignature, Hash, Height, PublicKey, Signature};
use malachite::{NilOrVal, ThresholdParams, ValidatorSet as _, VoteType};
use std::collections::BTreeMap;

/// Statements held: those of 128 validators at 40 rounds.
pub(crate) const HEARD_MAX: usize = 16_384;

/// One statement as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spoken {
    pub(crate) height: Height,
    pub(crate) round: u32,
    pub(crate) voter: Voter,
    pub(crate) statement: Statement,
    pub(crate) signature: Signature,
}

impl Spoken {
    /// A vote or proposal; `None` for a certificate, and for a message without a round.
    pub(crate) fn of(message: &Message) -> Option<Self> {
        let (height, round) = (message.height(), message.round().as_u32()?);
        let (voter, statement, signature) = match message {
            Message::Vote(signed) => {
                let block = match signed.message.value {
                    NilOrVal::Nil => None,
                    NilOrVal::Val(BlockId(id)) => Some(id),
                };
                let statement = match signed.message.kind {
                    VoteType::Prevote => Statement::Prevote(block),
                    VoteType::Precommit => Statement::Precommit(block),
                };
                (signed.message.voter, statement, signed.signature)
            }
            Message::Proposal(signed) => {
                let (block, locked) = (signed.message.value.0, signed.message.pol_round.as_u32());
                (signed.message.proposer, Statement::Proposal { block, locked }, signed.signature)
            }
            Message::Polka(_) | Message::Round(_) => return None,
        };
        Some(Self { height, round, voter, statement, signature })
    }

    /// The message that says it.
    pub(crate) fn into_message(self) -> Message {
        use malachite::Context;
        let (at, round) = (At(self.height), malachite::Round::new(self.round));
        let value = |block: Option<Hash>| block.map_or(NilOrVal::Nil, |id| NilOrVal::Val(BlockId(id)));
        match self.statement {
            Statement::Proposal { block, locked } => {
                let locked = locked.map_or(malachite::Round::Nil, malachite::Round::new);
                let proposal = Ledger.new_proposal(at, round, BlockId(block), locked, self.voter);
                Message::Proposal(super::context::SignedProposal::new(proposal, self.signature))
            }
            Statement::Prevote(block) => {
                let vote = Ledger.new_prevote(at, round, value(block), self.voter);
                Message::Vote(super::context::SignedVote::new(vote, self.signature))
            }
            Statement::Precommit(block) => {
                let vote = Ledger.new_precommit(at, round, value(block), self.voter);
                Message::Vote(super::context::SignedVote::new(vote, self.signature))
            }
        }
    }
}

struct Entry {
    statement: Statement,
    signature: Signature,
    /// The peer that said it in person: validators send others only their own statements.
    from: Option<Peer>,
}

/// What a statement is to those before it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Noted {
    /// The first of its step.
    New,
    /// Heard before.
    Known,
    /// It contradicts an earlier one; the peer that said both in person, if one did.
    Conflict(Box<Evidence>, Option<Peer>),
}

/// See the module.
#[derive(Default)]
pub(crate) struct Heard {
    said: BTreeMap<(Height, u32, Step, Voter), Entry>,
}

impl Heard {
    pub(crate) fn len(&self) -> usize {
        self.said.len()
    }

    /// Takes note of a statement whose signature, by `key`, was checked.
    pub(crate) fn note(&mut self, spoken: &Spoken, key: PublicKey, from: Option<Peer>) -> Noted {
        let Spoken { height, round, voter, statement, signature } = *spoken;
        let question = (height, round, statement.step(), voter);
        if let Some(entry) = self.said.get_mut(&question) {
            if entry.statement == statement {
                entry.from = entry.from.or(from);
                return Noted::Known;
            }
            let liar = entry.from.filter(|peer| Some(*peer) == from);
            let earlier = (entry.statement, entry.signature);
            return match Evidence::new(height, round, key, earlier, (statement, signature)) {
                Some(evidence) => Noted::Conflict(Box::new(evidence), liar),
                None => Noted::Known,
            };
        }
        self.said.insert(question, Entry { statement, signature, from });
        if self.said.len() > HEARD_MAX {
            self.said.pop_first();
        }
        Noted::New
    }

    /// Forgets heights below `height`.
    pub(crate) fn prune(&mut self, height: Height) {
        self.said.retain(|(at, ..), _| *at >= height);
    }

    /// Proposed blocks of a height.
    pub(crate) fn proposed(&self, height: Height) -> Vec<Hash> {
        let of_height = self.said.range((height, 0, Step::Proposal, Voter::FIRST)..);
        let of_height = of_height.take_while(|((at, ..), _)| *at == height);
        of_height
            .filter_map(|(_, entry)| match entry.statement {
                Statement::Proposal { block, .. } => Some(block),
                _ => None,
            })
            .collect()
    }

    /// What was said in the deciding round of a height, but not for the block that was decided.
    pub(crate) fn dissent(&self, height: Height, round: u32, block: Hash) -> Vec<Spoken> {
        let of_round = self.said.range((height, round, Step::Proposal, Voter::FIRST)..);
        let of_round = of_round.take_while(|((at, in_round, ..), _)| (*at, *in_round) == (height, round));
        of_round
            .filter(|(_, entry)| entry.statement.block() != Some(block))
            .map(|((height, round, _, voter), entry)| Spoken {
                height: *height,
                round: *round,
                voter: *voter,
                statement: entry.statement,
                signature: entry.signature,
            })
            .collect()
    }

    /// A certificate made of what was heard, if a quorum has precommitted to one block in one round.
    pub(crate) fn certificate(&self, height: Height, members: &Members) -> Option<Certificate> {
        let mut tally: BTreeMap<(u32, Hash), (u64, Vec<CommitSignature>)> = BTreeMap::new();
        let of_height = self.said.range((height, 0, Step::Proposal, Voter::FIRST)..);
        for ((at, round, _, voter), entry) in of_height {
            if *at != height {
                break;
            }
            let Statement::Precommit(Some(block)) = entry.statement else { continue };
            let Some(member) = members.get_by_address(voter) else { continue };
            let (power, signatures) = tally.entry((*round, block)).or_default();
            *power = power.saturating_add(malachite::Validator::voting_power(member));
            signatures.push(CommitSignature { validator: voter.0, signature: entry.signature });
        }
        let (quorum, total) = (ThresholdParams::default().quorum, members.total_voting_power());
        // Ordered by voter within a round, so the signatures are too.
        tally
            .into_iter()
            .find(|(_, (power, _))| quorum.is_met(*power, total))
            .map(|((round, block), (_, signatures))| Certificate { height, round, block, signatures })
    }
}
