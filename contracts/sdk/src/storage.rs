//! Typed storage: one value ([`Item`]) or many under ordered keys ([`Map`]). Nothing is saved but by `save`.
//!
//! Raw keys are the name, a zero byte and the encoded key. Names have no zero byte, so two names never mix; giving one
//! name to two items or maps is the author's mistake.

use crate::env;
use crate::key::Key;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;
use core::marker::PhantomData;
use hydrogen_types::codec::encode;

/// Longest name: the rest of the host's 256 bytes is the key's.
pub const NAME_BYTES_MAX: usize = 32;

const fn checked(name: &'static str) -> &'static str {
    let bytes = name.as_bytes();
    assert!(!bytes.is_empty() && bytes.len() <= NAME_BYTES_MAX, "a storage name has 1 to 32 bytes");
    let mut index = 0;
    while index < bytes.len() {
        assert!(bytes[index] != 0, "a storage name has no zero byte");
        index += 1;
    }
    name
}

fn prefix(name: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len() + 41);
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
    bytes
}

fn decoded<T: BorshDeserialize>(name: &str, bytes: &[u8]) -> T {
    match T::try_from_slice(bytes) {
        Ok(value) => value,
        Err(_) => panic!("storage `{name}` holds another type: a migration is missing"),
    }
}

/// One value under a fixed name.
pub struct Item<T> {
    name: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for Item<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Item({})", self.name)
    }
}

impl<T> Item<T> {
    /// Names it; 1 to 32 bytes, unique in the contract.
    ///
    /// # Panics
    /// At compile time, for another length or a zero byte.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name: checked(name), value: PhantomData }
    }

    /// Whether it was saved and not removed.
    #[must_use]
    pub fn exists(&self) -> bool {
        env::storage_get(&prefix(self.name)).is_some()
    }

    /// Forgets it; whether it was there.
    pub fn remove(&self) -> bool {
        env::storage_remove(&prefix(self.name))
    }
}

impl<T: BorshSerialize + BorshDeserialize> Item<T> {
    /// The value, if it was saved.
    ///
    /// # Panics
    /// If it was saved as another type.
    #[must_use]
    pub fn load(&self) -> Option<T> {
        env::storage_get(&prefix(self.name)).map(|bytes| decoded(self.name, &bytes))
    }

    /// Stores the value.
    pub fn save(&self, value: &T) {
        env::storage_set(&prefix(self.name), &encode(value));
    }
}

/// Many values under ordered keys.
pub struct Map<K, V> {
    name: &'static str,
    entry: PhantomData<fn(K) -> V>,
}

impl<K, V> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Map({})", self.name)
    }
}

impl<K, V> Map<K, V> {
    /// Names it; 1 to 32 bytes, unique in the contract.
    ///
    /// # Panics
    /// At compile time, for another length or a zero byte.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name: checked(name), entry: PhantomData }
    }
}

impl<K: Key, V: BorshSerialize + BorshDeserialize> Map<K, V> {
    fn raw_key(&self, key: &K) -> Vec<u8> {
        let mut bytes = prefix(self.name);
        key.write(&mut bytes);
        bytes
    }

    /// The value under `key`.
    ///
    /// # Panics
    /// If it was saved as another type.
    #[must_use]
    pub fn load(&self, key: &K) -> Option<V> {
        env::storage_get(&self.raw_key(key)).map(|bytes| decoded(self.name, &bytes))
    }

    /// Whether `key` has a value.
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        env::storage_get(&self.raw_key(key)).is_some()
    }

    /// Stores a value.
    pub fn save(&self, key: &K, value: &V) {
        env::storage_set(&self.raw_key(key), &encode(value));
    }

    /// Removes a key; whether it was there.
    pub fn remove(&self, key: &K) -> bool {
        env::storage_remove(&self.raw_key(key))
    }

    /// At most `limit` entries in key order, from `start` (included) on, or from the first.
    ///
    /// # Panics
    /// If one was saved as another type.
    #[must_use]
    pub fn range(&self, start: Option<&K>, limit: u32) -> Vec<(K, V)> {
        let first = start.map_or_else(|| prefix(self.name), |key| self.raw_key(key));
        self.entries(first, &prefix(self.name), limit)
    }

    /// At most `limit` entries in key order after `last` (excluded): the next page.
    ///
    /// # Panics
    /// If one was saved as another type.
    #[must_use]
    pub fn range_after(&self, last: &K, limit: u32) -> Vec<(K, V)> {
        let mut first = self.raw_key(last);
        first.push(0);
        self.entries(first, &prefix(self.name), limit)
    }

    /// At most `limit` entries whose key begins with `part`, the first part of a tuple.
    ///
    /// # Panics
    /// If one was saved as another type.
    #[must_use]
    pub fn range_prefix(&self, part: &impl Key, limit: u32) -> Vec<(K, V)> {
        let mut within = prefix(self.name);
        part.write(&mut within);
        self.entries(within.clone(), &within, limit)
    }

    /// Entries from raw key `first` on, as long as they begin with `within`.
    fn entries(&self, mut first: Vec<u8>, within: &[u8], limit: u32) -> Vec<(K, V)> {
        let end = after(within);
        let skip = self.name.len() + 1;
        let mut entries = Vec::new();
        loop {
            let left = limit.saturating_sub(u32::try_from(entries.len()).unwrap_or(u32::MAX));
            if left == 0 {
                return entries;
            }
            let page = env::storage_range(&first, end.as_deref(), left);
            let Some((last, _)) = page.last() else { return entries };
            first.clone_from(last);
            first.push(0);
            for (key, value) in page {
                let mut rest = &key[skip..];
                let Some(key) = K::read(&mut rest) else {
                    panic!("storage `{}` has keys of another type: a migration is missing", self.name);
                };
                entries.push((key, decoded(self.name, &value)));
            }
        }
    }
}

/// The least key above all that begin with `prefix`; `None` if there is none.
fn after(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = Vec::from(&prefix[..=kept]);
    end[kept] += 1;
    Some(end)
}

impl<A: Key, B: Key, V: BorshSerialize + BorshDeserialize> Map<(A, B), V> {
    /// At most `limit` entries whose key's first part is `part`, in key order, after the second part `last` (excluded) or
    /// from the first.
    ///
    /// # Panics
    /// If one was saved as another type.
    #[must_use]
    pub fn range_within(&self, part: &A, last: Option<&B>, limit: u32) -> Vec<((A, B), V)> {
        let mut within = prefix(self.name);
        part.write(&mut within);
        let mut first = within.clone();
        if let Some(last) = last {
            last.write(&mut first);
            first.push(0);
        }
        self.entries(first, &within, limit)
    }
}
