//! What a final transaction or scheduled call did, by executing it again on the state before its block.

use super::{ChainReader, ReadError};
use crate::block::Committed;
use crate::execute::{BlockEnv, Executor, Trace, intrinsic_gas};
use crate::store::StoreError;
use crate::validate::check_decoded;
use hydrogen_types::receipt::SideData;
use hydrogen_types::{Gas, Hash, Height, Receipt};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A receipt and how it came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedReceipt {
    /// As in the block: executed again, it came out the same.
    pub receipt: Receipt,
    /// What lies beside it.
    pub side: SideData,
    /// What happened.
    pub trace: Trace,
}

impl ChainReader {
    /// Executes a block again, up to the receipt of `hash`, and tells what that one did; `None` if there is no such
    /// receipt. Takes as long as the block's calls before it.
    ///
    /// # Errors
    /// [`ReadError::NoSuchHeight`] or [`ReadError::BelowBase`] when the state before the block is not kept; when this
    /// node fails.
    pub fn trace(&self, hash: &Hash) -> Result<Option<TracedReceipt>, ReadError> {
        let Some((receipt, side)) = self.receipt(hash)? else { return Ok(None) };
        let Some(committed) = self.block(receipt.height)? else { return Ok(None) };
        let before = Height::new(receipt.height.get().saturating_sub(1));
        let view = self.view(Some(before))?;
        let mut executor = Executor::new(self.env_of(&committed)?, self.vm.clone(), view);
        let index = usize::try_from(receipt.index).unwrap_or(usize::MAX);
        executor.watch(index);
        executor.enter_block()?;
        executor.run_scheduled()?;
        let scheduled = executor.receipts().len();
        let mut intrinsic = Gas::ZERO;
        for (place, tx) in committed.block.txs.iter().enumerate() {
            if executor.receipts().len() > index {
                break;
            }
            let checked = check_decoded(tx.clone(), &self.genesis.chain_id)?;
            if scheduled + place == index {
                intrinsic = intrinsic_gas(&checked);
            }
            executor.run_tx(&checked)??;
        }
        if executor.receipts().get(index) != Some(&receipt) {
            return Err(ReadError::Diverged { hash: *hash, height: receipt.height });
        }
        let mut trace = executor.take_trace().unwrap_or_else(Trace::without_call);
        trace.intrinsic_gas = intrinsic;
        Ok(Some(TracedReceipt { receipt, side, trace }))
    }

    /// What was fixed while a block of the past was executed.
    fn env_of(&self, committed: &Committed) -> Result<Arc<BlockEnv>, ReadError> {
        let header = &committed.block.header;
        let validators = self.validators(Some(header.height))?;
        let proposer = validators.members().iter().find(|member| member.address() == header.proposer);
        let proposer = proposer.ok_or(StoreError::Damaged { what: "validator set" })?;
        Ok(Arc::new(BlockEnv {
            chain_id: self.genesis.chain_id.clone(),
            height: header.height,
            time_ms: header.time_ms,
            uptime_ms: header.uptime_ms,
            beacon: header.beacon,
            fee_account: proposer.account,
            params: self.genesis.params.clone(),
            governance: self.genesis.governance,
            store: self.store.clone(),
            fresh_code: BTreeMap::new(),
        }))
    }
}
