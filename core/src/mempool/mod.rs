//! The pool of transactions that wait for a block: bounded in count, bytes and per sender; ordered by price, and for
//! one sender by nonce.
//!
//! *Invariants*: a lane holds no nonce below its account's; every index agrees with the lanes; a full pool lets a
//! better-paying transaction in by dropping the last of the worst lanes, at most `EVICTIONS_MAX` of them; every
//! change but a block's takes time logarithmic in the pool's size.

mod lane;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use crate::block::Committed;
use crate::error::TxError;
use crate::limits::{
    POOL_BYTES_MAX, POOL_NONCE_AHEAD_MAX, POOL_PER_SENDER_MAX, POOL_REPLACE_PERCENT, POOL_TXS_MAX,
};
use crate::validate::CheckedTx;
use hydrogen_types::{Address, Gas, Hash, Height};
use lane::{Lane, Worth};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// Transactions that one newcomer may push out: a large one pays for many small ones only so far.
const EVICTIONS_MAX: usize = 64;

/// What an insertion did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// Waits.
    New,
    /// Waits in the place of another of the same nonce.
    Replaced(Hash),
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    txs_max: usize,
    bytes_max: usize,
    per_sender_max: usize,
}

/// The pool.
#[derive(Debug)]
pub struct Mempool {
    bounds: Bounds,
    lanes: BTreeMap<Address, Lane>,
    bytes: usize,
    // Indices of the lanes.
    places: BTreeMap<Hash, (Address, u64)>,
    by_expiry: BTreeSet<(Height, Address, u64)>,
    by_worth: BTreeSet<(Worth, Address)>,
    ready: BTreeSet<Address>,
}

impl Default for Mempool {
    fn default() -> Self {
        let (txs_max, bytes_max) = (POOL_TXS_MAX, POOL_BYTES_MAX);
        Self::bounded(Bounds { txs_max, bytes_max, per_sender_max: POOL_PER_SENDER_MAX })
    }
}

