//! What the relay must remember across a `kill -9`: receipts, programs, nonces, and whether it stopped cleanly.
//!
//! *Invariants*: a receipt is synced here before anybody sees it, and after its blob; an entry without its blob
//! cannot be (blobs are synced first), a blob without its entry is swept at the start.

use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::task::{BlobKind, RelayReceipt};
use hydrogen_types::{Address, Hash, Height, PublicKey, codec};
use rocksdb::{ColumnFamilyDescriptor, DB, Direction, IteratorMode, Options, WriteBatch, WriteOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const BLOBS: &str = "blobs";
const PROGRAMS: &str = "programs";
const NONCES: &str = "nonces";
const META: &str = "meta";
/// Present exactly between a clean stop and the next start.
const CLEAN: &[u8] = b"clean";
/// The chain the home belongs to.
const CHAIN: &[u8] = b"chain";
/// The greatest height seen: a node below it is not asked.
const HEIGHT: &[u8] = b"height";
/// Version of what is written here.
const FORMAT: &[u8] = b"format";
const FORMAT_VERSION: &[u8] = b"2";
/// Largest entry: a receipt with a chain id of 32 bytes has about 250.
const ENTRY_BYTES_MAX: usize = 1 << 10;

/// How exactly the last use of a program is known, in ms: not every fetch writes.
const TOUCH_MS: u64 = 1_000;

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The database's own error: a full disk, a lock held by another process.
    #[error("database: {0}")]
    Database(#[from] rocksdb::Error),
    /// The home was written by another version of this program.
    #[error(
        "the index has format {stored}, this version reads {read}: use the version that wrote it, or another --home"
    )]
    Format {
        /// In the home.
        stored: String,
        /// Here.
        read: String,
    },
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
    /// The programs that its task names, for arguments: they stay while it has not ended.
    pub(crate) programs: Vec<Hash>,
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

/// Key of a blob, and its file's name. Each uploader has a blob of its own: once every agreeing node may upload, each
/// needs a receipt that names it, and results that are only similar differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BlobId {
    pub(crate) task: u64,
    pub(crate) kind: BlobKindKey,
    pub(crate) uploader: Address,
}

/// [`BlobKind`] with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BlobKindKey {
    Args,
    Result,
}

impl BlobId {
    pub(crate) fn new(task: u64, kind: BlobKind, uploader: Address) -> Self {
        let kind = match kind {
            BlobKind::Args => BlobKindKey::Args,
            BlobKind::Result => BlobKindKey::Result,
        };
        Self { task, kind, uploader }
    }

    pub(crate) fn file_name(self) -> String {
        let kind = match self.kind {
            BlobKindKey::Args => "args",
            BlobKindKey::Result => "result",
        };
        format!("{kind}-{}-{}", self.task, hex::encode(self.uploader.as_bytes()))
    }

    /// What the keys of all uploaders begin with.
    fn prefix(self) -> Vec<u8> {
        let mut key = self.task.to_be_bytes().to_vec();
        key.push(match self.kind {
            BlobKindKey::Args => 0,
            BlobKindKey::Result => 1,
        });
        key
    }

    fn key(self) -> Vec<u8> {
        let mut key = self.prefix();
        key.extend_from_slice(self.uploader.as_bytes());
        key
    }

    fn of_key(key: &[u8]) -> Option<Self> {
        let (task, rest) = key.split_first_chunk::<8>()?;
        let (kind, uploader) = rest.split_first()?;
        let kind = match kind {
            0 => BlobKindKey::Args,
            1 => BlobKindKey::Result,
            _ => return None,
        };
        let uploader = Address::new(<[u8; 20]>::try_from(uploader).ok()?);
        Some(Self { task: u64::from_be_bytes(*task), kind, uploader })
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
    /// Opens or makes the database.
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
        let meta = column(&db, META);
        let fresh = db.get_cf(meta, CHAIN)?.is_none();
        let was_clean = fresh || db.get_cf(meta, CLEAN)?.is_some();
        if fresh {
            db.put_cf_opt(meta, FORMAT, FORMAT_VERSION, &synced())?;
        }
        let stored = db.get_cf(meta, FORMAT)?.unwrap_or_else(|| b"1".to_vec());
        if stored != FORMAT_VERSION {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            return Err(IndexError::Format { stored: text(&stored), read: text(FORMAT_VERSION) });
        }
        Ok(Self { db, was_clean })
    }

