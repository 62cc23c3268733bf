//! Transactions on their way into the pool.

use super::error::HostError;
use super::host::Host;
use super::messages::{Output, SubmitError, TxOrigin, Verdict};
use hydrogen_core::reader::ReadError;
use hydrogen_core::{CheckedTx, Committed, TxError, check_tx};
use hydrogen_types::Hash;
use hydrogen_types::codec::encode;

impl Host {
    /// Checks a transaction, keeps it, and answers whoever brought it.
    pub(crate) fn on_tx(&mut self, bytes: Vec<u8>, origin: TxOrigin) -> Result<(), HostError> {
        let result = self.admit(&bytes)?;
        match &result {
            Ok(_) => {
                self.counters.txs_admitted.add_one();
                self.out.push(Output::Pooled(bytes.clone()));
            }
            Err(_) => self.counters.txs_refused.add_one(),
        }
        match origin {
            TxOrigin::Local(request) => {
                let answer =
                    result.map_err(|error| SubmitError { code: error.code(), message: error.to_string() });
                if answer.is_ok() {
                    self.out.push(Output::GossipTx(bytes));
                }
                self.out.push(Output::Admitted(request, answer));
            }
            TxOrigin::Gossip(peer, gossip) => {
                let verdict = match &result {
                    Ok(_) => Verdict::Accept,
                    Err(error) if error.is_peer_fault() => Verdict::Reject,
                    Err(_) => Verdict::Ignore,
                };
                if verdict == Verdict::Reject {
                    self.out.push(Output::Fault(peer, "sent an invalid transaction"));
                }
                self.out.push(Output::Verdict(gossip, verdict));
            }
        }
        Ok(())
    }

    /// The transactions of the pool, those of one sender by nonce.
    #[must_use]
    pub fn waiting_txs(&self) -> Vec<Vec<u8>> {
        self.mempool.iter().map(|checked| encode(checked.tx())).collect()
    }

    /// Their bytes.
    #[must_use]
    pub fn mempool_bytes(&self) -> usize {
        self.mempool.bytes()
    }

    fn admit(&mut self, bytes: &[u8]) -> Result<Result<Hash, TxError>, HostError> {
        let genesis = self.chain.genesis();
        let checked = match check_tx(bytes, &genesis.chain_id, &genesis.params) {
            Ok(checked) => checked,
            Err(error) => return Ok(Err(error)),
        };
        let nonce = match self.waiting_nonce(&checked)? {
            Ok(nonce) => nonce,
            Err(error) => return Ok(Err(error)),
        };
        let hash = checked.hash();
        Ok(self.mempool.insert(checked, nonce).map(|_| hash))
    }

    /// The sender's nonce if the transaction may wait at the tip.
    fn waiting_nonce(&self, checked: &CheckedTx) -> Result<Result<u64, TxError>, HostError> {
        match self.reader.check_waiting(checked) {
            Ok(nonce) => Ok(Ok(nonce)),
            Err(ReadError::Refused(error)) => Ok(Err(error)),
            Err(error) => Err(HostError::Read(error)),
        }
    }

    /// A block without transactions although some were ready: drop those that cannot apply any more, so that they
    /// do not make blocks come for nothing.
    pub(crate) fn drop_stuck_txs(&mut self, committed: &Committed) -> Result<(), HostError> {
        if !committed.block.txs.is_empty() || !self.mempool.has_ready() {
            return Ok(());
        }
        let params = &self.chain.genesis().params;
        let ready = self.mempool.take(params.block_gas_max, block_bytes_max(params));
        for checked in &ready {
            if self.waiting_nonce(checked)?.is_err() {
                self.mempool.remove(&checked.hash());
            }
        }
        Ok(())
    }
}

/// Bytes of a block, as a size in memory.
pub(crate) fn block_bytes_max(params: &hydrogen_core::Params) -> usize {
    usize::try_from(params.block_bytes_max).unwrap_or(usize::MAX)
}
