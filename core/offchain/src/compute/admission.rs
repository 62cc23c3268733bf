//! Whether a node is fit to join, and what it pays for gas.

use hydrogen_types::Amount;
use hydrogen_types::task::{PROGRAM_ABI, TaskConfig};

/// CNX a node keeps for gas: its commitments, reveals and reports must never fail for want of it.
pub const GAS_RESERVE: Amount = Amount::cnx(1);

/// Gas that a node pays for one task at the minimum price, commitment, reveal and upload together: measured, rounded
/// up.
pub const TASK_GAS: Amount = Amount::new(1_000_000_000_000_000);

/// Tasks for which `balance` still pays the gas.
#[must_use]
pub fn tasks_paid_for(balance: Amount) -> u64 {
    u64::try_from(balance.get() / TASK_GAS.get()).unwrap_or(u64::MAX)
}

/// Why a node does not join.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Slower than every node has to be.
    #[error("this machine burns {fuel_per_ms} fuel a ms, the chain asks for {fuel_per_ms_min}")]
    TooSlow {
        /// Measured.
        fuel_per_ms: u64,
        /// Asked for.
        fuel_per_ms_min: u64,
    },
    /// The chain runs programs by rules this build does not have.
    #[error("the chain asks for program abi {asked}, this build has {PROGRAM_ABI}")]
    ProgramAbi {
        /// Asked for.
        asked: u32,
    },
    /// The stake is below the least.
    #[error("a stake of {stake} CNX, at least {stake_min} is asked for")]
    StakeTooLow {
        /// Offered.
        stake: Amount,
        /// Asked for.
        stake_min: Amount,
    },
    /// Nothing would be left for gas.
    #[error("a balance of {balance} CNX does not cover the stake of {stake} and {GAS_RESERVE} for gas")]
    BalanceTooLow {
        /// Held.
        balance: Amount,
        /// Offered.
        stake: Amount,
    },
}

/// Checks a node before it joins with `stake`.
///
/// # Errors
/// The first reason it is unfit.
pub fn check_fitness(
    config: &TaskConfig,
    fuel_per_ms: u64,
    balance: Amount,
    stake: Amount,
) -> Result<(), Unfit> {
    if config.program_abi != PROGRAM_ABI {
        return Err(Unfit::ProgramAbi { asked: config.program_abi });
    }
    if fuel_per_ms < config.fuel_per_ms_min {
        return Err(Unfit::TooSlow { fuel_per_ms, fuel_per_ms_min: config.fuel_per_ms_min });
    }
    if stake < config.stake_min {
        return Err(Unfit::StakeTooLow { stake, stake_min: config.stake_min });
    }
    if stake.checked_add(GAS_RESERVE).is_none_or(|needed| balance < needed) {
        return Err(Unfit::BalanceTooLow { balance, stake });
    }
    Ok(())
}

/// The gas price for a transaction that must be included before `deadline_ms`: the chain's minimum, doubled at each
/// of 60, 30 and 10 seconds left.
#[must_use]
pub fn gas_price(gas_price_min: u64, now_ms: u64, deadline_ms: Option<u64>) -> u64 {
    const STEPS_MS: [u64; 3] = [60_000, 30_000, 10_000];
    let Some(deadline_ms) = deadline_ms else { return gas_price_min };
    let left_ms = deadline_ms.saturating_sub(now_ms);
    let doublings = STEPS_MS.iter().filter(|step_ms| left_ms < **step_ms).count();
    gas_price_min.saturating_mul(1 << doublings)
}
