//! What every store must do.

use super::{Batch, MemStore, Store, Table};

fn check(store: &dyn Store) {
    let mut batch = Batch::default();
    for number in [3u8, 1, 2] {
        batch.put(Table::State, [number], [number, number]);
    }
    batch.put(Table::Meta, [1], []);
    store.commit(batch).unwrap();

    assert_eq!(store.get(Table::State, &[2]).unwrap(), Some(vec![2, 2]));
    assert_eq!(store.get(Table::Meta, &[1]).unwrap(), Some(vec![]), "an empty value is a value");
    assert_eq!(store.get(Table::Pages, &[1]).unwrap(), None, "tables are apart");

    let keys = |start: &[u8], end: Option<&[u8]>, limit| -> Vec<u8> {
        store.range(Table::State, start, end, limit).unwrap().iter().map(|(key, _)| key[0]).collect()
    };
    assert_eq!(keys(&[], None, 10), [1, 2, 3]);
    assert_eq!(keys(&[1], Some(&[3]), 10), [1, 2], "the end is excluded");
    assert_eq!(keys(&[2], None, 1), [2]);
    assert_eq!(keys(&[3], Some(&[1]), 10), [0u8; 0], "an empty range is no error");

    let mut batch = Batch::default();
    batch.delete(Table::State, [2]);
    batch.put(Table::State, [1], [9]);
    batch.put(Table::State, [1], [8]);
    store.commit(batch).unwrap();
    assert_eq!(keys(&[], None, 10), [1, 3]);
    assert_eq!(store.get(Table::State, &[1]).unwrap(), Some(vec![8]), "the last write of a key wins");

    let mut look = |frozen: &dyn super::Frozen| {
        let mut batch = Batch::default();
        batch.put(Table::State, [1], [7]);
        batch.put(Table::State, [4], [4]);
        batch.mark_refetchable();
        store.commit(batch)?;
        assert_eq!(frozen.get(Table::State, &[1])?, Some(vec![8]), "a frozen store does not move");
        assert_eq!(frozen.range(Table::State, &[2], None, 10)?, [(vec![3], vec![3, 3])]);
        Ok(())
    };
    store.frozen(&mut look).unwrap();
    assert_eq!(keys(&[], None, 10), [1, 3, 4]);
}

#[test]
fn mem_store_conforms() {
    let store = MemStore::new();
    check(&store);
    let fork = store.fork();
    let mut batch = Batch::default();
    batch.put(Table::State, [7], [7]);
    fork.commit(batch).unwrap();
    assert_eq!(store.get(Table::State, &[7]).unwrap(), None, "a fork goes its own way");
    assert_eq!(fork.get(Table::State, &[3]).unwrap(), Some(vec![3, 3]));
}

#[cfg(feature = "rocksdb")]
#[test]
fn rocks_store_conforms_and_reopens() {
    let folder = tempfile::tempdir().unwrap();
    let store = super::RocksStore::open(folder.path()).unwrap();
    check(&store);
    let second = super::RocksStore::open(folder.path());
    assert!(matches!(second, Err(super::StoreError::InUse { .. })), "a second opening is refused");
    drop(store);
    let store = super::RocksStore::open(folder.path()).unwrap();
    assert_eq!(store.get(Table::State, &[3]).unwrap(), Some(vec![3, 3]));
}
