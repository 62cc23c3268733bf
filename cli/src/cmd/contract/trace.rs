//! What a transaction did, host call by host call.
//!
//! Each line is the gas it took and what it was, nested calls indented: the lines add up to the receipt's gas.

use crate::client::Client;
use crate::cmd::contract::storage::place;
use crate::cmd::contract::talk::interface_of;
use crate::failure::{Failure, Outcome};
use crate::rpc::text::AsText;
use crate::session::Session;
use hydrogen_core::abi::Interface;
use hydrogen_types::host::MethodKind;
use hydrogen_types::{Address, Hash};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Contracts whose interfaces are asked for.
const INTERFACES_MAX: usize = 64;

/// Shows it.
pub(super) async fn run(session: &Session, tx: &str) -> Outcome {
    let hash = Hash::from_text(tx).map_err(Failure::new)?;
    let client = session.client()?;
    let trace = client.request("tx_trace", json!([hash.to_string()])).await?;
    if trace.is_null() {
        return Err(Failure::new(format!("no final transaction or scheduled call has the id {hash}")).hint(
            "a transaction that still waits cannot be traced; `hydrogen tx show HASH` says where it is",
        ));
    }
    let mut interfaces = BTreeMap::new();
    learn(&client, &trace["call"], &mut interfaces).await;
    let mut printer = Printer { interfaces, lines: Vec::new() };
    printer.whole(&trace);
    session.output.data(printer.lines.join("\n"), &trace);
    Ok(())
}

/// The interfaces of all contracts in the trace; one that cannot be had is done without.
async fn learn(client: &Client, trace: &Value, known: &mut BTreeMap<String, Interface>) {
    let mut waiting = vec![trace];
    while let Some(call) = waiting.pop() {
        let address = call["contract"].as_str().unwrap_or_default();
        if !known.contains_key(address)
            && known.len() < INTERFACES_MAX
            && let Ok(contract) = Address::parse(address)
        {
            let interface = interface_of(client, &contract).await.unwrap_or_default();
            known.insert(address.to_owned(), interface);
        }
        waiting.extend(steps(call).iter().filter_map(|step| step.get("call")));
    }
}

fn steps(call: &Value) -> &[Value] {
    call["steps"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

struct Printer {
    interfaces: BTreeMap<String, Interface>,
    lines: Vec<String>,
}

impl Printer {
    fn whole(&mut self, trace: &Value) {
        let outcome = match trace["code"].as_u64() {
            Some(0) => String::from("success"),
            code => format!("failed with code {}: {}", code.unwrap_or_default(), text(trace, "message")),
        };
        let head = format!("{} in block {}: {outcome}", text(trace, "hash"), text(trace, "height"));
        self.lines.push(head);
        self.line(text(trace, "intrinsic_gas"), 0, "the transaction itself: signature, bytes, action");
        if trace["call"].is_object() {
            self.call(&trace["call"], 0);
        }
        self.line(text(trace, "gas_used"), 0, "in all");
    }

    fn line(&mut self, gas: &str, depth: usize, what: &str) {
        let plain: String =
            what.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        self.lines.push(format!("{:>18}  {}{plain}", grouped(gas), "  ".repeat(depth)));
    }

    fn call(&mut self, call: &Value, depth: usize) {
        let name = self.interfaces.get(text(call, "contract")).map(Interface::name).unwrap_or_default();
        let (export, args) = (text(call, "export"), self.args(call));
        let contract = text(call, "contract");
        let head = format!("{name} {contract} {export}{args}, called by {}", text(call, "caller"));
        self.line("", depth, head.trim_start());
        self.line(text(call, "start_gas"), depth + 1, "its instance");
        for step in steps(call) {
            self.step(call, step, depth + 1);
        }
        let unlisted = call["unlisted_steps"].as_u64().unwrap_or_default();
        if unlisted > 0 {
            let what = format!("{unlisted} more host calls, and the code before each");
            self.line(text(call, "unlisted_gas"), depth + 1, &what);
        }
        let (tail, end) = match call["code"].as_u64() {
            Some(0) => ("code, to its end", format!("returned {}", self.result(call))),
            code => {
                let code = code.unwrap_or_default();
                let named =
                    self.interfaces.get(contract).and_then(|known| known.error(u32::try_from(code).ok()?));
                let name = named.map(|(name, _)| format!("{name} ")).unwrap_or_default();
                let words = call["outcome"].as_str().unwrap_or_default();
                ("code, and what its end takes", format!("failed: {name}({code}) {words}"))
            }
        };
        self.line(text(call, "tail_gas"), depth + 1, tail);
        self.line("", depth + 1, &end);
    }

    fn step(&mut self, call: &Value, step: &Value, depth: usize) {
        if text(step, "code_gas") != "0" {
            self.line(text(step, "code_gas"), depth, "code");
        }
        let details = self.details(call, step);
        let what = format!("{} {details}", text(step, "function"));
        self.line(text(step, "gas"), depth, what.trim_end());
        if let Some(nested) = step.get("call") {
            self.call(nested, depth + 1);
        }
    }

    /// `balances["cnx1..."] = "5"` for storage, `name=value` for the rest.
    fn details(&self, call: &Value, step: &Value) -> String {
        let details = &step["details"];
        if let Some(entry) = self.entry(call, details) {
            return entry;
        }
        let Some(details) = details.as_object() else { return String::new() };
        let shown = details.iter().map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name}={text}"),
            None => format!("{name}={value}"),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    fn entry(&self, call: &Value, details: &Value) -> Option<String> {
        let bytes = |name: &str| Vec::from_text(details[name].as_str()?).ok();
        let interface = self.interfaces.get(text(call, "contract"))?;
        let raw = bytes("value");
        let known = interface.decode_entry(&bytes("key")?, &raw.clone().unwrap_or_default())?;
        let place = place(Some(&known.name), &known.key.unwrap_or_default())?;
        let value = match (details.get("value"), known.value.filter(|_| raw.is_some())) {
            (None, _) => return Some(place),
            (Some(_), Some(value)) => value.to_string(),
            (Some(Value::Null), None) => String::from("nothing"),
            (Some(raw), None) => raw.as_str().unwrap_or_default().to_owned(),
        };
        Some(format!("{place} = {value}"))
    }

    fn args(&self, call: &Value) -> String {
        let decoded = || {
            let (kind, method) = method_of(text(call, "export"))?;
            let bytes = Vec::from_text(text(call, "args")).ok()?;
            self.interfaces.get(text(call, "contract"))?.decode_args(kind, method, &bytes).ok()
        };
        decoded().map_or_else(|| format!(" {}", text(call, "args")), |args| format!(" {args}"))
    }

    fn result(&self, call: &Value) -> String {
        let decoded = || {
            let (kind, method) = method_of(text(call, "export"))?;
            let bytes = Vec::from_text(text(call, "outcome")).ok()?;
            self.interfaces.get(text(call, "contract"))?.decode_result(kind, method, &bytes).ok()
        };
        decoded().map_or_else(|| text(call, "outcome").to_owned(), |value| value.to_string())
    }
}

/// Kind and name of the method behind an export.
fn method_of(export: &str) -> Option<(MethodKind, &str)> {
    match export.split_once('.') {
        None if export == "init" => Some((MethodKind::Init, "init")),
        None if export == "migrate" => Some((MethodKind::Migrate, "migrate")),
        Some(("call", name)) => Some((MethodKind::Call, name)),
        Some(("query", name)) => Some((MethodKind::Query, name)),
        Some(("scheduled", name)) => Some((MethodKind::Scheduled, name)),
        _ => None,
    }
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
