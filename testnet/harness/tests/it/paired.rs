//! Accomplices: what no stake prevents, shown as what it is.

use crate::{INPUT, check_books, penalties, program, reason};
use hydrogen_harness::{Net, Persona};
use hydrogen_types::Amount;
use hydrogen_types::task::PenaltyReason;

const RIGHT: &[u8] = b"2 be\n2 to\n1 is\n1 not\n1 or\n1 question\n1 that\n1 the\n";

/// Alone in a panel it does the work and is paid for it: it cannot be told from an honest node.
#[test]
fn an_accomplice_alone_is_honest_and_paid() {
    let mut net = Net::builder().nodes(3).persona(Persona::FakesWhenPaired, 1).seed(60).start().unwrap();
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert_eq!(report.result.as_deref(), Some(RIGHT), "{report}");
    check_books(&report);
    assert!(penalties(&report).is_empty());
    assert!(report.task.seats.iter().all(|seat| seat.paid == Amount::cnx(10)));
}

/// Two seats of three decide: their fake is taken for the result, they are paid, and the honest node is fined as if it
/// had cheated. The draw alone makes this rare; the stake does not.
#[test]
fn two_accomplices_decide_and_the_honest_node_pays() {
    let mut net = Net::builder().nodes(3).persona(Persona::FakesWhenPaired, 2).seed(61).start().unwrap();
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert!(report.succeeded(), "{report}");
    check_books(&report);
    assert_ne!(report.result.as_deref(), Some(RIGHT));
    let honest = net.node_key(0).address();
    let round = report.task.seats.iter().position(|seat| seat.node == honest).unwrap();
    assert_eq!(penalties(&report), [(round, reason(PenaltyReason::Cheat), Amount::cnx(400))]);
    for seat in report.task.seats.iter().filter(|seat| seat.node != honest) {
        assert_eq!((seat.paid, seat.fined), (Amount::cnx(10), Amount::ZERO));
    }
}

/// Two accomplices of six nodes: every wrong result is of a panel with both of them, and every such panel gives one.
#[test]
fn only_panels_with_both_give_a_wrong_result() {
    let mut wrong = 0;
    for seed in 0..20 {
        let builder = Net::builder().nodes(6).persona(Persona::FakesWhenPaired, 2);
        let mut net = builder.seed(seed).start().unwrap();
        let report = net.run_task(&program("wordcount"), INPUT).unwrap();
        let league = [net.node_key(4).address(), net.node_key(5).address()];
        let drawn = report.task.seats.iter().filter(|seat| league.contains(&seat.node)).count();
        assert_eq!(report.result.as_deref() != Some(RIGHT), drawn == 2, "{report}");
        assert_eq!(penalties(&report).is_empty(), drawn < 2, "{report}");
        wrong += usize::from(drawn == 2);
    }
    // 4 of 20 panels are to be expected: C(2,2) * C(4,1) / C(6,3) = 1/5.
    assert!((1..=9).contains(&wrong), "{wrong} of 20");
}
