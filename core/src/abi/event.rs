//! Events carry the types of their attributes, so they need no interface.

use hydrogen_types::Event;
use hydrogen_types::event::Value as Attribute;
use serde_json::{Map, Value, json};

/// An event as JSON, in the forms of this module.
#[must_use]
pub fn event_to_json(event: &Event) -> Value {
    let attributes: Map<String, Value> = event
        .attributes
        .iter()
        .map(|attribute| (attribute.name.clone(), attribute_to_json(&attribute.value)))
        .collect();
    json!({ "contract": event.contract.to_string(), "name": event.name, "attributes": attributes })
}

fn attribute_to_json(value: &Attribute) -> Value {
    match value {
        Attribute::Bool(yes) => Value::Bool(*yes),
        Attribute::U64(number) => Value::from(number.to_string()),
        Attribute::Amount(amount) => Value::from(amount.get().to_string()),
        Attribute::Hash(hash) => Value::from(hash.to_string()),
        Attribute::Address(address) => Value::from(address.to_string()),
        Attribute::Text(text) => Value::from(text.as_str()),
        Attribute::Bytes(bytes) => Value::from(format!("0x{}", hex::encode(bytes))),
    }
}