impl Mempool {
    /// An empty pool.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn bounded(bounds: Bounds) -> Self {
        Self {
            bounds,
            lanes: BTreeMap::new(),
            bytes: 0,
            places: BTreeMap::new(),
            by_expiry: BTreeSet::new(),
            by_worth: BTreeSet::new(),
            ready: BTreeSet::new(),
        }
    }

    /// Transactions waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Their bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a transaction waits.
    #[must_use]
    pub fn contains(&self, hash: &Hash) -> bool {
        self.places.contains_key(hash)
    }

    /// Whether any transaction could enter the next block.
    #[must_use]
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// All that wait, also those whose turn has not come, by sender and nonce.
    pub fn iter(&self) -> impl Iterator<Item = &CheckedTx> {
        self.lanes.values().flat_map(|lane| lane.waiting.values())
    }

    /// Takes a transaction that [`crate::ChainReader::check_waiting`] let pass; `account_nonce` is its sender's.
    ///
    /// # Errors
    /// [`TxError::AlreadyKnown`], a price too low to replace, a nonce too far ahead, or a pool full of better ones.
    pub fn insert(&mut self, checked: CheckedTx, account_nonce: u64) -> Result<Inserted, TxError> {
        if self.contains(&checked.hash()) {
            return Err(TxError::AlreadyKnown);
        }
        let sender = checked.sender();
        self.advance(&sender, account_nonce);
        let next = self.lanes.get(&sender).map_or(account_nonce, |lane| lane.next);
        let mut replaced_size = None;
        self.check_place(&checked, next, &mut replaced_size)?;
        self.make_room(&checked, next, replaced_size)?;
        Ok(match self.put(checked, next) {
            Some(old) => Inserted::Replaced(old.hash()),
            None => Inserted::New,
        })
    }

    /// Whether a transaction may wait in its sender's lane; tells the size of the one it would replace.
    fn check_place(
        &self,
        checked: &CheckedTx,
        next: u64,
        replaced_size: &mut Option<usize>,
    ) -> Result<(), TxError> {
        let (nonce, price) = (checked.tx().body.nonce, checked.tx().body.gas_price);
        if nonce < next {
            return Err(TxError::NonceTooLow { nonce, expected: next });
        }
        if nonce - next > POOL_NONCE_AHEAD_MAX {
            return Err(TxError::NonceTooHigh { nonce, expected: next });
        }
        let Some(lane) = self.lanes.get(&checked.sender()) else { return Ok(()) };
        if let Some(other) = lane.waiting.get(&nonce) {
            let least =
                u128::from(other.tx().body.gas_price) * u128::from(100 + POOL_REPLACE_PERCENT) / 100 + 1;
            let price_min = u64::try_from(least).unwrap_or(u64::MAX);
            *replaced_size = Some(other.size());
            if price < price_min {
                return Err(TxError::ReplacementUnderpriced { price, price_min });
            }
        } else if lane.waiting.len() >= self.bounds.per_sender_max {
            let (waiting, waiting_max) = (lane.waiting.len(), self.bounds.per_sender_max);
            return Err(TxError::SenderFull { waiting, waiting_max });
        }
        Ok(())
    }

    /// Drops what is worth less, the worst first, until the newcomer has room; nothing if that does not help.
    fn make_room(
        &mut self,
        checked: &CheckedTx,
        next: u64,
        replaced_size: Option<usize>,
    ) -> Result<(), TxError> {
        let sender = checked.sender();
        let worth = match self.lanes.get(&sender) {
            Some(lane) => lane.worth_of(checked),
            None => Lane::new(next).worth_of(checked),
        };
        let txs = usize::from(replaced_size.is_none());
        let fits = |pool: &Self| {
            let bytes = (pool.bytes + checked.size()).saturating_sub(replaced_size.unwrap_or(0));
            pool.len() + txs <= pool.bounds.txs_max && bytes <= pool.bounds.bytes_max
        };
        let mut dropped = Vec::new();
        while !fits(self) {
            let worst = self.by_worth.iter().find(|(_, address)| *address != sender).copied();
            let victim = worst.filter(|(least, _)| *least < worth && dropped.len() < EVICTIONS_MAX);
            let last = victim.and_then(|(_, address)| {
                let lane = self.lanes.get(&address)?;
                let (next, nonce) = (lane.next, *lane.waiting.last_key_value()?.0);
                Some((next, self.take_out(&address, nonce)?))
            });
            match last {
                Some(last) => dropped.push(last),
                None => {
                    for (next, old) in dropped.into_iter().rev() {
                        self.put(old, next);
                    }
                    return Err(TxError::PoolFull);
                }
            }
        }
        Ok(())
    }

    /// The best-paying transactions that fit, in an order in which they apply: by price; of equal prices, those that
    /// are earlier in their lanes, so that senders take turns. They stay in the pool until a block with them, or with
    /// another of their nonce, is committed.
    #[must_use]
    pub fn take(&self, gas_max: Gas, bytes_max: usize) -> Vec<CheckedTx> {
        let mut heads: BinaryHeap<(u64, Reverse<u64>, Reverse<Address>)> = BinaryHeap::new();
        let head = |address: &Address, position: u64| {
            let lane = self.lanes.get(address)?;
            let waiting = lane.waiting.get(&lane.next.checked_add(position)?)?;
            Some((waiting.tx().body.gas_price, Reverse(position), Reverse(*address)))
        };
        heads.extend(self.ready.iter().filter_map(|address| head(address, 0)));
        let (mut gas_left, mut bytes_left) = (gas_max, bytes_max);
        let mut taken = Vec::new();
        while let Some((_, Reverse(position), Reverse(address))) = heads.pop() {
            let lane = self.lanes.get(&address);
            let Some(checked) = lane.and_then(|lane| lane.waiting.get(&(lane.next + position))) else {
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
            heads.extend(head(&address, position + 1));
        }
        taken
    }

    /// Drops what a block has used up or made impossible, and what can no longer enter one.
    pub fn committed(&mut self, committed: &Committed) {
        for tx in &committed.block.txs {
            self.advance(&tx.body.sender_address(), tx.body.nonce.saturating_add(1));
        }
        self.expire(committed.block.header.height.next());
    }

    /// Drops a transaction that turned out not to apply; its sender's later ones wait on.
    pub fn remove(&mut self, hash: &Hash) {
        if let Some((address, nonce)) = self.places.get(hash).copied() {
            self.take_out(&address, nonce);
        }
    }

    /// Drops what may not enter a block of `height` or later.
    fn expire(&mut self, height: Height) {
        while let Some((valid_until, address, nonce)) = self.by_expiry.first().copied() {
            if valid_until >= height {
                return;
            }
            self.take_out(&address, nonce);
        }
    }

    /// An account's nonce is at least `next`: drops what that makes impossible.
    fn advance(&mut self, address: &Address, next: u64) {
        if self.lanes.get(address).is_none_or(|lane| lane.next >= next) {
            return;
        }
        let used = self.change(address, next, |lane| {
            lane.next = next;
            let rest = lane.waiting.split_off(&next);
            std::mem::replace(&mut lane.waiting, rest)
        });
        used.values().for_each(|old| self.forget(old));
    }

    fn put(&mut self, checked: CheckedTx, next: u64) -> Option<CheckedTx> {
        let (address, nonce) = (checked.sender(), checked.tx().body.nonce);
        self.bytes += checked.size();
        self.places.insert(checked.hash(), (address, nonce));
        let valid_until = checked.tx().body.valid_until;
        let old = self.change(&address, next, |lane| lane.waiting.insert(nonce, checked));
        if let Some(old) = &old {
            self.forget(old);
        }
        self.by_expiry.insert((valid_until, address, nonce));
        old
    }

    fn take_out(&mut self, address: &Address, nonce: u64) -> Option<CheckedTx> {
        let next = self.lanes.get(address)?.next;
        let old = self.change(address, next, |lane| lane.waiting.remove(&nonce))?;
        self.forget(&old);
        Some(old)
    }

    fn forget(&mut self, old: &CheckedTx) {
        let body = &old.tx().body;
        self.places.remove(&old.hash());
        self.by_expiry.remove(&(body.valid_until, old.sender(), body.nonce));
        self.bytes = self.bytes.saturating_sub(old.size());
    }

    /// Changes a lane and keeps its entries in the indices right; an empty lane is dropped.
    fn change<T>(&mut self, address: &Address, next: u64, change: impl FnOnce(&mut Lane) -> T) -> T {
        let mut lane = self.lanes.remove(address).unwrap_or_else(|| Lane::new(next));
        if let Some(worth) = lane.worth() {
            self.by_worth.remove(&(worth, *address));
        }
        self.ready.remove(address);
        let result = change(&mut lane);
        if let Some(worth) = lane.worth() {
            self.by_worth.insert((worth, *address));
            if lane.is_ready() {
                self.ready.insert(*address);
            }
            self.lanes.insert(*address, lane);
        }
        result
    }
}
