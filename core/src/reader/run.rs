//! Questions that run a contract: queries, and transactions that are tried out.

use super::{ChainReader, ReadError};
use crate::execute::{BlockEnv, Context, Executor, Invocation};
use crate::state::Overlay;
use crate::validate::CheckedTx;
use hydrogen_types::host::{MethodKind, Origin};
use hydrogen_types::receipt::{SideData, code};
use hydrogen_types::{Address, Amount, Gas, Hash, Height, Receipt, TxBody};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a read-only call gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryResult {
    /// 0 for success, else the ledger's or the contract's code.
    pub code: u32,
    /// What it returned (borsh), empty for a failure.
    pub value: Vec<u8>,
    /// Gas it used.
    pub gas_used: Gas,
    /// What lies beside: message, location, backtrace, log.
    pub side: SideData,
}

impl ChainReader {
    fn env(&self, height: Height, time_ms: u64, uptime_ms: u64) -> Arc<BlockEnv> {
        Arc::new(BlockEnv {
            chain_id: self.genesis.chain_id.clone(),
            height,
            time_ms,
            uptime_ms,
            beacon: Hash::ZERO,
            fee_account: Address::default(),
            params: self.genesis.params.clone(),
            governance: self.genesis.governance,
            store: self.store.clone(),
            fresh_code: BTreeMap::new(),
        })
    }

    /// A read-only call: `args` are borsh.
    ///
    /// # Errors
    /// When this node fails or the height is not kept; a contract's refusal is a result.
    pub fn query(
        &self,
        contract: &Address,
        method: &str,
        args: Vec<u8>,
        at: Option<Height>,
    ) -> Result<QueryResult, ReadError> {
        let tip = self.tip();
        let height = at.unwrap_or(tip.height);
        let view = self.view(Some(height))?;
        let (time_ms, uptime_ms) = if height == tip.height {
            (tip.time_ms, tip.uptime_ms)
        } else {
            let header = self.block(height)?.map(|committed| committed.block.header.clone());
            header.map_or((self.genesis.time_ms, 0), |header| (header.time_ms, header.uptime_ms))
        };
        let env = self.env(height, time_ms, uptime_ms);
        let context = Context::new(Overlay::new(view), env, self.vm.clone());
        let nobody = Address::default();
        let (context, result) = context.run(Invocation {
            caller: nobody,
            signer: nobody,
            contract: *contract,
            kind: MethodKind::Query,
            method: method.to_owned(),
            args,
            value: Amount::ZERO,
            gas: self.genesis.params.query_gas_max,
            gas_price: self.genesis.params.gas_price_min,
            origin: Origin::Query,
        });
        let sub = result?;
        let Context { side, outcome, .. } = *context;
        let value = if sub.code == code::SUCCESS { outcome } else { Vec::new() };
        Ok(QueryResult { code: sub.code, value, gas_used: sub.gas_used, side })
    }

    /// Runs a transaction over the tip as the next block would, without keeping anything. No signature is needed.
    ///
    /// # Errors
    /// [`ReadError::Refused`] when it may not enter a block; when this node fails.
    pub fn simulate(&self, body: TxBody) -> Result<(Receipt, SideData), ReadError> {
        let tip = self.tip();
        let env = self.env(tip.height.next(), tip.time_ms.saturating_add(1), tip.uptime_ms.saturating_add(1));
        let mut executor = Executor::new(env, self.vm.clone(), self.view(Some(tip.height))?);
        executor.run_tx(&CheckedTx::unsigned(body))??;
        let done = executor.last().map(|(receipt, side)| (receipt.clone(), side.clone()));
        Ok(done.expect("a transaction that ran left a receipt"))
    }
}
