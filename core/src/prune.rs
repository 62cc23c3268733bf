//! What a chain forgets: old blocks, and the way back to old states. In bounded steps, and never what it promised to
//! keep.
//!
//! ```text
//! block of height h --(its own batch)--> at most PRUNE_HEIGHTS_MAX heights below the horizon go, the mark moves up
//! Chain::keeping     --(own batches)----> all heights below a horizon that came nearer
//! ```
//!
//! *Invariants*: the mark and what is deleted lie in one batch, so that a store is whole after a crash at any instant;
//! a state is kept only where its block is, since a query needs the block's time; the mark never moves down.

use crate::block::Committed;
use crate::chain::{META_BASE, META_EARLIEST, block_key, receipt_key};
use crate::limits::{
    HISTORY_HEIGHTS, KEEP_BLOCKS_MIN, PRUNE_ENTRIES_MAX, PRUNE_HEIGHTS_AT_ONCE_MAX, RECLAIM_HEIGHTS,
};
use crate::state::Undo;
use crate::store::{Batch, Store, StoreError, Table};
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::Height;
use hydrogen_types::codec::encode;

/// How much of the past a chain keeps, in heights up to the tip; `None` for all. See [`Keep::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    blocks: Option<u64>,
    states: Option<u64>,
}

/// Why a chain cannot keep that much, or that little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeepError {
    /// Peers that were away for a moment could not catch up from this node.
    #[error("history of {blocks} blocks is too short, at least {KEEP_BLOCKS_MIN} are kept for peers")]
    TooFewBlocks {
        /// Asked for.
        blocks: u64,
    },
    /// The state at the tip is always kept.
    #[error("history of 0 states is too short, the state at the tip is always kept")]
    NoState,
    /// A query at a height needs the time of its block.
    #[error("history keeps more states than blocks: a state needs its block")]
    StateWithoutBlock,
}

impl Keep {
    /// All blocks and all states: any height can be queried.
    pub const ARCHIVE: Self = Self { blocks: None, states: None };

    /// Keeps the last `blocks` blocks and the last `states` states; `None` for all.
    ///
    /// # Errors
    /// Less than peers need, or states without their blocks.
    pub fn new(blocks: Option<u64>, states: Option<u64>) -> Result<Self, KeepError> {
        match (blocks, states) {
            (Some(blocks), _) if blocks < KEEP_BLOCKS_MIN => Err(KeepError::TooFewBlocks { blocks }),
            (_, Some(0)) => Err(KeepError::NoState),
            (Some(_), None) => Err(KeepError::StateWithoutBlock),
            (Some(blocks), Some(states)) if states > blocks => Err(KeepError::StateWithoutBlock),
            (blocks, states) => Ok(Self { blocks, states }),
        }
    }

    /// Blocks kept; `None` for all.
    #[must_use]
    pub fn blocks(&self) -> Option<u64> {
        self.blocks
    }

    /// States kept; `None` for all.
    #[must_use]
    pub fn states(&self) -> Option<u64> {
        self.states
    }

    /// The lowest heights to be kept when the tip is at `tip`.
    fn horizon(&self, tip: u64) -> Earliest {
        let lowest = |kept: Option<u64>| kept.map_or(0, |kept| tip.saturating_add(1).saturating_sub(kept));
        Earliest { block: Height::new(lowest(self.blocks).max(1)), state: Height::new(lowest(self.states)) }
    }
}

impl Default for Keep {
    /// All blocks, so that anybody can join and check from genesis, and the last 1,000 states.
    fn default() -> Self {
        Self { blocks: None, states: Some(HISTORY_HEIGHTS) }
    }
}

/// The lowest heights that a store still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Earliest {
    /// Whose block is kept; one above the tip when none is. Genesis has no block.
    pub block: Height,
    /// Whose state can be queried.
    pub state: Height,
}

