//! The task contract's whole life, played with the real sandbox, contract and programs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ceilings;
mod cheats;
mod deadlines;
mod external;
mod gas;
mod life;
mod likeness;
mod outages;
mod paired;
mod races;
mod refusals;
mod relays;
mod restarts;
mod similar;
mod verdicts;

use hydrogen_harness::{HarnessError, TaskReport};
use hydrogen_types::task::PenaltyReason;
use hydrogen_types::{Amount, Value};

const INPUT: &[u8] = b"to be or not to be that is the question";

fn program(name: &str) -> Vec<u8> {
    let path = format!("{}/../../contracts/wasm/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A module that fits no import and traps at once: an honest error of the task.
fn trapping_program() -> Vec<u8> {
    // (module (memory (export "memory") 1) (func (export "_start") unreachable))
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    module.extend(b"\x01\x04\x01\x60\0\0"); // one type: () -> ()
    module.extend(b"\x03\x02\x01\0"); // one function of it
    module.extend(b"\x05\x04\x01\x01\x01\x01"); // one page of memory, at most one
    module.extend(b"\x07\x13\x02\x06memory\x02\0\x06_start\0\0");
    module.extend(b"\x0a\x05\x01\x03\0\0\x0b"); // its body: unreachable
    module
}

#[track_caller]
fn check_books(report: &TaskReport) {
    assert_eq!(report.balance_sum(), 0, "{report}");
    let seats = &report.task.seats;
    assert!(seats.iter().all(|seat| seat.settled), "a seat is left unsettled:\n{report}");
    let zero = Amount::ZERO;
    assert!(report.balances.iter().all(|change| change.before != zero || change.after != zero));
}

/// The penalties in a report: round, reason, amount.
fn penalties(report: &TaskReport) -> Vec<(usize, String, Amount)> {
    let mut found: Vec<_> = report
        .events_named("NodePenalised")
        .map(|event| {
            let node = event.address("node").expect("a node");
            let round = report.task.seats.iter().position(|seat| seat.node == node).expect("of the panel");
            let reason = match event.get("reason") {
                Some(Value::Text(text)) => text.clone(),
                other => panic!("reason is {other:?}"),
            };
            let Some(Value::Amount(amount)) = event.get("amount") else { panic!("no amount") };
            (round, reason, *amount)
        })
        .collect();
    found.sort();
    found
}

fn reason(reason: PenaltyReason) -> String {
    let name = format!("{reason:?}");
    let mut text = String::new();
    for (index, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && index > 0 {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// The contract's code of a refusal.
#[track_caller]
fn refusal(result: Result<u64, HarnessError>) -> (u32, String) {
    match result {
        Err(HarnessError::Chain(error)) => {
            (error.code().expect("a failed call"), error.message().to_string())
        }
        other => panic!("not refused: {other:?}"),
    }
}