    /// Notes that requests are served from now on: until [`Index::close_clean`], an end is an unclean one.
    pub(crate) fn mark_in_use(&self) -> Result<(), IndexError> {
        Ok(self.db.delete_cf_opt(column(&self.db, META), CLEAN, &synced())?)
    }

    /// Whether the run before stopped cleanly (or there was none).
    pub(crate) fn was_clean(&self) -> bool {
        self.was_clean
    }

    /// The chain that the home is bound to.
    pub(crate) fn chain(&self) -> Result<Option<String>, IndexError> {
        let stored = self.db.get_cf(column(&self.db, META), CHAIN)?;
        Ok(stored.map(|stored| String::from_utf8_lossy(&stored).into_owned()))
    }

    /// Binds the home to a chain.
    pub(crate) fn bind_chain(&self, chain: &str) -> Result<(), IndexError> {
        Ok(self.db.put_cf_opt(column(&self.db, META), CHAIN, chain, &synced())?)
    }

    /// The greatest height noted.
    pub(crate) fn height(&self) -> Result<Height, IndexError> {
        let stored = self.db.get_cf(column(&self.db, META), HEIGHT)?;
        let bytes = stored.and_then(|stored| <[u8; 8]>::try_from(stored).ok());
        Ok(bytes.map_or(Height::new(0), |bytes| Height::new(u64::from_le_bytes(bytes))))
    }

    /// Notes a height.
    pub(crate) fn put_height(&self, height: Height) -> Result<(), IndexError> {
        Ok(self.db.put_cf(column(&self.db, META), HEIGHT, height.get().to_le_bytes())?)
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
        self.blobs_from(&[])
    }

    /// What was uploaded for a task, by each of its uploaders.
    pub(crate) fn blobs_of(
        &self,
        task: u64,
        kind: BlobKind,
    ) -> Result<Vec<(BlobId, StoredBlob)>, IndexError> {
        self.blobs_from(&BlobId::new(task, kind, Address::default()).prefix())
    }

    fn blobs_from(&self, prefix: &[u8]) -> Result<Vec<(BlobId, StoredBlob)>, IndexError> {
        let mut blobs = Vec::new();
        let start = IteratorMode::From(prefix, Direction::Forward);
        for row in self.db.iterator_cf(column(&self.db, BLOBS), start) {
            let (key, value) = row?;
            if !key.starts_with(prefix) {
                break;
            }
            let Some(id) = BlobId::of_key(&key) else { continue };
            if let Some(blob) = entry(BLOBS, Some(value.into_vec()))? {
                blobs.push((id, blob));
            }
        }
        Ok(blobs)
    }

    /// The programs that tasks name of which no end was seen.
    pub(crate) fn open_programs(&self) -> Result<BTreeSet<Hash>, IndexError> {
        let open = |(_, blob): (BlobId, StoredBlob)| blob.ended_ms.is_none().then_some(blob.programs);
        Ok(self.blobs()?.into_iter().filter_map(open).flatten().collect())
    }

    pub(crate) fn program(&self, hash: &Hash) -> Result<Option<StoredProgram>, IndexError> {
        entry(PROGRAMS, self.db.get_cf(column(&self.db, PROGRAMS), hash.as_bytes())?)
    }

    pub(crate) fn put_program(&self, hash: &Hash, program: &StoredProgram) -> Result<(), IndexError> {
        let bytes = codec::encode(program);
        Ok(self.db.put_cf_opt(column(&self.db, PROGRAMS), hash.as_bytes(), bytes, &synced())?)
    }

    /// Notes that a program was asked for. Not synced: only the order of eviction depends on it.
    pub(crate) fn touch_program(&self, hash: &Hash, now_ms: u64) -> Result<bool, IndexError> {
        let Some(mut program) = self.program(hash)? else { return Ok(false) };
        if now_ms.saturating_sub(program.used_ms) >= TOUCH_MS {
            program.used_ms = now_ms;
            self.db.put_cf(column(&self.db, PROGRAMS), hash.as_bytes(), codec::encode(&program))?;
        }
        Ok(true)
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

    /// Remembers a nonce. Not synced: a `kill -9` keeps it, and after any unclean end older requests are refused.
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
