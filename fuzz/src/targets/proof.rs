//! What a light client reads: a key with a claimed value and its proof, or a certificate. The first byte says which.

use crate::fixture::{lived_chain, validators};
use hydrogen_core::SecretKey;
use hydrogen_core::block::certify;
use hydrogen_proof::{StateProof, verify_certificate, verify_state};
use hydrogen_types::block::{VoteKind, vote_sign_bytes};
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::{Certificate, Height};

/// Largest claim read.
const BYTES_MAX: usize = 1 << 20;

type Claim = (Vec<u8>, Option<Vec<u8>>, StateProof);

/// Whether it proves something true.
pub(super) fn run(bytes: &[u8]) -> bool {
    let Some((reader, rest)) = bytes.split_first() else { return false };
    if reader % 2 == 0 { state(rest) } else { certificate(rest) }
}

/// No proof shows a value that the key does not have, nor the absence of one that it has.
fn state(bytes: &[u8]) -> bool {
    let Ok((key, value, proof)) = decode::<Claim>(bytes, BYTES_MAX) else { return false };
    let chain = lived_chain();
    let proved = verify_state(&chain.tip().state_root, &key, value.as_deref(), &proof).is_ok();
    let truth = chain.reader().state_get(&key, None).expect("a store in memory");
    assert!(!proved || value == truth, "a proof of what is not so");
    proved
}

/// A certificate that passes is one that more than two thirds have signed, here: that the fixture signs again.
fn certificate(bytes: &[u8]) -> bool {
    let Ok(certificate) = decode::<Certificate>(bytes, BYTES_MAX) else { return false };
    assert_eq!(encode(&certificate), bytes, "a certificate has one encoding");
    let chain = lived_chain();
    let chain_id = &chain.genesis().chain_id;
    let set = chain.genesis().validator_set().expect("a checked genesis");
    let good = verify_certificate(chain_id, &set, &certificate).is_ok();
    if good {
        let Certificate { height, round, block, signatures } = &certificate;
        let message = vote_sign_bytes(chain_id, VoteKind::Precommit, *height, *round, Some(*block));
        let keys = validators();
        let honest = |address| keys.iter().find(|keys| keys.consensus.address() == address);
        let all = signatures.iter().all(|entry| {
            honest(entry.validator).is_some_and(|keys| keys.consensus.sign(&message) == entry.signature)
        });
        assert!(all && signatures.len() >= 3, "a certificate that nobody signed");
    }
    good
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let chain = lived_chain();
    let reader = chain.reader();
    let mut keys: Vec<Vec<u8>> = reader
        .accounts(None, 2)
        .expect("a store in memory")
        .iter()
        .map(|(address, _)| hydrogen_core::state::keys::account(address))
        .collect();
    keys.push(b"a key that is not there".to_vec());
    let claims = keys.into_iter().map(|key| {
        let (_, value, proof) = reader.state_proof(&key).expect("a store in memory");
        [vec![0], encode(&(key, value, proof))].concat()
    });
    let block = reader.block(Height::new(1)).expect("a store in memory").expect("it has three").block.clone();
    let signers = validators();
    let keys: Vec<&SecretKey> = signers.iter().map(|keys| &keys.consensus).collect();
    let certificates = [&keys[..], &keys[..3]]
        .map(|keys| [vec![1], encode(&certify(&chain.genesis().chain_id, &block, keys))].concat());
    claims.chain(certificates).collect()
}
