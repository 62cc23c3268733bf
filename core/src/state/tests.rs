use super::tree::{prove, update};
use super::{EMPTY_ROOT, Overlay, StoreState};
use crate::store::{Batch, MemStore, Store, Table};
use hydrogen_proof::{StateProofError, key_hash, value_hash, verify_state};
use hydrogen_types::{Hash, Tag};
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

#[test]
fn a_view_stays_at_its_height_while_blocks_are_committed() {
    use crate::block::Tip;
    use crate::state::{History, Undo};
    let store: Arc<dyn Store> = Arc::new(MemStore::new());
    let tip = |height: u64| Tip {
        height: hydrogen_types::Height::new(height),
        hash: Hash::ZERO,
        time_ms: 0,
        uptime_ms: 0,
        beacon: Hash::ZERO,
        state_root: Hash::ZERO,
    };
    let all =
        crate::Earliest { block: hydrogen_types::Height::new(1), state: hydrogen_types::Height::GENESIS };
    let history = History::new(store.clone(), tip(0), all);
    // Block n sets key 1 to n and adds key 10 + n.
    let advance = |height: u8| {
        let mut batch = Batch::default();
        batch.put(Table::State, [1], [height]);
        batch.put(Table::State, [10 + height], [height]);
        let before = store.get(Table::State, &[1]).unwrap();
        let undo = Undo([(vec![1], before), (vec![10 + height], None)].into());
        history.advance(batch, tip(u64::from(height)), undo).unwrap();
    };
    advance(1);
    advance(2);
    let view = history.view(1).unwrap().unwrap();
    for height in 3..6 {
        advance(height);
        assert_eq!(view.get(&[1]).unwrap(), Some(vec![1]));
        let keys: Vec<u8> = view.range(&[0], None, 9).unwrap().iter().map(|(key, _)| key[0]).collect();
        assert_eq!(keys, [1, 11]);
    }
    let reopened = History::new(store.clone(), tip(5), all);
    assert_eq!(reopened.view(3).unwrap().unwrap().get(&[1]).unwrap(), Some(vec![3]), "from disk alone");
    assert_eq!(history.view(0).unwrap().unwrap().get(&[1]).unwrap(), None);
    assert!(history.view(6).unwrap().is_none());
}
