//! Nodes that lie, copy, or keep silent.

use crate::{INPUT, check_books, penalties, program, reason, trapping_program};
use hydrogen_harness::{Net, Persona, TaskReport};
use hydrogen_types::Amount;
use hydrogen_types::task::{AbortReason, NodeState, PenaltyReason, TaskState};

/// Tasks until the odd one of five is in the panel: with p = 3/5 a task, 20 fail with 10^-8.
const TASKS_MAX: usize = 20;

/// Plays tasks until one of `persona` was drawn.
fn until_drawn(net: &mut Net, suspect: usize) -> TaskReport {
    let address = net.node_key(suspect).address();
    for _ in 0..TASKS_MAX {
        let report = net.run_task(&program("wordcount"), INPUT).unwrap();
        check_books(&report);
        if report.task.seats.iter().any(|seat| seat.node == address) {
            return report;
        }
        assert!(report.succeeded(), "{report}");
    }
    panic!("the suspect was not drawn in {TASKS_MAX} tasks");
}

#[test]
fn a_cheat_is_drawn_caught_fined_and_removed() {
    let mut net = Net::builder().nodes(5).cheat(1).seed(7).start().unwrap();
    let before = net.node(4).unwrap().unwrap();
    assert_eq!((before.state, before.stake), (NodeState::Available, Amount::cnx(400)));
    let report = until_drawn(&mut net, 4);
    assert!(report.succeeded(), "{report}");
    let cheat = report.task.seats.iter().find(|seat| seat.node == before.address).unwrap();
    assert_eq!((cheat.paid, cheat.fined), (Amount::ZERO, Amount::cnx(400)));
    let after = net.node(4).unwrap().unwrap();
    assert_eq!((after.state, after.stake), (NodeState::Unbonding, Amount::ZERO));
    assert_eq!(after.penalties[0].reason, PenaltyReason::Cheat);
    let stats = net.stats().unwrap();
    assert_eq!((stats.burned, stats.nodes), (Amount::cnx(400), 4));
    // The share of the cheat went back to the creator.
    let paid: u128 = report.task.seats.iter().map(|seat| seat.paid.get()).sum();
    assert_eq!(Amount::new(paid), Amount::cnx(20));
}

/// Three nodes, one of a kind: what the table of section 6 says for N N and it.
#[track_caller]
fn beside_two_honest(persona: Persona, state: TaskState, penalty: Option<(PenaltyReason, Amount)>) {
    let mut net = Net::builder().nodes(3).persona(persona, 1).seed(8).start().unwrap();
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert_eq!(report.task.state, state, "{report}");
    check_books(&report);
    let odd = net.node_key(2).address();
    let round = report.task.seats.iter().position(|seat| seat.node == odd).unwrap();
    let expected: Vec<_> = penalty.map(|(why, amount)| (round, reason(why), amount)).into_iter().collect();
    assert_eq!(penalties(&report), expected, "{report}");
    // What it costs the odd one; the two honest ones are paid their shares and lose nothing.
    for (place, seat) in report.task.seats.iter().enumerate() {
        let (paid, fined) = match penalty {
            Some((_, amount)) if place == round => (Amount::ZERO, amount),
            _ => (Amount::cnx(10), Amount::ZERO),
        };
        assert_eq!((seat.paid, seat.fined), (paid, fined), "{report}");
    }
}

// With a fee of 30 a share k is 10: P = max(4, 15), Q = max(40, 30), missed upload = max(4, 10), cheat = max(80, 400).

#[test]
fn two_results_and_a_fake() {
    beside_two_honest(Persona::Fakes, TaskState::Success, Some((PenaltyReason::Cheat, Amount::cnx(400))));
}

#[test]
fn two_results_and_an_error() {
    let cheat = Some((PenaltyReason::Cheat, Amount::cnx(400)));
    beside_two_honest(Persona::ErrorReporter, TaskState::Success, cheat);
}

#[test]
fn two_results_and_a_false_unavailable() {
    let fine = Some((PenaltyReason::InexcusableUnavailable, Amount::cnx(15)));
    beside_two_honest(Persona::ClaimsUnavailable, TaskState::Success, fine);
}

#[test]
fn two_results_and_a_missed_commit() {
    let fine = Some((PenaltyReason::MissedCommit, Amount::cnx(15)));
    beside_two_honest(Persona::Lazy, TaskState::Success, fine);
}

#[test]
fn two_results_and_a_missed_reveal() {
    let fine = Some((PenaltyReason::MissedReveal, Amount::cnx(40)));
    beside_two_honest(Persona::NeverReveals, TaskState::Success, fine);
}

/// A copied commitment cannot be revealed: it is a missed reveal.
#[test]
fn two_results_and_a_copy() {
    let fine = Some((PenaltyReason::MissedReveal, Amount::cnx(40)));
    beside_two_honest(Persona::Copies, TaskState::Success, fine);
}

#[test]
fn two_results_and_nobody_there() {
    let fine = Some((PenaltyReason::MissedCommit, Amount::cnx(15)));
    beside_two_honest(Persona::Offline, TaskState::Success, fine);
}

#[test]
fn three_fakes_agree_on_nothing() {
    let mut net = Net::builder().nodes(3).cheat(3).seed(9).start().unwrap();
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert_eq!(report.task.abort_reason, Some(AbortReason::ResultsDiffer), "{report}");
    check_books(&report);
    assert!(penalties(&report).is_empty());
    assert!(report.task.seats.iter().all(|seat| seat.paid.is_zero()));
}

/// A program that traps is the task's error: each node gets half a share, the creator the rest.
#[test]
fn three_equal_errors_earn_half_a_share() {
    let mut net = Net::builder().nodes(3).seed(10).start().unwrap();
    let report = net.run_task(&trapping_program(), INPUT).unwrap();
    assert_eq!(report.task.abort_reason, Some(AbortReason::TaskError), "{report}");
    check_books(&report);
    assert!(report.task.seats.iter().all(|seat| seat.paid == Amount::cnx(5)), "{report}");
}
