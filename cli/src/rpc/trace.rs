//! Traces and pages of storage, and how they look in JSON.

use crate::rpc::calls::Reads;
use crate::rpc::error::{Answer, NOT_FOUND, plain, unread};
use crate::rpc::text::AsText;
use hydrogen_core::Usage;
use hydrogen_core::execute::{Datum, Step, TracedCall};
use hydrogen_core::reader::{ReadError, STORAGE_PAGE_MAX, StoragePage, TracedReceipt};
use hydrogen_types::{Address, Gas, Hash, Height};
use serde_json::{Map, Value, json};

impl Reads<'_> {
    /// A page of a contract's storage.
    pub(super) fn storage(
        &self,
        contract: &Address,
        prefix: &[u8],
        start: Option<&[u8]>,
        limit: Option<u64>,
        height: Option<Height>,
    ) -> Answer {
        self.require_contract(contract)?;
        let limit = limit.map_or(STORAGE_PAGE_MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let page = self.reader.storage(contract, prefix, start, limit, height);
        page.map(|page| storage(&page)).map_err(|error| unread(&error))
    }

    /// What a final transaction did; null if it is unknown.
    pub(super) fn trace(&self, hash: &Hash) -> Answer {
        match self.reader.trace(hash) {
            Ok(Some(traced)) => Ok(trace(&traced)),
            Ok(None) => Ok(Value::Null),
            Err(error @ (ReadError::NoSuchHeight { .. } | ReadError::BelowBase { .. })) => {
                let message =
                    format!("{hash} cannot be executed again here: {error}; ask a node that keeps more");
                Err(plain(NOT_FOUND, message))
            }
            Err(error) => Err(unread(&error)),
        }
    }
}

/// Answer of `tx_trace`.
fn trace(traced: &TracedReceipt) -> Value {
    let receipt = &traced.receipt;
    json!({
        "hash": receipt.hash.to_string(), "height": receipt.height.to_string(), "index": receipt.index,
        "code": receipt.code, "message": traced.side.message, "gas_used": gas(receipt.gas_used),
        "intrinsic_gas": gas(traced.trace.intrinsic_gas),
        "call": traced.trace.call.as_ref().map(call), "usage": usage(&traced.trace.usage),
        "log": traced.side.log, "location": traced.side.location, "backtrace": traced.side.backtrace
    })
}

fn gas(gas: Gas) -> String {
    gas.get().to_string()
}

fn usage(usage: &Usage) -> Value {
    json!({
        "calls": usage.calls, "host_calls": usage.host_calls, "reads": usage.reads, "read_bytes": usage.read_bytes,
        "writes": usage.writes, "written_bytes": usage.written_bytes, "events": usage.events,
        "event_bytes": usage.event_bytes
    })
}

fn call(call: &TracedCall) -> Value {
    json!({
        "contract": call.contract.to_string(), "caller": call.caller.to_string(), "export": call.export,
        "args": datum(&call.args), "value": call.value.to_text(), "gas_limit": gas(call.gas_limit),
        "gas_used": gas(call.gas_used), "start_gas": gas(call.start_gas),
        "steps": call.steps.iter().map(step).collect::<Vec<_>>(), "unlisted_steps": call.unlisted_steps,
        "unlisted_gas": gas(call.unlisted_gas), "tail_gas": gas(call.tail_gas), "code": call.code,
        "outcome": datum(&call.outcome)
    })
}

fn step(step: &Step) -> Value {
    let details: Map<String, Value> =
        step.details.iter().map(|(name, value)| ((*name).to_owned(), datum(value))).collect();
    let mut json = json!({
        "function": step.function, "code_gas": gas(step.code_gas), "gas": gas(step.gas), "bytes": step.bytes,
        "details": details
    });
    if let Some(nested) = &step.nested {
        json["call"] = call(nested);
    }
    json
}

/// A value; bytes that were cut end in `...` and say how many there are.
fn datum(datum: &Datum) -> Value {
    match datum {
        Datum::Bytes(bytes, len) if bytes.len() == *len => json!(bytes.to_text()),
        Datum::Bytes(bytes, len) => json!(format!("{}... ({len} bytes)", bytes.to_text())),
        Datum::Text(text) => json!(text),
        Datum::Number(number) => json!(number.to_string()),
        Datum::Amount(amount) => json!(amount.to_text()),
        Datum::Address(address) => json!(address.to_string()),
        Datum::Flag(flag) => json!(flag),
        Datum::Absent => Value::Null,
    }
}

/// Answer of `contract_storage`.
fn storage(page: &StoragePage) -> Value {
    let row = |(key, value): &(Vec<u8>, Vec<u8>)| json!({"key": key.to_text(), "value": value.to_text()});
    json!({
        "height": page.height.to_string(), "entries": page.entries.iter().map(row).collect::<Vec<_>>(),
        "next": page.next.as_ref().map(AsText::to_text)
    })
}
