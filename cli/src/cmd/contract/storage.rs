//! A contract's storage, decoded.

use crate::cmd::contract::talk::interface_of;
use crate::failure::{Failure, Outcome};
use crate::rpc::text::AsText;
use crate::session::Session;
use hydrogen_core::abi::Interface;
use serde_json::{Value, json};

/// Entries shown unless told otherwise.
pub(super) const LIMIT: u64 = 100;
/// Entries asked for at once; a node gives fewer if they are large.
const PAGE: u64 = 256;
/// Longest value shown to a person, in characters.
const SHOWN_CHARS_MAX: usize = 300;

/// Which entries.
pub(super) struct Page {
    pub(super) prefix: String,
    pub(super) start: Option<String>,
    pub(super) limit: u64,
    pub(super) height: Option<u64>,
}

/// Shows them.
pub(super) async fn run(session: &Session, contract: &str, page: Page) -> Outcome {
    let address = session.address(contract)?;
    let client = session.client()?;
    // Without an interface the storage is there all the same.
    let interface = interface_of(&client, &address).await.unwrap_or_default();
    let prefix = prefix_of(&page.prefix)?.to_text();
    let (mut rows, mut start, mut height) = (Vec::new(), page.start, page.height);
    let next = loop {
        let left = page.limit.saturating_sub(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        if left == 0 {
            break start;
        }
        let params = json!([
            address.to_string(),
            prefix,
            start,
            left.min(PAGE).to_string(),
            height.map(|height| height.to_string())
        ]);
        let mut answer = client.request("contract_storage", params).await?;
        // Later pages are of the same height as the first.
        height = answer["height"].as_str().and_then(|height| height.parse().ok());
        if let Some(entries) = answer["entries"].as_array() {
            rows.extend(entries.iter().map(|entry| row(&interface, entry)));
        }
        match answer["next"].take() {
            Value::String(next) => start = Some(next),
            _ => break None,
        }
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    if rows.is_empty() {
        lines.push("nothing is stored there".into());
    }
    if let Some(next) = &next {
        lines.push(format!("more: --start {next}"));
    }
    let height = height.map(|height| height.to_string());
    session.output.data(lines.join("\n"), &json!({ "height": height, "entries": rows, "next": next }));
    Ok(())
}

/// A prefix as a person writes it.
fn prefix_of(text: &str) -> Outcome<Vec<u8>> {
    if text.starts_with("0x") {
        return Vec::from_text(text)
            .map_err(|error| Failure::new(format!("`--prefix` is `{text}`: {error}")));
    }
    Ok(text.as_bytes().to_vec())
}

/// An entry with what the interface knows of it.
fn row(interface: &Interface, entry: &Value) -> Value {
    let mut row = entry.clone();
    let raw =
        |name: &str| entry[name].as_str().and_then(|text| Vec::from_text(text).ok()).unwrap_or_default();
    if let Some(known) = interface.decode_entry(&raw("key"), &raw("value")) {
        row["item"] = json!(known.name);
        row["item_key"] = json!(known.key);
        if let Some(value) = known.value {
            row["item_value"] = value;
        }
    }
    row
}

/// `name[key] = value`, or hex.
fn line(row: &Value) -> String {
    let hex = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let place = place(row["item"].as_str(), &row["item_key"]).unwrap_or_else(|| hex("key"));
    let value = row.get("item_value").map_or_else(|| hex("value"), Value::to_string);
    match value.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{place} = {}...", &value[..end]),
        None => format!("{place} = {value}"),
    }
}

/// `name` or `name[key]`.
pub(super) fn place(name: Option<&str>, key: &Value) -> Option<String> {
    let name = name?;
    Some(if key.is_null() { name.to_owned() } else { format!("{name}[{key}]") })
}
