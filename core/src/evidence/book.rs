//! The records a node keeps, in its store.
//!
//! *Invariants*: at most [`EVIDENCE_MAX`] records, of one validator at most [`EVIDENCE_PER_VALIDATOR_MAX`], and one of
//! each height, round and step; a record is on the disk when [`EvidenceBook::keep`] returns.

use super::{Evidence, EvidenceKey, MARK};
use crate::limits::{EVIDENCE_MAX, EVIDENCE_PER_VALIDATOR_MAX};
use crate::store::{Batch, Store, StoreError, Table};
use borsh::BorshDeserialize;
use hydrogen_types::codec::encode;
use std::collections::BTreeSet;
use std::sync::Arc;

/// See the module.
pub struct EvidenceBook {
    store: Arc<dyn Store>,
    known: BTreeSet<EvidenceKey>,
}

impl EvidenceBook {
    pub(crate) fn open(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let known = read_all(&*store)?.iter().map(Evidence::about).collect();
        Ok(Self { store, known })
    }

    /// Records kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Whether a record about `key` is there.
    #[must_use]
    pub fn contains(&self, key: &EvidenceKey) -> bool {
        self.known.contains(key)
    }

    /// Whether [`Self::keep`] would keep a record about `key`: none is there, its validator has room (who lies without
    /// end is proven a liar, and must not drive out what others did), and it is not older than a full book.
    #[must_use]
    pub fn wants(&self, key: &EvidenceKey) -> bool {
        let of_validator = self.known.iter().filter(|known| known.validator == key.validator).count();
        let newer = self.known.first().is_none_or(|oldest| oldest < key);
        !self.known.contains(key)
            && of_validator < EVIDENCE_PER_VALIDATOR_MAX
            && (self.known.len() < EVIDENCE_MAX || newer)
    }

    /// Keeps a verified record, durably; the oldest goes if the book is full. Says whether it was wanted.
    ///
    /// # Errors
    /// When the store fails; fatal.
    pub fn keep(&mut self, evidence: &Evidence) -> Result<bool, StoreError> {
        let key = evidence.about();
        if !self.wants(&key) {
            return Ok(false);
        }
        let mut batch = Batch::default();
        batch.put(Table::Index, key.to_bytes(), encode(evidence));
        if self.known.len() >= EVIDENCE_MAX
            && let Some(oldest) = self.known.pop_first()
        {
            batch.delete(Table::Index, oldest.to_bytes());
        }
        self.store.commit(batch)?;
        self.known.insert(key);
        Ok(true)
    }
}

/// All records of a store, by height, validator, round and step.
pub(crate) fn read_all(store: &dyn Store) -> Result<Vec<Evidence>, StoreError> {
    let entries = store.range(Table::Index, &[MARK], Some(&[MARK + 1]), EVIDENCE_MAX)?;
    let read = |bytes: &[u8]| Evidence::try_from_slice(bytes).ok();
    let damaged = StoreError::Damaged { what: "evidence" };
    entries.iter().map(|(_, bytes)| read(bytes).ok_or_else(|| damaged.clone())).collect()
}
