//! The light client along a real chain whose validators are all replaced.

use super::validators::Net;
use crate::state::keys as state_keys;
use hydrogen_proof::{CertificateError, Hop, LightClient, LightError, StateProof};
use hydrogen_types::{Certificate, Header, Height, ValidatorSet};

/// Five nodes of which the first four begin; at the end nodes 4 to 7 decide and nobody of the first is left.
fn replaced() -> Net {
    let mut net = Net::new();
    for (joins, leaves) in [(4, 0), (5, 1), (6, 2), (7, 3)] {
        assert_eq!(net.block(true, &[net.member(joins, 10)]), [0]);
        assert_eq!(net.block(true, &[net.member(leaves, 0)]), [0]);
    }
    for _ in 0..3 {
        net.block(true, &[]);
    }
    net
}

fn from_genesis(net: &Net) -> LightClient {
    let genesis = net.chain.genesis();
    LightClient::new(genesis.chain_id.clone(), Height::new(1), genesis.validator_set().unwrap())
}

fn hops(net: &Net) -> Vec<Hop> {
    let changes = net.chain.reader().validator_changes(Height::new(2), 100).unwrap();
    changes.into_iter().map(|change| change.into_hop().unwrap()).collect()
}

fn at_tip(net: &Net) -> (Header, Certificate) {
    let reader = net.chain.reader();
    let committed = reader.block(reader.tip().height).unwrap().unwrap();
    (committed.block.header.clone(), committed.certificate.clone())
}

#[test]
fn a_client_follows_from_genesis_to_a_set_without_any_of_the_first() {
    let net = replaced();
    let (mut light, first) = (from_genesis(&net), net.chain.genesis().validator_set().unwrap());
    let hops = hops(&net);
    assert_eq!(hops.len(), 8, "one for each change");
    for hop in hops {
        light.advance(hop).unwrap();
    }
    assert!(first.members().iter().all(|member| light.validators().get(&member.address()).is_none()));
    let (header, certificate) = at_tip(&net);
    let reader = net.chain.reader();
    let account = state_keys::account(&super::app().address());
    for (key, present) in [(account, true), (vec![1, 2, 3], false)] {
        let (_, value, proof) = reader.state_proof(&key).unwrap();
        assert_eq!(value.is_some(), present);
        light.verify_state(&header, &certificate, &key, value.as_deref(), &proof).unwrap();
        let other = Some(&[7][..]).filter(|_| present);
        let wrong = if present { other } else { Some(&[7][..]) };
        assert!(matches!(
            light.verify_state(&header, &certificate, &key, wrong, &proof),
            Err(LightError::State(_))
        ));
    }
    let nothing = StateProof { leaf: None, siblings: Vec::new() };
    assert!(light.verify_state(&header, &certificate, &[1], None, &nothing).is_err());
}

#[test]
fn between_changes_any_height_is_taken_at_once() {
    let mut net = Net::new();
    for _ in 0..20 {
        net.block(true, &[]);
    }
    let mut light = from_genesis(&net);
    let (header, certificate) = at_tip(&net);
    light.verify_header(&header, &certificate).unwrap();
    // Moving on within one set, too.
    let next = light.validators().clone();
    light.advance(Hop { header, certificate, next }).unwrap();
    assert_eq!(light.height(), Height::new(21));
}

#[test]
fn what_does_not_follow_is_refused() {
    let net = replaced();
    let hops = hops(&net);
    let start = from_genesis(&net);
    let refused = |hop: Hop| {
        let mut light = start.clone();
        let error = light.advance(hop).unwrap_err();
        assert_eq!(light, start, "nothing changes");
        error
    };
    // A change that was not shown.
    assert!(matches!(refused(hops[1].clone()), LightError::OtherSet { .. }));
    // A set of somebody's own.
    let own = ValidatorSet::new(vec![net.member(7, 1)]).unwrap();
    assert!(matches!(refused(Hop { next: own.clone(), ..hops[0].clone() }), LightError::WrongNext { .. }));
    // A header that names it: its id is no longer what was signed.
    let mut forged = hops[0].clone();
    (forged.header.next_validators, forged.next) = (own.hash(), own);
    assert!(matches!(refused(forged.clone()), LightError::OtherBlock { .. }));
    forged.certificate.block = forged.header.hash();
    let unsigned = refused(forged);
    assert!(matches!(unsigned, LightError::Certificate(CertificateError::BadSignature(_))), "{unsigned}");
    // Too few, and twice the same.
    let mut few = hops[0].clone();
    few.certificate.signatures.truncate(2);
    let error = refused(few.clone());
    assert!(matches!(error, LightError::Certificate(CertificateError::NoQuorum { power: 20, total: 40 })));
    few.certificate.signatures = vec![few.certificate.signatures[0].clone(); 4];
    assert!(matches!(refused(few), LightError::Certificate(CertificateError::Duplicate(_))));
    let mut other = hops[0].clone();
    other.header.chain_id = hydrogen_types::ChainId::new("other").unwrap();
    assert!(matches!(refused(other), LightError::OtherChain { .. }));
}

#[test]
fn the_old_set_certifies_nothing_after_the_change() {
    let net = replaced();
    let mut light = from_genesis(&net);
    let hops = hops(&net);
    light.advance(hops[0].clone()).unwrap();
    // An old hop again: older than what is trusted.
    let again = light.clone().advance(hops[0].clone()).unwrap_err();
    assert!(matches!(again, LightError::Older { .. }), "{again}");
    for hop in hops.into_iter().skip(1) {
        light.advance(hop).unwrap();
    }
    // The first set, of which nobody is left, signs a header of the last one's height.
    let (header, _) = at_tip(&net);
    let first = net.chain.genesis().validator_set().unwrap();
    let certificate = net.certificate_of(&header, &first);
    let error = light.verify_header(&header, &certificate).unwrap_err();
    assert!(matches!(error, LightError::Certificate(CertificateError::UnknownValidator(_))), "{error}");
    // And one that says that it decides it still.
    let header = Header { validators: first.hash(), ..header };
    let certificate = net.certificate_of(&header, &first);
    let error = light.verify_header(&header, &certificate).unwrap_err();
    assert!(matches!(error, LightError::OtherSet { .. }), "{error}");
}
