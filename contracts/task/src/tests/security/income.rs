//! Expected ledgers: each panel's ledger, played once, weighed with the exact number of such panels.

use super::odds::Panels;
use super::play::{Ledger, Play, play, signed};
use super::strategy::{Move, Strategy};
use hydrogen_types::Amount;

/// Fees of the tables: the least for the default timeout, Hydrogen's, a large one, and the safe fee for 400 CNX.
pub(super) const FEES: [u64; 4] = [12, 30, 300, SAFE_FEE];
/// What `hydrogen_offchain::safety::safe_fee` gives for the shipped configuration; the node's tests compare it with the
/// same document.
pub(super) const SAFE_FEE: u64 = 960;

/// Ledgers by number of dishonest seats, each summed over the placements there are: 1, 3, 3, 1. In which round one sits
/// is as likely as any other, and decides who uploads.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    sums: [Ledger; 4],
    /// What each placement brought.
    each: [Vec<i128>; 4],
}

const PLACEMENTS: [i128; 4] = [1, 3, 3, 1];

impl Placed {
    pub(super) fn of(strategy: Strategy, fee: Amount) -> Self {
        Self::playing(fee, strategy.uploads(), |seats| strategy.plays(seats))
    }

    fn playing(fee: Amount, uploads: bool, plays: impl Fn(usize) -> Move) -> Self {
        let mut sums = [Ledger::default(); 4];
        let mut each = [const { Vec::new() }; 4];
        for places in 0..8u8 {
            let seats = places.count_ones() as usize;
            let seat = |round: u8| (places >> round & 1 == 1).then(|| plays(seats));
            let ledger = play(fee, &Play { seats: [0, 1, 2].map(seat), uploads });
            add(&mut sums[seats], &ledger);
            each[seats].push(ledger.unearned);
        }
        Self { sums, each }
    }

    /// Sum over all panels of what `of` reads from each one's ledger, times three (so that placements divide it).
    fn weighed(&self, panels: &Panels, of: impl Fn(&Ledger) -> i128) -> i128 {
        (0..4).map(|seats| panels.0[seats] * (3 / PLACEMENTS[seats]) * of(&self.sums[seats])).sum()
    }

    /// Mean of `of` over all panels, in base units, rounded towards zero.
    pub(super) fn mean(&self, panels: &Panels, of: impl Fn(&Ledger) -> i128) -> i128 {
        self.weighed(panels, of) / (3 * panels.total())
    }

    /// Whether it earns more than it is fined.
    pub(super) fn pays(&self, panels: &Panels) -> bool {
        self.weighed(panels, |ledger| ledger.unearned) > 0
    }

    /// Standard deviation of what one task brings, in CNX.
    pub(super) fn deviation(&self, panels: &Panels) -> f64 {
        let unit = signed(Amount::cnx(1)) as f64;
        let mean = self.mean(panels, |ledger| ledger.unearned) as f64 / unit;
        let total = panels.total() as f64;
        let variance: f64 = (0..4)
            .flat_map(|seats| self.each[seats].iter().map(move |one| (seats, *one)))
            .map(|(seats, one)| {
                let chance = panels.0[seats] as f64 / total / PLACEMENTS[seats] as f64;
                chance * (one as f64 / unit - mean).powi(2)
            })
            .sum();
        variance.sqrt()
    }

    /// The least number of a thousand nodes with which it pays.
    pub(super) fn break_even(&self) -> Option<u64> {
        (1..=1_000).find(|dishonest| self.pays(&Panels::new(1_000, *dishonest)))
    }
}

fn add(sum: &mut Ledger, part: &Ledger) {
    sum.received += part.received;
    sum.unearned += part.unearned;
    sum.nodes_lost += part.nodes_lost;
    sum.creator_lost += part.creator_lost;
}

/// What section 13 asks for: nobody with up to a third of the nodes lives from lies, up to the safe fee.
#[test]
fn no_strategy_pays_up_to_a_third_of_the_nodes_but_honesty_that_lies_when_it_can() {
    for fee in FEES {
        for strategy in Strategy::ALL {
            let placed = Placed::of(strategy, Amount::cnx(fee));
            for (nodes, dishonest) in
                [(100, 1), (100, 2), (100, 5), (100, 10), (100, 20), (100, 33), (99, 33), (999, 333)]
            {
                let pays = placed.pays(&Panels::new(nodes, dishonest));
                let expected = strategy.is_honest_when_alone() && dishonest > 1;
                assert_eq!(pays, expected, "{strategy:?} with {dishonest} of {nodes} at {fee} CNX");
            }
        }
    }
}

/// The seven are the named ones; this is every way to lie. A party picks a move for each seat, knowing how many are
/// its own: the best it can do without working when alone still loses at a third of the nodes, and the safe fee is
/// where that ends.
#[test]
fn no_other_choice_of_moves_does_better_than_the_safe_fee_allows() {
    let third = Panels::new(99_999, 33_333);
    for (fee, safe) in [(30, true), (SAFE_FEE, true), (SAFE_FEE + 9, false)] {
        let fee = Amount::cnx(fee);
        let mut best = [i128::MIN; 4];
        best[0] = 0;
        for first in Move::ALL {
            for second in Move::ALL {
                for third in Move::ALL {
                    for uploads in [true, false] {
                        let moves = [Some(first), Some(second), Some(third)];
                        for (seats, best) in best.iter_mut().enumerate().skip(1) {
                            if seats == 1 && first == Move::Work {
                                continue;
                            }
                            let of = |round: usize| if round < seats { moves[round] } else { None };
                            let ledger = play(fee, &Play { seats: [of(0), of(1), of(2)], uploads });
                            *best = (*best).max(ledger.unearned);
                        }
                    }
                }
            }
        }
        let share = signed(fee) / 3;
        assert_eq!((best[2], best[3]), (2 * share, 3 * share), "lying together is the best there is");
        let total: i128 = (0..4).map(|seats| third.0[seats] * best[seats]).sum();
        assert_eq!(total <= 0, safe, "{total} at {fee:?}");
    }
}
