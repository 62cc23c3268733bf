//! A task's events as sentences.

use hydrogen_types::event::Value;
use hydrogen_types::task::{AbortReason, Outcome, TaskView, error_code};
use hydrogen_types::{Address, Event, Header};

/// What happened, on one line or, for the first seat of a draw, on several. `name` gives people names for addresses.
#[must_use]
pub fn describe(header: &Header, event: &Event, name: &dyn Fn(&Address) -> String) -> String {
    let text =
        |attribute: &str| event.get(attribute).map_or_else(|| String::from("?"), |value| show(value, name));
    match event.name.as_str() {
        "TaskCreated" => format!(
            "created     task {} by {}: fee {}, deposit for its scheduled calls {}",
            text("task"),
            text("creator"),
            text("fee"),
            text("deposit")
        ),
        "TaskStarted" => started(header, event, &text),
        "ArgsUploaded" => format!("arguments   at relay {}; execution may begin", text("relay")),
        "Committed" => format!("commitment  by {}: {}", text("node"), text("commitment")),
        "RevealOpened" => String::from("reveals     are open: all commitments are in, or their time is over"),
        "Revealed" => match text("outcome").as_str() {
            "result" => format!("reveal      by {}: result {}", text("node"), text("digest")),
            "error" => format!("reveal      by {}: error {}", text("node"), text("code")),
            other => format!("reveal      by {}: {other}", text("node")),
        },
        "TaskValidated" => {
            format!("verdict     validated: {}; {} uploads", text("digest"), text("uploader"))
        }
        "TaskAborted" => format!("verdict     aborted: {}", text("reason")),
        "NodePaid" => format!("paid        {} to {}", text("amount"), text("node")),
        "NodePenalised" => {
            format!("penalised   {}: {} from its stake, {}", text("node"), text("amount"), text("reason"))
        }
        "TaskSuccess" => format!("success     result {} uploaded by {}", text("digest"), text("uploader")),
        other => other.to_owned(),
    }
}

fn started(header: &Header, event: &Event, text: &dyn Fn(&str) -> String) -> String {
    let seat = format!(
        "drawn       seat {}: {} (index {} of {})",
        text("round"),
        text("node"),
        text("index"),
        text("candidates")
    );
    if event.u64("round") != Some(0) {
        return seat;
    }
    format!(
        "draw        beacon {}\n            proof  0x{}\n            seed   {}\n{seat}",
        header.beacon,
        hex::encode(header.beacon_proof),
        text("seed"),
    )
}

fn show(value: &Value, name: &dyn Fn(&Address) -> String) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::Amount(value) => format!("{value} CNX"),
        Value::Hash(value) => value.to_string(),
        Value::Address(value) => name(value),
        Value::Text(value) => value.clone(),
        Value::Bytes(value) => format!("0x{}", hex::encode(value)),
    }
}

/// Why a task ended without a result, as a sentence without a full stop, its reason's name first.
#[must_use]
pub fn why_aborted(view: &TaskView) -> String {
    let Some(reason) = view.abort_reason else { return String::from("for no reason given") };
    let why = match reason {
        AbortReason::NotEnoughNodes => "fewer than three nodes were left when it was drawn",
        AbortReason::ArgsNotUploaded => "its arguments did not come in time",
        AbortReason::Cancelled => "its creator took it back",
        AbortReason::NodesTimedOut => "none of its three nodes said anything in time",
        AbortReason::ResultsDiffer => {
            "no two results agree: the program is not deterministic, or a node lied"
        }
        AbortReason::TaskError => return format!("TaskError: {}", errors_of(view)),
        AbortReason::Unavailable => "its relay gave the nodes neither arguments nor program",
        AbortReason::NoQuorum => "too few nodes said what they found",
        AbortReason::ResultNotUploaded => "no node brought the result to a relay",
    };
    format!("{reason:?}: {why}")
}

/// What the panel reports: the error that most of it saw, or each of them.
fn errors_of(view: &TaskView) -> String {
    let codes = view.seats.iter().filter_map(|seat| match seat.outcome {
        Some(Outcome::Error { code }) => Some(code),
        _ => None,
    });
    let mut codes: Vec<u32> = codes.collect();
    codes.sort_unstable();
    match codes.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]) {
        Some(code) => {
            let count = codes.iter().filter(|other| **other == code).count();
            format!("{count} of three nodes report error {code}, {}", error_words(code))
        }
        None => {
            let each = codes.iter().map(|code| format!("{code}, {}", error_words(*code)));
            format!("the nodes report different errors: {}", each.collect::<Vec<_>>().join("; "))
        }
    }
}

/// What a code of a task's error says.
fn error_words(code: u32) -> &'static str {
    match code {
        error_code::BAD_ARGUMENTS => "the program refuses these arguments",
        error_code::TRAP => "the program crashed",
        error_code::FUEL_EXHAUSTED => "the program used all its fuel",
        error_code::MEMORY_LIMIT => "the program needs more memory than allowed",
        error_code::OUTPUT_TOO_LARGE => "the result is larger than allowed",
        error_code::NON_ZERO_EXIT => "the program ended with another exit code than 0",
        error_code::BAD_PROGRAM => "it is no program that a node can run",
        _ => "of no known kind",
    }
}
