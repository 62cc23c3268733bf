use super::tree::{prove, update};
use super::{EMPTY_ROOT, History, Overlay, StoreState, Undo};
use crate::block::Tip;
use crate::limits::{KEEP_BLOCKS_MIN, UNDO_IN_MEMORY_MAX};
use crate::prune::{Earliest, Keep};
use crate::store::{Batch, MemStore, Store, StoreError, Table};
use hydrogen_proof::{StateProofError, key_hash, value_hash, verify_state};
use hydrogen_types::{Hash, Height, Tag};
use jmt::storage::{LeafNode, Node, NodeKey, TreeReader};
use jmt::{KeyHash, OwnedValue, SimpleHasher, Version};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

type Values = BTreeMap<Vec<u8>, Vec<u8>>;

/// Hashes `jmt`'s nodes with our tags: the oracle then has our shape or another root.
struct OurTags(Vec<u8>);

const THEIR_EMPTY: [u8; 32] = *b"SPARSE_MERKLE_PLACEHOLDER_HASH__";

impl SimpleHasher for OurTags {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.extend_from_slice(data);
    }

    fn finalize(self) -> [u8; 32] {
        if let Some(rest) = self.0.strip_prefix(b"JMT::LeafNode") {
            return *Hash::of(Tag::STATE_LEAF, &[rest]).as_bytes();
        }
        if let Some(rest) = self.0.strip_prefix(b"JMT::IntrnalNode") {
            let child = |bytes: &[u8]| if bytes == THEIR_EMPTY { [0; 32] } else { bytes.try_into().unwrap() };
            let (left, right) = (child(&rest[..32]), child(&rest[32..]));
            return *Hash::of(Tag::STATE_INNER, &[&left, &right]).as_bytes();
        }
        *value_hash(&self.0).as_bytes()
    }
}

#[derive(Default)]
struct Nodes(Mutex<(BTreeMap<NodeKey, Node>, BTreeMap<KeyHash, OwnedValue>)>);

impl TreeReader for Nodes {
    fn get_node_option(&self, key: &NodeKey) -> Result<Option<Node>, anyhow::Error> {
        Ok(self.0.lock().unwrap().0.get(key).cloned())
    }

    fn get_value_option(&self, _: Version, key: KeyHash) -> Result<Option<OwnedValue>, anyhow::Error> {
        Ok(self.0.lock().unwrap().1.get(&key).cloned())
    }

    fn get_rightmost_leaf(&self) -> Result<Option<(NodeKey, LeafNode)>, anyhow::Error> {
        Ok(None)
    }
}

fn oracle(values: &Values) -> Hash {
    let nodes = Nodes::default();
    let tree = jmt::JellyfishMerkleTree::<_, OurTags>::new(&nodes);
    let entries = values.iter().map(|(key, value)| (KeyHash(*key_hash(key).as_bytes()), Some(value.clone())));
    let (root, _) = tree.put_value_set(entries, 0).unwrap();
    if root.0 == THEIR_EMPTY { EMPTY_ROOT } else { Hash::new(root.0) }
}

