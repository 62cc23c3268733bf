//! The way back: each undo record leads to the state root of the height before.

use super::Check;
use crate::block::{Committed, hashed};
use crate::state::{Undo, update};
use crate::store::{Batch, Entry, Frozen, Store, StoreError, Table};
use borsh::BorshDeserialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Pages that differ from the store's; `None` for one that is gone.
struct Pages<'a> {
    store: &'a dyn Store,
    changed: Mutex<BTreeMap<Vec<u8>, Option<Vec<u8>>>>,
}

impl Store for Pages<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        match changed.get(key).filter(|_| table == Table::Pages) {
            Some(page) => Ok(page.clone()),
            None => self.store.get(table, key),
        }
    }

    fn range(&self, _: Table, _: &[u8], _: Option<&[u8]>, _: usize) -> Result<Vec<Entry>, StoreError> {
        Err(StoreError::Io { reason: "pages are read one by one".into() })
    }

    fn frozen(&self, _: &mut dyn FnMut(&dyn Frozen) -> Result<(), StoreError>) -> Result<(), StoreError> {
        Err(StoreError::Io { reason: "pages are read one by one".into() })
    }

    fn commit(&self, _: Batch) -> Result<(), StoreError> {
        Err(StoreError::Io { reason: "a check writes nothing".into() })
    }
}

impl Check<'_> {
    /// Takes block after block back, in memory, and compares roots.
    pub(super) fn history(&mut self) {
        let (lowest, tip) = (self.earliest.state.get(), self.tip.height.get());
        let pages = Pages { store: self.store, changed: Mutex::default() };
        let mut intact = true;
        for height in (lowest.saturating_add(1)..=tip).rev() {
            let name = format!("undo record {height}");
            let Some(bytes) = self.get(Table::Meta, &Undo::key(height), &name) else {
                self.report.add(Table::Meta, format!("{name} is missing"));
                intact = false;
                continue;
            };
            self.report.undo += 1;
            if self.report.undo.is_multiple_of(1_000) {
                (self.progress)("undo records", self.report.undo, Some(tip - lowest));
            }
            let Ok(undo) = Undo::try_from_slice(&bytes) else {
                self.report.add(Table::Meta, format!("{name} cannot be decoded"));
                intact = false;
                continue;
            };
            // Behind a record that is wrong nothing can be compared.
            if intact && let Err(wrong) = self.take_back(&pages, height, &undo) {
                self.report.add(Table::Meta, format!("{name}: {wrong}"));
                intact = false;
            }
        }
        let below =
            self.store.range(Table::Meta, &Undo::key(0), Some(&Undo::key(lowest.saturating_add(1))), 1);
        let above =
            self.store.range(Table::Meta, &Undo::key(tip.saturating_add(1)), Some(&Undo::key(u64::MAX)), 1);
        if [below, above].into_iter().any(|stray| stray.is_ok_and(|stray| !stray.is_empty())) {
            self.report.add(Table::Meta, format!("undo records at or below {lowest}, or above {tip}"));
        }
    }

    fn take_back(&mut self, pages: &Pages<'_>, height: u64, undo: &Undo) -> Result<(), String> {
        let text = |error: StoreError| error.to_string();
        let before = update(pages, &hashed(&undo.0)).map_err(text)?;
        pages.changed.lock().unwrap_or_else(PoisonError::into_inner).extend(before.pages);
        let parent = self.store.get(Table::Blocks, &(height - 1).to_be_bytes()).map_err(text)?;
        if height == 1 {
            self.genesis_root = Some(before.root);
        }
        // Genesis has no block, and a wrong one is a problem of its own.
        let Some(Ok(parent)) = parent.map(|bytes| Committed::try_from_slice(&bytes)) else { return Ok(()) };
        let expected = parent.block.header.state_root;
        if before.root == expected {
            return Ok(());
        }
        Err(format!("it leads to root {}, block {} says {expected}", before.root, height - 1))
    }
}
