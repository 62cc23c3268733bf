//! The store on disk: RocksDB, one column family a table, one synced write batch a block.
//!
//! Settings keep a node's memory near 40 MiB however long it runs: small memtables, one shared cache, few files.

use super::{Batch, Entry, Frozen, Store, StoreError, Table};
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, Direction, ErrorKind,
    IteratorMode, Options, ReadOptions, Snapshot, WriteBatch, WriteOptions,
};
use std::path::{Path, PathBuf};

const CACHE_BYTES: usize = 8 << 20;
const MEMTABLE_BYTES: usize = 2 << 20;
const WAL_BYTES_MAX: u64 = 16 << 20;
const OPEN_FILES_MAX: i32 = 64;

/// A RocksDB folder.
pub struct RocksStore {
    db: DB,
    path: PathBuf,
}

impl RocksStore {
    /// Opens or creates the store in `path`.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it; [`StoreError::Io`] for what the engine says otherwise.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let cache = Cache::new_lru_cache(CACHE_BYTES);
        let families =
            Table::ALL.map(|table| ColumnFamilyDescriptor::new(table.name(), family_options(table, &cache)));
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_max_open_files(OPEN_FILES_MAX);
        options.set_max_file_opening_threads(1);
        options.set_max_background_jobs(2);
        options.set_max_total_wal_size(WAL_BYTES_MAX);
        options.set_keep_log_file_num(2);
        options.set_max_log_file_size(1 << 20);
        options.set_stats_dump_period_sec(0);
        options.set_log_level(rocksdb::LogLevel::Warn);
        let db = DB::open_cf_descriptors(&options, path, families).map_err(|error| explain(path, &error))?;
        Ok(Self { db, path: path.to_path_buf() })
    }

    fn family(&self, table: Table) -> &rocksdb::ColumnFamily {
        self.db.cf_handle(table.name()).expect("every table's family is opened with the store")
    }

    fn entries(
        &self,
        mut options: ReadOptions,
        table: Table,
        (start, end): (&[u8], Option<&[u8]>),
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        if end.is_some_and(|end| end <= start) {
            return Ok(Vec::new());
        }
        if let Some(end) = end {
            options.set_iterate_upper_bound(end);
        }
        let mode = IteratorMode::From(start, Direction::Forward);
        self.db
            .iterator_cf_opt(self.family(table), options, mode)
            .take(limit)
            .map(|entry| entry.map(|(key, value)| (key.into_vec(), value.into_vec())))
            .collect::<Result<_, _>>()
            .map_err(|error| explain(&self.path, &error))
    }
}

fn family_options(table: Table, cache: &Cache) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    blocks.set_bloom_filter(10.0, false);
    let mut options = Options::default();
    options.set_block_based_table_factory(&blocks);
    options.set_write_buffer_size(MEMTABLE_BYTES);
    options.set_max_write_buffer_number(2);
    options.set_arena_block_size(64 << 10);
    // Pages are hashes: nothing to gain.
    let compression = if table == Table::Pages { DBCompressionType::None } else { DBCompressionType::Lz4 };
    options.set_compression_type(compression);
    options
}

/// The engine names the kinds of failure that a person can mend only in words.
fn explain(path: &Path, error: &rocksdb::Error) -> StoreError {
    let text = error.to_string();
    let path = path.display().to_string();
    if error.kind() == ErrorKind::IOError && text.contains("LOCK") {
        return StoreError::InUse { path };
    }
    if text.contains("No space left") {
        return StoreError::DiskFull { path };
    }
    StoreError::Io { reason: text }
}

impl Store for RocksStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.db.get_cf(self.family(table), key).map_err(|error| explain(&self.path, &error))
    }

    fn range(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.entries(ReadOptions::default(), table, (start, end), limit)
    }

    fn frozen(&self, look: &mut dyn FnMut(&dyn Frozen) -> Result<(), StoreError>) -> Result<(), StoreError> {
        look(&FrozenRocks { store: self, snapshot: self.db.snapshot() })
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let sync = !batch.is_refetchable();
        let mut writes = WriteBatch::default();
        for (table, key, value) in batch.into_writes() {
            match value {
                Some(value) => writes.put_cf(self.family(table), key, value),
                None => writes.delete_cf(self.family(table), key),
            }
        }
        let mut options = WriteOptions::default();
        // A synced write takes all before it to the disk.
        options.set_sync(sync);
        self.db.write_opt(writes, &options).map_err(|error| explain(&self.path, &error))
    }
}

/// The database at one moment.
struct FrozenRocks<'a> {
    store: &'a RocksStore,
    snapshot: Snapshot<'a>,
}

impl Frozen for FrozenRocks<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.snapshot.get_cf(self.store.family(table), key);
        found.map_err(|error| explain(&self.store.path, &error))
    }

    fn range(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut options = ReadOptions::default();
        options.set_snapshot(&self.snapshot);
        self.store.entries(options, table, (start, end), limit)
    }
}
