use super::*;

#[test]
fn what_a_person_can_mend_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert!(matches!(RocksStore::open_read_only(path), Err(StoreError::Absent { .. })));
    let file = path.join("file");
    std::fs::write(&file, []).unwrap();
    assert!(matches!(RocksStore::open_read_only(&file), Err(StoreError::Absent { .. })));
    assert!(matches!(RocksStore::open(&file), Err(error) if error.is_disk()), "a file is no folder");

    let chain = path.join("chain");
    let store = RocksStore::open(&chain).unwrap();
    let mut batch = Batch::default();
    batch.put(Table::State, [1], [2]);
    store.commit(batch).unwrap();
    let again = RocksStore::open(&chain).err().unwrap();
    assert_eq!(again.to_string(), format!("{} is in use by this process", chain.display()));
    drop(store);

    let reader = RocksStore::open_read_only(&chain).unwrap();
    assert_eq!(reader.get(Table::State, &[1]).unwrap(), Some(vec![2]), "what the engine's log held is there");
    let mut batch = Batch::default();
    batch.put(Table::State, [1], [3]);
    assert!(reader.commit(batch).is_err(), "a reader changes nothing");
}

/// A flipped byte in a file of the engine is found by its checksums when the entry is read.
#[test]
fn flipped_bytes_on_disk_are_never_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = RocksStore::open(folder.path()).unwrap();
    let mut batch = Batch::default();
    batch.put(Table::Code, [7; 32], vec![0xc7; 4096]);
    store.commit(batch).unwrap();
    store.compact().unwrap();
    drop(store);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sst") {
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[10] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }
    }
    let read = RocksStore::open(folder.path()).and_then(|store| store.get(Table::Code, &[7; 32]));
    assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{read:?}");
}

/// Blocks that are forgotten leave no bytes behind, without a compaction by hand.
#[test]
fn space_of_removed_entries_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = RocksStore::open(folder.path()).unwrap();
    let size = || -> u64 {
        let files = std::fs::read_dir(folder.path()).unwrap();
        files
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "sst"))
            .map(|entry| entry.metadata().unwrap().len())
            .sum()
    };
    // Bytes that no compression shrinks.
    let mut noise = 1u64;
    let mut value = || -> Vec<u8> {
        (0..1024)
            .map(|_| {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                noise.to_le_bytes()[0]
            })
            .collect()
    };
    for height in 0u64..8_192 {
        let mut batch = Batch::default();
        batch.put(Table::Blocks, height.to_be_bytes(), value());
        if let Some(old) = height.checked_sub(1_024) {
            batch.delete(Table::Blocks, old.to_be_bytes());
        }
        store.db.write(batch_of(&store, batch)).unwrap();
        if height % 512 == 0 && height > 1_024 {
            store.reclaim(Table::Blocks, &[], &(height - 1_024).to_be_bytes()).unwrap();
        }
    }
    let held = size();
    assert!(held < 6 << 20, "1 MiB of 8 MiB is alive, {held} bytes are held");
}

/// Unsynced, for speed: this test is about files, not about power failures.
fn batch_of(store: &RocksStore, batch: Batch) -> WriteBatch {
    let mut writes = WriteBatch::default();
    for (table, key, value) in batch.into_writes() {
        match value {
            Some(value) => writes.put_cf(store.written(table), key, value),
            None => writes.delete_cf(store.written(table), key),
        }
    }
    writes
}
