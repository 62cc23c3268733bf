//! The same strategies with real draws: a hundred nodes, panels as the beacon has them.
//!
//! The gate plays a few hundred tasks; with `HYDROGEN_SIMULATION_TASKS=2000` it is that many of each strategy, fee and
//! share, printed with `--nocapture` (2000 take some minutes on an idle machine).

use super::super::audit;
use super::super::net::*;
use super::income::{Placed, SAFE_FEE};
use super::odds::Panels;
use super::play::{Ledger, Play, signed};
use super::strategy::Strategy;
use hydrogen_sdk::mock;
use hydrogen_types::{Amount, Height};

const NODES: u8 = 100;
/// Tasks of each strategy, fee and share in the gate.
const TASKS: u64 = 10;
/// Of the tasks, one in this many has its books audited after every call.
const AUDITED_ONE_IN: u64 = 20;
/// Furthest from the expected mean, in standard deviations of the mean. The seeds are fixed, so this is no matter of
/// luck from one run to the next.
const DEVIATIONS_MAX: f64 = 5.0;

/// One task on the network as it stands, drawn by the beacon of `seed`.
fn task(fee: Amount, strategy: Strategy, dishonest: u8, seed: u64) -> Ledger {
    mock::with(|world| world.context.height = Height::new(1_000_000 + 1_000 * seed));
    let task = create(request(fee)).expect("it is paid for");
    block(100);
    let seats: Vec<bool> =
        view(task).seats.iter().map(|seat| (1..=dishonest).any(|number| seat.node == node(number))).collect();
    let count = seats.iter().filter(|seat| **seat).count();
    let seat = |round: usize| seats[round].then(|| strategy.plays(count));
    Play { seats: [seat(0), seat(1), seat(2)], uploads: strategy.uploads() }.run(task)
}

/// Mean and standard error, in CNX.
fn mean(samples: &[f64]) -> (f64, f64) {
    let count = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / count;
    let variance = samples.iter().map(|sample| (sample - mean).powi(2)).sum::<f64>() / count;
    (mean, (variance / count).sqrt())
}

fn check(strategy: Strategy) {
    let tasks =
        std::env::var("HYDROGEN_SIMULATION_TASKS").map_or(TASKS, |text| text.parse().expect("a number"));
    let unit = signed(Amount::cnx(1)) as f64;
    start(NODES);
    let network = world();
    let mut seed = 0u64;
    for fee in [30, SAFE_FEE] {
        let fee = Amount::cnx(fee);
        let placed = Placed::of(strategy, fee);
        let mut all = Vec::new();
        for dishonest in [1, 2, 5, 10, 20, 33] {
            let panels = Panels::new(u64::from(NODES), u64::from(dishonest));
            let expected = placed.mean(&panels, |ledger| ledger.unearned) as f64 / unit;
            let samples: Vec<f64> = (0..tasks)
                .map(|_| {
                    seed += 1;
                    audit::pause(!seed.is_multiple_of(AUDITED_ONE_IN));
                    mock::with(|world| *world = network.clone());
                    task(fee, strategy, dishonest, seed).unearned as f64 / unit
                })
                .collect();
            let (mean, error) = mean(&samples);
            let name = strategy.name();
            println!("| {name} | {fee} | {dishonest} % | {mean:.3} | {error:.3} | {expected:.3} |");
            let most = DEVIATIONS_MAX * placed.deviation(&panels) / (tasks as f64).sqrt();
            assert!((mean - expected).abs() <= most + 1e-9, "{mean}, expected {expected} within {most}");
            all.extend(samples);
        }
        let (mean, _) = mean(&all);
        assert!(strategy.is_honest_when_alone() || mean <= 0.0, "{mean} a task of {fee} CNX");
    }
}

#[test]
fn always_fake() {
    check(Strategy::AlwaysFake);
}

#[test]
fn fake_and_hide() {
    check(Strategy::FakeAndHide);
}

#[test]
fn time_out_unless_paired() {
    check(Strategy::SilentUnlessPaired);
}

#[test]
fn unavailable_unless_paired() {
    check(Strategy::UnavailableUnlessPaired);
}

#[test]
fn report_errors() {
    check(Strategy::ReportErrors);
}

#[test]
fn withhold_the_upload() {
    check(Strategy::WithholdUpload);
}

#[test]
fn honest_unless_paired() {
    check(Strategy::HonestUnlessPaired);
}
