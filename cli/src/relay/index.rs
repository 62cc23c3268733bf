//! What the relay must remember across a `kill -9`: receipts, programs, nonces, and whether it stopped cleanly.
//!
//! *Invariants*: a receipt is synced here before anybody sees it, and after its blob; an entry without its blob
//! cannot be (blobs are synced first), a blob without its entry is swept at the start.

use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::task::{BlobKind, RelayReceipt};
use hydrogen_types::{Address, Hash, PublicKey, codec};
use rocksdb::{ColumnFamilyDescriptor, DB, IteratorMode, Options, WriteBatch, WriteOptions};
use std::collections::BTreeMap;
use std::path::Path;

const BLOBS: &str = "blobs";
const PROGRAMS: &str = "programs";
const NONCES: &str = "nonces";
const META: &str = "meta";
/// Present exactly between a clean stop and the next start.
const CLEAN: &[u8] = b"clean";
/// The chain the home belongs to.
const CHAIN: &[u8] = b"chain";
/// Largest entry: a receipt with a chain id of 32 bytes has about 250.
const ENTRY_BYTES_MAX: usize = 1 << 10;

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The database's own error: a full disk, a lock held by another process.
    #[error("database: {0}")]
    Database(#[from] rocksdb::Error),
    /// An entry is not what this version writes.
    #[error("entry in `{column}`")]
    Entry {
        /// The column family.
        column: &'static str,
        /// What is wrong with it.
        #[source]
        source: hydrogen_types::DecodeError,
    },
}

/// Arguments or a result that the relay holds.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct StoredBlob {
    /// The receipt given for it.
    pub(crate) receipt: RelayReceipt,
    /// The chain's uptime when the task was first seen to have ended.
    pub(crate) ended_ms: Option<u64>,
}

/// A program that the relay holds.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct StoredProgram {
    /// Bytes of the module.
    pub(crate) size: u64,
    /// Who published it.
    pub(crate) owner: Address,
    /// When it was last published, named by a task or fetched: milliseconds since 1970.
    pub(crate) used_ms: u64,
}

/// Key of a blob, and its file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BlobId {
    pub(crate) task: u64,
    pub(crate) kind: BlobKindKey,
}

/// [`BlobKind`] with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BlobKindKey {
    Args,
    Result,
}

impl BlobId {
    pub(crate) fn new(task: u64, kind: BlobKind) -> Self {
        let kind = match kind {
            BlobKind::Args => BlobKindKey::Args,
            BlobKind::Result => BlobKindKey::Result,
        };
        Self { task, kind }
    }

    pub(crate) fn file_name(self) -> String {
        match self.kind {
            BlobKindKey::Args => format!("args-{}", self.task),
            BlobKindKey::Result => format!("result-{}", self.task),
        }
    }

    fn key(self) -> Vec<u8> {
        let mut key = self.task.to_be_bytes().to_vec();
        key.push(match self.kind {
            BlobKindKey::Args => 0,
            BlobKindKey::Result => 1,
        });
        key
    }
}

/// File name of a program.
pub(crate) fn program_file(hash: &Hash) -> String {
    format!("program-{}", hex::encode(hash.as_bytes()))
}

/// The database.
pub(crate) struct Index {
    db: DB,
    was_clean: bool,
}

impl Index {
    /// Opens or makes the database, and notes that it is in use.
    pub(crate) fn open(folder: &Path) -> Result<Self, IndexError> {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        // A handful of small entries: the defaults would take 64 MiB a column.
        options.set_db_write_buffer_size(8 << 20);
        options.set_max_open_files(64);
        options.set_keep_log_file_num(2);
        let columns =
            [BLOBS, PROGRAMS, NONCES, META].map(|name| ColumnFamilyDescriptor::new(name, Options::default()));
        let db = DB::open_cf_descriptors(&options, folder, columns)?;
        let fresh = db.get_cf(column(&db, META), CHAIN)?.is_none();
        let was_clean = fresh || db.get_cf(column(&db, META), CLEAN)?.is_some();
        db.delete_cf_opt(column(&db, META), CLEAN, &synced())?;
        Ok(Self { db, was_clean })
    }

    /// Whether the run before stopped cleanly (or there was none).
    pub(crate) fn was_clean(&self) -> bool {
        self.was_clean
    }

    /// Binds the home to a chain; returns the chain it is bound to.
    pub(crate) fn bind_chain(&self, chain_id: &str) -> Result<String, IndexError> {
        match self.db.get_cf(column(&self.db, META), CHAIN)? {
            Some(stored) => Ok(String::from_utf8_lossy(&stored).into_owned()),
            None => {
                self.db.put_cf_opt(column(&self.db, META), CHAIN, chain_id, &synced())?;
                Ok(chain_id.to_owned())
            }
        }
    }

    /// Notes a clean stop.
    pub(crate) fn close_clean(&self) -> Result<(), IndexError> {
        Ok(self.db.put_cf_opt(column(&self.db, META), CLEAN, b"1", &synced())?)
    }

