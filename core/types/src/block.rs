//! Blocks, headers, certificates and the validator set.

use crate::codec::encode;
use crate::hash::{Hash, Tag};
use crate::keys::{Address, PublicKey, Signature};
use crate::tx::{ChainId, Tx};
use crate::units::{Amount, Gas, Height};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// Bytes of an ECVRF-EDWARDS25519-SHA512-TAI proof (RFC 9381): point, challenge, scalar.
pub const VRF_PROOF_BYTES: usize = 80;
/// Most validators in a set.
pub const VALIDATORS_MAX: usize = 128;

/// One validator.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Validator {
    /// Signs votes and proposals.
    pub consensus_key: PublicKey,
    /// Proves beacons.
    pub vrf_key: PublicKey,
    /// Voting power, at least 1.
    pub power: u64,
    /// Account that receives the fees of its blocks.
    pub account: Address,
}

impl Validator {
    /// How votes and headers name it: the address of its consensus key.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::of_key(&self.consensus_key)
    }
}

/// The validators of a height, ordered by address.
///
/// Every value keeps the rules of [`ValidatorSet::new`], decoded ones too.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize)]
pub struct ValidatorSet(Vec<Validator>);

impl BorshDeserialize for ValidatorSet {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let members = Vec::<Validator>::deserialize_reader(reader)?;
        let set = Self::new(members.clone()).filter(|set| set.0 == members);
        set.ok_or_else(|| borsh::io::Error::new(borsh::io::ErrorKind::InvalidData, "not a validator set"))
    }
}

impl ValidatorSet {
    /// Orders and checks a set: 1 to [`VALIDATORS_MAX`] members, no key twice, powers from 1, and a total that
    /// survives a multiplication by 3.
    #[must_use]
    pub fn new(mut validators: Vec<Validator>) -> Option<Self> {
        validators.sort_by_key(Validator::address);
        let distinct = validators.windows(2).all(|pair| pair[0].consensus_key != pair[1].consensus_key);
        let mut total = 0u64;
        for validator in &validators {
            if validator.power == 0 {
                return None;
            }
            total = total.checked_add(validator.power)?;
        }
        let sized = !validators.is_empty() && validators.len() <= VALIDATORS_MAX;
        (distinct && sized && total <= u64::MAX / 3).then_some(Self(validators))
    }

    /// Members, ordered by address.
    #[must_use]
    pub fn members(&self) -> &[Validator] {
        &self.0
    }

    /// The member of this address.
    #[must_use]
    pub fn get(&self, address: &Address) -> Option<&Validator> {
        self.0.iter().find(|validator| validator.address() == *address)
    }

    /// Sum of all powers.
    #[must_use]
    pub fn total_power(&self) -> u64 {
        self.0.iter().map(|validator| validator.power).sum()
    }

    /// Whether `power` is more than two thirds of the total.
    #[must_use]
    pub fn is_quorum(&self, power: u64) -> bool {
        u128::from(power) * 3 > u128::from(self.total_power()) * 2
    }

    /// Who proposes at `height` in `round`: in turn, so that a silent proposer is followed by another.
    #[must_use]
    pub fn proposer(&self, height: Height, round: u32) -> &Validator {
        let turn = u128::from(height.get()) + u128::from(round);
        let index = turn % (self.0.len() as u128);
        &self.0[usize::try_from(index).expect("an index below the set's length")]
    }

    /// The hash that headers carry.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(Tag::VALIDATORS, &[&encode(self)])
    }
}

/// What a block's id covers.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Header {
    /// The chain.
    pub chain_id: ChainId,
    /// Height, from 1.
    pub height: Height,
    /// The round in which this block was first proposed; it stays when the block is proposed again.
    pub round: u32,
    /// Address of the consensus key of `proposer(height, round)`.
    pub proposer: Address,
    /// Id of the block before; the genesis hash for the first block.
    pub parent: Hash,
    /// Milliseconds since 1970, at least the parent's plus 1.
    pub time_ms: u64,
    /// The parent's plus the time since, capped by three heartbeats: deadlines run on it.
    pub uptime_ms: u64,
    /// Root over the transactions with their signatures: SHA-256 of each one's bytes.
    pub tx_root: Hash,
    /// State root after this block.
    pub state_root: Hash,
    /// Root over the receipts of this block.
    pub receipt_root: Hash,
    /// Random value of this block.
    pub beacon: Hash,
    /// ECVRF proof of the beacon, by the proposer's VRF key.
    pub beacon_proof: [u8; VRF_PROOF_BYTES],
    /// Hash of the validator set that decides this height.
    pub validators: Hash,
    /// Hash of the validator set that decides the next height: known before this block is executed, since a change
    /// holds from the height after next on. A light client follows the set by it.
    pub next_validators: Hash,
    /// Gas used by all calls and transactions.
    pub gas_used: Gas,
}

impl Header {
    /// The block's id.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(Tag::HEADER, &[&encode(self)])
    }
}

/// A block.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Block {
    /// Header.
    pub header: Header,
    /// Transactions in order.
    pub txs: Vec<Tx>,
}

impl Block {
    /// The block's id.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.header.hash()
    }
}

/// What a vote is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum VoteKind {
    /// First vote of a round.
    Prevote,
    /// Second vote of a round; two thirds of these make a certificate.
    Precommit,
}

/// The bytes a validator signs for a vote; `block` is `None` for a vote against every block (nil).
#[must_use]
pub fn vote_sign_bytes(
    chain_id: &ChainId,
    kind: VoteKind,
    height: Height,
    round: u32,
    block: Option<Hash>,
) -> Vec<u8> {
    let mut bytes = Vec::from(Tag::VOTE.text().as_bytes());
    bytes.push(0);
    bytes.extend(encode(&(chain_id, kind, height, round, block)));
    bytes
}

/// One precommit in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CommitSignature {
    /// Address of the validator's consensus key.
    pub validator: Address,
    /// Over [`vote_sign_bytes`] of the certificate's height, round and block.
    pub signature: Signature,
}

/// Proof that a block is final: precommits of more than two thirds of the power.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Certificate {
    /// Height decided.
    pub height: Height,
    /// Round in which it was decided: the header's round or a later one.
    pub round: u32,
    /// Id of the block.
    pub block: Hash,
    /// Precommits, each validator at most once.
    pub signatures: Vec<CommitSignature>,
}

/// An account as the state holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// Balance.
    pub balance: Amount,
    /// Transactions sent so far.
    pub nonce: u64,
}

/// A contract as the state holds it, beside its account.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ContractInfo {
    /// Hash of the code it runs.
    pub code: Hash,
    /// Who may upgrade it.
    pub admin: Option<Address>,
    /// Whether genesis named it: its scheduled calls run before others'.
    pub genesis: bool,
    /// Scheduled calls outstanding.
    pub scheduled: u32,
}
