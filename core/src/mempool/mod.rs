//! The pool of transactions that wait for a block: bounded in count, bytes and per sender; ordered by price, and for
//! one sender by nonce.

#[cfg(test)]
mod tests;

use crate::block::Committed;
use crate::error::TxError;
use crate::limits::{
    POOL_BYTES_MAX, POOL_NONCE_AHEAD_MAX, POOL_PER_SENDER_MAX, POOL_REPLACE_PERCENT, POOL_TXS_MAX,
};
use crate::validate::CheckedTx;
use hydrogen_types::{Address, Gas, Hash, Height};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

#[derive(Debug, Default)]
struct Lane {
    /// The account's nonce as last seen.
    next: u64,
    waiting: BTreeMap<u64, CheckedTx>,
}

/// What an insertion did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// Waits.
    New,
    /// Waits in the place of another of the same nonce.
    Replaced(Hash),
}

/// The pool.
#[derive(Debug, Default)]
pub struct Mempool {
    lanes: BTreeMap<Address, Lane>,
    hashes: BTreeSet<Hash>,
    bytes: usize,
}

impl Mempool {
    /// An empty pool.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Transactions waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether a transaction waits.
    #[must_use]
    pub fn contains(&self, hash: &Hash) -> bool {
        self.hashes.contains(hash)
    }

    /// Whether any transaction could enter the next block.
    #[must_use]
    pub fn has_ready(&self) -> bool {
        self.lanes.values().any(|lane| lane.waiting.contains_key(&lane.next))
    }

    /// Takes a transaction that [`crate::ChainReader::check_waiting`] let pass; `account_nonce` is its sender's.
    ///
    /// # Errors
    /// [`TxError::AlreadyKnown`], a price too low to replace, a nonce too far ahead, or a full pool.
    pub fn insert(&mut self, checked: CheckedTx, account_nonce: u64) -> Result<Inserted, TxError> {
        if self.hashes.contains(&checked.hash()) {
            return Err(TxError::AlreadyKnown);
        }
        let nonce = checked.tx().body.nonce;
        let lane = self.lanes.entry(checked.sender()).or_default();
        lane.next = lane.next.max(account_nonce);
        let refusal = if nonce < lane.next {
            Some(TxError::NonceTooLow { nonce, expected: lane.next })
        } else if nonce - lane.next > POOL_NONCE_AHEAD_MAX {
            Some(TxError::NonceTooHigh { nonce, expected: lane.next })
        } else if let Some(other) = lane.waiting.get(&nonce) {
            let price = checked.tx().body.gas_price;
            let least =
                u128::from(other.tx().body.gas_price) * u128::from(100 + POOL_REPLACE_PERCENT) / 100 + 1;
            let price_min = u64::try_from(least).unwrap_or(u64::MAX);
            (price < price_min).then_some(TxError::ReplacementUnderpriced { price, price_min })
        } else if lane.waiting.len() >= POOL_PER_SENDER_MAX {
            Some(TxError::SenderFull { waiting: lane.waiting.len(), waiting_max: POOL_PER_SENDER_MAX })
        } else if self.hashes.len() >= POOL_TXS_MAX || self.bytes + checked.size() > POOL_BYTES_MAX {
            Some(TxError::PoolFull)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.sweep(&checked.sender());
            return Err(refusal);
        }
        self.hashes.insert(checked.hash());
        self.bytes += checked.size();
        let replaced = lane.waiting.insert(nonce, checked);
        Ok(match replaced {
            Some(old) => {
                self.forget(&old);
                Inserted::Replaced(old.hash())
            }
            None => Inserted::New,
        })
    }

    /// The best-paying transactions that fit, in an order in which they apply. They stay in the pool until a block
    /// with them, or with another of their nonce, is committed.
    #[must_use]
    pub fn take(&self, gas_max: Gas, bytes_max: usize) -> Vec<CheckedTx> {
        let mut heads: BinaryHeap<(u64, std::cmp::Reverse<Address>, u64)> = BinaryHeap::new();
        let head = |address: &Address, nonce: u64| {
            let waiting = self.lanes.get(address)?.waiting.get(&nonce)?;
            Some((waiting.tx().body.gas_price, std::cmp::Reverse(*address), nonce))
        };
        heads.extend(self.lanes.iter().filter_map(|(address, lane)| head(address, lane.next)));
        let (mut gas_left, mut bytes_left) = (gas_max, bytes_max);
        let mut taken = Vec::new();
        while let Some((_, std::cmp::Reverse(address), nonce)) = heads.pop() {
            let Some(checked) = self.lanes.get(&address).and_then(|lane| lane.waiting.get(&nonce)) else {
                continue;
            };
            let gas = checked.tx().body.gas_limit;
            // One that does not fit ends its lane: its successors need it first.
            if gas > gas_left || checked.size() > bytes_left {
                continue;
            }
            gas_left = gas_left.saturating_sub(gas);
            bytes_left -= checked.size();
            taken.push(checked.clone());
            heads.extend(head(&address, nonce + 1));
        }
        taken
    }

    /// Drops what a block has used up or made impossible, and what can no longer enter one.
    pub fn committed(&mut self, committed: &Committed) {
        for tx in &committed.block.txs {
            let sender = tx.body.sender_address();
            if let Some(lane) = self.lanes.get_mut(&sender) {
                lane.next = lane.next.max(tx.body.nonce + 1);
                let rest = lane.waiting.split_off(&lane.next);
                for old in std::mem::replace(&mut lane.waiting, rest).into_values() {
                    self.forget(&old);
                }
                self.sweep(&sender);
            }
        }
        self.expire(committed.block.header.height.next());
    }

    /// Drops a transaction that turned out not to apply, with all of its sender's after it kept waiting.
    pub fn remove(&mut self, hash: &Hash) {
        let found = self.lanes.iter().find_map(|(address, lane)| {
            let (nonce, _) = lane.waiting.iter().find(|(_, checked)| checked.hash() == *hash)?;
            Some((*address, *nonce))
        });
        if let Some((address, nonce)) = found
            && let Some(old) = self.lanes.get_mut(&address).and_then(|lane| lane.waiting.remove(&nonce))
        {
            self.forget(&old);
            self.sweep(&address);
        }
    }

    /// One pass over the pool, however many expire.
    fn expire(&mut self, height: Height) {
        let mut expired = Vec::new();
        for lane in self.lanes.values_mut() {
            let late = |_: &u64, checked: &mut CheckedTx| checked.tx().body.valid_until < height;
            expired.extend(lane.waiting.extract_if(.., late).map(|(_, checked)| checked));
        }
        expired.iter().for_each(|checked| self.forget(checked));
        self.lanes.retain(|_, lane| !lane.waiting.is_empty());
    }

    fn forget(&mut self, old: &CheckedTx) {
        self.hashes.remove(&old.hash());
        self.bytes = self.bytes.saturating_sub(old.size());
    }

    fn sweep(&mut self, address: &Address) {
        if self.lanes.get(address).is_some_and(|lane| lane.waiting.is_empty()) {
            self.lanes.remove(address);
        }
    }
}
