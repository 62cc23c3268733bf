//! `hydrogen evidence`: validators that have signed two different statements.

use crate::failure::Outcome;
use crate::session::Session;
use serde_json::{Value, json};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Against this validator alone: its address, as `hydrogen validators list` prints it.
    #[arg(long, value_name = "ADDRESS")]
    validator: Option<String>,
    /// Of this height alone.
    #[arg(long)]
    height: Option<u64>,
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let client = session.client()?;
    let validator = args.validator.as_deref().map(|text| session.address(text)).transpose()?;
    let (validator, height) =
        (validator.map(|address| address.to_string()), args.height.map(|height| height.to_string()));
    let mut rows = Vec::new();
    let mut after = Value::Null;
    loop {
        let mut page = client.request("chain_evidence", json!([validator, height, after])).await?;
        if let Some(Value::Array(more)) = page.get_mut("evidence").map(Value::take) {
            rows.extend(more);
        }
        after = page.get_mut("next").map(Value::take).unwrap_or_default();
        if after.is_null() {
            break;
        }
    }
    if rows.is_empty() {
        session.output.say("the node has no proof against any validator");
    }
    let lines: Vec<String> = rows.iter().map(line).collect();
    session.output.data(lines.join("\n"), &Value::Array(rows));
    Ok(())
}

fn line(row: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let block = |side: &str| row[side]["block"].as_str().unwrap_or("nil").to_owned();
    format!(
        "{}  height {:>6} round {} {:<9}  {} and {}",
        text(&row["validator"]),
        text(&row["height"]),
        text(&row["round"]),
        text(&row["step"]),
        block("first"),
        block("second")
    )
}
