//! Every panel against the rows of section 6, written down in `tests::rows` as predicates of their own.

use super::{Finding, Pay, Ruling, Verdict, judge};
use crate::tests::rows::{
    Brought, EXACT, Gain, Loss, NEAR, Panel, ROWS, SIMILAR, expected, fingerprint, letters, panels,
};
use hydrogen_types::Hash;
use hydrogen_types::task::{Comparison, PenaltyReason};
use std::collections::BTreeMap;
use std::format;
use std::vec::Vec;

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
const SIMILAR_TASK: Comparison = Comparison::Similar { threshold: 5, fingerprint: Hash::ZERO };

/// Digests and fingerprints of three seats. In a similar task every seat has bytes of its own: nobody looks at them.
fn evidence(comparison: &Comparison, panel: &Panel) -> [(Hash, Vec<u8>); 3] {
    [0, 1, 2].map(|seat| match (panel.seats[seat], comparison) {
        (Brought::Result(letter), Comparison::Exact) => {
            (Hash::sha256(format!("{letter}").as_bytes()), Vec::new())
        }
        (Brought::Result(letter), Comparison::Similar { .. }) => {
            (Hash::sha256(format!("{letter} {seat}").as_bytes()), fingerprint(letter))
        }
        _ => (Hash::ZERO, Vec::new()),
    })
}

fn verdict(comparison: &Comparison, panel: &Panel) -> Verdict {
    let evidence = evidence(comparison, panel);
    let findings = [0, 1, 2].map(|seat| match panel.seats[seat] {
        Brought::Result(_) => Finding::Result { digest: &evidence[seat].0, fingerprint: &evidence[seat].1 },
        Brought::Error(code) => Finding::Error(code),
        Brought::Unavailable => Finding::Unavailable,
        Brought::MissedCommit => Finding::MissedCommit,
        Brought::MissedReveal => Finding::MissedReveal,
    });
    judge(comparison, &findings)
}

/// The fine of a seat as the section writes it, and the reason that must stand in the node's record.
fn loss(fine: Option<PenaltyReason>, brought: Brought) -> Loss {
    match (fine, brought) {
        (None, _) => Loss::None,
        (Some(PenaltyReason::MissedCommit), Brought::MissedCommit)
        | (Some(PenaltyReason::InexcusableUnavailable), Brought::Unavailable) => Loss::P,
        (Some(PenaltyReason::MissedReveal), Brought::MissedReveal) => Loss::Q,
        (Some(PenaltyReason::Cheat), Brought::Result(_) | Brought::Error(_)) => Loss::Cheat,
        (Some(PenaltyReason::PanelTimedOut), Brought::MissedCommit) => Loss::Pause,
        (Some(reason), brought) => panic!("{brought:?} is called {reason:?}"),
    }
}

fn check(comparison: &Comparison, panel: &Panel) -> &'static str {
    let expected = expected(panel);
    let verdict = verdict(comparison, panel);
    match (verdict.ruling, expected.row.ends) {
        (Ruling::Aborted(reason), Some(wanted)) => assert_eq!(reason, wanted, "{panel:?}"),
        (Ruling::Validated { uploader }, None) => assert_eq!(Some(uploader), expected.uploader, "{panel:?}"),
        other => panic!("{panel:?}: {other:?}, the row is `{}`", expected.row.name),
    }
    for (seat, ruling) in verdict.seats.iter().enumerate() {
        let gain = match ruling.pay {
            Pay::Nothing => Gain::None,
            Pay::Share => Gain::Share,
            Pay::HalfShare => Gain::Half,
            Pay::FromFines => Gain::Fines,
        };
        assert_eq!((gain, loss(ruling.fine, panel.seats[seat])), expected.seats[seat], "{panel:?} {seat}");
    }
    expected.row.name
}

fn check_all(comparison: &Comparison, results: &str, near: &'static [(char, char)], count: usize) {
    let mut met: BTreeMap<&str, u32> = BTreeMap::new();
    let all = panels(&letters(results), near);
    assert_eq!(all.len(), count);
    for panel in all {
        *met.entry(check(comparison, &panel)).or_default() += 1;
    }
    assert_eq!(met.len(), ROWS.len(), "a row was never met: {met:?}");
}

#[test]
fn every_panel_of_an_exact_task_falls_under_one_row_and_is_judged_as_it_says() {
    check_all(&Comparison::Exact, EXACT, &[], 729);
}

#[test]
fn every_panel_of_a_similar_task_falls_under_one_row_and_is_judged_as_it_says() {
    check_all(&SIMILAR_TASK, SIMILAR, NEAR, 1331);
}

#[test]
fn the_order_of_the_outcomes_changes_nothing() {
    for (comparison, results, near) in [(Comparison::Exact, EXACT, &[][..]), (SIMILAR_TASK, SIMILAR, NEAR)] {
        for panel in panels(&letters(results), near) {
            let straight = verdict(&comparison, &panel);
            for order in ORDERS {
                let turned = Panel { seats: order.map(|seat| panel.seats[seat]), near };
                let turned = verdict(&comparison, &turned);
                for (place, from) in order.into_iter().enumerate() {
                    assert_eq!(turned.seats[place], straight.seats[from], "{panel:?} {order:?}");
                }
                match (straight.ruling, turned.ruling) {
                    (Ruling::Aborted(one), Ruling::Aborted(other)) => assert_eq!(one, other),
                    (Ruling::Validated { .. }, Ruling::Validated { .. }) => {}
                    other => panic!("{panel:?} {order:?}: {other:?}"),
                }
            }
        }
    }
}

/// Distances of 0 to 64 bits in one of two items, at every threshold: near is strictly below, in every item.
#[test]
fn results_are_near_below_the_threshold_in_every_item() {
    let digest = Hash::ZERO;
    for item in [0, 8] {
        for distance in 0..=64usize {
            let mut print = [0u8; 16];
            for bit in 0..distance {
                print[item + bit / 8] |= 1 << (bit % 8);
            }
            for threshold in 1..=32u8 {
                let comparison = Comparison::Similar { threshold, fingerprint: Hash::ZERO };
                let one = Finding::Result { digest: &digest, fingerprint: &print };
                let other = Finding::Result { digest: &digest, fingerprint: &[0; 16] };
                let near = super::agree(&comparison, one, other);
                assert_eq!(near, distance < usize::from(threshold), "{distance} bits at {threshold}");
            }
        }
    }
}
