//! Similar tasks with liars. The fingerprint program is the word count: for the arguments `a` the result is `1 a` and its
//! fingerprint, the count of that, has eight bytes.

use crate::{check_books, penalties, program, reason};
use hydrogen_harness::{FEE, Net, NetBuilder, Persona};
use hydrogen_offchain::calls::program_task;
use hydrogen_types::Amount;
use hydrogen_types::task::{AbortReason, Comparison, CreateTask, PenaltyReason};

const ARGS: &[u8] = b"a";
const RESULT: &[u8] = b"1 a\n";

fn start(builder: NetBuilder) -> (Net, CreateTask) {
    let mut net = builder.start().unwrap();
    let hash = net.publish(&program("wordcount"));
    let comparison = Comparison::Similar { threshold: 5, fingerprint: hash };
    let request = CreateTask { comparison, ..program_task(hash, ARGS, FEE) };
    (net, request)
}

#[test]
fn three_honest_nodes_agree_and_the_relay_checks() {
    let (mut net, request) = start(Net::builder().nodes(3).seed(97));
    let report = net.run(&request, ARGS).unwrap();
    assert_eq!(report.result.as_deref(), Some(RESULT), "{report}");
    check_books(&report);
    assert!(report.task.seats.iter().all(|seat| seat.paid == Amount::cnx(10)));
}

#[test]
fn a_made_up_fingerprint_is_a_cheat() {
    let (mut net, request) = start(Net::builder().nodes(3).cheat(1).seed(98));
    let report = net.run(&request, ARGS).unwrap();
    assert_eq!(report.result.as_deref(), Some(RESULT), "{report}");
    let odd = net.node_key(2).address();
    let round = report.task.seats.iter().position(|seat| seat.node == odd).unwrap();
    assert_eq!(penalties(&report), [(round, reason(PenaltyReason::Cheat), Amount::cnx(400))]);
}

/// Two accomplices win the verdict, but no relay takes bytes that their fingerprint is not of: a missed upload.
#[test]
fn accomplices_with_a_made_up_fingerprint_cannot_upload() {
    let (mut net, request) = start(Net::builder().nodes(3).persona(Persona::FakesWhenPaired, 2).seed(99));
    let report = net.run(&request, ARGS).unwrap();
    assert_eq!(report.task.abort_reason, Some(AbortReason::ResultNotUploaded), "{report}");
    check_books(&report);
    assert!(
        report.transcript.iter().any(|line| line.text.contains("fingerprint is not the one")),
        "{report}"
    );
}
