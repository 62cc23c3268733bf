//! The store of a node: memory that outlives the node, with batches that a loss of power lets happen whole or not at
//! all; of those that may reach the disk later, it takes some of the newest back.

use super::power::Power;
use super::rng::Rng;
use hydrogen_core::store::{self, Entry};
use hydrogen_core::{Batch, MemStore, Store, StoreError, Table};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the store was before each batch that is not on the disk yet, oldest first.
#[derive(Clone, Default)]
pub(crate) struct Unsynced(Arc<Mutex<Vec<MemStore>>>);

impl Unsynced {
    fn before(&self) -> MutexGuard<'_, Vec<MemStore>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Power is lost: what is left of `store`, if that is less than was written.
    pub(crate) fn lose_power(&self, rng: &mut Rng) -> Option<MemStore> {
        let mut before = std::mem::take(&mut *self.before());
        let kept = rng.index(before.len() + 1);
        (kept < before.len()).then(|| before.swap_remove(kept))
    }
}

/// See the module.
pub(crate) struct SimStore {
    store: Arc<MemStore>,
    unsynced: Unsynced,
    power: Power,
}

impl SimStore {
    /// `store` for a node that runs on `power`.
    pub(crate) fn new(store: Arc<MemStore>, unsynced: Unsynced, power: Power) -> Self {
        Self { store, unsynced, power }
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
        let written = self.power.operate(|| {
            let later = batch.is_refetchable();
            let before = later.then(|| self.store.fork());
            self.store.commit(batch).map_err(io::Error::other)?;
            match before {
                Some(before) => self.unsynced.before().push(before),
                None => self.unsynced.before().clear(),
            }
            Ok(())
        });
        written.map_err(|error| StoreError::Io { reason: error.to_string() })
    }
}
