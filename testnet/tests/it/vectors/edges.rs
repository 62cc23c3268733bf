//! The edges: signatures and keys that lenient verifiers take, or that verifiers with and without the cofactor disagree
//! about. Made for any message, since every verifier has its own; the message may depend on the key.

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::IsIdentity;
use curve25519_dalek::{EdwardsPoint, Scalar};
use hydrogen_types::PublicKey;
use sha2::{Digest, Sha512};

/// q, the order of the group, little end first.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A question to a verifier, and the answer of the strict rule.
pub(super) struct Edge {
    pub(super) name: String,
    pub(super) key: [u8; 32],
    pub(super) message: Vec<u8>,
    pub(super) signature: [u8; 64],
    pub(super) valid: bool,
}

/// What somebody signs whose key this is.
pub(super) type MessageOf<'a> = &'a dyn Fn(&PublicKey) -> Vec<u8>;

/// Adds `times` orders; false if that needs more than 32 bytes.
pub(super) fn add_order(number: &mut [u8; 32], times: u16) -> bool {
    for _ in 0..times {
        let mut carry = 0u16;
        for (byte, order) in number.iter_mut().zip(ORDER) {
            carry += u16::from(*byte) + u16::from(order);
            *byte = (carry % 256).try_into().expect("a byte");
            carry /= 256;
        }
        if carry != 0 {
            return false;
        }
    }
    true
}

/// Numbers from p to 2^255 - 1, with either sign: the second encodings of y from 0 to 18. Not all are on the curve.
pub(super) fn non_canonical_encodings() -> Vec<[u8; 32]> {
    let encoding = |y: u8, sign: u8| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (0xed + y, 0x7f | sign);
        bytes
    };
    (0..19).flat_map(|y| [encoding(y, 0), encoding(y, 0x80)]).collect()
}

/// Every encoding of a point of small order: the eight, and others that decoders read as one of them.
pub(super) fn small_order_encodings() -> Vec<[u8; 32]> {
    let canonical = EIGHT_TORSION.iter().map(|point| point.compress().0);
    // y = 1 and y = -1 have x = 0, whose sign is read by some and refused by others.
    let signed = [EIGHT_TORSION[0], EIGHT_TORSION[4]].map(|point| {
        let mut bytes = point.compress().0;
        bytes[31] |= 0x80;
        bytes
    });
    let second = non_canonical_encodings()
        .into_iter()
        .filter(|bytes| CompressedEdwardsY(*bytes).decompress().is_some_and(|point| point.is_small_order()));
    canonical.chain(signed).chain(second).collect()
}

fn scalar(name: &str) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&Sha512::digest(name.as_bytes()).into())
}

fn point(scalar: &Scalar) -> EdwardsPoint {
    EdwardsPoint::mul_base(scalar)
}

fn challenge(commitment: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(commitment).chain_update(key).chain_update(message);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

fn joined(commitment: &[u8; 32], scalar: &[u8; 32]) -> [u8; 64] {
    [*commitment, *scalar].concat().try_into().expect("64 bytes")
}

/// Makes the edges for one kind of message.
struct Maker<'a> {
    message_of: MessageOf<'a>,
    secret: Scalar,
    edges: Vec<Edge>,
}

