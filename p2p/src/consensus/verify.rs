//! What a vote and a proposal sign, and the checks of signatures and certificates that the engine asks for.
//!
//! *Provided*: every signature covers the chain id, the purpose (its tag), height, round and block.
//! *Not provided*: vote extensions; a certificate with one is refused.

use super::context::{Ledger, Members, Proposal, SignedProposal, SignedVote, Vote, malachite};
use hydrogen_core::crypto::verify;
use hydrogen_core::evidence::proposal_sign_bytes;
use hydrogen_types::block::{VoteKind, vote_sign_bytes};
use hydrogen_types::codec::encode;
use hydrogen_types::{ChainId, Hash, PublicKey, Signature};
use malachite::{
    CertificateError, CommitCertificate, Context, NilOrVal, PolkaCertificate, RoundCertificate,
    RoundCertificateType, ThresholdParams, ValidatorSet as _, VoteType,
};
use std::collections::BTreeSet;

/// Signatures remembered as good: a decision checks again every precommit that was checked on arrival.
const VERIFIED_MAX: usize = 4_096;

/// Checks signatures for one chain, and remembers those that were good.
pub(crate) struct Verifier {
    chain_id: ChainId,
    good: BTreeSet<Hash>,
}

impl Verifier {
    pub(crate) fn new(chain_id: ChainId) -> Self {
        Self { chain_id, good: BTreeSet::new() }
    }

    /// The bytes a vote signs.
    pub(crate) fn vote_bytes(&self, vote: &Vote) -> Vec<u8> {
        let kind = match vote.kind {
            VoteType::Prevote => VoteKind::Prevote,
            VoteType::Precommit => VoteKind::Precommit,
        };
        let block = match vote.value {
            NilOrVal::Nil => None,
            NilOrVal::Val(id) => Some(id.0),
        };
        vote_sign_bytes(&self.chain_id, kind, vote.height.0, vote.round.as_u32().unwrap_or(0), block)
    }

    /// The bytes a proposal signs.
    pub(crate) fn proposal_bytes(&self, proposal: &Proposal) -> Vec<u8> {
        let (round, locked) = (proposal.round.as_u32().unwrap_or(0), proposal.pol_round.as_u32());
        proposal_sign_bytes(&self.chain_id, proposal.height.0, round, locked, proposal.value.0)
    }

    /// Whether `vote` is signed by `key`.
    pub(crate) fn vote(&mut self, vote: &SignedVote, key: &PublicKey) -> bool {
        vote.message.round.is_defined() && self.check(key, &self.vote_bytes(&vote.message), &vote.signature)
    }

    /// Whether `proposal` is signed by `key`.
    pub(crate) fn proposal(&mut self, proposal: &SignedProposal, key: &PublicKey) -> bool {
        let bytes = self.proposal_bytes(&proposal.message);
        proposal.message.round.is_defined() && self.check(key, &bytes, &proposal.signature)
    }

    fn check(&mut self, key: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
        let name = Hash::sha256(&encode(&(key, bytes, signature)));
        if self.good.contains(&name) {
            return true;
        }
        let good = verify(key, bytes, signature);
        if good {
            if self.good.len() >= VERIFIED_MAX {
                self.good.clear();
            }
            self.good.insert(name);
        }
        good
    }

    /// A commit certificate: distinct members, good precommits, power above the quorum.
    pub(crate) fn commit(
        &mut self,
        certificate: &CommitCertificate<Ledger>,
        members: &Members,
        thresholds: ThresholdParams,
    ) -> Result<(), CertificateError<Ledger>> {
        let mut tally = Tally::default();
        for signature in &certificate.commit_signatures {
            let id = NilOrVal::Val(certificate.value_id);
            let vote = Ledger.new_precommit(certificate.height, certificate.round, id, signature.address);
            let vote = SignedVote::new(vote, signature.signature);
            let key = tally.add(members, &signature.address)?;
            if !self.vote(&vote, &key) {
                return Err(CertificateError::InvalidCommitSignature(signature.clone()));
            }
        }
        tally.finish(members, thresholds.quorum)
    }

    /// A polka certificate: the same with prevotes.
    pub(crate) fn polka(
        &mut self,
        certificate: &PolkaCertificate<Ledger>,
        members: &Members,
        thresholds: ThresholdParams,
    ) -> Result<(), CertificateError<Ledger>> {
        let mut tally = Tally::default();
        for (signature, vote) in certificate.polka_signatures.iter().zip(certificate.votes(&Ledger)) {
            let key = tally.add(members, &signature.address)?;
            if !self.vote(&vote, &key) {
                return Err(CertificateError::InvalidPolkaSignature(signature.clone()));
            }
        }
        tally.finish(members, thresholds.quorum)
    }

    /// A round certificate: each signature has its own vote; precommits of a quorum end a round, any votes of more
    /// than a third skip to it.
    pub(crate) fn round(
        &mut self,
        certificate: &RoundCertificate<Ledger>,
        members: &Members,
        thresholds: ThresholdParams,
    ) -> Result<(), CertificateError<Ledger>> {
        let mut tally = Tally::default();
        let precommits_only = certificate.cert_type == RoundCertificateType::Precommit;
        for (signature, vote) in certificate.round_signatures.iter().zip(certificate.votes(&Ledger)) {
            if precommits_only && signature.vote_type != VoteType::Precommit {
                return Err(CertificateError::InvalidVoteType(signature.address));
            }
            let key = tally.add(members, &signature.address)?;
            if !self.vote(&vote, &key) {
                return Err(CertificateError::InvalidRoundSignature(signature.clone()));
            }
        }
        let threshold = if precommits_only { thresholds.quorum } else { thresholds.honest };
        tally.finish(members, threshold)
    }
}

/// Power of distinct members seen so far.
#[derive(Default)]
struct Tally {
    seen: BTreeSet<super::context::Voter>,
    power: u64,
}

impl Tally {
    fn add(
        &mut self,
        members: &Members,
        voter: &super::context::Voter,
    ) -> Result<PublicKey, CertificateError<Ledger>> {
        if !self.seen.insert(*voter) {
            return Err(CertificateError::DuplicateVote(*voter));
        }
        let member = members.get_by_address(voter).ok_or(CertificateError::UnknownValidator(*voter))?;
        let power = malachite::Validator::voting_power(member);
        self.power = self
            .power
            .checked_add(power)
            .ok_or(CertificateError::VotingPowerOverflow { signed: self.power, added: power })?;
        Ok(*malachite::Validator::public_key(member))
    }

    fn finish(
        self,
        members: &Members,
        threshold: malachite::ThresholdParam,
    ) -> Result<(), CertificateError<Ledger>> {
        let total = members.total_voting_power();
        if threshold.is_met(self.power, total) {
            return Ok(());
        }
        let expected = threshold.min_expected(total);
        Err(CertificateError::NotEnoughVotingPower { signed: self.power, total, expected })
    }
}
