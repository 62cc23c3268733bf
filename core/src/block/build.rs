//! Making a block.

use super::Executed;
use super::run::{Ground, receipt_root, tx_root};
use crate::crypto::NodeKeys;
use crate::error::ChainError;
use crate::validate::CheckedTx;
use hydrogen_types::{Block, Header};

/// Bytes of a block that are not transactions: more than any header takes.
const HEADER_BYTES_MAX: usize = 1024;

impl Ground<'_> {
    /// Makes the block of the next height and `round`, with those of `txs` that apply, in order.
    pub(crate) fn build(
        &self,
        proposer: &NodeKeys,
        round: u32,
        now_ms: u64,
        txs: Vec<CheckedTx>,
    ) -> Result<Executed, ChainError> {
        let height = self.tip.height.next();
        let turn = self.validators.proposer(height, round);
        if turn.consensus_key != proposer.consensus.public() {
            return Err(ChainError::NotProposer { height, round });
        }
        let time_ms = now_ms.max(self.tip.time_ms + 1);
        let (beacon, beacon_proof) = self.beacon_turn().prove(&proposer.vrf);
        let mut executor = self.executor(time_ms, beacon, turn.account);
        executor.enter_block()?;
        executor.run_scheduled()?;
        let bytes_max = usize::try_from(self.genesis.params.block_bytes_max).unwrap_or(usize::MAX);
        let mut bytes = HEADER_BYTES_MAX;
        let mut included = Vec::new();
        for checked in txs {
            if bytes + checked.size() <= bytes_max && executor.run_tx(&checked)?.is_ok() {
                bytes += checked.size();
                included.push(checked.into_tx());
            }
        }
        let outcome = executor.finish();
        let tree = self.tree(&outcome)?;
        let header = Header {
            chain_id: self.genesis.chain_id.clone(),
            height,
            round,
            proposer: turn.address(),
            parent: self.tip.hash,
            time_ms,
            uptime_ms: self.uptime_ms(time_ms),
            tx_root: tx_root(&included),
            state_root: tree.root,
            receipt_root: receipt_root(&outcome.receipts),
            beacon,
            beacon_proof,
            validators: self.validators.hash(),
            next_validators: self.next_validators.hash(),
            gas_used: outcome.gas_used,
        };
        let block = Block { header, txs: included };
        Ok(Executed::new(block, outcome, tree))
    }
}
