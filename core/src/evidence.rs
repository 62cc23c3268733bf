//! Proof that a validator equivocated: two different statements of one height, round and step, both signed by it.
//!
//! ```text
//! agreement finds a pair -> Evidence -> verify (whoever gets it, with the set of that height) -> EvidenceBook
//! ```
//!
//! *Provided*: a record proves itself to whoever knows the chain id and the validators of its height; one pair has one
//! encoding. *Not provided*: punishment. The governance key takes a liar out of the set.

mod book;

#[cfg(test)]
mod tests;

pub use book::EvidenceBook;
pub(crate) use book::read_all;

use crate::crypto::verify;
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::block::{VoteKind, vote_sign_bytes};
use hydrogen_types::codec::{DecodeError, decode, encode};
use hydrogen_types::{Address, ChainId, Hash, Height, PublicKey, Signature, Tag, ValidatorSet};

/// Longest record, in bytes: a key, two proposals and their signatures take 259.
pub const EVIDENCE_BYTES_MAX: usize = 512;
/// Bytes of a key of the book: a mark, height, validator, round, step.
const KEY_BYTES: usize = 34;
/// The mark of evidence in the index of a store.
const MARK: u8 = b'e';

/// What a validator can say once in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Hash)]
pub enum Step {
    /// Proposes a block.
    Proposal,
    /// Votes first.
    Prevote,
    /// Votes second.
    Precommit,
}

impl Step {
    const ALL: [Self; 3] = [Self::Proposal, Self::Prevote, Self::Precommit];

    /// Its word: `proposal`, `prevote`, `precommit`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposal => "proposal",
            Self::Prevote => "prevote",
            Self::Precommit => "precommit",
        }
    }
}

/// What was said at a height, round and step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Statement {
    /// A proposal.
    Proposal {
        /// Id of the block.
        block: Hash,
        /// Round of its proof-of-lock.
        locked: Option<u32>,
    },
    /// A prevote; `None` against every block.
    Prevote(Option<Hash>),
    /// A precommit; `None` against every block.
    Precommit(Option<Hash>),
}

impl Statement {
    /// At which step of a round it is said.
    #[must_use]
    pub const fn step(&self) -> Step {
        match self {
            Self::Proposal { .. } => Step::Proposal,
            Self::Prevote(_) => Step::Prevote,
            Self::Precommit(_) => Step::Precommit,
        }
    }

    /// The block it is for.
    #[must_use]
    pub const fn block(&self) -> Option<Hash> {
        match self {
            Self::Proposal { block, .. } => Some(*block),
            Self::Prevote(block) | Self::Precommit(block) => *block,
        }
    }

    /// What is signed.
    fn sign_bytes(&self, chain_id: &ChainId, height: Height, round: u32) -> Vec<u8> {
        match *self {
            Self::Proposal { block, locked } => proposal_sign_bytes(chain_id, height, round, locked, block),
            Self::Prevote(block) => vote_sign_bytes(chain_id, VoteKind::Prevote, height, round, block),
            Self::Precommit(block) => vote_sign_bytes(chain_id, VoteKind::Precommit, height, round, block),
        }
    }
}

/// The bytes a validator signs for a proposal; `locked` is the round of the block's proof-of-lock.
#[must_use]
pub fn proposal_sign_bytes(
    chain_id: &ChainId,
    height: Height,
    round: u32,
    locked: Option<u32>,
    block: Hash,
) -> Vec<u8> {
    let mut bytes = Vec::from(Tag::PROPOSAL.text().as_bytes());
    bytes.push(0);
    bytes.extend(encode(&(chain_id, height, (Some(round), locked), block)));
    bytes
}

/// What a record is about: a validator has at most one record of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EvidenceKey {
    /// The height.
    pub height: Height,
    /// Address of the validator's consensus key.
    pub validator: Address,
    /// The round.
    pub round: u32,
    /// The step.
    pub step: Step,
}

