//! Every panel of section 6 played through the whole contract: who is paid, fined, paused, removed, and what the creator
//! gets back, to the last base unit.

use super::net::*;
use super::rows::{
    Back, Brought, EXACT, Expected, Gain, Loss, NEAR, Panel, SIMILAR, expected, fingerprint, letters, panels,
};
use crate::settle::BURNED;
use crate::state::Task;
use hydrogen_sdk::mock;
use hydrogen_types::task::{Comparison, CreateTask, NodeState, Outcome, PenaltyReason, TaskState};
use hydrogen_types::{Address, Amount, Hash};

/// A fee, and what follows from it at 400 CNX of stake by the defaults, in base units.
struct Prices {
    fee: u128,
    share: u128,
    half: u128,
    /// P, Q, a missed upload, a cheat.
    fines: [u128; 4],
    cancel_fee: u128,
}

const CNX: u128 = 1_000_000_000_000_000_000;

/// One fee at which shares decide, one at which the stake does; neither divides by three or the share by two.
const PRICES: [Prices; 2] = [
    Prices {
        fee: 30 * CNX + 5,
        share: 10 * CNX + 1,
        half: 5 * CNX,
        // 1.5 shares, 10 % of 400, a share, all there is.
        fines: [15 * CNX + 1, 40 * CNX, 10 * CNX + 1, 400 * CNX],
        cancel_fee: 3 * CNX,
    },
    Prices {
        fee: 12 * CNX + 5,
        share: 4 * CNX + 1,
        half: 2 * CNX,
        // 1.5 shares, 10 % of 400, a share above 1 % of 400, 40 shares.
        fines: [6 * CNX + 1, 40 * CNX, 4 * CNX + 1, 160 * CNX + 40],
        cancel_fee: 3 * CNX,
    },
];

fn outcome(comparison: &Comparison, seat: usize, brought: Brought) -> Option<Outcome> {
    match (brought, comparison) {
        (Brought::Result(letter), Comparison::Exact) => Some(result(&format!("{letter}"))),
        (Brought::Result(letter), Comparison::Similar { .. }) => Some(Outcome::Result {
            digest: Hash::sha256(format!("{letter} {seat}").as_bytes()),
            fingerprint: fingerprint(letter),
        }),
        // A node that does not reveal committed to something.
        (Brought::MissedReveal, _) => Some(Outcome::Unavailable),
        (Brought::Error(code), _) => Some(Outcome::Error { code }),
        (Brought::Unavailable, _) => Some(Outcome::Unavailable),
        (Brought::MissedCommit, _) => None,
    }
}

/// From the start of execution to the block of the verdict.
fn play(task: u64, comparison: &Comparison, panel: &Panel, nodes: [Address; 3]) {
    let outcomes = [0, 1, 2].map(|seat| outcome(comparison, seat, panel.seats[seat]));
    for (node, outcome) in nodes.iter().zip(&outcomes) {
        if let Some(outcome) = outcome {
            commit(task, *node, outcome).expect("in time");
        }
    }
    if outcomes.iter().any(Option::is_none) {
        block(600_000);
    }
    let mut all = true;
    for seat in 0..3 {
        match (panel.seats[seat], &outcomes[seat]) {
            (Brought::MissedReveal, _) => all = false,
            (_, Some(outcome)) => reveal(task, nodes[seat], outcome).expect("in time"),
            (_, None) => {}
        }
    }
    block(if all { 100 } else { 120_000 });
}

/// Gain and loss of each seat at the verdict, in base units.
fn dues(prices: &Prices, expected: &Expected) -> ([u128; 3], [u128; 3]) {
    let fined = expected.seats.map(|(_, loss)| match loss {
        Loss::None | Loss::Pause => 0,
        Loss::P => prices.fines[0],
        Loss::Q => prices.fines[1],
        Loss::Cheat => prices.fines[3],
    });
    let pool: u128 = fined.iter().sum();
    let paid = expected.seats.map(|(gain, _)| match gain {
        Gain::None => 0,
        Gain::Share => prices.share,
        Gain::Half => prices.half,
        Gain::Fines => prices.share.min(pool),
    });
    (paid, fined)
}

