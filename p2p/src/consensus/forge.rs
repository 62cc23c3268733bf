//! Votes and proposals taken apart and made by hand: for simulators, which play validators that lie and watch that
//! honest ones do not.

use super::codec::Message;
use super::context::{At, BlockId, Proposal, SignedProposal, SignedVote, Vote, Voter, malachite};
use super::verify::Verifier;
use hydrogen_core::SecretKey;
use hydrogen_types::block::VoteKind;
use hydrogen_types::{Address, ChainId, Hash, Height};
use malachite::{NilOrVal, Round, VoteType};

/// What a validator said, apart from its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// A vote; `None` for one against every block.
    Vote {
        /// Prevote or precommit.
        kind: VoteKind,
        /// At which height.
        height: Height,
        /// In which round.
        round: u32,
        /// For which block.
        block: Option<Hash>,
        /// By whom: the address of a consensus key.
        voter: Address,
    },
    /// A proposal.
    Proposal {
        /// At which height.
        height: Height,
        /// In which round.
        round: u32,
        /// Of which block.
        block: Hash,
        /// The round of its proof-of-lock.
        locked: Option<u32>,
        /// By whom.
        proposer: Address,
    },
    /// A certificate: others' votes, put together.
    Certificate {
        /// At which height.
        height: Height,
    },
}

/// Reads a message between validators; `None` if it is none. Signatures are not checked.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Said> {
    let message = Message::decode(bytes).ok()?;
    let height = message.height();
    Some(match message {
        Message::Vote(SignedVote { message: vote, .. }) => Said::Vote {
            kind: match vote.kind {
                VoteType::Prevote => VoteKind::Prevote,
                VoteType::Precommit => VoteKind::Precommit,
            },
            height,
            round: vote.round.as_u32()?,
            block: match vote.value {
                NilOrVal::Nil => None,
                NilOrVal::Val(BlockId(id)) => Some(id),
            },
            voter: vote.voter.0,
        },
        Message::Proposal(SignedProposal { message: proposal, .. }) => Said::Proposal {
            height,
            round: proposal.round.as_u32()?,
            block: proposal.value.0,
            locked: proposal.pol_round.as_u32(),
            proposer: proposal.proposer.0,
        },
        Message::Polka(_) | Message::Round(_) => Said::Certificate { height },
    })
}

/// The message that says `said`, signed by `key`; `None` for a certificate, which nobody signs as a whole.
#[must_use]
pub fn sign(said: &Said, chain_id: &ChainId, key: &SecretKey) -> Option<Vec<u8>> {
    let verifier = Verifier::new(chain_id.clone());
    let message = match *said {
        Said::Vote { kind, height, round, block, voter } => {
            let vote = Vote {
                kind: match kind {
                    VoteKind::Prevote => VoteType::Prevote,
                    VoteKind::Precommit => VoteType::Precommit,
                },
                height: At(height),
                round: Round::new(round),
                value: block.map_or(NilOrVal::Nil, |id| NilOrVal::Val(BlockId(id))),
                voter: Voter(voter),
            };
            let signature = key.sign(&verifier.vote_bytes(&vote));
            Message::Vote(SignedVote::new(vote, signature))
        }
        Said::Proposal { height, round, block, locked, proposer } => {
            let proposal = Proposal {
                height: At(height),
                round: Round::new(round),
                value: BlockId(block),
                pol_round: locked.map_or(Round::Nil, Round::new),
                proposer: Voter(proposer),
            };
            let signature = key.sign(&verifier.proposal_bytes(&proposal));
            Message::Proposal(SignedProposal::new(proposal, signature))
        }
        Said::Certificate { .. } => return None,
    };
    Some(message.encode())
}
