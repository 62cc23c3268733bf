//! A growing list in storage.

use crate::{Item, Map};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

/// A list: its length under the name, its elements under the name and their index. Each access costs one or two
/// accesses to storage, however long the list is.
pub struct Vector<T> {
    length: Item<u32>,
    elements: Map<u32, T>,
}

impl<T> fmt::Debug for Vector<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vector of {:?}", self.elements)
    }
}

impl<T> Vector<T> {
    /// Names it; 1 to 32 bytes, unique in the contract.
    ///
    /// # Panics
    /// At compile time, for another length or a zero byte.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { length: Item::new(name), elements: Map::new(name) }
    }

    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.length.load().unwrap_or_default()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: BorshSerialize + BorshDeserialize> Vector<T> {
    /// The element at `index`.
    ///
    /// # Panics
    /// If it was saved as another type.
    #[must_use]
    pub fn load(&self, index: u32) -> Option<T> {
        self.elements.load(&index)
    }

    /// Replaces the element at `index`; whether there was one.
    pub fn save(&self, index: u32, value: &T) -> bool {
        let there = index < self.len();
        if there {
            self.elements.save(&index, value);
        }
        there
    }

    /// Appends an element and returns its index.
    ///
    /// # Panics
    /// Beyond 2^32 - 1 elements.
    pub fn push(&self, value: &T) -> u32 {
        let index = self.len();
        let Some(length) = index.checked_add(1) else { panic!("a vector holds at most 2^32 - 1 elements") };
        self.elements.save(&index, value);
        self.length.save(&length);
        index
    }

    /// Takes the last element off.
    ///
    /// # Panics
    /// If it was saved as another type.
    pub fn pop(&self) -> Option<T> {
        let last = self.len().checked_sub(1)?;
        let value = self.elements.load(&last);
        self.elements.remove(&last);
        self.length.save(&last);
        value
    }

    /// Takes the element at `index` off and puts the last one in its place: the order changes, the cost does not grow.
    ///
    /// # Panics
    /// If one of the two was saved as another type.
    pub fn swap_remove(&self, index: u32) -> Option<T> {
        if index >= self.len() {
            return None;
        }
        let last = self.pop()?;
        if index == self.len() {
            return Some(last);
        }
        let value = self.elements.load(&index);
        self.elements.save(&index, &last);
        value
    }

    /// At most `limit` elements from `start` on.
    ///
    /// # Panics
    /// If one was saved as another type.
    #[must_use]
    pub fn range(&self, start: u32, limit: u32) -> Vec<T> {
        self.elements.range(Some(&start), limit).into_iter().map(|(_, value)| value).collect()
    }
}
