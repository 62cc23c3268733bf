//! Reading the state: at the tip for the block that is being made, at any recent height for everybody else.
//!
//! The store holds the state at the tip. Each block leaves an [`Undo`] record: what the keys it changed held before.
//! A view of an earlier height looks at the records between that height and the tip first, so that a query sees one
//! height however many blocks are committed while it runs.

use crate::block::Tip;
use crate::limits::{PRUNE_HEIGHTS_MAX, UNDO_IN_MEMORY_MAX};
use crate::prune::{self, Earliest, Keep};
use crate::store::{Batch, Entry, Store, StoreError, Table};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Reads of raw keys.
pub trait StateRead: Send + Sync {
    /// The value of a raw key.
    ///
    /// # Errors
    /// When the store fails.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Entries from `start` to `end` (excluded), in order, at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    fn range(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Vec<Entry>, StoreError>;
}

/// The state that the store holds: for the one writer, which alone moves it.
pub struct StoreState(pub Arc<dyn Store>);

impl StateRead for StoreState {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(Table::State, key)
    }

    fn range(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.0.range(Table::State, start, end, limit)
    }
}

/// What the keys changed by one block held before it.
#[derive(Debug, Clone, Default, BorshSerialize, BorshDeserialize)]
pub struct Undo(pub BTreeMap<Vec<u8>, Option<Vec<u8>>>);

impl Undo {
    /// The key of a height's record in [`Table::Meta`].
    #[must_use]
    pub fn key(height: u64) -> Vec<u8> {
        [b"undo".as_slice(), &height.to_be_bytes()].concat()
    }
}

struct Moving {
    tip: Tip,
    /// Where the history begins. Only [`History::advance`] and [`History::keep`] move it, and only up.
    earliest: Earliest,
    keep: Keep,
    recent: BTreeMap<u64, Arc<Undo>>,
}

/// The tip and the way back from it.
pub struct History {
    store: Arc<dyn Store>,
    moving: RwLock<Moving>,
}

impl History {
    /// A history that stands at `tip` and goes back to `earliest`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, tip: Tip, earliest: Earliest) -> Arc<Self> {
        let (keep, recent) = (Keep::default(), BTreeMap::new());
        Arc::new(Self { store, moving: RwLock::new(Moving { tip, earliest, keep, recent }) })
    }

    /// Keeps this much from now on, and forgets what is below the horizon.
    ///
    /// # Errors
    /// When the store fails.
    pub fn keep(&self, keep: Keep) -> Result<(), StoreError> {
        let mut moving = self.moving.write().unwrap_or_else(PoisonError::into_inner);
        moving.earliest = prune::catch_up(&*self.store, &keep, moving.tip.height)?;
        moving.keep = keep;
        Ok(())
    }

    /// Where the history begins.
    #[must_use]
    pub fn earliest(&self) -> Earliest {
        self.moving.read().unwrap_or_else(PoisonError::into_inner).earliest
    }

    /// The tip.
    #[must_use]
    pub fn tip(&self) -> Tip {
        self.moving.read().unwrap_or_else(PoisonError::into_inner).tip.clone()
    }

    /// Runs `look` while no block can be committed: for reads of several tables that must fit together.
    pub fn at_rest<T>(&self, look: impl FnOnce(&Tip) -> T) -> T {
        look(&self.moving.read().unwrap_or_else(PoisonError::into_inner).tip)
    }

    /// Writes a block's batch and moves the tip, so that every reader sees both or neither.
    ///
    /// # Errors
    /// When the store fails; the tip has not moved then.
    pub fn advance(&self, mut batch: Batch, tip: Tip, undo: Undo) -> Result<(), StoreError> {
        let height = tip.height.get();
        batch.put(Table::Meta, Undo::key(height), hydrogen_types::codec::encode(&undo));
        let (before, keep) = {
            let moving = self.moving.read().unwrap_or_else(PoisonError::into_inner);
            (moving.earliest, moving.keep)
        };
        let after = prune::step(&*self.store, &mut batch, before, (&keep, height), PRUNE_HEIGHTS_MAX)?;
        let mut moving = self.moving.write().unwrap_or_else(PoisonError::into_inner);
        self.store.commit(batch)?;
        moving.earliest = after;
        moving.recent.insert(height, Arc::new(undo));
        while moving.recent.len() > UNDO_IN_MEMORY_MAX {
            moving.recent.pop_first();
        }
        moving.tip = tip;
        drop(moving);
        prune::reclaim(&*self.store, before, after)
    }

    /// The state after the block of `height`; `None` if it is in the future or forgotten.
    ///
    /// # Errors
    /// When the store fails.
    pub fn view(self: &Arc<Self>, height: u64) -> Result<Option<Arc<dyn StateRead>>, StoreError> {
        let moving = self.moving.read().unwrap_or_else(PoisonError::into_inner);
        let tip = moving.tip.height.get();
        if height > tip || height < moving.earliest.state.get() {
            return Ok(None);
        }
        let in_memory_from = moving.recent.first_key_value().map_or(tip + 1, |(first, _)| *first);
        let mut older = Undo::default();
        for number in height + 1..in_memory_from {
            let Some(undo) = self.stored(number)? else { return Ok(None) };
            for (key, value) in undo.0 {
                older.0.entry(key).or_insert(value);
            }
        }
        let from = in_memory_from.max(height + 1);
        // The records that the view will need stay alive with it, whatever the history forgets.
        let records = moving.recent.range(from..).map(|(_, undo)| undo.clone()).collect();
        drop(moving);
        let held = Mutex::new(Held { records, to: tip });
        Ok(Some(Arc::new(StateView { history: self.clone(), height, older, held })))
    }

    /// The record of a height in the store.
    fn stored(&self, height: u64) -> Result<Option<Undo>, StoreError> {
        let Some(bytes) = self.store.get(Table::Meta, &Undo::key(height))? else { return Ok(None) };
        Undo::try_from_slice(&bytes).map(Some).map_err(|_| StoreError::Damaged { what: "undo record" })
    }
}

