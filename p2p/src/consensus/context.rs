//! The types that the agreement engine works on: a value is the 32-byte id of a block, votes and proposals name it,
//! and the block's bytes travel and live elsewhere.
//!
//! *Invariants*: `Eq` and the encodings of votes and proposals cover exactly what is signed and who signed it, since
//! replay compares them; the proposer is a pure function of (set, height, round).

use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::{Hash, Height, PublicKey, Signature, ValidatorSet};
use malachite::{NilOrVal, Round, SignedExtension, VoteType};
use std::fmt;
use std::sync::Arc;

pub(crate) use arc_malachitebft_core_consensus as engine;
pub(crate) use arc_malachitebft_core_types as malachite;

/// A signed vote of this ledger.
pub(crate) type SignedVote = malachite::SignedVote<Ledger>;
/// A signed proposal of this ledger.
pub(crate) type SignedProposal = malachite::SignedProposal<Ledger>;
/// An input of the engine.
pub(crate) type EngineInput = engine::Input<Ledger>;

/// The engine's type parameter. Stateless: what is signed comes from [`super::verify`].
#[derive(Debug, Clone)]
pub(crate) struct Ledger;

macro_rules! shown_as_inner {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

/// Address of a consensus key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub(crate) struct Voter(pub(crate) hydrogen_types::Address);
shown_as_inner!(Voter);

impl Voter {
    /// None comes before it.
    pub(crate) const FIRST: Self = Self(hydrogen_types::Address::new([0; 20]));
}

impl malachite::Address for Voter {}

/// A height as the engine counts it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct At(pub(crate) Height);
shown_as_inner!(At);

impl malachite::Height for At {
    const ZERO: Self = At(Height::GENESIS);
    const INITIAL: Self = At(Height::new(1));

    fn increment_by(&self, n: u64) -> Self {
        At(self.0.plus(n))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.get().checked_sub(n).map(|number| At(Height::new(number)))
    }

    fn as_u64(&self) -> u64 {
        self.0.get()
    }
}

/// The id of a block: the value agreed on, and its own id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub(crate) struct BlockId(pub(crate) Hash);
shown_as_inner!(BlockId);

impl malachite::Value for BlockId {
    type Id = BlockId;

    fn id(&self) -> BlockId {
        *self
    }
}

/// A prevote or precommit.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Vote {
    pub(crate) kind: VoteType,
    pub(crate) height: At,
    pub(crate) round: Round,
    pub(crate) value: NilOrVal<BlockId>,
    pub(crate) voter: Voter,
}

impl malachite::Vote<Ledger> for Vote {
    fn height(&self) -> At {
        self.height
    }
    fn round(&self) -> Round {
        self.round
    }
    fn value(&self) -> &NilOrVal<BlockId> {
        &self.value
    }
    fn take_value(self) -> NilOrVal<BlockId> {
        self.value
    }
    fn vote_type(&self) -> VoteType {
        self.kind
    }
    fn validator_address(&self) -> &Voter {
        &self.voter
    }
    fn extension(&self) -> Option<&SignedExtension<Ledger>> {
        None
    }
    fn take_extension(&mut self) -> Option<SignedExtension<Ledger>> {
        None
    }
    fn extend(self, _extension: SignedExtension<Ledger>) -> Self {
        self
    }
}

/// A proposal: the id of a block, and the round of its proof-of-lock if it was locked before.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Proposal {
    pub(crate) height: At,
    pub(crate) round: Round,
    pub(crate) value: BlockId,
    pub(crate) pol_round: Round,
    pub(crate) proposer: Voter,
}

impl malachite::Proposal<Ledger> for Proposal {
    fn height(&self) -> At {
        self.height
    }
    fn round(&self) -> Round {
        self.round
    }
    fn value(&self) -> &BlockId {
        &self.value
    }
    fn take_value(self) -> BlockId {
        self.value
    }
    fn pol_round(&self) -> Round {
        self.pol_round
    }
    fn validator_address(&self) -> &Voter {
        &self.proposer
    }
}

/// Parts of a proposal are this crate's own business: the engine never sees one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoPart;

impl malachite::ProposalPart<Ledger> for NoPart {
    fn is_first(&self) -> bool {
        true
    }
    fn is_last(&self) -> bool {
        true
    }
}

/// A validator as the engine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    address: Voter,
    key: PublicKey,
    power: u64,
}