fn apply(store: &MemStore, changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Hash {
    let update = update(store, &crate::block::hashed(changes)).unwrap();
    let mut batch = Batch::default();
    for (key, page) in update.pages {
        match page {
            Some(page) => batch.put(Table::Pages, key, page),
            None => batch.delete(Table::Pages, key),
        }
    }
    store.commit(batch).unwrap();
    update.root
}

fn changes() -> impl Strategy<Value = BTreeMap<Vec<u8>, Option<Vec<u8>>>> {
    // Few keys, so that histories meet deletions of what they wrote.
    let key = (0u8..48).prop_map(|number| vec![number]);
    proptest::collection::btree_map(
        key,
        proptest::option::of(proptest::collection::vec(any::<u8>(), 0..4)),
        0..24,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn root_is_the_oracles_and_every_key_can_be_proved(history in proptest::collection::vec(changes(), 1..8)) {
        let store = MemStore::new();
        let mut values = Values::new();
        for changes in history {
            let before = values.clone();
            for (key, value) in &changes {
                match value {
                    Some(value) => values.insert(key.clone(), value.clone()),
                    None => values.remove(key),
                };
            }
            let root = apply(&store, &changes);
            prop_assert_eq!(root, oracle(&values), "from {:?}", before);
            for number in 0u8..64 {
                let key = [number];
                let proof = prove(&store, &key).unwrap();
                let value = values.get(key.as_slice()).map(Vec::as_slice);
                prop_assert_eq!(verify_state(&root, &key, value, &proof), Ok(()));
                let lie = if value.is_some() { None } else { Some(b"lie".as_slice()) };
                prop_assert!(verify_state(&root, &key, lie, &proof).is_err());
            }
        }
        let pages = store.range(Table::Pages, &[], None, 10_000).unwrap();
        prop_assert!(pages.len() <= values.len().max(1), "no page outlives its leaves");
    }
}

#[test]
fn a_proof_is_for_its_key_value_and_root_alone() {
    let store = MemStore::new();
    let values = (0u8..40).map(|number| (vec![number], Some(vec![number]))).collect();
    let root = apply(&store, &values);
    let proof = prove(&store, &[7]).unwrap();
    assert_eq!(verify_state(&root, &[7], Some(&[7]), &proof), Ok(()));
    assert_eq!(verify_state(&root, &[7], Some(&[8]), &proof), Err(StateProofError::OtherValue));
    assert_eq!(verify_state(&root, &[8], Some(&[8]), &proof), Err(StateProofError::OtherKey));
    assert_eq!(verify_state(&root, &[7], None, &proof), Err(StateProofError::Present));
    assert_eq!(verify_state(&Hash::ZERO, &[7], Some(&[7]), &proof), Err(StateProofError::WrongRoot));
    let mut short = proof.clone();
    short.siblings.pop();
    assert_eq!(verify_state(&root, &[7], Some(&[7]), &short), Err(StateProofError::WrongRoot));
    let deep = hydrogen_proof::StateProof { siblings: vec![Hash::ZERO; 257], ..proof };
    assert_eq!(verify_state(&root, &[7], Some(&[7]), &deep), Err(StateProofError::TooDeep));
}

#[test]
fn an_overlay_takes_back_what_came_after_a_checkpoint() {
    let store = MemStore::new();
    let mut batch = Batch::default();
    batch.put(Table::State, [1], [1]);
    batch.put(Table::State, [2], [2]);
    store.commit(batch).unwrap();
    let mut overlay = Overlay::new(Arc::new(StoreState(Arc::new(store))));
    overlay.set(vec![3], vec![3]);
    let checkpoint = overlay.checkpoint();
    overlay.remove(vec![1]);
    overlay.set(vec![3], vec![30]);
    overlay.set(vec![4], vec![4]);
    let keys = |overlay: &Overlay, limit| -> Vec<u8> {
        overlay.range(&[0], &[9], limit).unwrap().iter().map(|(key, _)| key[0]).collect()
    };
    assert_eq!(keys(&overlay, 9), [2, 3, 4]);
    assert_eq!(keys(&overlay, 2), [2, 3], "removed entries do not count against the limit");
    overlay.revert(checkpoint);
    assert_eq!(keys(&overlay, 9), [1, 2, 3]);
    assert_eq!(overlay.get(&[3]).unwrap(), Some(vec![3]));
}

fn tip(height: u64) -> Tip {
    let (height, hash) = (Height::new(height), Hash::ZERO);
    Tip { height, hash, time_ms: 0, uptime_ms: 0, beacon: hash, state_root: hash }
}

/// A history whose block n sets key 1 to n and adds key n, both as eight bytes behind a letter.
struct Growing {
    store: Arc<dyn Store>,
    history: Arc<History>,
    height: u64,
}

fn one() -> Vec<u8> {
    vec![b'a']
}

fn numbered(height: u64) -> Vec<u8> {
    [b"b".as_slice(), &height.to_be_bytes()].concat()
}

fn number(value: Option<Vec<u8>>) -> Option<u64> {
    Some(u64::from_be_bytes(value?.try_into().unwrap()))
}

impl Growing {
    fn new() -> Self {
        let store: Arc<dyn Store> = Arc::new(MemStore::new());
        let history = History::new(store.clone(), tip(0), Self::all());
        Self { store, history, height: 0 }
    }

    fn all() -> Earliest {
        Earliest { block: Height::new(1), state: Height::GENESIS }
    }

    fn advance(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.height += 1;
            let (own, value) = (numbered(self.height), self.height.to_be_bytes());
            let mut batch = Batch::default();
            batch.put(Table::State, one(), value);
            batch.put(Table::State, own.clone(), value);
            let before = self.store.get(Table::State, &one()).unwrap();
            let undo = Undo([(one(), before), (own, None)].into());
            self.history.advance(batch, tip(self.height), undo).unwrap();
        }
    }
}

#[test]
fn a_view_stays_at_its_height_while_blocks_are_committed() {
    let mut growing = Growing::new();
    growing.advance(2);
    let view = growing.history.view(1).unwrap().unwrap();
    let silent = growing.history.view(2).unwrap().unwrap();
    // The memory keeps fewer records than blocks come while nobody asks the second view anything.
    for blocks in [1, 1, 1, 100, 3 * u64::try_from(UNDO_IN_MEMORY_MAX).unwrap(), 1] {
        growing.advance(blocks);
        assert_eq!(number(view.get(&one()).unwrap()), Some(1));
        let keys = view.range(&[0], None, 9).unwrap().into_iter().map(|(key, _)| key);
        assert_eq!(keys.collect::<Vec<_>>(), [one(), numbered(1)]);
    }
    assert_eq!(number(silent.get(&one()).unwrap()), Some(2));
    assert_eq!(silent.range(&[0], None, 9).unwrap().len(), 3);
    let Growing { store, history, height } = growing;
    let reopened = History::new(store, tip(height), Growing::all());
    let three = reopened.view(3).unwrap().unwrap();
    assert_eq!(number(three.get(&one()).unwrap()), Some(3), "from disk alone");
    assert_eq!(history.view(0).unwrap().unwrap().get(&one()).unwrap(), None);
    assert!(history.view(height + 1).unwrap().is_none());
}

/// A view that outlives the way back to its height says so, and gives no value of another height.
#[test]
fn a_view_of_a_forgotten_height_says_so() {
    let mut growing = Growing::new();
    growing.history.keep(Keep::new(Some(KEEP_BLOCKS_MIN), Some(4)).unwrap()).unwrap();
    growing.advance(5);
    let view = growing.history.view(4).unwrap().unwrap();
    growing.advance(100);
    assert_eq!(number(view.get(&one()).unwrap()), Some(4), "what the memory has is enough");
    growing.advance(2 * u64::try_from(UNDO_IN_MEMORY_MAX).unwrap());
    let forgotten = view.get(&one()).unwrap_err();
    assert!(matches!(forgotten, StoreError::StateForgotten { height: 4, tip } if tip == growing.height));
    assert!(!forgotten.is_disk() && view.range(&[0], None, 9).is_err());
}
