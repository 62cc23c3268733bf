use super::{NodeStep, Refusal, Step, next_node, next_task};
use hydrogen_types::task::{NodeState, TaskState};
use std::collections::BTreeMap;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

const STEPS: [Step; 15] = [
    Step::DrawPanel,
    Step::DrawTooFew,
    Step::Cancel,
    Step::UploadArgs,
    Step::MissArgs,
    Step::Commit,
    Step::CommitLast,
    Step::CloseCommits,
    Step::MissCommits,
    Step::Reveal,
    Step::RuleValid,
    Step::RuleInvalid,
    Step::ReportResult,
    Step::MissUpload,
    Step::MissOpenUpload,
];
const STATES: [TaskState; 7] = [
    TaskState::Created,
    TaskState::Started,
    TaskState::Executing,
    TaskState::Revealing,
    TaskState::Validated,
    TaskState::Success,
    TaskState::Aborted,
];
const NODE_STEPS: [NodeStep; 8] = [
    NodeStep::Draw,
    NodeStep::Pause,
    NodeStep::Resume,
    NodeStep::Quit,
    NodeStep::AddStake,
    NodeStep::Settle,
    NodeStep::SettlePaused,
    NodeStep::Remove,
];
const NODE_STATES: [NodeState; 6] = [
    NodeState::Available,
    NodeState::Busy,
    NodeState::PendingPause,
    NodeState::PendingQuit,
    NodeState::Paused,
    NodeState::Unbonding,
];

/// The cells of a table: (step, state) to answer.
fn table(name: &str) -> BTreeMap<(String, String), String> {
    let mut cells = BTreeMap::new();
    let mut states = Vec::new();
    for line in include_str!("fsm.table").lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some((step, answers)) = words.split_first() else {
            states.clear();
            continue;
        };
        if *step == format!("[{name}]") {
            states = answers.to_vec();
        }
        for (state, answer) in states.iter().zip(answers).filter(|_| !step.starts_with('[')) {
            let cell = ((*step).to_string(), (*state).to_string());
            assert_eq!(cells.insert(cell, (*answer).to_string()), None, "{line}");
        }
    }
    cells
}

#[test]
fn every_pair_of_state_and_step_is_as_the_table_says() {
    let table = table("task");
    assert_eq!(table.len(), STATES.len() * STEPS.len());
    for state in STATES {
        for step in STEPS {
            let answer = match next_task(state, step) {
                Ok(next) => format!("{next:?}"),
                Err(Refusal::WrongState) => "wrong".into(),
                Err(Refusal::TooLate) => "late".into(),
                Err(Refusal::Aborted) => "aborted".into(),
            };
            assert_eq!(answer, table[&(format!("{step:?}"), format!("{state:?}"))], "{state:?}, {step:?}");
        }
    }
}

#[test]
fn every_pair_of_node_state_and_step_is_as_the_table_says() {
    let table = table("node");
    assert_eq!(table.len(), NODE_STATES.len() * NODE_STEPS.len());
    for state in NODE_STATES {
        for step in NODE_STEPS {
            let answer = next_node(state, step).map_or("refused".into(), |next| format!("{next:?}"));
            assert_eq!(answer, table[&(format!("{step:?}"), format!("{state:?}"))], "{state:?}, {step:?}");
        }
    }
}
