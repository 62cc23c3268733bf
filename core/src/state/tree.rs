//! The state tree: binary in what it proves, 16-ary in how it is stored.
//!
//! A page covers four bits of the key hash and holds 16 slots. A slot is empty, a leaf, or the hash of the page
//! below; leaves lie in the page of the first nibble that sets them apart. A block rewrites each page on the path of
//! a changed key once. When a page is left with a single leaf, the leaf moves up and the page goes.
//!
//! Shape and hashing rules are `jmt`'s (with our domain tags), which the tests use as an oracle.

use crate::store::{Store, StoreError, Table};
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_proof::{StateProof, fold_inner, leaf_hash};
use hydrogen_types::Hash;
use std::collections::BTreeMap;

/// Root of a state without keys.
pub const EMPTY_ROOT: Hash = Hash::ZERO;

const SLOTS: usize = 16;
/// Nibbles in a key hash.
const NIBBLES: usize = 64;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
enum Slot {
    #[default]
    Empty,
    Leaf(Hash, Hash),
    Inner(Hash),
}

impl Slot {
    fn hash(&self) -> Hash {
        match self {
            Self::Empty => Hash::ZERO,
            Self::Leaf(key, value) => leaf_hash(key, value),
            Self::Inner(hash) => *hash,
        }
    }

    /// The slot over two halves: a lone leaf stands for its subtree.
    fn over(left: Slot, right: Slot) -> Slot {
        match (left, right) {
            (Self::Empty, Self::Empty) => Self::Empty,
            (leaf @ Self::Leaf(..), Self::Empty) | (Self::Empty, leaf @ Self::Leaf(..)) => leaf,
            (left, right) => Self::Inner(fold_inner(&left.hash(), &right.hash())),
        }
    }
}

type Page = [Slot; SLOTS];

/// Folds a page level by level; `levels[0]` is the page's own node, `levels[4]` its slots.
fn fold(page: &Page) -> [Vec<Slot>; 5] {
    let mut levels: [Vec<Slot>; 5] = Default::default();
    levels[4] = page.to_vec();
    for level in (0..4).rev() {
        levels[level] = levels[level + 1].chunks(2).map(|pair| Slot::over(pair[0], pair[1])).collect();
    }
    levels
}

fn nibble(key: &Hash, depth: usize) -> usize {
    let byte = key.as_bytes()[depth / 2];
    usize::from(if depth.is_multiple_of(2) { byte >> 4 } else { byte & 15 })
}

/// Key of the page that covers nibble `depth` of keys like `key`: the depth, then the nibbles above.
fn page_key(key: &Hash, depth: usize) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(depth).expect("a key has 64 nibbles")];
    bytes.extend_from_slice(&key.as_bytes()[..depth / 2]);
    if !depth.is_multiple_of(2) {
        bytes.push(key.as_bytes()[depth / 2] & 0xf0);
    }
    bytes
}

fn load(store: &dyn Store, key: &[u8]) -> Result<Page, StoreError> {
    let Some(bytes) = store.get(Table::Pages, key)? else {
        return Err(StoreError::Damaged { what: "state tree" });
    };
    Page::try_from_slice(&bytes).map_err(|_| StoreError::Damaged { what: "state page" })
}

/// New root and the pages to write (`None` removes).
#[derive(Debug, Clone, Default)]
pub struct TreeUpdate {
    /// Root after the changes.
    pub root: Hash,
    /// Changed pages by key.
    pub pages: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

/// Applies changes, given as key hash to value hash (`None` removes), to the tree in `store`.
///
/// # Errors
/// When the store fails or lacks a page.
pub fn update(store: &dyn Store, changes: &BTreeMap<Hash, Option<Hash>>) -> Result<TreeUpdate, StoreError> {
    let changes: Vec<_> = changes.iter().map(|(key, value)| (*key, *value)).collect();
    let root_key = page_key(&Hash::ZERO, 0);
    let exists = store.get(Table::Pages, &root_key)?.is_some();
    let mut walk = Walk { store, pages: BTreeMap::new() };
    let root = walk.page(0, exists, &changes)?;
    if let Slot::Leaf(key, _) = root {
        // The root has nowhere to lift its only leaf to: it keeps its page.
        let mut page = Page::default();
        page[nibble(&key, 0)] = root;
        walk.pages.insert(root_key, Some(hydrogen_types::codec::encode(&page)));
    }
    Ok(TreeUpdate { root: root.hash(), pages: walk.pages })
}

struct Walk<'a> {
    store: &'a dyn Store,
    pages: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Walk<'_> {
    /// Applies `changes` (sorted, not empty below the root, all under one page) and returns what stands for it.
    fn page(
        &mut self,
        depth: usize,
        exists: bool,
        changes: &[(Hash, Option<Hash>)],
    ) -> Result<Slot, StoreError> {
        let key = page_key(changes.first().map_or(&Hash::ZERO, |(key, _)| key), depth);
        let mut page = if exists { load(self.store, &key)? } else { Page::default() };
        for group in changes.chunk_by(|left, right| nibble(&left.0, depth) == nibble(&right.0, depth)) {
            let slot = &mut page[nibble(&group[0].0, depth)];
            *slot = self.slot(depth, *slot, group)?;
        }
        let filled = page.iter().filter(|slot| **slot != Slot::Empty).count();
        let lone = page.iter().find(|slot| matches!(slot, Slot::Leaf(..))).filter(|_| filled == 1).copied();
        if filled == 0 || lone.is_some() {
            if exists {
                self.pages.insert(key, None);
            }
            return Ok(lone.unwrap_or_default());
        }
        let node = fold(&page)[0][0];
        self.pages.insert(key, Some(hydrogen_types::codec::encode(&page)));
        Ok(node)
    }

