//! The smallest contract worth reading: a number that grows.
#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(test)]
mod tests;

use hydrogen_sdk::prelude::*;

#[storage]
const COUNT: Item<u64> = Item::new("count");

/// The counter grew.
#[derive(Debug, Event)]
pub struct Incremented {
    /// By how much.
    pub by: u64,
    /// To what.
    pub count: u64,
    /// By whom.
    pub caller: Address,
}

/// Refusals.
#[derive(Debug, PartialEq, Eq, ContractError)]
pub enum CounterError {
    /// The sum does not fit.
    #[error(1000, "{count} and {by} are more than the counter holds")]
    Overflow {
        /// The count so far.
        count: u64,
        /// What was to be added.
        by: u64,
    },
}

/// A counter that everybody may increment.
#[contract]
mod counter {
    use super::*;

    /// Starts the count.
    #[init]
    pub(crate) fn init(
        /// The first count.
        start: u64,
    ) {
        COUNT.save(&start);
    }

    /// Adds to the count and returns it.
    #[call]
    pub(crate) fn increment(
        /// How much to add.
        by: u64,
    ) -> Result<u64, CounterError> {
        let count = COUNT.load().unwrap_or_default();
        let count = count.checked_add(by).ok_or(CounterError::Overflow { count, by })?;
        COUNT.save(&count);
        Incremented { by, count, caller: env::caller() }.emit();
        Ok(count)
    }

    /// The count.
    #[query]
    pub(crate) fn get() -> u64 {
        COUNT.load().unwrap_or_default()
    }
}