impl malachite::Validator<Ledger> for Member {
    fn address(&self) -> &Voter {
        &self.address
    }
    fn public_key(&self) -> &PublicKey {
        &self.key
    }
    fn voting_power(&self) -> u64 {
        self.power
    }
}

/// The validators of a height, with their addresses computed once. Cheap to clone: the engine does so often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Members {
    list: Arc<Vec<Member>>,
    total: u64,
}

impl Members {
    /// Keeps the order of `set`, on which the proposer's turn depends.
    pub(crate) fn new(set: &ValidatorSet) -> Self {
        let list = set.members().iter().map(|validator| Member {
            address: Voter(validator.address()),
            key: validator.consensus_key,
            power: validator.power,
        });
        Self { list: Arc::new(list.collect()), total: set.total_power() }
    }

    /// The key of a member.
    pub(crate) fn key_of(&self, voter: &Voter) -> Option<PublicKey> {
        self.find(voter).map(|member| member.key)
    }

    /// Who proposes: the rule of [`ValidatorSet::proposer`], on the same order.
    pub(crate) fn proposer(&self, height: At, round: u32) -> &Member {
        let turn = u128::from(height.0.get()) + u128::from(round);
        let index = turn % (self.list.len() as u128);
        &self.list[usize::try_from(index).expect("an index below the set's length")]
    }

    /// Address of [`Self::proposer`].
    pub(crate) fn proposer_address(&self, height: At, round: u32) -> Voter {
        self.proposer(height, round).address
    }

    fn find(&self, voter: &Voter) -> Option<&Member> {
        self.list.iter().find(|member| member.address == *voter)
    }
}

impl malachite::ValidatorSet<Ledger> for Members {
    fn count(&self) -> usize {
        self.list.len()
    }
    fn total_voting_power(&self) -> u64 {
        self.total
    }
    fn get_by_address(&self, address: &Voter) -> Option<&Member> {
        self.find(address)
    }
    fn get_by_index(&self, index: usize) -> Option<&Member> {
        self.list.get(index)
    }
}

/// Ed25519 as bytes: the engine only carries keys and signatures, this crate signs and verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ed25519Bytes;

/// The engine's decoding hooks are not used: the wire format is this crate's.
fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], String> {
    bytes.try_into().map_err(|_| format!("{} bytes, {N} expected", bytes.len()))
}

impl malachite::SigningScheme for Ed25519Bytes {
    type DecodingError = String;
    type Signature = Signature;
    type PublicKey = PublicKey;
    type PrivateKey = ();

    fn decode_signature(bytes: &[u8]) -> Result<Signature, String> {
        fixed(bytes).map(Signature)
    }
    fn encode_signature(signature: &Signature) -> Vec<u8> {
        signature.0.to_vec()
    }
    fn decode_public_key(bytes: &[u8]) -> Result<PublicKey, String> {
        fixed(bytes).map(PublicKey)
    }
    fn encode_public_key(key: &PublicKey) -> Vec<u8> {
        key.0.to_vec()
    }
}

impl malachite::Context for Ledger {
    type Address = Voter;
    type Height = At;
    type ProposalPart = NoPart;
    type Proposal = Proposal;
    type Validator = Member;
    type ValidatorSet = Members;
    type Timeouts = malachite::LinearTimeouts;
    type Value = BlockId;
    type Vote = Vote;
    type Extension = ();
    type SigningScheme = Ed25519Bytes;

    fn select_proposer<'a>(&self, validator_set: &'a Members, height: At, round: Round) -> &'a Member {
        validator_set.proposer(height, round.as_u32().unwrap_or(0))
    }

    fn new_proposal(
        &self,
        height: At,
        round: Round,
        value: BlockId,
        pol_round: Round,
        address: Voter,
    ) -> Proposal {
        Proposal { height, round, value, pol_round, proposer: address }
    }

    fn new_prevote(&self, height: At, round: Round, value_id: NilOrVal<BlockId>, address: Voter) -> Vote {
        Vote { kind: VoteType::Prevote, height, round, value: value_id, voter: address }
    }

    fn new_precommit(&self, height: At, round: Round, value_id: NilOrVal<BlockId>, address: Voter) -> Vote {
        Vote { kind: VoteType::Precommit, height, round, value: value_id, voter: address }
    }
}
