//! Signature vectors: those of RFC 8032, and the edges of the curve, made here by a program that knows the secret keys.
//! Every place of the tree that verifies a signature gives the same answer to all of them, that of the strict rule:
//! canonical encodings, no small-order key, no small-order commitment, and the equation without the cofactor.

mod edges;
mod rfc8032;
mod verifiers;

use edges::{Edge, edges};
use hydrogen_core::SecretKey;
use hydrogen_core::crypto::{VrfSecret, verify, vrf_verify};
use hydrogen_types::{PublicKey, Signature};
use verifiers::Verifiers;

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    unhex(hex).try_into().expect("its length")
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(digit).collect()
}

/// RFC 8032, section 7.1.
#[test]
fn signatures_are_those_of_the_rfc() {
    for (secret, public, message, signature) in rfc8032::VECTORS {
        let (key, message) = (SecretKey::from_seed(bytes(secret)), unhex(message));
        assert_eq!(key.public(), PublicKey(bytes(public)));
        assert_eq!(key.sign(&message), Signature(bytes(signature)));
        assert!(verify(&key.public(), &message, &key.sign(&message)));
    }
}

/// The edges are there in numbers, both kinds of answers among them, and the strict rule gives the expected ones.
#[test]
fn the_strict_rule_holds_at_the_edges() {
    let edges = edges(&|_| b"a message".to_vec());
    let taken = edges.iter().filter(|edge| edge.valid).count();
    assert!(edges.len() > 200 && taken > 5, "{} edges, {taken} of them good", edges.len());
    for Edge { name, key, message, signature, valid } in edges {
        assert_eq!(verify(&PublicKey(key), &message, &Signature(signature)), valid, "{name}");
    }
}

/// Transactions, votes, certificates and contracts.
#[test]
fn all_verifiers_agree() {
    let mut verifiers = Verifiers::new();
    verifiers.each(|verifier, edge, answer| {
        assert_eq!(answer, edge.valid, "{verifier}: {}", edge.name);
    });
    assert!(verifiers.asked > 1_000, "{} questions", verifiers.asked);
}

/// A proof of the beacon has one encoding and no key of small order: ledger.md, section 3.
#[test]
fn vrf_proofs_at_the_edges_are_refused() {
    let (secret, input) = (VrfSecret::from_seed([7; 32]), b"input");
    let proof = secret.prove(input);
    assert!(vrf_verify(&secret.public(), input, &proof).is_some());
    for times in 1..=15 {
        let mut other = proof;
        if edges::add_order(other.last_chunk_mut().expect("32 bytes"), times) {
            assert_eq!(vrf_verify(&secret.public(), input, &other), None, "s + {times} q");
        }
    }
    for point in edges::small_order_encodings() {
        let mut other = proof;
        other[..32].copy_from_slice(&point);
        assert_eq!(vrf_verify(&secret.public(), input, &other), None, "gamma {point:02x?}");
        assert_eq!(vrf_verify(&PublicKey(point), input, &proof), None, "key {point:02x?}");
    }
    for bit in 0..proof.len() * 8 {
        let mut other = proof;
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(vrf_verify(&secret.public(), input, &other), None, "bit {bit}");
    }
    for point in edges::non_canonical_encodings() {
        assert_eq!(vrf_verify(&PublicKey(point), input, &proof), None, "key {point:02x?}");
    }
}
