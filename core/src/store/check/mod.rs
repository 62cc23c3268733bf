//! Is what lies in a store what a chain wrote? Every table against every other, and with what the validators signed.
//!
//! ```text
//! tip record -> blocks, newest to oldest by parents -> certificates by the sets of their heights -> roots -> index
//! state table -> state tree, entry by entry and page by page -> the tip's state root
//! undo records -> state tree, backwards -> the state root of every height that can be queried
//! deep: blocks executed again in memory, from genesis or the first state that is kept with its block
//! ```
//!
//! *Provided*: every byte that a hash covers. *Not provided*: what lies beside a receipt (messages, logs) has no hash;
//! the engine's own checksums cover it. *Requires*: that nobody writes to the store meanwhile.

mod blocks;
mod deep;
mod history;
mod state;
#[cfg(test)]
mod tests;

use crate::block::Tip;
use crate::chain::{META_FORMAT, META_GENESIS, META_TIP, STORE_FORMAT, meta};
use crate::error::ChainError;
use crate::genesis::Genesis;
use crate::prune::Earliest;
use crate::store::{Store, StoreError, Table};
use crate::vm::ContractVm;
use hydrogen_types::{Hash, Height};
use std::sync::Arc;

/// Problems that a report lists; further ones are counted.
pub const PROBLEMS_MAX: usize = 50;
/// Entries of a table that are looked at together.
const SCAN_ENTRIES_MAX: usize = 128;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The table that it was found in.
    pub table: Table,
    /// Which entry, and what is wrong with it.
    pub what: String,
}

/// What a check looked at and what it found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Where the chain stands.
    pub tip: Height,
    /// Lowest height whose block is kept.
    pub earliest_block: Height,
    /// Lowest height whose state is kept.
    pub earliest_state: Height,
    /// Blocks looked at, each with its certificate.
    pub blocks: u64,
    /// Receipts looked at.
    pub receipts: u64,
    /// Entries of the index.
    pub index: u64,
    /// Validator sets.
    pub sets: u64,
    /// Undo records.
    pub undo: u64,
    /// Entries of the state.
    pub state: u64,
    /// Pages of the state tree.
    pub pages: u64,
    /// Modules.
    pub modules: u64,
    /// Blocks executed again.
    pub executed: u64,
    /// The first [`PROBLEMS_MAX`] problems.
    pub problems: Vec<Problem>,
    /// All problems.
    pub problems_found: u64,
}

impl Report {
    fn add(&mut self, table: Table, what: impl Into<String>) {
        self.problems_found += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { table, what: what.into() });
        }
    }
}

/// Hears of long work: what is looked at, how many entries so far, and of how many if that is known.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64, Option<u64>);

/// A check under way.
struct Check<'a> {
    store: &'a dyn Store,
    genesis: &'a Genesis,
    tip: Tip,
    earliest: Earliest,
    report: Report,
    /// Where the undo records lead, if back to genesis.
    genesis_root: Option<Hash>,
    progress: Progress<'a>,
}

/// Checks a store that nobody writes to. With `vm`, executes blocks again: all of them, or those after the first state
/// that is kept with its block, which it takes into memory.
///
/// # Errors
/// What keeps it from being checked at all: another format, another chain, no chain. Everything else is a problem in
/// the report.
pub fn check(
    store: &Arc<dyn Store>,
    genesis: &Genesis,
    vm: Option<Arc<dyn ContractVm>>,
    progress: Progress<'_>,
) -> Result<Report, ChainError> {
    genesis.check().map_err(ChainError::BadGenesis)?;
    let stored = store.get(Table::Meta, META_FORMAT)?;
    let stored = stored.ok_or(StoreError::Damaged { what: "format mark" })?;
    let stored = crate::chain::decode_u32(&stored)?;
    if stored != STORE_FORMAT {
        return Err(ChainError::OtherFormat { stored, known: STORE_FORMAT });
    }
    let (stored, given): (Hash, Hash) = (meta(&**store, META_GENESIS)?, genesis.hash());
    if stored != given {
        return Err(ChainError::OtherGenesis { stored, given });
    }
    let tip: Tip = meta(&**store, META_TIP)?;
    let earliest = Earliest::of(&**store, tip.height)?;
    let mut report = Report {
        tip: tip.height,
        earliest_block: earliest.block,
        earliest_state: earliest.state,
        ..Report::default()
    };
    // Everything hangs from the tip; and a record of a height that is none would be looked for without end.
    let lowest = earliest.block <= tip.height && tip.height > Height::GENESIS;
    if lowest && store.get(Table::Blocks, &tip.height.get().to_be_bytes())?.is_none() {
        report
            .add(Table::Meta, format!("the tip record says height {}, where there is no block", tip.height));
        return Ok(report);
    }
    let mut check = Check { store: &**store, genesis, tip, earliest, report, genesis_root: None, progress };
    check.sets();
    check.blocks();
    check.index();
    check.state();
    check.pages();
    check.modules();
    check.history();
    if let Some(vm) = vm {
        check.execute(&vm);
    }
    Ok(check.report)
}

impl Check<'_> {
    /// The value of a key, unless the store cannot read it: that is a problem of its table.
    fn get(&mut self, table: Table, key: &[u8], name: &str) -> Option<Vec<u8>> {
        match self.store.get(table, key) {
            Ok(value) => value,
            Err(error) => {
                self.report.add(table, format!("{name} cannot be read: {error}"));
                None
            }
        }
    }

    /// Shows every entry of a table to `look`, in order.
    fn scan(&mut self, table: Table, mut look: impl FnMut(&mut Self, &[u8], &[u8])) -> u64 {
        let mut start = Vec::new();
        let mut seen = 0;
        loop {
            let entries = match self.store.range(table, &start, None, SCAN_ENTRIES_MAX) {
                Ok(entries) => entries,
                Err(error) => {
                    let after = hex::encode(&start);
                    self.report.add(table, format!("entries from 0x{after} on cannot be read: {error}"));
                    return seen;
                }
            };
            for (key, value) in &entries {
                look(self, key, value);
            }
            seen += entries.len() as u64;
            (self.progress)(table.name(), seen, None);
            match entries.into_iter().last() {
                // The next key in order.
                Some((key, _)) => start = [key, vec![0]].concat(),
                None => return seen,
            }
        }
    }
}
