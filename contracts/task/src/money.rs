//! Where a task's money goes.
//!
//! *Invariant*, asserted when a task ends, to the last base unit: fee + fines = paid + refunded + compensated + burned.

use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::Amount;
use hydrogen_types::task::PANEL;

/// What one task has moved so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Books {
    /// From the fee to nodes.
    pub(crate) paid: Amount,
    /// From the fee back to the creator, at the end.
    pub(crate) refunded: Amount,
    /// From fines to a node or the creator.
    pub(crate) compensated: Amount,
    /// Taken from stakes.
    pub(crate) fines: Amount,
    /// Of the fines, what a missed upload cost.
    pub(crate) upload_fine: Amount,
    /// From the fee and the fines to nobody, at the end.
    pub(crate) burned: Amount,
}

impl Books {
    /// The last entries: `from_fee` is burned; the creator gets `to_creator` of the fines and what is left of the
    /// fee; the rest of the fines is burned.
    pub(crate) fn close(&mut self, fee: Amount, from_fee: Amount, to_creator: Amount) {
        self.compensated = add(self.compensated, to_creator);
        self.refunded = sub(sub(fee, self.paid), from_fee);
        self.burned = add(from_fee, sub(self.fines, self.compensated));
        let income = add(fee, self.fines);
        let spent = add(add(self.paid, self.refunded), add(self.compensated, self.burned));
        assert!(income == spent, "the books of a task do not balance: {income:?} came, {spent:?} went");
    }
}

/// Sum of two amounts that exist.
pub(crate) fn add(left: Amount, right: Amount) -> Amount {
    left.checked_add(right).expect("all CNX there are fit u128")
}

/// Difference of an amount and a part of it.
pub(crate) fn sub(whole: Amount, part: Amount) -> Amount {
    whole.checked_sub(part).expect("a part is at most the whole")
}

/// One node's share of a fee, rounded down.
pub(crate) fn share(fee: Amount) -> Amount {
    Amount::new(fee.get() / PANEL as u128)
}

/// `permille` thousandths of an amount, rounded down.
pub(crate) fn permille(amount: Amount, permille: u64) -> Amount {
    let (whole, rest) = (amount.get() / 1000, amount.get() % 1000);
    let permille = u128::from(permille);
    Amount::new(whole.saturating_mul(permille).saturating_add(rest * permille / 1000))
}

#[cfg(test)]
mod tests {
    use super::{Books, permille, share, sub};
    use hydrogen_types::Amount;

    #[test]
    fn the_books_balance_to_the_last_base_unit() {
        for fee in [0, 1, 2, 3, 4, 1_000_000_000_000_000_001, u128::MAX / 8] {
            let fee = Amount::new(fee);
            for shares in 0..=3 {
                let paid = share(fee).checked_mul(shares).expect("at most the fee");
                for fines in [0, 5, u128::MAX / 8] {
                    let fines = Amount::new(fines);
                    for to_creator in [Amount::ZERO, fines] {
                        let left = sub(fee, paid);
                        for from_fee in [Amount::ZERO, left] {
                            let mut books = Books { paid, fines, ..Books::default() };
                            books.close(fee, from_fee, to_creator);
                            assert_eq!(books.refunded, sub(left, from_fee));
                            assert_eq!(sub(books.burned, from_fee), sub(fines, to_creator));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn thousandths_are_rounded_down_and_never_overflow() {
        assert_eq!(permille(Amount::new(1999), 1500), Amount::new(2998));
        assert_eq!(permille(Amount::new(999), 1), Amount::ZERO);
        assert_eq!(permille(Amount::new(u128::MAX), 1000), Amount::new(u128::MAX));
    }
}
