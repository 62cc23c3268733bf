//! State proofs: the path of one key through the state tree.
//!
//! The tree is binary over 256-bit key hashes. A subtree without leaves is 32 zero bytes, one with a single leaf is
//! that leaf's hash, any other is the hash of its halves. So the root depends on the set of keys and values alone.

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;
use hydrogen_types::{Hash, Tag};

/// Where the raw key `key` stands in the tree.
#[must_use]
pub fn key_hash(key: &[u8]) -> Hash {
    Hash::of(Tag::STATE_KEY, &[key])
}

/// What a leaf says about `value`.
#[must_use]
pub fn value_hash(value: &[u8]) -> Hash {
    Hash::of(Tag::STATE_VALUE, &[value])
}

/// Hash of a leaf.
#[must_use]
pub fn leaf_hash(key_hash: &Hash, value_hash: &Hash) -> Hash {
    Hash::of(Tag::STATE_LEAF, &[key_hash.as_bytes(), value_hash.as_bytes()])
}

/// Hash of an inner node over its halves.
#[must_use]
pub fn fold_inner(left: &Hash, right: &Hash) -> Hash {
    Hash::of(Tag::STATE_INNER, &[left.as_bytes(), right.as_bytes()])
}

/// The path of a key: where it ends, and the halves beside it from the root down.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StateProof {
    /// The leaf at the end of the path, as (key hash, value hash); `None` if the path ends in an empty subtree.
    pub leaf: Option<(Hash, Hash)>,
    /// The other half at each level, from the root down; 32 zero bytes for an empty one. At most 256.
    pub siblings: Vec<Hash>,
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateProofError {
    /// More levels than a key has bits.
    TooDeep,
    /// The leaf belongs to another key, and a value was claimed.
    OtherKey,
    /// The leaf carries another value.
    OtherValue,
    /// The leaf is the key's own, and absence was claimed.
    Present,
    /// The leaf does not lie on the key's path.
    OffPath,
    /// The path does not lead to this root.
    WrongRoot,
}

impl fmt::Display for StateProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooDeep => "proof with more than 256 levels",
            Self::OtherKey => "proof ends at another key",
            Self::OtherValue => "proof is for another value",
            Self::Present => "the key is present, not absent",
            Self::OffPath => "proof ends at a leaf off the key's path",
            Self::WrongRoot => "proof leads to another state root",
        })
    }
}

impl core::error::Error for StateProofError {}

/// Checks that under `root` the raw key `key` has `value`, or is absent for `None`.
///
/// # Errors
/// What is wrong with the proof.
pub fn verify_state(
    root: &Hash,
    key: &[u8],
    value: Option<&[u8]>,
    proof: &StateProof,
) -> Result<(), StateProofError> {
    let asked = key_hash(key);
    if proof.siblings.len() > 256 {
        return Err(StateProofError::TooDeep);
    }
    let end = match (value, &proof.leaf) {
        (Some(_), None) => return Err(StateProofError::OtherKey),
        (Some(value), Some((leaf_key, leaf_value))) => {
            if *leaf_key != asked {
                return Err(StateProofError::OtherKey);
            }
            if *leaf_value != value_hash(value) {
                return Err(StateProofError::OtherValue);
            }
            leaf_hash(leaf_key, leaf_value)
        }
        (None, None) => Hash::ZERO,
        (None, Some((leaf_key, leaf_value))) => {
            if *leaf_key == asked {
                return Err(StateProofError::Present);
            }
            let shared = (0..proof.siblings.len()).all(|depth| bit(leaf_key, depth) == bit(&asked, depth));
            if !shared {
                return Err(StateProofError::OffPath);
            }
            leaf_hash(leaf_key, leaf_value)
        }
    };
    let mut node = end;
    for (depth, sibling) in proof.siblings.iter().enumerate().rev() {
        node = if bit(&asked, depth) { fold_inner(sibling, &node) } else { fold_inner(&node, sibling) };
    }
    if node == *root { Ok(()) } else { Err(StateProofError::WrongRoot) }
}

fn bit(hash: &Hash, depth: usize) -> bool {
    hash.as_bytes()[depth / 8] >> (7 - depth % 8) & 1 == 1
}
