//! Creation to paid result.

use crate::{INPUT, check_books, program};
use hydrogen_harness::{FEE, Net};
use hydrogen_types::task::TaskState;
use hydrogen_types::{Amount, Hash};

/// Five honest nodes: every step happens in its order, three are paid a third each, the result is what the program
/// gives when run alone.
#[test]
fn a_task_lives_from_creation_to_paid_result() {
    let mut net = Net::builder().nodes(5).seed(3).start().unwrap();
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    assert!(report.succeeded(), "{report}");
    check_books(&report);
    let names: Vec<&str> = report.events.iter().map(|(_, event)| event.name.as_str()).collect();
    let expected = [
        "TaskCreated",
        "TaskStarted",
        "TaskStarted",
        "TaskStarted",
        "ArgsUploaded",
        "Committed",
        "Committed",
        "Committed",
        "RevealOpened",
        "Revealed",
        "Revealed",
        "Revealed",
        "TaskValidated",
        "NodePaid",
        "NodePaid",
        "NodePaid",
        "TaskSuccess",
    ];
    let mut left: Vec<&str> = names.clone();
    for name in expected {
        let at = left.iter().position(|left| *left == name);
        left.remove(at.unwrap_or_else(|| panic!("no {name} in {names:?}")));
    }
    assert!(left.is_empty(), "more events than expected: {left:?}");
    let share = Amount::new(FEE.get() / 3);
    for seat in &report.task.seats {
        assert_eq!((seat.paid, seat.fined), (share, Amount::ZERO));
    }
    let result = report.result.clone().expect("a downloaded result");
    assert_eq!(report.task.result, Some(Hash::sha256(&result)));
    let text = String::from_utf8(result).unwrap();
    assert!(text.contains("to"), "{text}");
    let stats = net.stats().unwrap();
    assert_eq!((stats.tasks, stats.tasks_open, stats.tasks_success), (1, 0, 1));
    assert_eq!(stats.nodes_available, 5);
}

/// The draw follows a block after the creation, and the verdict a block after the last reveal.
#[test]
fn the_chain_does_its_steps_a_block_later() {
    let mut net = Net::builder().nodes(3).seed(4).start().unwrap();
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    let height = |name: &str| {
        let found = report.events.iter().rev().find(|(_, event)| event.name == name);
        found.unwrap_or_else(|| panic!("no {name}")).0.get()
    };
    assert_eq!(height("TaskStarted"), height("TaskCreated") + 1);
    assert_eq!(height("TaskValidated"), height("Revealed") + 1);
}

#[test]
fn the_same_seed_gives_the_same_blocks_and_another_seed_others() {
    let tip = |seed| {
        let mut net = Net::builder().nodes(4).cheat(1).seed(seed).start().unwrap();
        let report = net.run_task(&program("wordcount"), INPUT).unwrap();
        (net.chain().tip().hash, report.to_string())
    };
    let first = tip(11);
    assert_eq!(first, tip(11));
    assert_ne!(first.0, tip(12).0);
}

#[test]
fn tasks_follow_each_other_and_nothing_leaks() {
    let mut net = Net::builder().nodes(5).seed(5).start().unwrap();
    for number in 1..=5 {
        let report = net.run_task(&program("wordcount"), INPUT).unwrap();
        assert_eq!((report.task.id, report.task.state), (number, TaskState::Success));
        check_books(&report);
    }
    let staked = Amount::cnx(5 * 400);
    assert_eq!(net.stats().unwrap().staked, staked);
    let contract = hydrogen_offchain::calls::task_contract();
    assert_eq!(net.chain().balance(&contract).unwrap(), staked, "escrow beyond the stakes is left");
}
