//! ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381) over the crate `vrf-rfc9381`.
//!
//! That crate reduces a proof's scalar `s` modulo the group order and takes non-canonical points; the RFC asks for
//! refusal, and two encodings of one proof would give two blocks. So all of that is checked here first.

use curve25519_dalek::Scalar;
use curve25519_dalek::edwards::CompressedEdwardsY;
use hydrogen_types::PublicKey;
use hydrogen_types::block::VRF_PROOF_BYTES;
use std::fmt;
use vrf::ec::edwards25519::EdVrfProof;
use vrf::ec::edwards25519::tai::{EdVrfEdwards25519TaiPublicKey, EdVrfEdwards25519TaiSecretKey};
use vrf::{Proof, Prover, Verifier};

/// A VRF secret key.
#[derive(Clone)]
pub struct VrfSecret(zeroize::Zeroizing<[u8; 32]>);

impl VrfSecret {
    /// The key of a 32-byte seed, as RFC 9381 takes it.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(zeroize::Zeroizing::new(seed))
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        super::SecretKey::from_seed(*self.0).public()
    }

    /// The proof of `input`: one for each key and input.
    ///
    /// # Panics
    /// Never for a 32-byte seed: try-and-increment fails with probability 2^-256.
    #[must_use]
    pub fn prove(&self, input: &[u8]) -> [u8; VRF_PROOF_BYTES] {
        let secret =
            EdVrfEdwards25519TaiSecretKey::from_slice(self.0.as_slice()).expect("a seed has 32 bytes");
        let proof = secret.prove(input).expect("256 tries find a point");
        let bytes = proof.encode_to_pi();
        bytes.try_into().expect("a proof has 80 bytes")
    }
}

impl fmt::Debug for VrfSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VrfSecret(of {})", self.public())
    }
}

/// The 64-byte output if `proof` is `key`'s for `input`; `None` for a wrong or non-canonical proof or key.
#[must_use]
pub fn vrf_verify(key: &PublicKey, input: &[u8], proof: &[u8; VRF_PROOF_BYTES]) -> Option<[u8; 64]> {
    let point = canonical_point(&key.0)?;
    if point.is_small_order() {
        return None;
    }
    canonical_point(proof.first_chunk()?)?;
    let scalar: [u8; 32] = *proof.last_chunk()?;
    Option::<Scalar>::from(Scalar::from_canonical_bytes(scalar))?;
    let verifier = EdVrfEdwards25519TaiPublicKey::from_slice(&key.0).ok()?;
    let decoded = EdVrfProof::decode_pi(proof).ok()?;
    let output = verifier.verify(input, decoded).ok()?;
    <[u8; 64]>::try_from(output.as_slice()).ok()
}

fn canonical_point(bytes: &[u8; 32]) -> Option<curve25519_dalek::EdwardsPoint> {
    let point = CompressedEdwardsY(*bytes).decompress()?;
    (point.compress().0 == *bytes).then_some(point)
}
