//! Where bytes are kept: six ordered tables and one atomic batch.
//!
//! *Requires of an implementation*: a batch is written whole or not at all, and is on disk when `commit` returns; a
//! range is ordered by bytes. A [`StoreError`] is fatal: the caller stops, reopens and replays.

pub mod check;
mod mem;
#[cfg(feature = "rocksdb")]
mod rocks;

#[cfg(test)]
mod conformance;

pub use mem::MemStore;
#[cfg(feature = "rocksdb")]
pub use rocks::RocksStore;

use std::collections::BTreeMap;

/// Key and value of an entry.
pub type Entry = (Vec<u8>, Vec<u8>);

/// The tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Tip, genesis, format, where the history begins; undo records by height.
    Meta,
    /// Blocks with certificate and receipts by height.
    Blocks,
    /// The state at the tip by raw key.
    State,
    /// Pages of the state tree.
    Pages,
    /// Block heights by hash, places of transactions by hash.
    Index,
    /// Modules by hash.
    Code,
}

impl Table {
    /// All tables, in the order of their numbers.
    pub const ALL: [Table; 6] =
        [Table::Meta, Table::Blocks, Table::State, Table::Pages, Table::Index, Table::Code];

    /// Name in a store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Blocks => "blocks",
            Self::State => "state",
            Self::Pages => "pages",
            Self::Index => "index",
            Self::Code => "code",
        }
    }
}

/// Why a store does not answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody has it open.
    #[error("{path} is in use by {holder}")]
    InUse {
        /// The folder.
        path: String,
        /// Who has it, as far as the system tells.
        holder: String,
    },
    /// There is no store.
    #[error("{path} holds no chain")]
    Absent {
        /// The folder.
        path: String,
    },
    /// The disk takes no writes.
    #[error("the disk of {path} is mounted read-only")]
    ReadOnly {
        /// The folder.
        path: String,
    },
    /// The process may not use the folder.
    #[error("no permission to read and write {path}")]
    NotPermitted {
        /// The folder.
        path: String,
    },
    /// The disk is full.
    #[error("no space left on the disk of {path}")]
    DiskFull {
        /// The folder.
        path: String,
    },
    /// Reading or writing went wrong.
    #[error("store: {reason}")]
    Io {
        /// The engine's words.
        reason: String,
    },
    /// The engine's checksums say that the disk gave back other bytes than were written.
    #[error("{path} is damaged: {reason}")]
    Corrupt {
        /// The folder.
        path: String,
        /// The engine's words.
        reason: String,
    },
    /// A read went on for so long that the way back to its height is forgotten.
    #[error("the state of height {height} was forgotten while it was read: the tip is at {tip} by now")]
    StateForgotten {
        /// The height that is read.
        height: u64,
        /// Where the chain stands.
        tip: u64,
    },
    /// What is stored is not what was written.
    #[error("store holds a damaged {what}")]
    Damaged {
        /// The kind of entry.
        what: &'static str,
    },
}

impl StoreError {
    /// Whether the disk is at fault, or what it is mounted as: nothing that this program can mend by itself.
    #[must_use]
    pub fn is_disk(&self) -> bool {
        match self {
            Self::DiskFull { .. } | Self::ReadOnly { .. } | Self::NotPermitted { .. } | Self::Io { .. } => {
                true
            }
            // Another process, another folder, a slow reader, or a store to be replaced.
            Self::InUse { .. }
            | Self::Absent { .. }
            | Self::StateForgotten { .. }
            | Self::Corrupt { .. }
            | Self::Damaged { .. } => false,
        }
    }
}

/// Writes that happen together.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    writes: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
    refetchable: bool,
}

impl Batch {
    /// Sets a key.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.writes.insert((table, key.into()), Some(value.into()));
    }

    /// Removes a key.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.writes.insert((table, key.into()), None);
    }

    /// Says that all of this can be had again from elsewhere: it may reach the disk later, in order, at the latest
    /// with the next batch of which this is not said. The end of the process loses nothing; a power cut may.
    pub fn mark_refetchable(&mut self) {
        self.refetchable = true;
    }

    /// Whether the batch may reach the disk later.
    #[must_use]
    pub fn is_refetchable(&self) -> bool {
        self.refetchable
    }

    /// The writes, by table and key; `None` removes.
    pub fn into_writes(self) -> impl Iterator<Item = (Table, Vec<u8>, Option<Vec<u8>>)> {
        self.writes.into_iter().map(|((table, key), value)| (table, key, value))
    }
}

/// All tables as they were at one moment.
pub trait Frozen {
    /// The value of a key at that moment.
    ///
    /// # Errors
    /// When the store fails; fatal.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Entries of that moment from `start` (included) to `end` (excluded), in order, at most `limit`.
    ///
    /// # Errors
    /// When the store fails; fatal.
    fn range(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError>;
}

/// An ordered key-value store.
pub trait Store: Send + Sync {
    /// The value of a key.
    ///
    /// # Errors
    /// When the store fails; fatal.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Entries from `start` (included) to `end` (excluded), in order, at most `limit`.
    ///
    /// # Errors
    /// When the store fails; fatal.
    fn range(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Lets `look` read all tables as they are now, while others go on writing.
    ///
    /// # Errors
    /// What `look` returns.
    fn frozen(&self, look: &mut dyn FnMut(&dyn Frozen) -> Result<(), StoreError>) -> Result<(), StoreError>;

    /// Writes a batch: all of it, durably (but see [`Batch::mark_refetchable`]), or nothing.
    ///
    /// # Errors
    /// When the store fails; fatal.
    fn commit(&self, batch: Batch) -> Result<(), StoreError>;

    /// Gives the space of removed entries of a range back, from `start` (included) to `end` (excluded), which holds no
    /// entry any more. May go on after it returns.
    ///
    /// # Errors
    /// When the store fails; fatal.
    fn reclaim(&self, table: Table, start: &[u8], end: &[u8]) -> Result<(), StoreError> {
        let _nothing_to_give_back = (table, start, end);
        Ok(())
    }
}
