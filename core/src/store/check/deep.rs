//! Blocks again, in memory: from genesis, or where blocks are pruned or were never here, from the first state that is kept
//! with its block.

use super::Check;
use crate::block::Committed;
use crate::chain::Chain;
use crate::limits::KEEP_BLOCKS_MIN;
use crate::prune::Keep;
use crate::snapshot;
use crate::store::{MemStore, Table};
use crate::vm::ContractVm;
use borsh::BorshDeserialize;
use hydrogen_types::Height;
use std::error::Error;
use std::sync::Arc;

fn causes(error: &dyn Error) -> String {
    let sources = std::iter::successors(error.source(), |error| (*error).source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

impl Check<'_> {
    /// Executes every block as a node that joins would, and compares where it gets.
    pub(super) fn execute(&mut self, vm: &Arc<dyn ContractVm>) {
        let tip = self.tip.height.get();
        let first = if self.earliest.block.get() > 1 {
            self.earliest.block.max(self.earliest.state)
        } else {
            Height::GENESIS
        };
        if first > self.tip.height {
            // A snapshot was restored, and no block has come since.
            return;
        }
        let mut chain = match self.beginning(first, vm) {
            Ok(chain) => chain,
            Err(reason) => return self.report.add(Table::Meta, reason),
        };
        if first == Height::GENESIS && self.genesis_root.is_some_and(|root| root != chain.tip().state_root) {
            self.report.add(Table::Meta, "undo record 1 leads to another state than that of genesis");
        }
        for height in first.get() + 1..=tip {
            let bytes = self.store.get(Table::Blocks, &height.to_be_bytes()).ok().flatten();
            let Some(Ok(stored)) = bytes.map(|bytes| Committed::try_from_slice(&bytes)) else {
                return self
                    .report
                    .add(Table::Blocks, format!("block {height} cannot be executed: it is missing"));
            };
            let Committed { block, certificate, receipts, .. } = stored;
            match chain.import(block, certificate) {
                Ok(committed) if committed.receipts == receipts => {}
                Ok(_) => self.report.add(Table::Blocks, format!("block {height} gives other receipts")),
                Err(error) => {
                    let text = causes(&error);
                    return self.report.add(Table::Blocks, format!("block {height}, executed again: {text}"));
                }
            }
            self.report.executed += 1;
            if height.is_multiple_of(500) {
                (self.progress)("executed", height, Some(tip));
            }
        }
        if chain.tip() != self.tip {
            self.report.add(Table::Meta, "the blocks lead to another tip than the tip record says");
        }
    }
    /// A chain in memory that stands at `first`.
    fn beginning(&self, first: Height, vm: &Arc<dyn ContractVm>) -> Result<Chain, String> {
        let memory = Arc::new(MemStore::new());
        if first > Height::GENESIS {
            let failed =
                |error| format!("the state of height {first} cannot be begun from: {}", causes(&error));
            let mut chunks = Vec::new();
            let mut keep = |_: u32, bytes: &[u8]| {
                chunks.push(bytes.to_vec());
                Ok(())
            };
            let manifest = snapshot::make(self.store, first, &mut keep).map_err(failed)?;
            let mut chunks = chunks.into_iter();
            let mut next = |_: u32| chunks.next().ok_or_else(|| std::io::ErrorKind::NotFound.into());
            snapshot::restore(&*memory, self.genesis, &manifest, &mut next).map_err(failed)?;
        }
        let keep = Keep::new(Some(KEEP_BLOCKS_MIN), Some(1)).expect("the least that may be kept");
        let opened = Chain::open(memory, vm.clone(), self.genesis.clone());
        opened
            .and_then(|chain| chain.keeping(keep))
            .map_err(|error| format!("genesis cannot be executed: {}", causes(&error)))
    }
}
