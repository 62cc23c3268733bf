//! The store on disk: RocksDB, one column family a table, one synced write batch a block.
//!
//! Settings keep a node's memory near 40 MiB however long it runs: small memtables, one shared cache, few files.

mod lock;
#[cfg(test)]
mod tests;

use super::{Batch, Entry, Frozen, Store, StoreError, Table};
use lock::ReadLock;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, Direction,
    ErrorKind, IteratorMode, Options, ReadOptions, Snapshot, WriteBatch, WriteOptions,
};
use std::path::{Path, PathBuf};

/// Blocks of data and indices held in memory, in bytes.
const CACHE_BYTES_MAX: usize = 8 << 20;
/// Writes of one table held in memory before they become a file, in bytes.
const MEMTABLE_BYTES_MAX: usize = 2 << 20;
/// The engine's own log, in bytes.
const WAL_BYTES_MAX: u64 = 16 << 20;
/// Files held open.
const OPEN_FILES_MAX: i32 = 64;
/// Among so many entries in a row ...
const DELETED_WINDOW: usize = 1_024;
/// ... this many removed ones make a file worth rewriting.
const DELETED_MAX: usize = 512;

/// A RocksDB folder.
pub struct RocksStore {
    db: DB,
    path: PathBuf,
    /// Keeps writers away from a store that was opened for reading.
    _reading: Option<ReadLock>,
}

impl RocksStore {
    /// Opens or creates the store in `path`.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when somebody has it; what the disk or the engine says otherwise.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut options = options();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        let families = families(|_| true);
        let db = DB::open_cf_descriptors(&options, path, families).map_err(|error| explain(path, &error))?;
        Ok(Self { db, path: path.to_path_buf(), _reading: None })
    }

    /// Opens the store in `path` for reading alone; nothing in the folder changes, and nobody can open it for writing
    /// meanwhile. Not for a process that has the same store open already.
    ///
    /// # Errors
    /// [`StoreError::Absent`] when there is none, [`StoreError::InUse`] when somebody writes to it.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let reading = ReadLock::take(path)?;
        let options = options();
        let found = DB::list_cf(&options, path).map_err(|error| explain(path, &error))?;
        let families = families(|table| found.iter().any(|name| name == table.name()));
        let db = DB::open_cf_descriptors_read_only(&options, path, families, false)
            .map_err(|error| explain(path, &error))?;
        Ok(Self { db, path: path.to_path_buf(), _reading: Some(reading) })
    }

    /// Writes what is in memory to files and merges them, so that the folder has its true size.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn compact(&self) -> Result<(), StoreError> {
        for table in Table::ALL {
            if let Some(family) = self.family(table) {
                self.db.flush_cf(family).map_err(|error| explain(&self.path, &error))?;
                self.db.compact_range_cf(family, None::<&[u8]>, None::<&[u8]>);
            }
        }
        Ok(())
    }

    fn entries(
        &self,
        mut options: ReadOptions,
        table: Table,
        (start, end): (&[u8], Option<&[u8]>),
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let Some(family) = self.family(table) else { return Ok(Vec::new()) };
        if end.is_some_and(|end| end <= start) {
            return Ok(Vec::new());
        }
        if let Some(end) = end {
            options.set_iterate_upper_bound(end);
        }
        let mode = IteratorMode::From(start, Direction::Forward);
        self.db
            .iterator_cf_opt(family, options, mode)
            .take(limit)
            .map(|entry| entry.map(|(key, value)| (key.into_vec(), value.into_vec())))
            .collect::<Result<_, _>>()
            .map_err(|error| explain(&self.path, &error))
    }

    /// Absent in a store opened for reading that was written before the table was thought of.
    fn family(&self, table: Table) -> Option<&ColumnFamily> {
        self.db.cf_handle(table.name())
    }

    fn written(&self, table: Table) -> &ColumnFamily {
        self.family(table).expect("every table's family is opened with a store that is written to")
    }
}

fn options() -> Options {
    let mut options = Options::default();
    options.set_max_open_files(OPEN_FILES_MAX);
    options.set_max_file_opening_threads(1);
    options.set_max_background_jobs(2);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    options.set_keep_log_file_num(2);
    options.set_max_log_file_size(1 << 20);
    options.set_stats_dump_period_sec(0);
    options.set_log_level(rocksdb::LogLevel::Warn);
    options
}

fn families(wanted: impl Fn(Table) -> bool) -> Vec<ColumnFamilyDescriptor> {
    let cache = Cache::new_lru_cache(CACHE_BYTES_MAX);
    let tables = Table::ALL.into_iter().filter(|table| wanted(*table));
    tables.map(|table| ColumnFamilyDescriptor::new(table.name(), family_options(table, &cache))).collect()
}

fn family_options(table: Table, cache: &Cache) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    blocks.set_bloom_filter(10.0, false);
    let mut options = Options::default();
    options.set_block_based_table_factory(&blocks);
    options.set_write_buffer_size(MEMTABLE_BYTES_MAX);
    options.set_max_write_buffer_number(2);
    options.set_arena_block_size(64 << 10);
    // What is forgotten is scattered over the files by hash in some tables; files full of it are rewritten soon.
    options.add_compact_on_deletion_collector_factory(DELETED_WINDOW, DELETED_MAX, 0.5);
    // Pages are hashes: nothing to gain.
    let compression = if table == Table::Pages { DBCompressionType::None } else { DBCompressionType::Lz4 };
    options.set_compression_type(compression);
    options
}

/// The engine names the kinds of failure that a person can mend only in words.
fn explain(path: &Path, error: &rocksdb::Error) -> StoreError {
    let reason = error.to_string();
    let folder = path.display().to_string();
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if error.kind() == ErrorKind::Corruption {
        return StoreError::Corrupt { path: folder, reason };
    }
    if says(&["No space left", "Disk quota exceeded"]) {
        return StoreError::DiskFull { path: folder };
    }
    if says(&["Read-only file system"]) {
        return StoreError::ReadOnly { path: folder };
    }
    if says(&["Permission denied", "Operation not permitted"]) {
        return StoreError::NotPermitted { path: folder };
    }
    if says(&["lock hold by current process"]) {
        return StoreError::InUse { path: folder, holder: String::from("this process") };
    }
    if says(&["While lock file"]) {
        return StoreError::InUse { path: folder, holder: lock::holder(path) };
    }
    StoreError::Io { reason }
}

impl Store for RocksStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(family) = self.family(table) else { return Ok(None) };
        self.db.get_cf(family, key).map_err(|error| explain(&self.path, &error))
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
                Some(value) => writes.put_cf(self.written(table), key, value),
                None => writes.delete_cf(self.written(table), key),
            }
        }
        let mut options = WriteOptions::default();
        // A synced write takes all before it to the disk.
        options.set_sync(sync);
        self.db.write_opt(writes, &options).map_err(|error| explain(&self.path, &error))
    }

    /// Whole files of the range go at once; what is left of it in others is rewritten here.
    fn reclaim(&self, table: Table, start: &[u8], end: &[u8]) -> Result<(), StoreError> {
        let family = self.written(table);
        self.db.delete_file_in_range_cf(family, start, end).map_err(|error| explain(&self.path, &error))?;
        self.db.compact_range_cf(family, Some(start), Some(end));
        Ok(())
    }
}

/// The database at one moment.
struct FrozenRocks<'a> {
    store: &'a RocksStore,
    snapshot: Snapshot<'a>,
}

impl Frozen for FrozenRocks<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(family) = self.store.family(table) else { return Ok(None) };
        self.snapshot.get_cf(family, key).map_err(|error| explain(&self.store.path, &error))
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
