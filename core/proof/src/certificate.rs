//! Certificates and signatures.

use alloc::vec::Vec;
use core::fmt;
use ed25519_dalek::VerifyingKey;
use hydrogen_types::block::{VoteKind, vote_sign_bytes};
use hydrogen_types::{Address, Certificate, ChainId, PublicKey, Signature, ValidatorSet};

/// Why a certificate proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateError {
    /// Signed by somebody outside the set.
    UnknownValidator(Address),
    /// The same validator twice.
    Duplicate(Address),
    /// A signature does not hold.
    BadSignature(Address),
    /// Not more than two thirds of the power.
    NoQuorum {
        /// Power that signed.
        power: u64,
        /// Power of the whole set.
        total: u64,
    },
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownValidator(address) => write!(f, "certificate signed by {address}, not a validator"),
            Self::Duplicate(address) => write!(f, "certificate signed twice by {address}"),
            Self::BadSignature(address) => write!(f, "signature of {address} does not hold"),
            Self::NoQuorum { power, total } => {
                write!(f, "certificate with power {power} of {total}, more than two thirds needed")
            }
        }
    }
}

impl core::error::Error for CertificateError {}

/// Whether `signature` is `key`'s over `message`, under the strict rules: canonical encodings and no small-order
/// key, so that every verifier agrees.
#[must_use]
pub fn verify_signature(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    let Ok(key) = VerifyingKey::from_bytes(&key.0) else { return false };
    let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
    key.verify_strict(message, &signature).is_ok()
}

/// Checks that more than two thirds of `validators` precommitted to the certificate's block.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn verify_certificate(
    chain_id: &ChainId,
    validators: &ValidatorSet,
    certificate: &Certificate,
) -> Result<(), CertificateError> {
    let Certificate { height, round, block, signatures } = certificate;
    let message = vote_sign_bytes(chain_id, VoteKind::Precommit, *height, *round, Some(*block));
    let mut seen = Vec::with_capacity(signatures.len());
    let mut power = 0u64;
    for entry in signatures {
        let validator =
            validators.get(&entry.validator).ok_or(CertificateError::UnknownValidator(entry.validator))?;
        if seen.contains(&entry.validator) {
            return Err(CertificateError::Duplicate(entry.validator));
        }
        seen.push(entry.validator);
        if !verify_signature(&validator.consensus_key, &message, &entry.signature) {
            return Err(CertificateError::BadSignature(entry.validator));
        }
        power = power.saturating_add(validator.power);
    }
    let total = validators.total_power();
    if validators.is_quorum(power) { Ok(()) } else { Err(CertificateError::NoQuorum { power, total }) }
}
