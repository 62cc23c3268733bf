//! External types: a command of the operator instead of a program; a closure here.

use crate::{check_books, penalties};
use hydrogen_harness::{ExternalError, FEE, Net, NetBuilder};
use hydrogen_types::task::{AbortReason, Comparison, CreateTask, NodeState, error_code};
use hydrogen_types::{Amount, Hash};

const TYPE: &str = "reverse";
const ARGS: &[u8] = b"abc";

fn request() -> CreateTask {
    CreateTask {
        program: None,
        external: Some(String::from(TYPE)),
        args_hash: Hash::sha256(ARGS),
        args_bytes_max: None,
        comparison: Comparison::Exact,
        fee: FEE,
        timeout_ms: None,
        memory_bytes_max: None,
        fuel_max: None,
        output_bytes_max: None,
    }
}

fn reverse(args: &[u8]) -> Result<Vec<u8>, ExternalError> {
    Ok(args.iter().rev().copied().collect())
}

fn builder() -> NetBuilder {
    Net::builder().nodes(6).seed(95)
}

/// Three of six nodes have the type: they are the panel, whatever is drawn.
#[test]
fn only_nodes_with_the_type_are_drawn() {
    let mut net = builder().external(TYPE, 60_000, 3, reverse).start().unwrap();
    for _ in 0..3 {
        let report = net.run(&request(), ARGS).unwrap();
        assert_eq!(report.result.as_deref(), Some(b"cba".as_slice()), "{report}");
        check_books(&report);
        let having: Vec<_> = (0..3).map(|index| net.node_key(index).address()).collect();
        assert!(report.task.seats.iter().all(|seat| having.contains(&seat.node)), "{report}");
    }
}

#[test]
fn a_cheat_among_executors_is_caught() {
    let mut net =
        Net::builder().nodes(3).cheat(1).external(TYPE, 60_000, 3, reverse).seed(96).start().unwrap();
    let report = net.run(&request(), ARGS).unwrap();
    assert_eq!(report.result.as_deref(), Some(b"cba".as_slice()), "{report}");
    assert_eq!(net.node(2).unwrap().unwrap().state, NodeState::Unbonding);
}

/// What every executor says of these arguments is the task's error, paid at half.
#[test]
fn bad_arguments_are_the_tasks_error() {
    let refuse = |_: &[u8]| Err(ExternalError::BadArguments);
    let mut net = builder().external(TYPE, 60_000, 3, refuse).start().unwrap();
    let report = net.run(&request(), ARGS).unwrap();
    assert_eq!(report.task.abort_reason, Some(AbortReason::TaskError), "{report}");
    check_books(&report);
    let code = error_code::BAD_ARGUMENTS;
    for seat in &report.task.seats {
        assert_eq!(seat.outcome, Some(hydrogen_types::task::Outcome::Error { code }));
        assert_eq!(seat.paid, Amount::cnx(5));
    }
}

/// An executor that fails everywhere is nobody's fault: `Unavailable` of all three, excused.
#[test]
fn a_broken_executor_is_unavailable() {
    let broken = |_: &[u8]| Err(ExternalError::Failed(String::from("no licence")));
    let mut net = builder().external(TYPE, 60_000, 3, broken).start().unwrap();
    let report = net.run(&request(), ARGS).unwrap();
    assert_eq!(report.task.abort_reason, Some(AbortReason::Unavailable), "{report}");
    check_books(&report);
    assert!(penalties(&report).is_empty());
}
