//! The transactions of one sender.

use crate::validate::CheckedTx;
use std::collections::BTreeMap;

/// What a transaction is worth to the pool: whether nothing is missing before it, then the least price among it and
/// those that must come before it.
pub(super) type Worth = (bool, u64);

/// See the module.
#[derive(Debug)]
pub(super) struct Lane {
    /// The account's nonce as last seen.
    pub(super) next: u64,
    /// By nonce, from `next` on, with gaps.
    pub(super) waiting: BTreeMap<u64, CheckedTx>,
}

impl Lane {
    pub(super) fn new(next: u64) -> Self {
        Self { next, waiting: BTreeMap::new() }
    }

    /// Whether its first could enter the next block.
    pub(super) fn is_ready(&self) -> bool {
        self.waiting.contains_key(&self.next)
    }

    /// What its last is worth; `None` for an empty lane.
    pub(super) fn worth(&self) -> Option<Worth> {
        self.waiting.last_key_value().map(|(_, last)| self.worth_of(last))
    }

    /// What a transaction of this sender is, or would be, worth.
    pub(super) fn worth_of(&self, checked: &CheckedTx) -> Worth {
        let (nonce, price) = (checked.tx().body.nonce, checked.tx().body.gas_price);
        let before = self.waiting.range(self.next..nonce.max(self.next));
        let prices = before.map(|(_, earlier)| earlier.tx().body.gas_price);
        let (count, least) =
            prices.fold((0u64, price), |(count, least), price| (count + 1, least.min(price)));
        (self.next.checked_add(count) == Some(nonce), least)
    }
}
