//! A task for people and for programs.

use crate::application::{refund, why_aborted};
use crate::client::{Client, task};
use hydrogen_offchain::calls;
use hydrogen_types::Hash;
use hydrogen_types::task::{Comparison, Outcome as Found, Seat, TaskState, TaskView};
use serde_json::{Value, json};

/// All states of a task.
const STATES: [TaskState; 7] = [
    TaskState::Created,
    TaskState::Started,
    TaskState::Executing,
    TaskState::Revealing,
    TaskState::Validated,
    TaskState::Success,
    TaskState::Aborted,
];

/// A state by its name in any case.
pub(super) fn state(text: &str) -> Result<TaskState, String> {
    let found = STATES.into_iter().find(|state| format!("{state:?}").eq_ignore_ascii_case(text));
    let names = || STATES.map(|state| format!("{state:?}").to_ascii_lowercase()).join(", ");
    found.ok_or_else(|| format!("`{text}` is not a state of a task: write one of {}", names()))
}

/// What an ended task cost and gave back, on a line; looked up for the configuration that it keeps.
pub(super) async fn refund_of(client: &Client, view: &TaskView) -> String {
    let config = task::ask(client, calls::config_query(Some(view.config))).await.ok().flatten();
    let back = config.and_then(|config| refund(view, &config));
    let back = back.map_or_else(|| String::from("unknown"), |amount| format!("{amount} CNX"));
    let fee = view.fee;
    format!(
        "money       fee {fee} CNX, of which came back: {back}; what is left of the gas deposit came besides"
    )
}

/// All of a task, a line for each thing.
pub(super) fn text_of(view: &TaskView) -> String {
    let program = match (&view.program, &view.external) {
        (Some(hash), _) => hash.to_string(),
        (None, Some(name)) => format!("external type {name}"),
        (None, None) => String::from("none"),
    };
    let mut lines = vec![
        format!("task        {}", view.id),
        format!("state       {:?}", view.state),
        format!("creator     {}", view.creator),
        format!("program     {program}"),
        format!("arguments   {}", view.args_hash),
        format!("fee         {} CNX", view.fee),
        format!("created     block {}", view.created_height),
    ];
    if view.abort_reason.is_some() {
        lines.push(format!("aborted     {}", why_aborted(view)));
    }
    if let Comparison::Similar { threshold, fingerprint } = &view.comparison {
        lines.push(format!("compared    similar, fewer than {threshold} bits of 64, by {fingerprint}"));
    }
    lines.extend(view.draw_height.map(|height| format!("drawn       block {height}")));
    lines.extend(view.draw_seed.map(|seed| format!("seed        {seed}")));
    lines.extend(
        view.draw_time_ms
            .map(|time_ms| format!("clock       {time_ms} ms since 1970, where the program's starts")),
    );
    lines.extend(view.deadline_ms.map(|ms| format!("deadline    uptime {ms} ms")));
    lines.extend(view.relay.map(|relay| format!("relay       {relay}")));
    lines.extend((0..).zip(&view.seats).map(|(round, seat): (u32, _)| seat_text(round, seat)));
    lines.extend(view.uploader.map(|uploader| format!("uploader    {uploader}")));
    lines.extend(view.result.map(|digest| format!("result      {digest}")));
    lines.join("\n")
}

fn seat_text(round: u32, seat: &Seat) -> String {
    let outcome = match (&seat.outcome, seat.commitment) {
        (Some(Found::Result { digest, .. }), _) => format!("result {digest}"),
        (Some(Found::Error { code }), _) => format!("error {code}"),
        (Some(Found::Unavailable), _) => String::from("unavailable"),
        (None, Some(_)) => String::from("committed"),
        (None, None) => String::from("-"),
    };
    let paid = if seat.paid.is_zero() { String::new() } else { format!(", paid {} CNX", seat.paid) };
    let fined = if seat.fined.is_zero() { String::new() } else { format!(", fined {} CNX", seat.fined) };
    format!("seat {round}      {} {outcome}{paid}{fined}", seat.node)
}

/// One line of a list.
pub(super) fn row(view: &TaskView) -> String {
    let state = match view.abort_reason {
        Some(reason) => format!("{:?} ({reason:?})", view.state),
        None => format!("{:?}", view.state),
    };
    format!(
        "{:>6}  {state:<28} fee {:<10} by {} in block {}",
        view.id, view.fee, view.creator, view.created_height
    )
}

/// The task as JSON: ids and amounts as decimal strings.
pub(super) fn json_of(view: &TaskView) -> Value {
    let hash = |hash: Option<Hash>| hash.map(|hash| hash.to_string());
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    json!({
        "id": view.id.to_string(),
        "state": format!("{:?}", view.state),
        "abort_reason": view.abort_reason.map(|reason| format!("{reason:?}")),
        "creator": view.creator.to_string(),
        "program": hash(view.program),
        "external": view.external,
        "args_hash": view.args_hash.to_string(),
        "comparison": match &view.comparison {
            Comparison::Exact => json!("exact"),
            Comparison::Similar { threshold, fingerprint } => {
                json!({"similar": {"threshold": threshold, "fingerprint": fingerprint.to_string()}})
            }
        },
        "fee": view.fee.get().to_string(),
        "deposit": view.deposit.get().to_string(),
        "timeout_ms": view.timeout_ms.to_string(),
        "fuel_max": view.fuel_max.to_string(),
        "memory_bytes_max": view.memory_bytes_max.to_string(),
        "args_bytes_max": view.args_bytes_max.to_string(),
        "output_bytes_max": view.output_bytes_max.to_string(),
        "created_height": view.created_height.to_string(),
        "draw_height": view.draw_height.map(|height| height.to_string()),
        "draw_seed": hash(view.draw_seed),
        "draw_time_ms": number(view.draw_time_ms),
        "candidates": number(view.candidates),
        "deadline_ms": number(view.deadline_ms),
        "seats": view.seats.iter().map(seat_json).collect::<Vec<_>>(),
        "relay": view.relay.map(|relay| relay.to_string()),
        "uploader": view.uploader.map(|uploader| uploader.to_string()),
        "result": hash(view.result),
        "result_relay": view.result_relay.map(|relay| relay.to_string()),
    })
}

fn seat_json(seat: &Seat) -> Value {
    let outcome = seat.outcome.as_ref().map(|outcome| match outcome {
        Found::Result { digest, fingerprint } => json!({"result": {
            "digest": digest.to_string(), "fingerprint": format!("0x{}", hex::encode(fingerprint))
        }}),
        Found::Error { code } => json!({"error": {"code": code}}),
        Found::Unavailable => json!("unavailable"),
    });
    json!({
        "node": seat.node.to_string(),
        "index": seat.index.to_string(),
        "commitment": seat.commitment.map(|hash| hash.to_string()),
        "outcome": outcome,
        "settled": seat.settled,
        "paid": seat.paid.get().to_string(),
        "fined": seat.fined.get().to_string(),
    })
}
