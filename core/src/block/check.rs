//! Checking a block by executing it.

use super::Executed;
use super::run::{Ground, receipt_root, tx_root};
use crate::error::BlockError;
use crate::limits::{CLOCK_AHEAD_MS_MAX, TIME_MS_MAX};
use crate::validate::{CheckedTx, check_decoded};
use hydrogen_types::codec::encode;
use hydrogen_types::{Block, Header, Validator};
use std::fmt;

fn same<T: PartialEq + fmt::Display>(field: &'static str, got: &T, expected: &T) -> Result<(), BlockError> {
    if got == expected {
        return Ok(());
    }
    Err(BlockError::WrongField { field, got: got.to_string(), expected: expected.to_string() })
}

impl Ground<'_> {
    /// Checks every field of the header and executes the block. `now_ms` is this node's clock for a fresh proposal,
    /// `None` for a block that others have voted for.
    pub(crate) fn check(&self, block: Block, now_ms: Option<u64>) -> Result<Executed, BlockError> {
        let header = &block.header;
        let proposer = self.check_header(header, now_ms)?;
        let size = encode(&block).len();
        let size_max = usize::try_from(self.genesis.params.block_bytes_max).unwrap_or(usize::MAX);
        if size > size_max {
            return Err(BlockError::TooLarge { size, size_max });
        }
        same("transaction root", &header.tx_root, &tx_root(&block.txs))?;
        let checked = self.check_txs(&block)?;

        let mut executor = self.executor(header.time_ms, header.beacon, proposer.account);
        executor.enter_block()?;
        executor.run_scheduled()?;
        for (index, checked) in checked.iter().enumerate() {
            executor.run_tx(checked)?.map_err(|source| BlockError::BadTx { index, source })?;
        }
        let outcome = executor.finish();
        let tree = self.tree(&outcome)?;
        same("gas used", &header.gas_used, &outcome.gas_used)?;
        same("receipt root", &header.receipt_root, &receipt_root(&outcome.receipts))?;
        same("state root", &header.state_root, &tree.root)?;
        Ok(Executed::new(block, outcome, tree))
    }

    fn check_txs(&self, block: &Block) -> Result<Vec<CheckedTx>, BlockError> {
        let chain_id = &self.genesis.chain_id;
        let txs = block.txs.iter().enumerate();
        txs.map(|(index, tx)| {
            check_decoded(tx.clone(), chain_id).map_err(|source| BlockError::BadTx { index, source })
        })
        .collect()
    }

    fn check_header(&self, header: &Header, now_ms: Option<u64>) -> Result<&Validator, BlockError> {
        let height = self.tip.height.next();
        same("chain id", &header.chain_id, &self.genesis.chain_id)?;
        same("height", &header.height, &height)?;
        same("parent", &header.parent, &self.tip.hash)?;
        same("validator set", &header.validators, &self.validators.hash())?;
        same("next validator set", &header.next_validators, &self.next_validators.hash())?;
        let proposer = self.validators.proposer(height, header.round);
        same("proposer", &header.proposer, &proposer.address())?;
        let earliest_ms = self.tip.time_ms + 1;
        let ahead_ms = now_ms.map(|now| earliest_ms.max(now.saturating_add(CLOCK_AHEAD_MS_MAX)));
        let latest_ms = ahead_ms.unwrap_or(TIME_MS_MAX).min(TIME_MS_MAX);
        let time_ms = header.time_ms;
        if time_ms < earliest_ms || time_ms > latest_ms {
            return Err(BlockError::WrongTime { time_ms, earliest_ms, latest_ms });
        }
        same("uptime", &header.uptime_ms, &self.uptime_ms(time_ms))?;
        let checked = self.beacon_turn().check(&proposer.vrf_key, &header.beacon_proof);
        let beacon = checked.ok_or(BlockError::BadBeacon { proposer: header.proposer })?;
        same("beacon", &header.beacon, &beacon)?;
        Ok(proposer)
    }
}