    pub(crate) fn blob(&self, id: BlobId) -> Result<Option<StoredBlob>, IndexError> {
        entry(BLOBS, self.db.get_cf(column(&self.db, BLOBS), id.key())?)
    }

    pub(crate) fn put_blob(&self, id: BlobId, blob: &StoredBlob) -> Result<(), IndexError> {
        Ok(self.db.put_cf_opt(column(&self.db, BLOBS), id.key(), codec::encode(blob), &synced())?)
    }

    pub(crate) fn remove_blob(&self, id: BlobId) -> Result<(), IndexError> {
        Ok(self.db.delete_cf_opt(column(&self.db, BLOBS), id.key(), &synced())?)
    }

    /// All blobs, by task.
    pub(crate) fn blobs(&self) -> Result<Vec<(BlobId, StoredBlob)>, IndexError> {
        let mut blobs = Vec::new();
        for row in self.db.iterator_cf(column(&self.db, BLOBS), IteratorMode::Start) {
            let (key, value) = row?;
            let Some((task, [kind])) = key.split_first_chunk::<8>() else { continue };
            let kind = if *kind == 0 { BlobKindKey::Args } else { BlobKindKey::Result };
            if let Some(blob) = entry(BLOBS, Some(value.into_vec()))? {
                blobs.push((BlobId { task: u64::from_be_bytes(*task), kind }, blob));
            }
        }
        Ok(blobs)
    }

    pub(crate) fn program(&self, hash: &Hash) -> Result<Option<StoredProgram>, IndexError> {
        entry(PROGRAMS, self.db.get_cf(column(&self.db, PROGRAMS), hash.as_bytes())?)
    }

    pub(crate) fn put_program(&self, hash: &Hash, program: &StoredProgram) -> Result<(), IndexError> {
        let bytes = codec::encode(program);
        Ok(self.db.put_cf_opt(column(&self.db, PROGRAMS), hash.as_bytes(), bytes, &synced())?)
    }

    pub(crate) fn remove_program(&self, hash: &Hash) -> Result<(), IndexError> {
        Ok(self.db.delete_cf_opt(column(&self.db, PROGRAMS), hash.as_bytes(), &synced())?)
    }

    /// All programs.
    pub(crate) fn programs(&self) -> Result<BTreeMap<Hash, StoredProgram>, IndexError> {
        let mut programs = BTreeMap::new();
        for row in self.db.iterator_cf(column(&self.db, PROGRAMS), IteratorMode::Start) {
            let (key, value) = row?;
            let Ok(hash) = <[u8; 32]>::try_from(key.as_ref()) else { continue };
            if let Some(program) = entry(PROGRAMS, Some(value.into_vec()))? {
                programs.insert(Hash::new(hash), program);
            }
        }
        Ok(programs)
    }

    /// Remembers a nonce. Not synced: after an unclean stop older requests are refused anyway.
    pub(crate) fn put_nonce(&self, key: &PublicKey, nonce: &str, seen_s: u64) -> Result<(), IndexError> {
        let row = [key.0.as_slice(), nonce.as_bytes()].concat();
        Ok(self.db.put_cf(column(&self.db, NONCES), row, seen_s.to_le_bytes())?)
    }

    /// All nonces seen at `oldest_s` or later; the older ones are removed.
    pub(crate) fn nonces(&self, oldest_s: u64) -> Result<Vec<(u64, PublicKey, String)>, IndexError> {
        let mut nonces = Vec::new();
        let mut gone = WriteBatch::default();
        let nonces_column = column(&self.db, NONCES);
        for row in self.db.iterator_cf(nonces_column, IteratorMode::Start) {
            let (key, value) = row?;
            match parse_nonce(&key, &value).filter(|(seen_s, ..)| *seen_s >= oldest_s) {
                Some(nonce) => nonces.push(nonce),
                None => gone.delete_cf(nonces_column, &key),
            }
        }
        self.db.write(gone)?;
        Ok(nonces)
    }
}

fn parse_nonce(row: &[u8], value: &[u8]) -> Option<(u64, PublicKey, String)> {
    let (key, nonce) = row.split_first_chunk::<32>()?;
    let nonce = String::from_utf8(nonce.to_vec()).ok()?;
    Some((u64::from_le_bytes(value.try_into().ok()?), PublicKey(*key), nonce))
}

fn entry<T: BorshDeserialize>(column: &'static str, bytes: Option<Vec<u8>>) -> Result<Option<T>, IndexError> {
    let decoded = bytes.map(|bytes| codec::decode(&bytes, ENTRY_BYTES_MAX)).transpose();
    decoded.map_err(|source| IndexError::Entry { column, source })
}

fn column<'db>(db: &'db DB, name: &str) -> &'db rocksdb::ColumnFamily {
    db.cf_handle(name).expect("all columns are opened with the database")
}

fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}
