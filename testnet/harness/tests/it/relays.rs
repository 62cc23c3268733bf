//! Several relays: stopped, come back, removed; and an application that does not try for ever.

use crate::{INPUT, check_books, penalties, program};
use hydrogen_harness::{FEE, Net};
use hydrogen_offchain::calls::program_task;
use hydrogen_offchain::relay::ReceiptTerms;
use hydrogen_types::Amount;
use hydrogen_types::task::{AbortReason, TaskState};

fn net() -> Net {
    Net::builder().nodes(3).relays(2).seed(70).start().unwrap()
}

/// Creates a task and plays it into `state`.
fn task_in(net: &mut Net, state: TaskState) -> u64 {
    let hash = net.publish(&program("wordcount"));
    let id = net.create(&program_task(hash, INPUT, FEE), INPUT).unwrap();
    while net.task(id).unwrap().state != state {
        net.step(id).unwrap();
    }
    id
}

#[test]
fn a_relay_that_is_down_is_passed_over() {
    let mut net = net();
    net.relay_at(0).stop();
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert!(report.succeeded(), "{report}");
    check_books(&report);
    let other = Some(net.relay_at(1).id());
    assert_eq!((report.task.relay, report.task.result_relay), (other, other));
    assert!(report.result.is_some());
}

/// The application published at the first relay, which then stops: it publishes at the second when it is told so.
#[test]
fn a_program_is_published_again_where_it_is_missing() {
    let mut net = net();
    let id = task_in(&mut net, TaskState::Started);
    net.relay_at(0).stop();
    net.play(id).unwrap();
    let other = Some(net.relay_at(1).id());
    assert_eq!((net.task(id).unwrap().state, net.task(id).unwrap().relay), (TaskState::Success, other));
}

#[test]
fn the_result_goes_to_another_relay_when_the_arguments_relay_stops() {
    let mut net = net();
    let id = task_in(&mut net, TaskState::Revealing);
    net.relay_at(0).stop();
    net.play(id).unwrap();
    let task = net.task(id).unwrap();
    assert_eq!(task.state, TaskState::Success);
    assert_eq!(task.relay, Some(net.relay_at(0).id()));
    assert_eq!(task.result_relay, Some(net.relay_at(1).id()));
    assert!(task.seats.iter().all(|seat| seat.paid == Amount::cnx(10) && seat.fined.is_zero()));
}

/// Lost with the arguments, before any node had them: nobody is fined, the next task goes through the other relay.
#[test]
fn a_relay_lost_with_the_arguments_costs_nobody() {
    let mut net = net();
    let id = task_in(&mut net, TaskState::Executing);
    net.relay_at(0).stop();
    net.play(id).unwrap();
    let task = net.task(id).unwrap();
    assert_eq!(task.abort_reason, Some(AbortReason::Unavailable));
    assert!(task.seats.iter().all(|seat| seat.fined.is_zero()));
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert!(report.succeeded(), "{report}");
}

#[test]
fn a_relay_that_comes_back_in_time_is_asked_again() {
    let mut net = net();
    let id = task_in(&mut net, TaskState::Executing);
    net.relay_at(0).stop();
    net.rest().unwrap();
    assert_eq!(net.task(id).unwrap().state, TaskState::Executing);
    net.relay_at(0).start();
    net.play(id).unwrap();
    assert_eq!(net.task(id).unwrap().state, TaskState::Success);
}

/// All relays are down: five tries, each twice as late as the one before, then the application says why it stops.
#[test]
fn an_application_without_a_relay_gives_up_and_says_why() {
    let mut net = net();
    net.publish(&program("wordcount"));
    (0..2).for_each(|index| net.relay_at(index).stop());
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert_eq!(report.task.abort_reason, Some(AbortReason::ArgsNotUploaded), "{report}");
    check_books(&report);
    assert!(penalties(&report).is_empty());
    let why = report.gave_up.expect("a reason");
    assert_eq!(
        why, "5 tries to bring the arguments: relay-0: does not answer; relay-1: does not answer",
        "the sentence that a person reads"
    );
    let tries = report.transcript.iter().filter(|line| line.text.starts_with("cannot upload")).count();
    assert_eq!(tries, 5);
}

/// The contract takes no receipt of this relay, since they are out of date when they arrive.
#[test]
fn a_refused_receipt_is_not_sent_for_ever() {
    let mut net = Net::builder().nodes(3).seed(71).start().unwrap();
    net.relay_mut().set_terms(ReceiptTerms { valid_blocks: 0, ..ReceiptTerms::default() });
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert_eq!(report.task.abort_reason, Some(AbortReason::ArgsNotUploaded), "{report}");
    check_books(&report);
    let refusals =
        report.transcript.iter().filter(|line| line.text.starts_with("args_uploaded fails")).count();
    assert_eq!(refusals, 5, "{report}");
    let why = report.gave_up.expect("a reason");
    assert!(why.contains("args_uploaded fails with code"), "{why}");
}

/// A removed relay carries the task that was created before to its end, and no later one.
#[test]
fn a_removed_relay_serves_what_was_created_before() {
    let mut net = net();
    let id = task_in(&mut net, TaskState::Started);
    net.remove_relay(0).unwrap();
    net.play(id).unwrap();
    let (first, second) = (net.relay_at(0).id(), net.relay_at(1).id());
    let task = net.task(id).unwrap();
    assert_eq!((task.state, task.relay, task.result_relay), (TaskState::Success, Some(first), Some(first)));
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert!(report.succeeded(), "{report}");
    assert_eq!((report.task.relay, report.task.result_relay), (Some(second), Some(second)));
}