struct StateView {
    history: Arc<History>,
    height: u64,
    /// Merged records below those held.
    older: Undo,
    held: Mutex<Held>,
}

/// Records that lead from a moment back to a view's height.
struct Held {
    /// Oldest first: the first that knows a key is right.
    records: Vec<Arc<Undo>>,
    /// The tip that they lead back from.
    to: u64,
}

impl StateView {
    /// The records from the view's height to the tip, which does not move meanwhile.
    fn held(&self, moving: &Moving) -> Result<MutexGuard<'_, Held>, StoreError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let tip = moving.tip.height.get();
        let in_memory_from = moving.recent.first_key_value().map_or(tip + 1, |(first, _)| *first);
        while held.to < tip {
            let next = held.to + 1;
            let undo = match moving.recent.get(&next) {
                Some(undo) => undo.clone(),
                None if next < in_memory_from => {
                    let stored = self.history.stored(next)?;
                    Arc::new(stored.ok_or(StoreError::StateForgotten { height: self.height, tip })?)
                }
                None => return Err(StoreError::Damaged { what: "way back in memory" }),
            };
            held.records.push(undo);
            held.to = next;
        }
        Ok(held)
    }
}

impl StateRead for StateView {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let moving = self.history.moving.read().unwrap_or_else(PoisonError::into_inner);
        let held = self.held(&moving)?;
        let mut records = std::iter::once(&self.older).chain(held.records.iter().map(Arc::as_ref));
        match records.find_map(|undo| undo.0.get(key)) {
            Some(value) => Ok(value.clone()),
            None => self.history.store.get(Table::State, key),
        }
    }

    fn range(&self, start: &[u8], end: Option<&[u8]>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let bounds = (Bound::Included(start), end.map_or(Bound::Unbounded, Bound::Excluded));
        if end.is_some_and(|end| end <= start) {
            return Ok(Vec::new());
        }
        let moving = self.history.moving.read().unwrap_or_else(PoisonError::into_inner);
        let mut undone: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
        let held = self.held(&moving)?;
        for undo in std::iter::once(&self.older).chain(held.records.iter().map(Arc::as_ref)) {
            for (key, value) in undo.0.range::<[u8], _>(bounds) {
                undone.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        let stored =
            self.history.store.range(Table::State, start, end, limit.saturating_add(undone.len()))?;
        let mut merged: BTreeMap<Vec<u8>, Option<Vec<u8>>> =
            stored.into_iter().map(|(key, value)| (key, Some(value))).collect();
        merged.extend(undone);
        Ok(merged.into_iter().filter_map(|(key, value)| Some((key, value?))).take(limit).collect())
    }
}
