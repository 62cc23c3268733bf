//! What the chain does when somebody stays silent.

use crate::{INPUT, check_books, penalties, program, reason};
use hydrogen_harness::{FEE, Net, Persona};
use hydrogen_offchain::calls::program_task;
use hydrogen_types::Amount;
use hydrogen_types::task::{AbortReason, NodeState, PenaltyReason, TaskState};

#[test]
fn arguments_never_brought_cost_the_cancel_fee() {
    let mut net = Net::builder().nodes(5).seed(20).start().unwrap();
    let hash = net.publish(&program("wordcount"));
    let id = net.create(&program_task(hash, INPUT, FEE), INPUT).unwrap();
    net.keep_arguments_back(id);
    net.play(id).unwrap();
    let task = net.task(id).unwrap();
    assert_eq!(task.abort_reason, Some(AbortReason::ArgsNotUploaded));
    for seat in &task.seats {
        assert_eq!((seat.paid, seat.fined), (Amount::cnx(1), Amount::ZERO), "a third of 10 % of 30");
    }
    assert_eq!(net.stats().unwrap().nodes_available, 5);
}

/// Three silent nodes look like an impossible task: paused, not fined; they resume by themselves.
#[test]
fn nobody_commits() {
    let mut net = Net::builder().nodes(3).persona(Persona::Lazy, 3).seed(21).start().unwrap();
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert_eq!(report.task.abort_reason, Some(AbortReason::NodesTimedOut), "{report}");
    check_books(&report);
    let expected: Vec<_> =
        (0..3).map(|round| (round, reason(PenaltyReason::PanelTimedOut), Amount::ZERO)).collect();
    assert_eq!(penalties(&report), expected);
    assert_eq!(net.stats().unwrap().burned, Amount::cnx(3), "the cancel fee");
    for index in 0..3 {
        assert_eq!(net.node(index).unwrap().unwrap().stake, Amount::cnx(400));
    }
}

#[test]
fn one_commits_and_two_are_offline() {
    let mut net = Net::builder().nodes(3).persona(Persona::Offline, 2).seed(22).start().unwrap();
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert_eq!(report.task.abort_reason, Some(AbortReason::NoQuorum), "{report}");
    check_books(&report);
    let fines = penalties(&report);
    assert_eq!(fines.len(), 2);
    assert!(fines.iter().all(|(_, why, amount)| *why == reason(PenaltyReason::MissedCommit)
        && *amount == Amount::cnx(15)));
    let honest = net.node_key(0).address();
    let seat = report.task.seats.iter().find(|seat| seat.node == honest).unwrap();
    assert_eq!(seat.paid, Amount::cnx(10), "a share, from the fines");
}

#[test]
fn nobody_reveals() {
    let mut net = Net::builder().nodes(3).persona(Persona::NeverReveals, 3).seed(23).start().unwrap();
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert_eq!(report.task.abort_reason, Some(AbortReason::NoQuorum), "{report}");
    check_books(&report);
    assert!(penalties(&report).iter().all(|(_, why, amount)| *why == reason(PenaltyReason::MissedReveal)
        && *amount == Amount::cnx(40)));
    assert_eq!(penalties(&report).len(), 3);
}

/// The uploader is silent: fined, and another agreeing node earns its share.
#[test]
fn another_node_takes_over_from_a_silent_uploader() {
    takes_over(Persona::NeverUploads);
}

/// The uploader brings other bytes, which the relay refuses: to the chain the same as silence.
#[test]
fn another_node_takes_over_from_an_uploader_of_garbage() {
    takes_over(Persona::UploadsGarbage);
}

/// Played until the one node of `persona` is the uploader; while it is not, nothing of it shows.
#[track_caller]
fn takes_over(persona: Persona) {
    // The bad one of three is the uploader with p = 1/3: 40 seeds fail with 10^-7.
    for seed in 100..140 {
        let mut net = Net::builder().nodes(3).persona(persona, 1).seed(seed).start().unwrap();
        let report = net.run_task(&program("wordcount"), INPUT).unwrap();
        check_books(&report);
        assert!(report.succeeded(), "{report}");
        let silent = net.node_key(2).address();
        if report.task.seats[0].node != silent {
            assert!(penalties(&report).is_empty(), "{report}");
            continue;
        }
        let fine = (0, reason(PenaltyReason::MissedUpload), Amount::cnx(10));
        assert_eq!(penalties(&report), [fine], "{report}");
        let paid: Vec<Amount> = report.task.seats.iter().map(|seat| seat.paid).collect();
        assert_eq!(paid[0], Amount::ZERO);
        assert_eq!(paid[1].get() + paid[2].get(), Amount::cnx(30).get(), "{report}");
        assert!(
            paid[1].get().min(paid[2].get()) == Amount::cnx(10).get(),
            "the honest lose nothing: {report}"
        );
        let refused = report.transcript.iter().any(|line| line.text.contains("the chain holds"));
        assert_eq!(refused, persona == Persona::UploadsGarbage, "{report}");
        return;
    }
    panic!("the bad node was never the uploader");
}

#[test]
fn nobody_uploads() {
    let mut net = Net::builder().nodes(3).persona(Persona::NeverUploads, 3).seed(30).start().unwrap();
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert_eq!(report.task.abort_reason, Some(AbortReason::ResultNotUploaded), "{report}");
    check_books(&report);
    assert_eq!(penalties(&report), [(0, reason(PenaltyReason::MissedUpload), Amount::cnx(10))]);
    // Two are paid; the third share and the fine are the creator's, so it is out 20 - 10 and its gas.
    let paid: u128 = report.task.seats.iter().map(|seat| seat.paid.get()).sum();
    assert_eq!(Amount::new(paid), Amount::cnx(20));
}

/// The relay vanishes after it took the arguments: nobody is to blame among the nodes.
#[test]
fn the_relay_starves_the_task() {
    let mut net = Net::builder().nodes(3).seed(31).start().unwrap();
    let hash = net.publish(&program("wordcount"));
    let id = net.create(&program_task(hash, INPUT, FEE), INPUT).unwrap();
    while net.task(id).unwrap().state != TaskState::Executing {
        net.step(id).unwrap();
    }
    net.relay_mut().cut_off();
    net.play(id).unwrap();
    let task = net.task(id).unwrap();
    assert_eq!(task.abort_reason, Some(AbortReason::Unavailable));
    assert!(task.seats.iter().all(|seat| seat.fined.is_zero() && seat.paid.is_zero()));
    assert_eq!(net.stats().unwrap().nodes_available, 3);
}

/// A node paused for a missed commit asks to be drawn again.
#[test]
fn a_paused_node_resumes_by_itself() {
    let mut net = Net::builder().nodes(3).persona(Persona::Lazy, 1).seed(32).start().unwrap();
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    check_books(&report);
    assert_eq!(net.node(2).unwrap().unwrap().state, NodeState::Paused, "its stake is below the least now");
    let key = net.node_key(2);
    let more = Amount::cnx(15);
    net.chain_mut().approve(&key, &hydrogen_offchain::calls::task_contract(), more).unwrap();
    net.call(&key, &hydrogen_offchain::calls::add_stake(more)).unwrap();
    net.rest().unwrap();
    assert_eq!(net.node(2).unwrap().unwrap().state, NodeState::Available);
}
