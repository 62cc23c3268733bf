//! All blocks again, from genesis, in memory.

use super::Check;
use crate::block::Committed;
use crate::chain::Chain;
use crate::limits::KEEP_BLOCKS_MIN;
use crate::prune::Keep;
use crate::store::{MemStore, Table};
use crate::vm::ContractVm;
use borsh::BorshDeserialize;
use std::sync::Arc;

impl Check<'_> {
    /// Executes every block as a node that joins would, and compares where it gets.
    pub(super) fn execute(&mut self, vm: &Arc<dyn ContractVm>) {
        let tip = self.tip.height.get();
        if self.earliest.block.get() > 1 {
            let earliest = self.earliest.block;
            return self.report.add(
                Table::Blocks,
                format!("blocks below {earliest} are pruned: they cannot be executed again"),
            );
        }
        let keep = Keep::new(Some(KEEP_BLOCKS_MIN), Some(1)).expect("the least that may be kept");
        let opened = Chain::open(Arc::new(MemStore::new()), vm.clone(), self.genesis.clone());
        let mut chain = match opened.and_then(|chain| chain.keeping(keep)) {
            Ok(chain) => chain,
            Err(error) => {
                return self.report.add(Table::Meta, format!("genesis cannot be executed: {error}"));
            }
        };
        if self.genesis_root.is_some_and(|root| root != chain.tip().state_root) {
            self.report.add(Table::Meta, "undo record 1 leads to another state than that of genesis");
        }
        for height in 1..=tip {
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
                    let mut text = error.to_string();
                    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
                    while let Some(error) = cause {
                        text = format!("{text}: {error}");
                        cause = error.source();
                    }
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
}