impl Maker<'_> {
    fn add(&mut self, name: impl Into<String>, key: [u8; 32], signature: [u8; 64], valid: bool) {
        let message = (self.message_of)(&PublicKey(key));
        self.edges.push(Edge { name: name.into(), key, message, signature, valid });
    }

    /// The signature of `secret` with the nonce `nonce`, with `torsion` added to the commitment, under `key`.
    fn sign(&self, key: [u8; 32], nonce: &Scalar, torsion: &EdwardsPoint) -> ([u8; 64], Scalar) {
        let commitment = (point(nonce) + torsion).compress().0;
        let challenge = challenge(&commitment, &key, &(self.message_of)(&PublicKey(key)));
        (joined(&commitment, (nonce + challenge * self.secret).as_bytes()), challenge)
    }

    fn key(&self) -> [u8; 32] {
        point(&self.secret).compress().0
    }

    /// A good signature, and all that is near it.
    fn honest(&mut self) {
        let key = self.key();
        let (good, _) = self.sign(key, &scalar("nonce"), &EdwardsPoint::default());
        self.add("honest", key, good, true);
        for times in 1..=15 {
            let mut shifted = good;
            if add_order(shifted.last_chunk_mut().expect("32 bytes"), times) {
                self.add(format!("s + {times} q"), key, shifted, false);
            }
        }
        for bit in (0..512).step_by(7).chain([253, 254, 255, 509, 510, 511]) {
            let mut flipped = good;
            flipped[bit / 8] ^= 1 << (bit % 8);
            self.add(format!("bit {bit} of the signature"), key, flipped, false);
        }
        for bit in (0..256).step_by(11).chain([255]) {
            let mut flipped = key;
            flipped[bit / 8] ^= 1 << (bit % 8);
            self.add(format!("bit {bit} of the key"), flipped, good, false);
        }
        self.add("a signature of zeros", key, [0; 64], false);
        self.add("a signature of ones", key, [0xff; 64], false);
        self.add("a key of zeros", [0; 32], good, false);
        self.add("a key of ones", [0xff; 32], good, false);
        self.add(
            "halves swapped",
            key,
            joined(good[32..].try_into().expect("32"), good[..32].try_into().expect("32")),
            false,
        );
        let (other, _) = self.sign(key, &scalar("other nonce"), &EdwardsPoint::default());
        self.add("another nonce", key, other, true);
        self.add(
            "halves of two",
            key,
            joined(good[..32].try_into().expect("32"), other[32..].try_into().expect("32")),
            false,
        );
    }

    /// Keys of small order sign everything for a verifier that takes them.
    fn small_keys(&mut self) {
        let nonce = scalar("nonce");
        for key in small_order_encodings() {
            for commitment in EIGHT_TORSION.iter().map(|point| point.compress().0) {
                self.add(
                    format!("key {key:02x?}, small commitment"),
                    key,
                    joined(&commitment, &[0; 32]),
                    false,
                );
            }
            let commitment = point(&nonce).compress().0;
            self.add(format!("key {key:02x?}"), key, joined(&commitment, nonce.as_bytes()), false);
        }
    }

    /// Keys with a second encoding, and keys off the curve: nobody can sign for them.
    fn odd_keys(&mut self) {
        let nonce = scalar("nonce");
        let signature = joined(&point(&nonce).compress().0, nonce.as_bytes());
        for key in non_canonical_encodings() {
            self.add(format!("non-canonical key {key:02x?}"), key, signature, false);
        }
        let off = (2u8..50).map(|y| [vec![y], vec![0; 31]].concat().try_into().expect("32 bytes"));
        let off = off.filter(|bytes| CompressedEdwardsY(*bytes).decompress().is_none());
        for key in off.collect::<Vec<[u8; 32]>>() {
            self.add(format!("key off the curve {key:02x?}"), key, signature, false);
        }
    }

    /// Commitments of small order: without the cofactor, the identity would do.
    fn small_commitments(&mut self) {
        let key = self.key();
        for commitment in small_order_encodings() {
            let challenge = challenge(&commitment, &key, &(self.message_of)(&PublicKey(key)));
            let signature = joined(&commitment, (challenge * self.secret).as_bytes());
            self.add(format!("commitment {commitment:02x?}"), key, signature, false);
        }
    }

    /// Where verifiers with the cofactor say yes and those without may say no: a part of small order in the commitment,
    /// in the key, or in both so that they cancel.
    fn mixed(&mut self) {
        for (index, torsion) in EIGHT_TORSION.iter().enumerate().skip(1) {
            let honest = self.key();
            let (signature, _) = self.sign(honest, &scalar("nonce"), torsion);
            self.add(format!("commitment with torsion {index}"), honest, signature, false);

            let key = (point(&self.secret) + torsion).compress().0;
            let none = EdwardsPoint::default();
            // For a nonce in eight the challenge takes the torsion away.
            let mut found = [false; 2];
            for nonce in (0..64).map(|number| scalar(&format!("nonce {number}"))) {
                let (signature, challenge) = self.sign(key, &nonce, &none);
                let valid = (challenge * torsion).is_identity();
                if !std::mem::replace(&mut found[usize::from(valid)], true) {
                    self.add(
                        format!("key with torsion {index}, challenge keeps it: {}", !valid),
                        key,
                        signature,
                        valid,
                    );
                }
            }
            assert_eq!(found, [true; 2], "64 nonces give both");
            // And for a nonce in eight the torsion of the commitment is what the challenge makes of the key's.
            let cancels = (0..256).map(|number| scalar(&format!("cancels {number}"))).find_map(|nonce| {
                let (signature, challenge) = self.sign(key, &nonce, &-torsion);
                (challenge * torsion == *torsion).then_some(signature)
            });
            self.add(format!("torsion {index} of both cancels"), key, cancels.expect("one in eight"), true);
        }
    }
}

/// All edges, for messages of one kind.
pub(super) fn edges(message_of: MessageOf<'_>) -> Vec<Edge> {
    let mut maker = Maker { message_of, secret: scalar("secret"), edges: Vec::new() };
    maker.honest();
    maker.small_keys();
    maker.odd_keys();
    maker.small_commitments();
    maker.mixed();
    maker.edges
}
