//! How answers that several commands share look to a person.

use crate::client::TxReceipt;
use crate::failure::{Failure, Outcome};
use crate::rpc::types::ReceiptJson;
use crate::session::Session;
use hydrogen_types::Event;
use hydrogen_types::event::Value;
use serde_json::Value as Json;

/// Prints a receipt; a failed one makes the command fail.
pub(super) fn receipt(session: &Session, receipt: &TxReceipt, extra: &[(&str, String)]) -> Outcome {
    let extra: Vec<(&str, Json)> =
        extra.iter().map(|(name, value)| (*name, Json::String(value.clone()))).collect();
    receipt_with(session, receipt, &extra)
}

/// The same, with lists beside it.
pub(super) fn receipt_with(session: &Session, receipt: &TxReceipt, extra: &[(&str, Json)]) -> Outcome {
    let mut json = serde_json::to_value(ReceiptJson {
        error: receipt.error.clone(),
        result: receipt.result.clone(),
        ..ReceiptJson::new(&receipt.receipt, &receipt.side)
    })?;
    for (name, value) in extra {
        json[*name] = value.clone();
    }
    session.output.data(text(receipt, extra), &json);
    if receipt.is_success() {
        return Ok(());
    }
    let hash = receipt.receipt.hash;
    Err(Failure::new(format!("transaction {hash} failed: {}", receipt.reason()))
        .frames(receipt.side.backtrace.clone())
        .hint("its gas is paid, and nothing else was changed"))
}

fn text(receipt: &TxReceipt, extra: &[(&str, Json)]) -> String {
    let row = |name: &str, value: String| format!("{name:<10} {value}");
    let core = &receipt.receipt;
    let mut lines = vec![
        row("tx", core.hash.to_string()),
        row("height", core.height.to_string()),
        row("status", receipt.reason()),
        row("gas", core.gas_used.to_string()),
        row("fee", format!("{} CNX", core.fee)),
    ];
    for (name, value) in extra {
        match value {
            Json::String(value) => lines.push(row(name, value.clone())),
            Json::Array(list) => {
                lines.extend(list.iter().filter_map(Json::as_str).map(|value| row(name, value.into())));
            }
            value => lines.push(row(name, value.to_string())),
        }
    }
    if let Some(result) = receipt.result.as_ref().filter(|result| !result.is_null()) {
        lines.push(row("result", result.to_string()));
    }
    lines.extend(core.events.iter().map(|found| row("event", event(found))));
    lines.extend(receipt.side.log.iter().map(|line| row("log", line.clone())));
    lines.join("\n")
}

/// An event on one line.
pub(super) fn event(event: &Event) -> String {
    let attributes: Vec<String> = event
        .attributes
        .iter()
        .map(|attribute| {
            let value = match &attribute.value {
                Value::Bool(value) => value.to_string(),
                Value::U64(value) => value.to_string(),
                Value::Amount(value) => format!("{value} CNX"),
                Value::Hash(value) => value.to_string(),
                Value::Address(value) => value.to_string(),
                Value::Text(value) => format!("{value:?}"),
                Value::Bytes(value) => format!("0x{}", hex::encode(value)),
            };
            format!("{}={value}", attribute.name)
        })
        .collect();
    format!("{} {}", event.name, attributes.join(" "))
}
