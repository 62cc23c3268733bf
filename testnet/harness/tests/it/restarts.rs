//! Killed nodes come back and lose nothing.

use crate::{INPUT, check_books, penalties, program};
use hydrogen_harness::{FEE, Net};
use hydrogen_offchain::calls::program_task;
use hydrogen_types::task::TaskState;

/// All nodes are killed after every single block.
#[test]
fn killed_after_every_block() {
    let mut net = Net::builder().nodes(3).seed(50).start().unwrap();
    let hash = net.publish(&program("wordcount"));
    let id = net.create(&program_task(hash, INPUT, FEE), INPUT).unwrap();
    while !matches!(net.task(id).unwrap().state, TaskState::Success | TaskState::Aborted) {
        net.step(id).unwrap();
        (0..3).for_each(|index| net.restart_node(index));
    }
    let task = net.task(id).unwrap();
    assert_eq!(task.state, TaskState::Success);
    assert!(task.seats.iter().all(|seat| seat.fined.is_zero()));
}

/// The disks are lost between commitment and reveal: the work is done again and reveals what was committed.
#[test]
fn disks_lost_after_the_commitment() {
    let mut net = Net::builder().nodes(3).seed(51).start().unwrap();
    let hash = net.publish(&program("wordcount"));
    let id = net.create(&program_task(hash, INPUT, FEE), INPUT).unwrap();
    while net.task(id).unwrap().state != TaskState::Revealing {
        net.step(id).unwrap();
    }
    (0..3).for_each(|index| net.lose_disk(index));
    net.play(id).unwrap();
    assert_eq!(net.task(id).unwrap().state, TaskState::Success);
    let report = net.run_task(&program("wordcount"), INPUT).unwrap();
    check_books(&report);
    assert!(penalties(&report).is_empty());
}
