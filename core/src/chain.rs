//! A chain: the single writer. It makes, checks and commits blocks; [`ChainReader`] answers questions meanwhile.

mod genesis_state;
#[cfg(test)]
mod tests;

pub use crate::block::Tip;

use crate::block::{Committed, Executed, Ground, undo_of, verify_certificate};
use crate::crypto::NodeKeys;
use crate::error::{BlockError, ChainError};
use crate::evidence::EvidenceBook;
use crate::execute::earliest;
use crate::genesis::Genesis;
use crate::limits::DRAW_PULL_HEIGHTS;
use crate::prune::{Earliest, Keep};
use crate::reader::ChainReader;
use crate::sets::ValidatorChange;
use crate::state::keys::{self, Queue};
use crate::state::{History, Overlay, StoreState};
use crate::store::{Batch, Store, StoreError, Table};
use crate::validate::CheckedTx;
use crate::vm::ContractVm;
use hydrogen_types::codec::encode;
use hydrogen_types::{Block, Certificate, Hash, Height, ValidatorSet};
use std::sync::Arc;

/// Version of everything in a store.
pub const STORE_FORMAT: u32 = 2;

/// Modules that start compiling when a chain is opened; others compile when they are first called.
const MODULES_WARMED_MAX: usize = 64;

pub(crate) const META_FORMAT: &[u8] = b"format";
pub(crate) const META_GENESIS: &[u8] = b"genesis";
pub(crate) const META_TIP: &[u8] = b"tip";
/// Height of the snapshot that the chain started from; absent if it started from genesis.
pub(crate) const META_BASE: &[u8] = b"base";
/// There while a snapshot is being restored.
pub(crate) const META_RESTORING: &[u8] = b"restoring";
/// [`Earliest`]: where the history begins.
pub(crate) const META_EARLIEST: &[u8] = b"earliest";

/// When scheduled work makes a block due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextDue {
    /// The next block has work.
    NextBlock,
    /// The first block whose uptime is at least this has work.
    UptimeMs(u64),
}

/// A chain over a store.
pub struct Chain {
    store: Arc<dyn Store>,
    vm: Arc<dyn ContractVm>,
    genesis: Arc<Genesis>,
    /// Those that decide the next height.
    validators: ValidatorSet,
    /// Those that decide the one after it.
    next_validators: ValidatorSet,
    history: Arc<History>,
}

impl Chain {
    /// Opens the chain in `store`, or starts it there from `genesis`.
    ///
    /// # Errors
    /// A store of another chain or format, a genesis that describes none, a failing store or sandbox.
    pub fn open(
        store: Arc<dyn Store>,
        vm: Arc<dyn ContractVm>,
        genesis: Genesis,
    ) -> Result<Self, ChainError> {
        genesis.check().map_err(ChainError::BadGenesis)?;
        let validators = genesis.validator_set().map_err(ChainError::BadGenesis)?;
        let given = genesis.hash();
        let tip = match store.get(Table::Meta, META_FORMAT)? {
            None => {
                if store.get(Table::Meta, META_RESTORING)?.is_some() {
                    crate::snapshot::clear(&*store)?;
                }
                genesis_state::write(&store, &vm, &genesis, &validators)?
            }
            Some(format) => {
                let stored = decode_u32(&format)?;
                if stored != STORE_FORMAT {
                    return Err(ChainError::OtherFormat { stored, known: STORE_FORMAT });
                }
                let stored: Hash = meta(&*store, META_GENESIS)?;
                if stored != given {
                    return Err(ChainError::OtherGenesis { stored, given });
                }
                meta(&*store, META_TIP)?
            }
        };
        for (hash, module) in store.range(Table::Code, &[], None, MODULES_WARMED_MAX)? {
            let hash = hash.try_into().map_err(|_| StoreError::Damaged { what: "module's hash" })?;
            vm.warm(Hash::new(hash), Arc::from(module));
        }
        let (validators, next_validators) = sets(&store)?;
        let earliest = Earliest::of(&*store, tip.height)?;
        let history = History::new(store.clone(), tip, earliest);
        Ok(Self { store, vm, genesis: Arc::new(genesis), validators, next_validators, history })
    }

    /// Keeps this much of the past from now on, instead of [`Keep::default`]. What is below the horizon is forgotten
    /// before this returns, in batches; with nothing to forget it takes no time.
    ///
    /// # Errors
    /// When the store fails.
    pub fn keeping(self, keep: Keep) -> Result<Self, ChainError> {
        self.history.keep(keep)?;
        Ok(self)
    }

