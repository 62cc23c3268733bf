//! Compiled contracts in memory, least recently used first to go, in front of those on disk.
//!
//! ```text
//! warm(hash) -> Queued -> (worker) Compiling -> Ready
//! get(hash)  -> Ready | Queued or absent: from disk, or compile here | Compiling: wait
//! ```
//!
//! *Invariant*: what is in the cache changes how long a call takes and nothing else.

use crate::disk::Disk;
use crate::host::Host;
use crate::module::{Linked, compile, link};
use hydrogen_types::Hash;
use lru::LruCache;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use wasmtime::Linker;

/// A module of which nobody has compiled code yet.
enum Pending {
    /// Waits for the worker; whoever needs it sooner takes it.
    Queued,
    /// Somebody compiles it.
    Compiling,
}

struct State {
    ready: LruCache<Hash, Arc<Linked>>,
    pending: BTreeMap<Hash, Pending>,
    bytes: usize,
}

/// What the cache did since its sandbox was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheCounts {
    /// Modules that were compiled.
    pub compiled: u64,
    /// Modules that were loaded from disk instead.
    pub loaded: u64,
}

/// The cache. One thread may wait while another compiles.
pub(crate) struct Cache {
    linker: Linker<Host>,
    disk: Option<Disk>,
    bytes_max: usize,
    state: Mutex<State>,
    changed: Condvar,
    compiled: AtomicU64,
    loaded: AtomicU64,
}

impl Cache {
    /// An empty cache.
    pub(crate) fn new(linker: Linker<Host>, disk: Option<Disk>, bytes_max: usize) -> Self {
        let state = State { ready: LruCache::unbounded(), pending: BTreeMap::new(), bytes: 0 };
        Self {
            linker,
            disk,
            bytes_max,
            state: Mutex::new(state),
            changed: Condvar::new(),
            compiled: AtomicU64::new(0),
            loaded: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the maps whole: every change below is one insertion or removal.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it did so far.
    pub(crate) fn counts(&self) -> CacheCounts {
        CacheCounts {
            compiled: self.compiled.load(Ordering::Relaxed),
            loaded: self.loaded.load(Ordering::Relaxed),
        }
    }

    /// Marks a module for the worker; `false` if it is there or on its way.
    pub(crate) fn queue(&self, hash: Hash) -> bool {
        let mut state = self.lock();
        if state.ready.contains(&hash) || state.pending.contains_key(&hash) {
            return false;
        }
        state.pending.insert(hash, Pending::Queued);
        true
    }

    /// Takes a mark back that no worker will see.
    pub(crate) fn unqueue(&self, hash: &Hash) {
        let mut state = self.lock();
        if matches!(state.pending.get(hash), Some(Pending::Queued)) {
            state.pending.remove(hash);
        }
    }

    /// Compiles a queued module unless somebody else has begun. A failure is dropped: it shows where it matters.
    pub(crate) fn work(&self, hash: Hash, code: &[u8]) {
        {
            let mut state = self.lock();
            match state.pending.get_mut(&hash) {
                Some(pending @ Pending::Queued) => *pending = Pending::Compiling,
                _ => return,
            }
        }
        drop(self.finish(hash, code));
    }

    /// The compiled module; waits for it, or compiles what `load` returns.
    ///
    /// # Errors
    /// What `load` says, or why the module does not compile.
    pub(crate) fn get<E: From<String>>(
        &self,
        hash: Hash,
        load: impl FnOnce() -> Result<Arc<[u8]>, E>,
    ) -> Result<Arc<Linked>, E> {
        let mut state = self.lock();
        loop {
            if let Some(linked) = state.ready.get(&hash) {
                return Ok(linked.clone());
            }
            if !matches!(state.pending.get(&hash), Some(Pending::Compiling)) {
                break;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        if let Some(linked) = self.on_disk(&hash) {
            return Ok(self.file(hash, Arc::new(linked)));
        }
        let code = load()?;
        self.lock().pending.insert(hash, Pending::Compiling);
        Ok(self.finish(hash, &code)?)
    }

    fn on_disk(&self, hash: &Hash) -> Option<Linked> {
        let image = self.disk.as_ref()?.load(self.linker.engine(), hash)?;
        let linked = link(&self.linker, &image).ok()?;
        self.loaded.fetch_add(1, Ordering::Relaxed);
        Some(linked)
    }

    /// Loads or compiles, keeps it on disk, and links.
    fn make(&self, hash: &Hash, code: &[u8]) -> Result<Linked, String> {
        if let Some(linked) = self.on_disk(hash) {
            return Ok(linked);
        }
        let image = compile(self.linker.engine(), code)?;
        self.compiled.fetch_add(1, Ordering::Relaxed);
        if let Some(disk) = &self.disk {
            disk.store(hash, &image);
        }
        link(&self.linker, &image)
    }

    /// Makes and files it. A compiler that panics must not leave others waiting.
    fn finish(&self, hash: Hash, code: &[u8]) -> Result<Arc<Linked>, String> {
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.make(&hash, code)))
            .unwrap_or_else(|_| Err(String::from("the compiler panicked")));
        match made {
            Ok(linked) => Ok(self.file(hash, Arc::new(linked))),
            Err(error) => {
                self.lock().pending.remove(&hash);
                self.changed.notify_all();
                Err(error)
            }
        }
    }

    /// Keeps it in memory and wakes who waits for it.
    fn file(&self, hash: Hash, linked: Arc<Linked>) -> Arc<Linked> {
        let mut state = self.lock();
        state.pending.remove(&hash);
        state.bytes += linked.image_bytes;
        if let Some((_, old)) = state.ready.push(hash, linked.clone()) {
            state.bytes -= old.image_bytes;
        }
        while state.bytes > self.bytes_max && state.ready.len() > 1 {
            let Some((_, old)) = state.ready.pop_lru() else { break };
            state.bytes -= old.image_bytes;
        }
        drop(state);
        self.changed.notify_all();
        linked
    }
}
