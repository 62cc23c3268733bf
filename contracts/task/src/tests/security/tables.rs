//! The tables of `docs/security.md`.

use super::check_block;
use super::income::{FEES, Placed, SAFE_FEE};
use super::odds::Panels;
use super::play::signed;
use super::strategy::Strategy;
use hydrogen_types::Amount;
use std::fmt::Write;

/// Nodes of the tables.
const NODES: u64 = 100;
/// Dishonest ones among them.
const DISHONEST: [u64; 6] = [1, 2, 5, 10, 20, 33];

/// CNX with three decimals, rounded to the nearest.
fn cnx(amount: i128) -> String {
    let milli = signed(Amount::cnx(1)) / 1_000;
    let rounded = (amount.abs() + milli / 2) / milli;
    let sign = if amount < 0 && rounded > 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", rounded / 1_000, rounded % 1_000)
}

/// `part / whole` with two decimals, rounded to the nearest.
fn ratio(part: i128, whole: i128) -> String {
    let rounded = (200 * part + whole) / (2 * whole);
    format!("{}.{:02}", rounded / 100, rounded % 100)
}

fn per_cent(basis_points: i128) -> String {
    format!("{}.{:02} %", basis_points / 100, basis_points % 100)
}

fn header(first: &str, last: &[&str]) -> String {
    let shares = DISHONEST.map(|dishonest| format!("{dishonest} %"));
    let columns: Vec<&str> = shares.iter().map(String::as_str).chain(last.iter().copied()).collect();
    format!("| {first} | {} |\n|---|{}\n", columns.join(" | "), "---|".repeat(columns.len()))
}

#[test]
fn the_table_of_pairs() {
    let mut text = String::from("| dishonest | of | two seats or three |\n|---|---|---|\n");
    for (nodes, dishonest) in [
        (5, 1),
        (7, 2),
        (10, 2),
        (10, 3),
        (30, 3),
        (30, 10),
        (99, 33),
        (100, 1),
        (100, 2),
        (100, 5),
        (100, 10),
        (100, 20),
        (1_000, 100),
        (1_000, 333),
    ] {
        let chance = per_cent(Panels::new(nodes, dishonest).paired_basis_points());
        writeln!(text, "| {dishonest} | {nodes} | {chance} |").expect("text takes everything");
    }
    check_block("pairs", &text);
}

#[test]
fn the_tables_of_income() {
    let mut text = String::new();
    for fee in FEES {
        writeln!(text, "\nFee {fee} CNX:\n\n{}", header("strategy", &["break-even share"]).trim_end())
            .expect("text takes everything");
        for strategy in Strategy::ALL {
            let placed = Placed::of(strategy, Amount::cnx(fee));
            write!(text, "| {} |", strategy.name()).expect("text takes everything");
            for dishonest in DISHONEST {
                let mean = placed.mean(&Panels::new(NODES, dishonest), |ledger| ledger.unearned);
                write!(text, " {} |", cnx(mean)).expect("text takes everything");
            }
            let even =
                placed.break_even().map_or("none".into(), |share| format!("{}.{} %", share / 10, share % 10));
            writeln!(text, " {even} |").expect("text takes everything");
        }
    }
    check_block("income", &text[1..]);
}

#[test]
fn the_tables_of_griefing() {
    let mut text = String::new();
    for fee in FEES {
        writeln!(text, "\nFee {fee} CNX:\n\n{}", header("strategy", &[]).trim_end())
            .expect("text takes everything");
        for strategy in Strategy::ALL {
            let placed = Placed::of(strategy, Amount::cnx(fee));
            write!(text, "| {} |", strategy.name()).expect("text takes everything");
            for dishonest in DISHONEST {
                let panels = Panels::new(NODES, dishonest);
                let harm = placed.mean(&panels, super::play::Ledger::harm);
                let spent = -placed.mean(&panels, |ledger| ledger.unearned);
                let factor = match (harm, spent) {
                    (0, _) => "0.00".into(),
                    (_, ..=0) => format!("free: {}", cnx(harm)),
                    _ => ratio(harm, spent),
                };
                write!(text, " {factor} |").expect("text takes everything");
            }
            writeln!(text).expect("text takes everything");
        }
    }
    check_block("griefing", &text[1..]);
}

/// The other half of this row, `safe_fee` itself, is compared with the same block by the node's tests.
#[test]
fn the_safe_fee_is_where_a_third_of_a_large_network_breaks_even() {
    let pays =
        |fee, dishonest| Placed::of(Strategy::SilentUnlessPaired, fee).pays(&Panels::new(100_000, dishonest));
    assert!(!pays(Amount::cnx(SAFE_FEE), 33_333));
    // Four hundredths of a per cent above it, and just over a third.
    assert!(pays(Amount::cnx(SAFE_FEE + 3), 33_433));
    check_block("safe fee", &format!("Stake 400 CNX, shipped fines: {SAFE_FEE} CNX.\n"));
}