impl Earliest {
    /// The mark in `store`; a store without one has forgotten nothing but what the default forgets, and begins at
    /// genesis or at the snapshot it was restored from.
    pub(crate) fn of(store: &dyn Store, tip: Height) -> Result<Self, StoreError> {
        let damaged = |_| StoreError::Damaged { what: "mark of the history" };
        if let Some(bytes) = store.get(Table::Meta, META_EARLIEST)? {
            return Self::try_from_slice(&bytes).map_err(damaged);
        }
        let base = store.get(Table::Meta, META_BASE)?;
        let base = base
            .map(|bytes| Height::try_from_slice(&bytes))
            .transpose()
            .map_err(damaged)?
            .unwrap_or_default();
        let kept = Keep::default().horizon(tip.get());
        Ok(Self { block: kept.block.max(base.next()), state: kept.state.max(base) })
    }
}

/// Adds to `batch` what the chain forgets when its tip is at `tip`: of at most `heights_max` heights below the horizon.
/// Returns where the history begins then.
pub(crate) fn step(
    store: &dyn Store,
    batch: &mut Batch,
    earliest: Earliest,
    (keep, tip): (&Keep, u64),
    heights_max: u64,
) -> Result<Earliest, StoreError> {
    let horizon = keep.horizon(tip);
    let mut next = earliest;
    let mut entries = 0;
    for _ in 0..heights_max {
        if next.state >= horizon.state {
            break;
        }
        // The record of a height leads from its state to the one before.
        next.state = next.state.next();
        batch.delete(Table::Meta, Undo::key(next.state.get()));
    }
    for _ in 0..heights_max {
        if next.block >= horizon.block || entries >= PRUNE_ENTRIES_MAX {
            break;
        }
        entries += forget_block(store, batch, next.block)?;
        next.block = next.block.next();
    }
    if next != earliest {
        batch.put(Table::Meta, META_EARLIEST, encode(&next));
    }
    Ok(next)
}

/// Forgets a block with its certificate, receipts and index entries; the number of entries.
fn forget_block(store: &dyn Store, batch: &mut Batch, height: Height) -> Result<usize, StoreError> {
    let key = height.get().to_be_bytes();
    let Some(bytes) = store.get(Table::Blocks, &key)? else { return Ok(0) };
    let committed = Committed::try_from_slice(&bytes).map_err(|_| StoreError::Damaged { what: "block" })?;
    batch.delete(Table::Index, block_key(&committed.hash));
    for receipt in &committed.receipts {
        batch.delete(Table::Index, receipt_key(&receipt.hash));
    }
    batch.delete(Table::Blocks, key);
    Ok(committed.receipts.len() + 2)
}

/// Gives the space of forgotten heights back, now and then.
pub(crate) fn reclaim(store: &dyn Store, before: Earliest, after: Earliest) -> Result<(), StoreError> {
    let crossed =
        |before: Height, after: Height| before.get() / RECLAIM_HEIGHTS != after.get() / RECLAIM_HEIGHTS;
    if crossed(before.block, after.block) {
        store.reclaim(Table::Blocks, &[], &after.block.get().to_be_bytes())?;
    }
    if crossed(before.state, after.state) {
        store.reclaim(Table::Meta, &Undo::key(0), &Undo::key(after.state.get()))?;
    }
    Ok(())
}

/// Forgets everything below the horizon, in batches; the mark afterwards.
pub(crate) fn catch_up(store: &dyn Store, keep: &Keep, tip: Height) -> Result<Earliest, StoreError> {
    let first = Earliest::of(store, tip)?;
    let mut earliest = first;
    loop {
        let mut batch = Batch::default();
        let next = step(store, &mut batch, earliest, (keep, tip.get()), PRUNE_HEIGHTS_AT_ONCE_MAX)?;
        if next == earliest {
            break;
        }
        store.commit(batch)?;
        earliest = next;
    }
    reclaim(store, first, earliest)?;
    Ok(earliest)
}
