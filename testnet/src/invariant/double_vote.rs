//! What a validator signs, over all its starts.

use super::{Invariant, Seen};
use hydrogen_p2p::consensus::Said;
use hydrogen_types::block::VoteKind;
use hydrogen_types::{Address, Hash, Height};
use std::collections::BTreeMap;

/// Who said what kind of thing when: nobody has two answers to it.
type Question = (Address, Option<bool>, Height, u32);
/// For which block, and with which proof-of-lock.
type Answer = (Option<Hash>, Option<u32>);

/// An honest validator never signs two different votes, or two different proposals, for one height and round: not
/// after any crash either.
#[derive(Default)]
pub struct DoubleVote {
    said: BTreeMap<Question, Answer>,
}

impl Invariant for DoubleVote {
    fn name(&self) -> &'static str {
        "no double vote"
    }

    fn see(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Said { node, said } = seen else { return Ok(()) };
        let (question, answer) = match **said {
            Said::Vote { kind, height, round, block, voter } => {
                ((voter, Some(kind == VoteKind::Precommit), height, round), (block, None))
            }
            Said::Proposal { height, round, block, locked, proposer } => {
                ((proposer, None, height, round), (Some(block), locked))
            }
            Said::Certificate { .. } => return Ok(()),
        };
        let known = *self.said.entry(question).or_insert(answer);
        if known == answer {
            return Ok(());
        }
        Err(format!("node {node} says {said:?} after it has said {known:?}"))
    }
}
