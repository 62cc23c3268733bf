//! One lock for each blob that is being published, for as long as it is.

use crate::relay::index::BlobId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

type Lock = Arc<tokio::sync::Mutex<()>>;

/// Keeps two uploads of one blob apart; others do not wait.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    held: Mutex<BTreeMap<BlobId, Lock>>,
}

/// The lock of one blob; let go when dropped.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    locks: &'a Locks,
    id: BlobId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Locks {
    /// Waits for the lock of `id`.
    pub(crate) async fn hold(&self, id: BlobId) -> Held<'_> {
        let lock = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(held.entry(id).or_default())
        };
        // Made before the wait: a wait that is given up takes the entry along, too.
        let mut waiting = Held { locks: self, id, guard: None };
        waiting.guard = Some(lock.lock_owned().await);
        waiting
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut held = self.locks.held.lock().unwrap_or_else(PoisonError::into_inner);
        self.guard = None;
        // The map's own reference is the last one: nobody holds it, nobody waits.
        if held.get(&self.id).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            held.remove(&self.id);
        }
    }
}