    /// A handle for questions, from any thread.
    #[must_use]
    pub fn reader(&self) -> ChainReader {
        ChainReader::new(self.store.clone(), self.vm.clone(), self.genesis.clone(), self.history.clone())
    }

    /// Where the chain stands.
    #[must_use]
    pub fn tip(&self) -> Tip {
        self.history.tip()
    }

    /// What the chain started from.
    #[must_use]
    pub fn genesis(&self) -> &Arc<Genesis> {
        &self.genesis
    }

    /// The validators that decide `height`, the next or the one after it; further ahead nobody knows.
    ///
    /// # Errors
    /// When the store fails.
    pub fn validators(&self, height: Height) -> Result<ValidatorSet, ChainError> {
        let ahead = height > self.tip().height.next();
        Ok(if ahead { self.next_validators.clone() } else { self.validators.clone() })
    }

    /// What this node keeps of validators that equivocated.
    ///
    /// # Errors
    /// When the store fails.
    pub fn evidence(&self) -> Result<EvidenceBook, ChainError> {
        Ok(EvidenceBook::open(self.store.clone())?)
    }

    /// When scheduled work is due, the earliest of it; `None` for none. A change of the validator set is such work: the
    /// block that it waits for comes at once.
    ///
    /// # Errors
    /// When the store fails.
    pub fn next_due(&self) -> Result<Option<NextDue>, ChainError> {
        let state = StoreState(self.store.clone());
        let tip = self.tip();
        let next = tip.height.next();
        if self.next_validators != self.validators
            || earliest(&state, Queue::Draw)?.is_some_and(|due| due <= next.plus(DRAW_PULL_HEIGHTS).get())
            || earliest(&state, Queue::Height)?.is_some_and(|due| due <= next.get())
        {
            return Ok(Some(NextDue::NextBlock));
        }
        Ok(earliest(&state, Queue::Uptime)?
            .map(|due| if due <= tip.uptime_ms { NextDue::NextBlock } else { NextDue::UptimeMs(due) }))
    }

