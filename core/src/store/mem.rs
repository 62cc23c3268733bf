//! The store in memory: of the embedded chain, of `hydrogen dev` and of tests.

use super::{Batch, Entry, Frozen, Store, StoreError, Table};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, RwLock};

type Tables = BTreeMap<Table, Arc<BTreeMap<Vec<u8>, Vec<u8>>>>;

/// Ordered maps behind a lock. A clone made by [`MemStore::fork`] shares what neither side has written since.
#[derive(Debug, Default)]
pub struct MemStore(RwLock<Tables>);

impl MemStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store with the same entries that goes its own way: cheap, tables are copied when first written.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(RwLock::new(self.read().clone()))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Tables> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Store for MemStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read().get(&table).and_then(|entries| entries.get(key).cloned()))
    }

    fn range(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        if end.is_some_and(|end| end <= start) {
            return Ok(Vec::new());
        }
        let upper = end.map_or(Bound::Unbounded, Bound::Excluded);
        let tables = self.read();
        let Some(entries) = tables.get(&table) else { return Ok(Vec::new()) };
        let range = entries.range::<[u8], _>((Bound::Included(start), upper));
        Ok(range.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn frozen(&self, look: &mut dyn FnMut(&dyn Frozen) -> Result<(), StoreError>) -> Result<(), StoreError> {
        look(&FrozenMem(self.fork()))
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut tables = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (table, key, value) in batch.into_writes() {
            let entries = Arc::make_mut(tables.entry(table).or_default());
            match value {
                Some(value) => entries.insert(key, value),
                None => entries.remove(&key),
            };
        }
        Ok(())
    }
}

/// A fork that nobody writes to.
struct FrozenMem(MemStore);

impl Frozen for FrozenMem {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(table, key)
    }

    fn range(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.0.range(table, start, end, limit)
    }
}
