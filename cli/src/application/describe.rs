//! A task's events as sentences.

use hydrogen_types::event::Value;
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