    fn ground(&self) -> Ground<'_> {
        Ground {
            store: &self.store,
            vm: &self.vm,
            genesis: &self.genesis,
            validators: &self.validators,
            next_validators: &self.next_validators,
            tip: self.tip(),
        }
    }

    /// Makes the block of the next height in `round`, with those of `txs` that apply.
    ///
    /// # Errors
    /// [`ChainError::NotProposer`], or a failing store or sandbox.
    pub fn build(
        &self,
        proposer: &NodeKeys,
        round: u32,
        now_ms: u64,
        txs: Vec<CheckedTx>,
    ) -> Result<Executed, ChainError> {
        self.ground().build(proposer, round, now_ms, txs)
    }

    /// Checks and executes a block over the tip. `now_ms` is this node's clock for a proposal that nobody has voted
    /// for yet, `None` otherwise.
    ///
    /// # Errors
    /// What is wrong with the block, or [`BlockError::Node`].
    pub fn execute(&self, block: Block, now_ms: Option<u64>) -> Result<Executed, BlockError> {
        self.ground().check(block, now_ms)
    }

    /// Makes an executed block final: one atomic batch of all that is kept of it.
    ///
    /// # Errors
    /// When the store fails: stop, reopen, replay.
    ///
    /// # Panics
    /// If the block does not follow the tip or the certificate is for another block: a caller's mistake that must
    /// not reach the disk.
    pub fn commit(
        &mut self,
        executed: Executed,
        certificate: Certificate,
    ) -> Result<Arc<Committed>, ChainError> {
        self.commit_batch(Batch::default(), executed, certificate)
    }

    /// As [`Chain::commit`], for a block that peers have and this node has not voted for at its tip: a power cut may
    /// take it back, in order, until the next block of [`Chain::commit`] is stored.
    ///
    /// # Errors
    /// As [`Chain::commit`].
    ///
    /// # Panics
    /// As [`Chain::commit`].
    pub fn commit_refetchable(
        &mut self,
        executed: Executed,
        certificate: Certificate,
    ) -> Result<Arc<Committed>, ChainError> {
        let mut batch = Batch::default();
        batch.mark_refetchable();
        self.commit_batch(batch, executed, certificate)
    }

    fn commit_batch(
        &mut self,
        mut batch: Batch,
        executed: Executed,
        certificate: Certificate,
    ) -> Result<Arc<Committed>, ChainError> {
        let Executed { block, hash, receipts, side, changes, pages, code } = executed;
        let header = &block.header;
        let tip = self.tip();
        assert_eq!(header.parent, tip.hash, "a block is committed over the tip it was executed over");
        assert_eq!(certificate.block, hash, "a block is committed with its own certificate");
        let new_tip = Tip {
            height: header.height,
            hash,
            time_ms: header.time_ms,
            uptime_ms: header.uptime_ms,
            beacon: header.beacon,
            state_root: header.state_root,
        };
        let sets_change =
            [keys::validators(), keys::next_validators()].iter().any(|key| changes.contains_key(key));
        let undo = undo_of(&*self.store, &changes)?;
        batch.put(Table::Meta, META_TIP, encode(&new_tip));
        put_all(&mut batch, Table::State, changes);
        put_all(&mut batch, Table::Pages, pages);
        for (hash, module) in code {
            batch.put(Table::Code, *hash.as_bytes(), module);
        }
        let height = header.height;
        batch.put(Table::Index, block_key(&hash), encode(&height));
        for receipt in &receipts {
            batch.put(Table::Index, receipt_key(&receipt.hash), encode(&(height, receipt.index)));
        }
        if header.next_validators != header.validators {
            let proof = Some((header.clone(), certificate.clone()));
            let validators = self.next_validators.clone();
            ValidatorChange { height: height.next(), validators, proof }.put(&mut batch);
        }
        let committed = Committed { block, hash, certificate, receipts, side };
        batch.put(Table::Blocks, height.get().to_be_bytes(), encode(&committed));
        self.history.advance(batch, new_tip, undo)?;
        if sets_change {
            (self.validators, self.next_validators) = sets(&self.store)?;
        }
        Ok(Arc::new(committed))
    }

    /// Takes a certified block from elsewhere: verifies the certificate, executes, compares, commits.
    ///
    /// # Errors
    /// What is wrong with the block or its certificate, or [`BlockError::Node`].
    pub fn import(&mut self, block: Block, certificate: Certificate) -> Result<Arc<Committed>, BlockError> {
        let expected = block.hash();
        if certificate.block != expected || certificate.height != block.header.height {
            return Err(BlockError::OtherCertificate { got: certificate.block, expected });
        }
        verify_certificate(&self.genesis.chain_id, &self.validators, &certificate)?;
        let executed = self.execute(block, None)?;
        self.commit(executed, certificate).map_err(|error| match error {
            ChainError::Store(error) => BlockError::from(error),
            ChainError::Vm(error) => BlockError::Node(error),
            other => BlockError::Node(crate::vm::VmError::Host(other.to_string())),
        })
    }
}

pub(crate) fn put_all(
    batch: &mut Batch,
    table: Table,
    changes: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>,
) {
    for (key, value) in changes {
        match value {
            Some(value) => batch.put(table, key, value),
            None => batch.delete(table, key),
        }
    }
}

/// Those that decide the next height, and the one after it.
fn sets(store: &Arc<dyn Store>) -> Result<(ValidatorSet, ValidatorSet), StoreError> {
    let state = Overlay::new(Arc::new(StoreState(store.clone())));
    let damaged = StoreError::Damaged { what: "validator set" };
    let validators: ValidatorSet = state.read(&keys::validators())?.ok_or(damaged)?;
    let next = state.read(&keys::next_validators())?.unwrap_or_else(|| validators.clone());
    Ok((validators, next))
}

pub(crate) fn block_key(hash: &Hash) -> Vec<u8> {
    [b"b".as_slice(), hash.as_bytes()].concat()
}

pub(crate) fn receipt_key(hash: &Hash) -> Vec<u8> {
    [b"r".as_slice(), hash.as_bytes()].concat()
}

pub(crate) fn meta<T: borsh::BorshDeserialize>(store: &dyn Store, key: &[u8]) -> Result<T, StoreError> {
    let damaged = StoreError::Damaged { what: "chain record" };
    let bytes = store.get(Table::Meta, key)?.ok_or_else(|| damaged.clone())?;
    T::try_from_slice(&bytes).map_err(|_| damaged)
}

pub(crate) fn decode_u32(bytes: &[u8]) -> Result<u32, StoreError> {
    let bytes = bytes.try_into().map_err(|_| StoreError::Damaged { what: "format mark" })?;
    Ok(u32::from_le_bytes(bytes))
}
