//! The beacon: one random value a block, proved by its proposer. The one place that knows how it is made.

use crate::crypto::{VrfSecret, vrf_verify};
use hydrogen_types::block::VRF_PROOF_BYTES;
use hydrogen_types::codec::encode;
use hydrogen_types::{ChainId, Hash, Height, PublicKey, Tag};

/// What the proposer of `height` proves: no round in it, so one key has one output a height.
#[must_use]
pub fn beacon_input(chain_id: &ChainId, height: Height, parent_beacon: &Hash) -> Vec<u8> {
    let mut input = Vec::from(Tag::BEACON_INPUT.text().as_bytes());
    input.push(0);
    input.extend(encode(&(chain_id, height, parent_beacon)));
    input
}

/// The beacon of a VRF output.
#[must_use]
pub fn beacon_of(output: &[u8; 64]) -> Hash {
    Hash::of(Tag::BEACON, &[output])
}

/// The beacon and its proof by `secret`.
pub(super) fn prove_beacon(secret: &VrfSecret, input: &[u8]) -> (Hash, [u8; VRF_PROOF_BYTES]) {
    let proof = secret.prove(input);
    let output = vrf_verify(&secret.public(), input, &proof).expect("an own proof holds");
    (beacon_of(&output), proof)
}

/// The beacon, if `proof` is `key`'s for the block of `height` after `parent_beacon`.
#[must_use]
pub fn verify_beacon(
    key: &PublicKey,
    chain_id: &ChainId,
    height: Height,
    parent_beacon: &Hash,
    proof: &[u8; VRF_PROOF_BYTES],
) -> Option<Hash> {
    let input = beacon_input(chain_id, height, parent_beacon);
    vrf_verify(key, &input, proof).map(|output| beacon_of(&output))
}
