//! Keys, signatures, hashes and the VRF.
//!
//! *Provided*: Ed25519 under strict rules, ECVRF-EDWARDS25519-SHA512-TAI with canonical proofs only, derivation of a
//! node's four keys from one seed. *Not provided*: randomness; the caller brings the seed.

mod sign;
mod vrf;

#[cfg(test)]
mod tests;

pub use hydrogen_proof::verify_signature as verify;
pub use sign::{NodeKeys, SecretKey, sign_tx};
pub use vrf::{VrfSecret, vrf_verify};

/// Keccak-256, for contracts that check foreign data.
#[must_use]
pub fn keccak256(bytes: &[u8]) -> [u8; 32] {
    use sha3::Digest;
    sha3::Keccak256::digest(bytes).into()
}
