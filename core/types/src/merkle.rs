//! The root of a list: a binary tree with tagged leaves and inner nodes; an odd node moves up unchanged.

use crate::hash::{Hash, Tag};
use alloc::vec::Vec;

/// Root of `items`; [`Hash::ZERO`] for none. The count is bound in, so no two lists share a root.
#[must_use]
pub fn list_root(items: &[Hash]) -> Hash {
    if items.is_empty() {
        return Hash::ZERO;
    }
    let mut level: Vec<Hash> =
        items.iter().map(|item| Hash::of(Tag::LIST_LEAF, &[item.as_bytes()])).collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => Hash::of(Tag::LIST_INNER, &[left.as_bytes(), right.as_bytes()]),
                rest => rest[0],
            })
            .collect();
    }
    let count = (items.len() as u64).to_le_bytes();
    Hash::of(Tag::LIST_INNER, &[&count, level[0].as_bytes()])
}