fn state_after(loss: Loss, stake: u128) -> NodeState {
    match loss {
        Loss::Cheat => NodeState::Unbonding,
        Loss::Pause => NodeState::Paused,
        _ if stake < 400 * CNX => NodeState::Paused,
        _ => NodeState::Available,
    }
}

fn check_seats(task: u64, prices: &Prices, panel: &Panel, expected: &Expected) {
    let (paid, fined) = dues(prices, expected);
    let view = view(task);
    for (round, seat) in view.seats.iter().enumerate() {
        let node = node_view(seat.node);
        if expected.uploader == Some(round) {
            assert_eq!((node.state, node.task), (NodeState::Busy, Some(task)), "{panel:?} {round}");
            assert_eq!((seat.settled, seat.paid), (false, Amount::ZERO), "{panel:?} {round}");
            continue;
        }
        let found = (seat.paid.get(), seat.fined.get());
        assert_eq!(found, (paid[round], fined[round]), "{panel:?} {round}");
        assert_eq!((node.earned.get(), node.stake.get()), (paid[round], 400 * CNX - fined[round]));
        let state = state_after(expected.seats[round].1, node.stake.get());
        assert_eq!(node.state, state, "{panel:?} {round}");
        let reasons: Vec<PenaltyReason> = node.penalties.iter().map(|penalty| penalty.reason).collect();
        let reason = match (expected.seats[round].1, panel.seats[round]) {
            (Loss::None, _) => None,
            (Loss::P, Brought::Unavailable) => Some(PenaltyReason::InexcusableUnavailable),
            (Loss::P, _) => Some(PenaltyReason::MissedCommit),
            (Loss::Q, _) => Some(PenaltyReason::MissedReveal),
            (Loss::Cheat, _) => Some(PenaltyReason::Cheat),
            (Loss::Pause, _) => Some(PenaltyReason::PanelTimedOut),
        };
        assert_eq!(reasons, reason.into_iter().collect::<Vec<_>>(), "{panel:?} {round}");
    }
}

/// The creator's part, the burned, and the sum of everything.
fn check_end(task: u64, prices: &Prices, panel: &Panel, expected: &Expected) {
    let (paid, fined) = dues(prices, expected);
    let from_fee: u128 =
        [0, 1, 2].map(|seat| if expected.seats[seat].0 == Gain::Fines { 0 } else { paid[seat] }).iter().sum();
    let back = match expected.row.back {
        Back::Nothing => prices.fee - 3 * prices.share,
        Back::Share => prices.fee - 2 * prices.share,
        Back::All => prices.fee,
        Back::Rest => prices.fee - from_fee,
        Back::AllButCancelFee => prices.fee - prices.cancel_fee,
    };
    let books = Task::load(task).expect("it is kept").books;
    assert_eq!((books.refunded.get(), books.paid.get()), (back, from_fee), "{panel:?}");
    // What the creator misses is in the fee, or was gas.
    let gas = balance(Address::default()).get();
    assert_eq!(balance(creator()).get() + prices.fee - back + gas, 100_000 * CNX, "{panel:?}");
    let burned = prices.fee - back + fined.iter().sum::<u128>() - paid.iter().sum::<u128>();
    assert_eq!((books.burned.get(), balance(BURNED).get()), (burned, burned), "{panel:?}");
}

fn check(task: u64, prices: &Prices, comparison: &Comparison, panel: &Panel) {
    let expected = expected(panel);
    let nodes: Vec<Address> = view(task).seats.iter().map(|seat| seat.node).collect();
    play(task, comparison, panel, nodes.clone().try_into().expect("three were drawn"));
    check_seats(task, prices, panel, &expected);
    match (expected.uploader, expected.row.ends) {
        (Some(round), None) => {
            assert_eq!((view(task).state, view(task).uploader), (TaskState::Validated, Some(nodes[round])));
            let outcome = outcome(comparison, round, panel.seats[round]).expect("who uploads has a result");
            report(task, nodes[round], &outcome).expect("it is its turn");
            assert_eq!(view(task).state, TaskState::Success, "{panel:?}");
            assert_eq!(node_view(nodes[round]).earned.get(), prices.share, "{panel:?}");
        }
        (None, Some(reason)) => {
            assert_eq!((view(task).state, view(task).abort_reason), (TaskState::Aborted, Some(reason)));
        }
        other => panic!("{panel:?}: {other:?}"),
    }
    check_end(task, prices, panel, &expected);
}

