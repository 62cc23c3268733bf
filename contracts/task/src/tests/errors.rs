//! Codes are a promise: `docs/errors.md` is its golden file.

use crate::TaskError;
use hydrogen_sdk::Revert;
use hydrogen_sdk::error::ScheduleError;
use hydrogen_types::task::{NodeState, TaskState};
use hydrogen_types::{Address, Amount};

/// One of each, with values that are easy to see in a sentence.
fn all() -> Vec<TaskError> {
    let task = 7;
    let (one, two, three) = (Amount::cnx(1), Amount::cnx(2), Amount::cnx(3));
    let node = Address::new([1; 20]);
    vec![
        TaskError::NotAnAccount,
        TaskError::TaskNotFound { task },
        TaskError::WrongState { task, state: TaskState::Success },
        TaskError::TooLate { task },
        TaskError::NotDue { task },
        TaskError::NotSupported { external: "render".into() },
        TaskError::NotEnoughTokens { needed: two, balance: one },
        TaskError::NotEnoughAllowance { needed: two, allowance: one },
        TaskError::NotEnoughNodes { available: 2 },
        TaskError::FeeTooLow { fee: one, fee_min: two },
        TaskError::BadLimits { field: "timeout_ms", value: 1, least: 2, most: 3 },
        TaskError::BadComparison { threshold: 33 },
        TaskError::NoProgram,
        TaskError::NotCreator { task },
        TaskError::NotSelectedNode { task },
        TaskError::AlreadyCommitted { task },
        TaskError::NotCommitted { task },
        TaskError::AlreadyRevealed { task },
        TaskError::CommitmentMismatch { task },
        TaskError::BadOutcome { why: "an error's code is 1 to 7" },
        TaskError::NotUploader { task },
        TaskError::BadReceipt { why: "it is for another task" },
        TaskError::UnknownRelay { relay: node },
        TaskError::NodeNotFound { node },
        TaskError::IllegalNodeStatus { state: NodeState::Busy },
        TaskError::StakeTooLow { stake: one, stake_min: two },
        TaskError::AlreadyJoined,
        TaskError::StillUnbonding { withdraw_ms: 9 },
        TaskError::NetworkFull { nodes: 100_000 },
        TaskError::NotOwner,
        TaskError::BadConfig { field: "draw_delay", value: 1, least: 2, most: 3 },
        TaskError::BadConfigAmount { field: "stake_min", value: one, least: two, most: three },
        TaskError::BadRelay { why: "it is registered already" },
        TaskError::NotScheduled { why: ScheduleError::Full },
        TaskError::BadExternalTypes { why: "one is named twice" },
        TaskError::RelayDraining { relay: node, last_task: 7 },
        TaskError::NotOffered,
    ]
}

#[test]
fn every_refusal_stands_in_the_docs_with_its_code_and_sentence() {
    let docs = include_str!("../../../../docs/errors.md");
    let rows: Vec<&str> = docs
        .lines()
        .skip_while(|line| *line != "## The task contract")
        .take_while(|line| *line != "## The contract SDK")
        .filter(|line| line.starts_with("| 1"))
        .collect();
    let mut expected = Vec::new();
    for error in all() {
        let debug = format!("{error:?}");
        let name = debug.split([' ', '{']).next().expect("a variant has a name").to_string();
        let Revert { code, message } = error.into();
        expected.push(format!("| {code} | `{name}` | {message} |"));
    }
    assert_eq!(rows, expected, "the docs should say\n{}\n", expected.join("\n"));
}
