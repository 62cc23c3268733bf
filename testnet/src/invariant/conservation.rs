//! The sum of all balances.

use super::{Invariant, Seen};
use hydrogen_core::{ChainReader, Genesis};
use hydrogen_types::{Amount, Height};

/// Accounts read at a time.
const PAGE: usize = 1_000;

/// The sum of all balances never changes: fees, stakes and escrow move, nothing is made or lost.
pub struct Conservation {
    supply: Amount,
    checked: Height,
}

impl Conservation {
    /// The supply is what `genesis` gives out.
    ///
    /// # Panics
    /// If that is more than 2^128 base units, which no chain starts from.
    #[must_use]
    pub fn new(genesis: &Genesis) -> Self {
        let add = |sum: Amount, balance| sum.checked_add(balance).expect("a genesis that was checked");
        let supply = genesis.accounts.iter().map(|(_, balance)| *balance).fold(Amount::ZERO, add);
        Self { supply, checked: Height::GENESIS }
    }
}

fn total(reader: &ChainReader) -> Result<Amount, String> {
    let mut sum = Amount::ZERO;
    let mut after = None;
    loop {
        let page = reader.accounts(after.as_ref(), PAGE).map_err(|error| error.to_string())?;
        for (_, account) in &page {
            sum = sum.checked_add(account.balance).ok_or("balances add up to more than 2^128")?;
        }
        match page.last() {
            Some((address, _)) if page.len() == PAGE => after = Some(*address),
            _ => return Ok(sum),
        }
    }
}

impl Invariant for Conservation {
    fn name(&self) -> &'static str {
        "conservation"
    }

    fn see(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Committed { committed, reader, .. } = seen else { return Ok(()) };
        // States of one height are equal: its first is enough.
        let height = committed.block.header.height;
        if height <= self.checked {
            return Ok(());
        }
        self.checked = height;
        let total = total(reader)?;
        if total == self.supply {
            return Ok(());
        }
        Err(format!("balances at height {height} add up to {total} CNX, genesis gave {}", self.supply))
    }
}
