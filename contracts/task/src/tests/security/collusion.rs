//! A creator who also holds nodes: what it costs it to burn the stake of an honest one.
//!
//! It sees the panel before it uploads arguments, takes the task back while fewer than two seats are its own, and lies
//! with two. The fee then goes from itself to itself.

use super::super::net::*;
use super::check_block;
use super::odds::Panels;
use super::play::{Play, signed};
use super::strategy::Move;
use crate::task as contract;
use hydrogen_types::Amount;
use std::fmt::Write;

/// Fee of the tasks: with a share of 10 a cheat loses all of 400, and the cancel fee is the least there is.
const FEE: u64 = 30;

/// What creator and dishonest seats together are poorer by when the creator cancels with `own` seats drawn.
fn cancelled(own: usize) -> i128 {
    start(3);
    let task = create(request(Amount::cnx(FEE))).expect("it is paid for");
    block(100);
    let deposit = view(task).deposit;
    call(creator(), || contract::cancel(task)).expect("it has no arguments");
    assert_eq!(view(task).deposit, Amount::ZERO, "of {deposit:?}");
    let seats = view(task).seats;
    let paid: i128 = seats.iter().map(|seat| signed(seat.paid)).sum();
    paid - seats.iter().take(own).map(|seat| signed(seat.paid)).sum::<i128>()
}

/// What creator and two seats are poorer by when these lie, and what the honest third loses.
fn lied() -> (i128, i128) {
    let fake = Some(Move::Fake);
    let ledger = super::play::play(Amount::cnx(FEE), &Play { seats: [fake, fake, None], uploads: true });
    (ledger.creator_lost - ledger.received, ledger.nodes_lost)
}

#[test]
fn what_it_costs_a_creator_to_burn_an_honest_stake() {
    let unit = signed(Amount::cnx(1));
    assert_eq!((cancelled(0), cancelled(1), cancelled(3)), (3 * unit, 2 * unit, 0));
    let (spent, burned) = lied();
    assert_eq!((spent, burned), (0, 410 * unit), "it pays itself");
    let mut text = String::from(
        "| dishonest of 100 | tasks it takes | CNX spent | CNX lost by others per CNX spent |\n|---|---|---|---|\n",
    );
    for dishonest in [2, 5, 10, 20, 33] {
        let panels = Panels::new(100, dishonest);
        let Panels([none, one, two, three]) = panels;
        // Before each success there are on average so many tasks taken back.
        let cost = none * cancelled(0) + one * cancelled(1) + three * cancelled(3) + two * spent;
        let milli = unit / 1_000;
        let (tasks, spent) = (panels.total() / two, cost / two / milli);
        let factor = 100 * burned * two / cost;
        writeln!(
            text,
            "| {dishonest} | {tasks} | {}.{:03} | {}.{:02} |",
            spent / 1_000,
            spent % 1_000,
            factor / 100,
            factor % 100
        )
        .expect("text takes everything");
    }
    check_block("collusion", &text);
}

/// The relay serves one node of the panel and refuses the others: their `Unavailable` stands against a result.
#[test]
fn what_a_relay_with_a_node_does_to_the_others() {
    let work = Some(Move::Work);
    let starved = Some(Move::Unavailable);
    // As if the starved were the dishonest: their side of the ledger is what they lose.
    let ledger =
        super::play::play(Amount::cnx(FEE), &Play { seats: [None, starved, starved], uploads: true });
    let unit = signed(Amount::cnx(1));
    let fined = -ledger.received;
    let share = signed(Amount::cnx(FEE)) / 3;
    let paid = share - ledger.nodes_lost;
    assert_eq!((fined, paid), (3 * share, share), "no more than the share that it works for");
    let honest = super::play::play(Amount::cnx(FEE), &Play { seats: [work, None, None], uploads: true });
    assert_eq!(honest.received, paid, "as much as for honest work");
    let row = [paid, 2 * share, fined].map(|amount| format!("{} |", amount / unit)).join(" ");
    let head = "| its node receives | the others miss in shares | and are fined |\n|---|---|---|\n";
    check_block("relay", &format!("{head}| {row}\n"));
}
