//! Fills an empty store from a snapshot, and makes it a chain only when everything is there and right.

use super::{CHUNK_BYTES_MAX, Chunk, Manifest, SnapshotError};
use crate::block::Tip;
use crate::chain::{META_BASE, META_FORMAT, META_GENESIS, META_RESTORING, META_TIP, STORE_FORMAT};
use crate::genesis::Genesis;
use crate::sets::ValidatorChange;
use crate::state::{EMPTY_ROOT, keys, update};
use crate::store::{Batch, Store, StoreError, Table};
use borsh::BorshDeserialize;
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::{Hash, Height};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// Keys that enter the tree at once: about 30 MiB of pages.
const TREE_KEYS: usize = 1 << 16;
/// Entries removed at once.
const CLEAR_PAGE: usize = 1_024;

/// Where chunks come from.
pub type Source<'a> = dyn FnMut(u32) -> io::Result<Vec<u8>> + 'a;

/// Whether a store holds nothing that a snapshot would take away: no chain, or one without a block.
///
/// # Errors
/// When the store fails.
pub fn is_fresh(store: &dyn Store) -> Result<bool, StoreError> {
    if store.get(Table::Meta, META_FORMAT)?.is_none() {
        return Ok(true);
    }
    let Some(tip) = store.get(Table::Meta, META_TIP)? else { return Ok(false) };
    Ok(Tip::try_from_slice(&tip).is_ok_and(|tip| tip.height == Height::GENESIS))
}

/// Removes everything. Whoever goes on writes a batch that takes all of this to the disk.
pub(crate) fn clear(store: &dyn Store) -> Result<(), StoreError> {
    // The mark first, and last of all away: what an interruption leaves is no chain, and is removed by the next opener.
    let mut batch = Batch::default();
    batch.mark_refetchable();
    batch.delete(Table::Meta, META_FORMAT);
    batch.put(Table::Meta, META_RESTORING, []);
    store.commit(batch)?;
    for table in Table::ALL {
        loop {
            let mut page = store.range(table, &[], None, CLEAR_PAGE)?;
            let done = page.len() < CLEAR_PAGE;
            page.retain(|(key, _)| table != Table::Meta || key.as_slice() != META_RESTORING);
            delete(store, page.into_iter().map(|(key, _)| (table, key)))?;
            if done {
                break;
            }
        }
    }
    delete(store, [(Table::Meta, META_RESTORING.to_vec())])
}

fn delete(store: &dyn Store, keys: impl IntoIterator<Item = (Table, Vec<u8>)>) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    batch.mark_refetchable();
    keys.into_iter().for_each(|(table, key)| batch.delete(table, key));
    store.commit(batch)
}

/// Makes the chain of `genesis` in a fresh `store` stand at the manifest's height; see the module. What was in the
/// store before, such as the rest of an interrupted restore, is removed.
///
/// # Errors
/// What is wrong with the manifest or a chunk; the store is empty then. Where a chunk cannot be read, what was restored
/// stays: it is no chain, and the next to restore or open one removes it.
pub fn restore(
    store: &dyn Store,
    genesis: &Genesis,
    manifest: &Manifest,
    source: &mut Source<'_>,
) -> Result<Tip, SnapshotError> {
    manifest.check(genesis)?;
    clear(store)?;
    let restored = fill(store, manifest, source).and_then(|()| finish(store, genesis, manifest));
    if restored.as_ref().is_err_and(SnapshotError::is_peer_fault) {
        clear(store)?;
    }
    restored
}

fn fill(store: &dyn Store, manifest: &Manifest, source: &mut Source<'_>) -> Result<(), SnapshotError> {
    let mut batch = Batch::default();
    batch.put(Table::Meta, META_RESTORING, manifest.id().as_bytes().as_slice());
    store.commit(batch)?;
    let mut filling = Filling::default();
    for (index, expected) in (0u32..).zip(&manifest.chunks) {
        let bytes = source(index).map_err(|source| SnapshotError::Chunk { index, source })?;
        let got = Hash::sha256(&bytes);
        if got != *expected {
            return Err(SnapshotError::WrongChunk { index, got, expected: *expected });
        }
        let malformed = |reason| SnapshotError::MalformedChunk { index, reason };
        let chunk: Chunk = decode(&bytes, CHUNK_BYTES_MAX).map_err(|error| malformed(error.to_string()))?;
        filling.take(store, chunk)?.map_err(|reason| malformed(reason.into()))?;
    }
    filling.grow_tree(store)?;
    let (got, expected) = (filling.root, manifest.header.state_root);
    if got != expected {
        return Err(SnapshotError::WrongRoot { got, expected });
    }
    if let Some(code) = filling.named.difference(&filling.modules).next() {
        return Err(SnapshotError::WrongModule { code: *code, missing: true });
    }
    if let Some(code) = filling.modules.difference(&filling.named).next() {
        return Err(SnapshotError::WrongModule { code: *code, missing: false });
    }
    Ok(())
}

