//! A map whose entries can also be found by something that follows from the value.

use crate::Map;
use crate::key::Key;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

/// A map with one index: `index_of` says of each value under which key of the index its entry is found. Many entries may
/// share one. Saving and removing keep the index right.
///
/// ```
/// use hydrogen_sdk::{IndexedMap, types::Address};
///
/// /// Names, and by owner.
/// const NAMES: IndexedMap<String, Address, Address> = IndexedMap::new("names", "names.owner", |owner| *owner);
/// # hydrogen_sdk::mock::reset();
/// let alice = Address::new([1; 20]);
/// NAMES.save(&"ann".into(), &alice);
/// assert_eq!(NAMES.keys_of(&alice, None, 10), ["ann"]);
/// ```
pub struct IndexedMap<K, V, I> {
    entries: Map<K, V>,
    index: Map<(I, K), ()>,
    index_of: fn(&V) -> I,
}

impl<K, V, I> fmt::Debug for IndexedMap<K, V, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} indexed by {:?}", self.entries, self.index)
    }
}

impl<K, V, I> IndexedMap<K, V, I> {
    /// Names the entries and the index, each 1 to 32 bytes and unique in the contract. `index_of` must give the same
    /// answer for the same value for ever: another needs a migration.
    ///
    /// # Panics
    /// At compile time, for another length or a zero byte.
    #[must_use]
    pub const fn new(name: &'static str, index_name: &'static str, index_of: fn(&V) -> I) -> Self {
        Self { entries: Map::new(name), index: Map::new(index_name), index_of }
    }
}

impl<K: Key + Clone, V: BorshSerialize + BorshDeserialize, I: Key + PartialEq> IndexedMap<K, V, I> {
    /// The value under `key`.
    ///
    /// # Panics
    /// If it was saved as another type.
    #[must_use]
    pub fn load(&self, key: &K) -> Option<V> {
        self.entries.load(key)
    }

    /// Whether `key` has a value.
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        self.entries.contains(key)
    }

    /// Stores a value and moves its place in the index if that has changed.
    ///
    /// # Panics
    /// If the value before was saved as another type.
    pub fn save(&self, key: &K, value: &V) {
        let index = (self.index_of)(value);
        let before = self.entries.load(key).map(|old| (self.index_of)(&old));
        if before.as_ref() != Some(&index) {
            if let Some(before) = before {
                self.index.remove(&(before, key.clone()));
            }
            self.index.save(&(index, key.clone()), &());
        }
        self.entries.save(key, value);
    }

    /// Removes an entry and returns its value.
    ///
    /// # Panics
    /// If it was saved as another type.
    pub fn remove(&self, key: &K) -> Option<V> {
        let value = self.entries.load(key)?;
        self.entries.remove(key);
        self.index.remove(&((self.index_of)(&value), key.clone()));
        Some(value)
    }

    /// At most `limit` entries in key order, from `start` (included) on, or from the first.
    ///
    /// # Panics
    /// If one was saved as another type.
    #[must_use]
    pub fn range(&self, start: Option<&K>, limit: u32) -> Vec<(K, V)> {
        self.entries.range(start, limit)
    }

    /// At most `limit` keys whose entries are found under `index`, in key order, after `last` (excluded) or from the
    /// first.
    ///
    /// # Panics
    /// If the index was saved with other types.
    #[must_use]
    pub fn keys_of(&self, index: &I, last: Option<&K>, limit: u32) -> Vec<K> {
        let places = self.index.range_within(index, last, limit);
        places.into_iter().map(|((_, key), ())| key).collect()
    }
}
