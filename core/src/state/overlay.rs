//! Changes of the running block over a base that does not move, with checkpoints that can be taken back.

use super::view::StateRead;
use crate::store::{Entry, StoreError};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// A moment to which an overlay can return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint(usize);

/// A pending write: a value, or `None` for a removal.
type Change = Option<Vec<u8>>;

/// Pending writes over a base.
pub struct Overlay {
    base: Arc<dyn StateRead>,
    changes: BTreeMap<Vec<u8>, Change>,
    /// What each write replaced: `None` where the overlay had no entry.
    journal: Vec<(Vec<u8>, Option<Change>)>,
}

impl Overlay {
    /// No changes over `base`.
    #[must_use]
    pub fn new(base: Arc<dyn StateRead>) -> Self {
        Self { base, changes: BTreeMap::new(), journal: Vec::new() }
    }

    /// The value of a raw key.
    ///
    /// # Errors
    /// When the store fails.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.changes.get(key) {
            Some(change) => Ok(change.clone()),
            None => self.base.get(key),
        }
    }

    /// The decoded value of a raw key.
    ///
    /// # Errors
    /// When the store fails or holds something else.
    pub fn read<T: BorshDeserialize>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.get(key)? else { return Ok(None) };
        T::try_from_slice(&bytes).map(Some).map_err(|_| StoreError::Damaged { what: "state value" })
    }

    /// Sets a raw key.
    pub fn set(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.change(key, Some(value));
    }

    /// Sets a raw key to an encoded value.
    pub fn write<T: BorshSerialize>(&mut self, key: Vec<u8>, value: &T) {
        self.set(key, hydrogen_types::codec::encode(value));
    }

    /// Removes a raw key.
    pub fn remove(&mut self, key: Vec<u8>) {
        self.change(key, None);
    }

    fn change(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let before = self.changes.insert(key.clone(), value);
        self.journal.push((key, before));
    }

    /// Entries from `start` to `end` (excluded) in order, at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn range(&self, start: &[u8], end: &[u8], limit: usize) -> Result<Vec<Entry>, StoreError> {
        if end <= start {
            return Ok(Vec::new());
        }
        let changed: Vec<_> =
            self.changes.range::<[u8], _>((Bound::Included(start), Bound::Excluded(end))).collect();
        // Each change hides at most one entry of the base.
        let base = self.base.range(start, Some(end), limit.saturating_add(changed.len()))?;
        let mut merged: BTreeMap<Vec<u8>, Option<Vec<u8>>> =
            base.into_iter().map(|(key, value)| (key, Some(value))).collect();
        merged.extend(changed.into_iter().map(|(key, value)| (key.clone(), value.clone())));
        Ok(merged.into_iter().filter_map(|(key, value)| Some((key, value?))).take(limit).collect())
    }

    /// Marks this moment.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint(self.journal.len())
    }

    /// Takes back everything since `checkpoint`.
    pub fn revert(&mut self, checkpoint: Checkpoint) {
        while self.journal.len() > checkpoint.0 {
            let Some((key, before)) = self.journal.pop() else { return };
            match before {
                Some(change) => self.changes.insert(key, change),
                None => self.changes.remove(&key),
            };
        }
    }

    /// Gives up the way back: what was changed so far stays.
    pub fn settle(&mut self) {
        self.journal.clear();
    }

    /// All changes, by key; `None` for a removal.
    #[must_use]
    pub fn into_changes(self) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
        self.changes
    }
}
