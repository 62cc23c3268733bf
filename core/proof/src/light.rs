//! Following the validator set by headers alone.
//!
//! # The rule
//!
//! A client trusts that the set `S` decides height `H`. It takes a header of any height `h >= H` that names `S` as its
//! own set (`Header::validators`) and is certified by more than two thirds of the power of `S`; the heights between need
//! not be seen. Such a header names the set of `h + 1` (`Header::next_validators`): with that set in hand, the client
//! trusts it from `h + 1` on. So one header, certificate and set for each change lead from genesis to the tip.
//!
//! # Why it holds
//!
//! An honest validator signs a block only of a height that its set decides, and only one whose header names that set
//! and the next as its own state does. More than two thirds of `S` include an honest validator as long as less than a
//! third of its power is dishonest. So `S` did decide `h`, and the set of `h + 1` is the one named.
//!
//! # What has to be trusted
//!
//! The first set; and of every set on the way, that less than a third of its power ever signs what it should not, also
//! *after* it was replaced. Sets change here by a governance key, with no stake that stays bound for a while: keys of
//! two thirds of a former set, stolen or sold years later, can sign another history from its last height on, and a
//! client that starts from that set or an earlier one cannot tell the two apart. So start from a recent set, had from
//! somebody you trust, and keep the newest one reached.

use crate::certificate::{CertificateError, verify_certificate};
use crate::state::{StateProof, StateProofError, verify_state};
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;
use hydrogen_types::{Certificate, ChainId, Hash, Header, Height, ValidatorSet};

/// A step from one validator set to the next: the last header that the old one decided (or any later look at the same
/// set), and the set that decides the height after it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Hop {
    /// Names the new set as `next_validators`.
    pub header: Header,
    /// Signed by the old set.
    pub certificate: Certificate,
    /// The new set.
    pub next: ValidatorSet,
}

/// What a light client refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LightError {
    /// Of another chain.
    OtherChain {
        /// In the header.
        got: ChainId,
        /// Followed.
        expected: ChainId,
    },
    /// Older than what is trusted: the trusted set says nothing of it.
    Older {
        /// Of the header.
        height: Height,
        /// From which on the set is trusted.
        trusted: Height,
    },
    /// Decided by another set than the trusted one: a change lies between that was not shown, or the header is false.
    OtherSet {
        /// Of the header.
        height: Height,
        /// The set it names.
        got: Hash,
        /// The trusted set.
        trusted: Hash,
    },
    /// The certificate is for another block or height.
    OtherBlock {
        /// Block in the certificate.
        got: Hash,
        /// Id of the header.
        expected: Hash,
    },
    /// Not signed as it must be.
    Certificate(CertificateError),
    /// The set that was brought is not the one that the header names.
    WrongNext {
        /// Of the set.
        got: Hash,
        /// In the header.
        expected: Hash,
    },
    /// The state proof does not hold under the header.
    State(StateProofError),
}

impl fmt::Display for LightError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherChain { got, expected } => write!(f, "header of chain `{got}`, not `{expected}`"),
            Self::Older { height, trusted } => {
                write!(f, "header of height {height}, older than the trusted height {trusted}")
            }
            Self::OtherSet { height, got, trusted } => write!(
                f,
                "header {height} is of validator set {got}, {trusted} is trusted: a change of the set is missing \
                 between, or the header is forged"
            ),
            Self::OtherBlock { got, expected } => {
                write!(f, "certificate is for block {got}, the header has id {expected}")
            }
            Self::Certificate(error) => error.fmt(f),
            Self::WrongNext { got, expected } => {
                write!(f, "validator set with hash {got}, the header names {expected} for the next height")
            }
            Self::State(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for LightError {}

/// What is trusted: that a set decides a height. The rule and its worth: [the module](self).
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LightClient {
    chain_id: ChainId,
    height: Height,
    validators: ValidatorSet,
}

impl LightClient {
    /// Trusts that `validators` decide `height`; for a genesis its set, and height 1.
    #[must_use]
    pub fn new(chain_id: ChainId, height: Height, validators: ValidatorSet) -> Self {
        Self { chain_id, height, validators }
    }

    /// The chain.
    #[must_use]
    pub fn chain_id(&self) -> &ChainId {
        &self.chain_id
    }

    /// The height from which on the set is trusted.
    #[must_use]
    pub fn height(&self) -> Height {
        self.height
    }

    /// The trusted set.
    #[must_use]
    pub fn validators(&self) -> &ValidatorSet {
        &self.validators
    }

    /// Checks that a header is final: of the trusted height or later, decided by the trusted set.
    ///
    /// # Errors
    /// What does not hold.
    pub fn verify_header(&self, header: &Header, certificate: &Certificate) -> Result<(), LightError> {
        if header.chain_id != self.chain_id {
            let (got, expected) = (header.chain_id.clone(), self.chain_id.clone());
            return Err(LightError::OtherChain { got, expected });
        }
        let height = header.height;
        if height < self.height {
            return Err(LightError::Older { height, trusted: self.height });
        }
        let trusted = self.validators.hash();
        if header.validators != trusted {
            return Err(LightError::OtherSet { height, got: header.validators, trusted });
        }
        let expected = header.hash();
        if certificate.block != expected || certificate.height != height {
            return Err(LightError::OtherBlock { got: certificate.block, expected });
        }
        verify_certificate(&self.chain_id, &self.validators, certificate).map_err(LightError::Certificate)
    }

    /// Takes a step to the next set; nothing changes when it is refused.
    ///
    /// # Errors
    /// What does not hold.
    pub fn advance(&mut self, hop: Hop) -> Result<(), LightError> {
        let Hop { header, certificate, next } = hop;
        self.verify_header(&header, &certificate)?;
        let got = next.hash();
        if got != header.next_validators {
            return Err(LightError::WrongNext { got, expected: header.next_validators });
        }
        self.height = header.height.next();
        self.validators = next;
        Ok(())
    }

    /// Checks that the raw key `key` has `value`, or is absent for `None`, in the state after a final header.
    ///
    /// # Errors
    /// What does not hold, of the header first.
    pub fn verify_state(
        &self,
        header: &Header,
        certificate: &Certificate,
        key: &[u8],
        value: Option<&[u8]>,
        proof: &StateProof,
    ) -> Result<(), LightError> {
        self.verify_header(header, certificate)?;
        verify_state(&header.state_root, key, value, proof).map_err(LightError::State)
    }
}
