//! Makes a snapshot of a recent height from a store at one moment, while the chain goes on.

use super::{CHUNK_BYTES, CHUNKS_MAX, Chunk, Manifest, SNAPSHOT_VERSION, SnapshotError};
use crate::block::{Committed, Tip};
use crate::chain::{META_GENESIS, META_TIP};
use crate::sets;
use crate::state::{Undo, keys};
use crate::store::{Frozen, Store, StoreError, Table};
use borsh::BorshDeserialize;
use hydrogen_proof::Hop;
use hydrogen_types::codec::encode;
use hydrogen_types::{Hash, Height};
use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;

/// Entries read at once: with the longest values some MiB.
const PAGE: usize = 64;

/// Where chunks go: their place and their bytes.
pub type Sink<'a> = dyn FnMut(u32, &[u8]) -> io::Result<()> + 'a;

/// Makes a snapshot of the state after the block of `height`, not 0, of which the chain in `store` still knows the way
/// back. Takes long; blocks may be committed meanwhile.
///
/// # Errors
/// When the height is not kept, the store fails, a chunk cannot be kept, or there is more than a snapshot may hold.
pub fn make(store: &dyn Store, height: Height, sink: &mut Sink<'_>) -> Result<Manifest, SnapshotError> {
    let mut made = None;
    store.frozen(&mut |frozen| {
        made = Some(match make_of(store, frozen, height, sink) {
            Err(SnapshotError::Store(error)) => return Err(error),
            other => other,
        });
        Ok(())
    })?;
    made.unwrap_or_else(|| Err(damaged("frozen view").into()))
}

fn damaged(what: &'static str) -> StoreError {
    StoreError::Damaged { what }
}

fn record<T: BorshDeserialize>(frozen: &dyn Frozen, key: &[u8]) -> Result<T, StoreError> {
    let bytes = frozen.get(Table::Meta, key)?.ok_or_else(|| damaged("chain record"))?;
    T::try_from_slice(&bytes).map_err(|_| damaged("chain record"))
}

fn make_of(
    store: &dyn Store,
    frozen: &dyn Frozen,
    height: Height,
    sink: &mut Sink<'_>,
) -> Result<Manifest, SnapshotError> {
    let tip: Tip = record(frozen, META_TIP)?;
    let unknown = || SnapshotError::NoSuchHeight { height, tip: tip.height };
    let block = frozen.get(Table::Blocks, &height.get().to_be_bytes())?.ok_or_else(unknown)?;
    let Committed { block, certificate, .. } =
        Committed::try_from_slice(&block).map_err(|_| damaged("block"))?;
    let mut undone: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
    for later in height.get() + 1..=tip.height.get() {
        let bytes = frozen.get(Table::Meta, &Undo::key(later))?.ok_or_else(unknown)?;
        let undo = Undo::try_from_slice(&bytes).map_err(|_| damaged("undo record"))?;
        undo.0.into_iter().for_each(|(key, value)| {
            undone.entry(key).or_insert(value);
        });
    }
    let mut cutter = Cutter { sink, chunk: Chunk::default(), size: 0, chunks: Vec::new(), bytes: 0 };
    let mut modules = Vec::new();
    each_entry(frozen, &undone, &mut |key, value| {
        modules.extend(keys::code_hash(&key));
        cutter.add_state(key, value)
    })?;
    for hash in modules {
        let module = frozen.get(Table::Code, hash.as_bytes())?.ok_or_else(|| damaged("module"))?;
        cutter.add_code(module)?;
    }
    cutter.cut()?;
    let (chunks, bytes) = (cutter.chunks, cutter.bytes);
    let genesis = record(frozen, META_GENESIS)?;
    let hops = hops_to(store, height)?;
    let version = SNAPSHOT_VERSION;
    Ok(Manifest { version, genesis, header: block.header, certificate, hops, chunks, bytes })
}

/// The changes of the validator set up to those that decided `height`.
fn hops_to(store: &dyn Store, height: Height) -> Result<Vec<Hop>, StoreError> {
    let (mut hops, mut from) = (Vec::new(), Height::GENESIS);
    loop {
        let page = sets::from_height(store, from, usize::MAX)?;
        let Some(last) = page.last() else { return Ok(hops) };
        from = last.height.next();
        for change in page {
            if change.height > height {
                return Ok(hops);
            }
            hops.extend(change.into_hop());
        }
    }
}

/// All entries of the state, in order, with the later changes undone.
fn each_entry(
    frozen: &dyn Frozen,
    undone: &BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    take: &mut dyn FnMut(Vec<u8>, Vec<u8>) -> Result<(), SnapshotError>,
) -> Result<(), SnapshotError> {
    let mut start = Vec::new();
    loop {
        let page = frozen.range(Table::State, &start, None, PAGE)?;
        let end = match page.last() {
            Some((last, _)) if page.len() == PAGE => Some([last.as_slice(), &[0]].concat()),
            _ => None,
        };
        let bounds =
            (Bound::Included(start.as_slice()), end.as_deref().map_or(Bound::Unbounded, Bound::Excluded));
        let mut merged: BTreeMap<_, _> = page.into_iter().map(|(key, value)| (key, Some(value))).collect();
        merged.extend(undone.range::<[u8], _>(bounds).map(|(key, value)| (key.clone(), value.clone())));
        for (key, value) in merged {
            if let Some(value) = value {
                take(key, value)?;
            }
        }
        match end {
            Some(end) => start = end,
            None => return Ok(()),
        }
    }
}

/// Cuts entries into chunks.
struct Cutter<'a, 'b> {
    sink: &'a mut Sink<'b>,
    chunk: Chunk,
    size: usize,
    chunks: Vec<Hash>,
    bytes: u64,
}

impl Cutter<'_, '_> {
    fn add_state(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), SnapshotError> {
        let size = key.len() + value.len();
        self.chunk.state.push((key, value));
        self.grow(size)
    }

    fn add_code(&mut self, module: Vec<u8>) -> Result<(), SnapshotError> {
        let size = module.len();
        self.chunk.code.push(module);
        self.grow(size)
    }

    fn grow(&mut self, size: usize) -> Result<(), SnapshotError> {
        self.size += size;
        if self.size >= CHUNK_BYTES { self.cut() } else { Ok(()) }
    }

    fn cut(&mut self) -> Result<(), SnapshotError> {
        if self.chunk == Chunk::default() {
            return Ok(());
        }
        if self.chunks.len() >= CHUNKS_MAX {
            return Err(SnapshotError::TooManyChunks { chunks: self.chunks.len() + 1 });
        }
        let bytes = encode(&std::mem::take(&mut self.chunk));
        self.size = 0;
        let index = u32::try_from(self.chunks.len()).unwrap_or(u32::MAX);
        (self.sink)(index, &bytes).map_err(|source| SnapshotError::Chunk { index, source })?;
        self.chunks.push(Hash::sha256(&bytes));
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}
