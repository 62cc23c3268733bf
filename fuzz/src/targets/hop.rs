//! What a light client follows: a header, its certificate and the set it names.

use crate::fixture::{lived_chain, validators};
use hydrogen_core::SecretKey;
use hydrogen_core::block::certify;
use hydrogen_proof::{Hop, LightClient};
use hydrogen_types::block::{VoteKind, vote_sign_bytes};
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::{Certificate, Height};

/// Largest hop read.
const BYTES_MAX: usize = 1 << 20;

/// Whether it leads on; a refused one leaves the client where it was, and one that is taken was signed by three of the
/// four validators and names the set it brings.
pub(super) fn run(bytes: &[u8]) -> bool {
    let Ok(hop) = decode::<Hop>(bytes, BYTES_MAX) else { return false };
    assert_eq!(encode(&hop), bytes, "a hop has one encoding");
    let Hop { header, certificate, next } = hop.clone();
    let chain = lived_chain();
    let genesis = chain.genesis();
    let set = genesis.validator_set().expect("a checked genesis");
    let mut client = LightClient::new(genesis.chain_id.clone(), Height::new(1), set.clone());
    if client.advance(hop).is_err() {
        assert_eq!(
            (client.height(), client.validators()),
            (Height::new(1), &set),
            "a refusal changes nothing"
        );
        return false;
    }
    assert_eq!(next.hash(), header.next_validators, "a set that no header names");
    assert_eq!(client.validators(), &next);
    let Certificate { height, round, signatures, .. } = &certificate;
    let message =
        vote_sign_bytes(&genesis.chain_id, VoteKind::Precommit, *height, *round, Some(header.hash()));
    let all = validators();
    let signed = all.iter().filter(|keys| {
        let (voter, signature) = (keys.consensus.address(), keys.consensus.sign(&message));
        signatures.iter().any(|entry| entry.validator == voter && entry.signature == signature)
    });
    assert!(signed.count() >= 3, "a hop that nobody signed");
    true
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let chain = lived_chain();
    let set = chain.genesis().validator_set().expect("a checked genesis");
    let keys = validators();
    let signers: Vec<&SecretKey> = keys.iter().map(|keys| &keys.consensus).collect();
    let heights = 1..=chain.tip().height.get();
    let hops = heights.filter_map(|height| {
        let committed = chain.reader().block(Height::new(height)).expect("a store in memory")?;
        let header = &committed.block.header;
        let certificate = certify(&chain.genesis().chain_id, &committed.block, &signers[..3]);
        (header.next_validators == set.hash()).then(|| encode(&(header, certificate, &set)))
    });
    hops.collect()
}