impl EvidenceKey {
    /// Its bytes, ordered as keys are.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![MARK];
        bytes.extend(self.height.get().to_be_bytes());
        bytes.extend(self.validator.as_bytes());
        bytes.extend(self.round.to_be_bytes());
        bytes.push(self.step as u8);
        bytes
    }

    /// Reads [`Self::to_bytes`]; `None` if these are no such bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; KEY_BYTES] =
            bytes.try_into().ok().filter(|bytes: &&[u8; KEY_BYTES]| bytes[0] == MARK)?;
        Some(Self {
            height: Height::new(u64::from_be_bytes(bytes[1..9].try_into().ok()?)),
            validator: Address::new(bytes[9..29].try_into().ok()?),
            round: u32::from_be_bytes(bytes[29..33].try_into().ok()?),
            step: *Step::ALL.get(usize::from(bytes[33]))?,
        })
    }
}

/// Why a record proves nothing. An honest node makes no such record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Not a record.
    #[error("evidence is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// The statements do not contradict each other, or are not in their order.
    #[error("evidence holds a {0:?} and a {1:?}, which is no ordered pair of two statements of one step")]
    NoPair(Statement, Statement),
    /// Not signed by the key in the record.
    #[error("evidence holds a statement that {0} has not signed")]
    BadSignature(Address),
    /// The key was no validator's.
    #[error("{0} was no validator at height {1}")]
    NoValidator(Address, Height),
}

/// A record. See the module.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Evidence {
    /// The height of both statements.
    pub height: Height,
    /// The round of both.
    pub round: u32,
    /// The consensus key that signed both.
    pub key: PublicKey,
    /// The lesser statement, with its signature.
    pub first: (Statement, Signature),
    /// The greater one.
    pub second: (Statement, Signature),
}

impl Evidence {
    /// A record of two statements, in either order; `None` if they do not contradict each other. Signatures are not
    /// checked.
    #[must_use]
    pub fn new(
        height: Height,
        round: u32,
        key: PublicKey,
        one: (Statement, Signature),
        other: (Statement, Signature),
    ) -> Option<Self> {
        let (first, second) = if one.0 < other.0 { (one, other) } else { (other, one) };
        (first.0 != second.0 && first.0.step() == second.0.step()).then_some(Self {
            height,
            round,
            key,
            first,
            second,
        })
    }

    /// Reads and checks all that the bytes and the chain id tell: form and signatures. Whether the key was a
    /// validator's is told by [`Self::check_member`].
    ///
    /// # Errors
    /// What is wrong; it is wrong for everybody.
    pub fn read(bytes: &[u8], chain_id: &ChainId) -> Result<Self, EvidenceError> {
        let evidence: Self = decode(bytes, EVIDENCE_BYTES_MAX)?;
        let Self { height, round, key, first, second } = &evidence;
        if first.0 >= second.0 || first.0.step() != second.0.step() {
            return Err(EvidenceError::NoPair(first.0, second.0));
        }
        for (statement, signature) in [first, second] {
            if !verify(key, &statement.sign_bytes(chain_id, *height, *round), signature) {
                return Err(EvidenceError::BadSignature(evidence.validator()));
            }
        }
        Ok(evidence)
    }

    /// Whether the key was a validator's; `set` is the set of [`Self::height`].
    ///
    /// # Errors
    /// [`EvidenceError::NoValidator`].
    pub fn check_member(&self, set: &ValidatorSet) -> Result<(), EvidenceError> {
        let member = set.get(&self.validator()).is_some();
        if member { Ok(()) } else { Err(EvidenceError::NoValidator(self.validator(), self.height)) }
    }

    /// Address of the key: how votes and headers name the validator.
    #[must_use]
    pub fn validator(&self) -> Address {
        Address::of_key(&self.key)
    }

    /// What it is about.
    #[must_use]
    pub fn about(&self) -> EvidenceKey {
        let step = self.first.0.step();
        EvidenceKey { height: self.height, validator: self.validator(), round: self.round, step }
    }
}