/// What was taken so far.
struct Filling {
    last_key: Option<Vec<u8>>,
    /// Modules that the state names, and those that came.
    named: BTreeSet<Hash>,
    modules: BTreeSet<Hash>,
    /// What is in the state but not yet in the tree.
    waiting: BTreeMap<Hash, Option<Hash>>,
    root: Hash,
}

impl Default for Filling {
    fn default() -> Self {
        Self {
            last_key: None,
            named: BTreeSet::new(),
            modules: BTreeSet::new(),
            waiting: BTreeMap::new(),
            root: EMPTY_ROOT,
        }
    }
}

impl Filling {
    fn take(&mut self, store: &dyn Store, chunk: Chunk) -> Result<Result<(), &'static str>, StoreError> {
        let mut batch = Batch::default();
        batch.mark_refetchable();
        for (key, value) in chunk.state {
            if self.last_key.as_ref().is_some_and(|last| *last >= key) || !self.modules.is_empty() {
                return Ok(Err("its keys are not in order"));
            }
            self.named.extend(keys::code_hash(&key));
            self.waiting.insert(hydrogen_proof::key_hash(&key), Some(hydrogen_proof::value_hash(&value)));
            self.last_key = Some(key.clone());
            batch.put(Table::State, key, value);
        }
        for module in chunk.code {
            let hash = Hash::sha256(&module);
            if self.modules.last().is_some_and(|last| *last >= hash) {
                return Ok(Err("its modules are not in order"));
            }
            self.modules.insert(hash);
            batch.put(Table::Code, *hash.as_bytes(), module);
        }
        store.commit(batch)?;
        if self.waiting.len() >= TREE_KEYS {
            self.grow_tree(store)?;
        }
        Ok(Ok(()))
    }

    fn grow_tree(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let tree = update(store, &waiting)?;
        let mut batch = Batch::default();
        batch.mark_refetchable();
        crate::chain::put_all(&mut batch, Table::Pages, tree.pages);
        store.commit(batch)?;
        self.root = tree.root;
        Ok(())
    }
}

/// Everything is right: the store becomes a chain, in one batch that takes all before it to the disk.
fn finish(store: &dyn Store, genesis: &Genesis, manifest: &Manifest) -> Result<Tip, SnapshotError> {
    let header = &manifest.header;
    let tip = Tip {
        height: header.height,
        hash: header.hash(),
        time_ms: header.time_ms,
        uptime_ms: header.uptime_ms,
        beacon: header.beacon,
        state_root: header.state_root,
    };
    let mut batch = Batch::default();
    let validators = genesis.validator_set().map_err(SnapshotError::BadGenesis)?;
    ValidatorChange::of_genesis(validators).put(&mut batch);
    // The set of the next height is in force, too, if the block itself was the last of its set.
    let state = |key: Vec<u8>| store.get(Table::State, &key);
    for hop in manifest.hops.iter().cloned() {
        let proof = Some((hop.header.clone(), hop.certificate));
        ValidatorChange { height: hop.header.height.next(), validators: hop.next, proof }.put(&mut batch);
    }
    if header.next_validators != header.validators {
        let set = state(keys::validators())?.ok_or(StoreError::Damaged { what: "validator set" })?;
        let validators = BorshDeserialize::try_from_slice(&set)
            .map_err(|_| StoreError::Damaged { what: "validator set" })?;
        let proof = Some((header.clone(), manifest.certificate.clone()));
        ValidatorChange { height: header.height.next(), validators, proof }.put(&mut batch);
    }
    batch.put(Table::Meta, META_FORMAT, STORE_FORMAT.to_le_bytes());
    batch.put(Table::Meta, META_GENESIS, encode(&manifest.genesis));
    batch.put(Table::Meta, META_TIP, encode(&tip));
    batch.put(Table::Meta, META_BASE, encode(&tip.height));
    batch.delete(Table::Meta, META_RESTORING);
    store.commit(batch)?;
    Ok(tip)
}
