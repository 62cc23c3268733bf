//! The store of a node: memory that outlives the node, with batches that a loss of power lets happen whole or not at
//! all.

use super::power::Power;
use hydrogen_core::store::{self, Entry};
use hydrogen_core::{Batch, MemStore, Store, StoreError, Table};
use std::io;
use std::sync::Arc;

/// See the module.
pub(crate) struct SimStore {
    store: Arc<MemStore>,
    power: Power,
}

impl SimStore {
    /// `store` for a node that runs on `power`.
    pub(crate) fn new(store: Arc<MemStore>, power: Power) -> Self {
        Self { store, power }
    }
}

impl Store for SimStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(table, key)
    }

    fn range(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.store.range(table, start, end, limit)
    }

    fn frozen(
        &self,
        look: &mut dyn FnMut(&dyn store::Frozen) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.store.frozen(look)
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let written = self.power.operate(|| self.store.commit(batch).map_err(io::Error::other));
        written.map_err(|error| StoreError::Io { reason: error.to_string() })
    }
}
