//! How large a fee may be before lying pays: what an application compares its fee with before it creates a task.
//!
//! A party that holds several nodes knows, before it commits, how many seats of a panel are its own. With two or three
//! it decides the result and may collect their shares without any work; with one it can only leave, by the cheapest
//! fine there is, a missed commitment. Lying pays once the shares won in the first case outweigh the fines of the
//! second. Both grow with the fee, until the fine reaches the node's whole stake: from there on only the gain grows.
//! [`safe_fee`] is the fee at that point.
//!
//! *Provided*: the bound for a party with up to a third of the nodes that may be drawn, however many these are.
//! *Not provided*: safety from a party that works whenever it is alone in a panel and lies otherwise, which no stake
//! gives. `docs/security.md` derives the bound and plays it out.

#[cfg(test)]
mod tests;

use hydrogen_types::Amount;
use hydrogen_types::task::{PANEL, Stats, TaskConfig};

/// What a missed commitment must cost in shares, as a fraction, so that a third of the nodes do not live from lies:
/// (2 * P2 + 3 * P3) / P1, with Pn the probability that exactly n seats are theirs, 2/9, 1/27 and 4/9. Drawing
/// without putting back makes it less, so this holds for every number of nodes.
const FINE_SHARES: (u128, u128) = (5, 4);

/// The largest fee of a task at which no strategy of a party with a third of the nodes earns more than it is fined, but
/// that of honest work whenever it is alone in a panel. In base units, a multiple of the panel's size.
///
/// Reads the least stake a node may hold from `stats`, since a node can lose no more, and the fines from `config`. Zero
/// if there is no such fee: nodes without a stake, or without a fine for silence.
#[must_use]
pub fn safe_fee(stats: &Stats, config: &TaskConfig) -> Amount {
    let (numerator, denominator) = FINE_SHARES;
    let stake = stats.stake_min.get();
    // What a missed commitment costs at least, however small the share.
    let floor = permille(config.stake_min.get(), config.missed_commit_permille).min(stake);
    let grows = u128::from(config.missed_commit_share_permille) * denominator >= 1000 * numerator;
    // A fine that grows fast enough is capped by the stake alone; any other is outgrown as soon as the share exceeds
    // what the floor makes up for.
    let fine = if grows { stake } else { floor };
    let share = fine.saturating_mul(denominator) / numerator;
    Amount::new(share.saturating_mul(PANEL as u128))
}

/// `permille` thousandths of an amount, rounded down as the contract does.
fn permille(amount: u128, permille: u64) -> u128 {
    let permille = u128::from(permille);
    (amount / 1000).saturating_mul(permille).saturating_add(amount % 1000 * permille / 1000)
}