fn check_all(comparison: Comparison, results: &str, near: &'static [(char, char)]) {
    for prices in &PRICES {
        start(5);
        let (fuel_max, timeout_ms) = (Some(1_000_000), Some(600_000));
        let usual = request(Amount::new(prices.fee));
        let task = create(CreateTask { comparison: comparison.clone(), fuel_max, timeout_ms, ..usual })
            .expect("it is paid for");
        block(100);
        upload_args(task).expect("in time");
        let began = world();
        for panel in panels(&letters(results), near) {
            mock::with(|world| *world = began.clone());
            check(task, prices, &comparison, &panel);
        }
    }
}

#[test]
fn every_panel_of_an_exact_task_is_paid_and_fined_as_its_row_says() {
    check_all(Comparison::Exact, EXACT, &[]);
}

/// By fingerprints: a result's own bytes decide nothing.
#[test]
fn every_panel_of_a_similar_task_is_paid_and_fined_as_its_row_says() {
    check_all(Comparison::Similar { threshold: 5, fingerprint: Hash::ZERO }, SIMILAR, NEAR);
}

/// The uploader fails, then everybody or nobody uploads: at both prices, for every panel that is valid.
#[test]
fn every_missed_upload_costs_the_uploader_and_no_more() {
    for prices in &PRICES {
        start(5);
        let task = create(request(Amount::new(prices.fee))).expect("it is paid for");
        block(100);
        upload_args(task).expect("in time");
        let began = world();
        for panel in panels(&letters("ab"), &[]) {
            let expected = expected(&panel);
            let Some(uploader) = expected.uploader else { continue };
            for rescuer in [None, Some(0), Some(1), Some(2)] {
                if rescuer.is_some_and(|seat| expected.seats[seat].0 != Gain::Share) {
                    continue;
                }
                mock::with(|world| *world = began.clone());
                let nodes: Vec<Address> = view(task).seats.iter().map(|seat| seat.node).collect();
                play(task, &Comparison::Exact, &panel, nodes.clone().try_into().expect("three"));
                block(300_000);
                let node = node_view(nodes[uploader]);
                assert_eq!((node.task, node.stake.get()), (None, 400 * CNX - prices.fines[2]));
                assert_eq!(node.penalties[0].reason, PenaltyReason::MissedUpload);
                missed_upload(task, prices, &panel, &expected, &nodes, rescuer);
            }
        }
    }
}

fn missed_upload(
    task: u64,
    prices: &Prices,
    panel: &Panel,
    expected: &Expected,
    nodes: &[Address],
    rescuer: Option<usize>,
) {
    let (mut paid, mut fined) = dues(prices, expected);
    let uploader = expected.uploader.expect("it is valid");
    (paid[uploader], fined[uploader]) = (0, prices.fines[2]);
    let to_creator = match rescuer {
        Some(seat) => {
            let outcome = outcome(&Comparison::Exact, seat, panel.seats[seat]).expect("it agrees");
            report(task, nodes[seat], &outcome).expect("every agreeing node may");
            paid[seat] += prices.share;
            0
        }
        None => {
            block(300_000);
            prices.fines[2].min(paid.iter().sum())
        }
    };
    let spent: u128 = paid.iter().sum();
    let books = Task::load(task).expect("it is kept").books;
    assert_eq!(books.refunded.get(), prices.fee - spent, "{panel:?} {rescuer:?}");
    assert_eq!(books.compensated.get(), to_creator, "{panel:?} {rescuer:?}");
    assert_eq!(balance(BURNED).get(), fined.iter().sum::<u128>() - to_creator, "{panel:?} {rescuer:?}");
    for (node, paid) in nodes.iter().zip(paid) {
        assert_eq!(node_view(*node).earned.get(), paid, "{panel:?} {rescuer:?}");
    }
}
