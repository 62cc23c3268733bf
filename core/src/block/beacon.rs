//! The beacon: one random value a block. The one place that knows how it is made.
//!
//! [`BeaconTurn`] is the whole interface: what a block's beacon is over, made by who proposes and checked by everybody.
//! Today the proposer's VRF makes it alone. A beacon made by a threshold of validators would take its place here: another
//! proof in the header, the same three functions.
//!
//! *Provided*: nobody can choose among values. Neither round, nor time, nor transactions enter it, so that a validator has
//! one value a height. *Not provided*: who is in turn can keep its block, and so hand over to the next; see
//! `docs/beacon.md`.

use crate::crypto::{VrfSecret, vrf_verify};
use hydrogen_types::block::VRF_PROOF_BYTES;
use hydrogen_types::codec::encode;
use hydrogen_types::{ChainId, Hash, Height, PublicKey, Tag};

/// Bytes that prove a beacon.
pub type BeaconProof = [u8; VRF_PROOF_BYTES];

/// One height's beacon, before it is known.
#[derive(Debug, Clone, Copy)]
pub struct BeaconTurn<'a> {
    /// The chain.
    pub chain_id: &'a ChainId,
    /// The height.
    pub height: Height,
    /// The beacon of the block before.
    pub parent: &'a Hash,
}

impl BeaconTurn<'_> {
    /// What is proven: no round in it, so one key has one output a height.
    #[must_use]
    pub fn input(&self) -> Vec<u8> {
        let mut input = Vec::from(Tag::BEACON_INPUT.text().as_bytes());
        input.push(0);
        input.extend(encode(&(self.chain_id, self.height, self.parent)));
        input
    }

    /// The beacon and its proof by `secret`.
    pub(super) fn prove(&self, secret: &VrfSecret) -> (Hash, BeaconProof) {
        let proof = secret.prove(&self.input());
        (self.check(&secret.public(), &proof).expect("an own proof holds"), proof)
    }

    /// The beacon, if `proof` is `key`'s.
    #[must_use]
    pub fn check(&self, key: &PublicKey, proof: &BeaconProof) -> Option<Hash> {
        vrf_verify(key, &self.input(), proof).map(|output| Hash::of(Tag::BEACON, &[&output]))
    }
}