    fn slot(&mut self, depth: usize, slot: Slot, group: &[(Hash, Option<Hash>)]) -> Result<Slot, StoreError> {
        if let Slot::Inner(_) = slot {
            return self.page(depth + 1, true, group);
        }
        let mut leaves: BTreeMap<Hash, Hash> = BTreeMap::new();
        if let Slot::Leaf(key, value) = slot {
            leaves.insert(key, value);
        }
        for (key, value) in group {
            match value {
                Some(value) => leaves.insert(*key, *value),
                None => leaves.remove(key),
            };
        }
        let mut entries = leaves.into_iter();
        match (entries.next(), entries.len()) {
            (None, _) => Ok(Slot::Empty),
            (Some((key, value)), 0) => Ok(Slot::Leaf(key, value)),
            (Some(first), _) => {
                let below: Vec<_> =
                    std::iter::once(first).chain(entries).map(|(key, value)| (key, Some(value))).collect();
                self.page(depth + 1, false, &below)
            }
        }
    }
}

/// The proof of `key`'s presence or absence in the tree in `store`.
///
/// # Errors
/// When the store fails or lacks a page.
pub fn prove(store: &dyn Store, key: &[u8]) -> Result<StateProof, StoreError> {
    let asked = hydrogen_proof::key_hash(key);
    let mut proof = StateProof { leaf: None, siblings: Vec::new() };
    if store.get(Table::Pages, &page_key(&Hash::ZERO, 0))?.is_none() {
        return Ok(proof);
    }
    for depth in 0..NIBBLES {
        let levels = fold(&load(store, &page_key(&asked, depth))?);
        let path = nibble(&asked, depth);
        for level in 0..4 {
            // A node that is no inner one ends the path: a lone leaf stands for all below.
            if ends(&mut proof, levels[level][path >> (4 - level)]) {
                return Ok(proof);
            }
            proof.siblings.push(levels[level + 1][(path >> (3 - level)) ^ 1].hash());
        }
        if ends(&mut proof, levels[4][path]) {
            return Ok(proof);
        }
    }
    Err(StoreError::Damaged { what: "state tree" })
}

/// Checks one page of the tree in `store`: its leaves lie on their paths, and it hangs from its parent, or from `root`.
/// How many leaves it has, and how many pages it names.
pub(crate) fn audit_page(
    store: &dyn Store,
    root: &Hash,
    key: &[u8],
    bytes: &[u8],
) -> Result<(u64, u64), String> {
    let page = Page::try_from_slice(bytes).map_err(|_| "it cannot be decoded")?;
    let (depth, path) = key.split_first().ok_or("it has no place")?;
    let depth = usize::from(*depth);
    let mut prefix = [0; 32];
    prefix.get_mut(..path.len()).ok_or("it lies too deep")?.copy_from_slice(path);
    let prefix = Hash::new(prefix);
    if depth >= NIBBLES || page_key(&prefix, depth) != key {
        return Err("it has no place".into());
    }
    let mut counts = (0, 0);
    for (index, slot) in page.iter().enumerate() {
        match slot {
            Slot::Empty => {}
            Slot::Inner(_) => counts.1 += 1,
            Slot::Leaf(leaf, _) => {
                if nibble(leaf, depth) != index || page_key(leaf, depth) != key {
                    return Err(format!("leaf {leaf} is off its path"));
                }
                counts.0 += 1;
            }
        }
    }
    let node = fold(&page)[0][0];
    if depth == 0 {
        let expected = *root;
        return if node.hash() == expected { Ok(counts) } else { Err(format!("its root is not {expected}")) };
    }
    let parent = load(store, &page_key(&prefix, depth - 1)).map_err(|error| error.to_string())?;
    let named = parent[nibble(&prefix, depth - 1)];
    if matches!(node, Slot::Inner(_)) && named == node {
        Ok(counts)
    } else {
        Err("its parent names another".into())
    }
}

fn ends(proof: &mut StateProof, node: Slot) -> bool {
    match node {
        Slot::Inner(_) => return false,
        Slot::Empty => {}
        Slot::Leaf(key, value) => proof.leaf = Some((key, value)),
    }
    true
}
