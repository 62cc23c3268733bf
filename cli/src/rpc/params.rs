//! Parameters by position or by name.

use crate::rpc::error::invalid;
use crate::rpc::text::AsText;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde_json::Value;

/// The parameters of one request, in the method's order.
pub(super) struct Args {
    names: &'static [&'static str],
    values: Vec<Option<Value>>,
}

impl Args {
    /// Sorts what came into the order of `names`; refuses names that the method does not have.
    pub(super) fn parse(
        params: &Params<'_>,
        names: &'static [&'static str],
    ) -> Result<Self, ErrorObjectOwned> {
        let parsed: Value = match params.as_str() {
            Some(text) => serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?,
            None => Value::Array(Vec::new()),
        };
        let expected =
            || format!("expected {}", if names.is_empty() { "none".into() } else { names.join(", ") });
        let values = match parsed {
            Value::Array(values) if values.len() <= names.len() => {
                let mut values: Vec<Option<Value>> =
                    values.into_iter().map(|value| Some(value).filter(|value| !value.is_null())).collect();
                values.resize(names.len(), None);
                values
            }
            Value::Array(values) => {
                return Err(invalid(format!("{} parameters, {}", values.len(), expected())));
            }
            Value::Object(mut map) => {
                let values =
                    names.iter().map(|name| map.remove(*name).filter(|value| !value.is_null())).collect();
                match map.keys().next() {
                    Some(unknown) => {
                        return Err(invalid(format!("unknown parameter `{unknown}`, {}", expected())));
                    }
                    None => values,
                }
            }
            other => return Err(invalid(format!("parameters must be a list or an object, not {other}"))),
        };
        Ok(Self { names, values })
    }

    /// A value that may be left out.
    pub(super) fn optional<T: AsText>(&mut self, index: usize) -> Result<Option<T>, ErrorObjectOwned> {
        let Some(value) = self.values[index].take() else { return Ok(None) };
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            other => return Err(self.wrong(index, &format!("expected a string, got {other}"))),
        };
        T::from_text(&text).map(Some).map_err(|reason| self.wrong(index, &reason))
    }

    /// A value that must be there.
    pub(super) fn required<T: AsText>(&mut self, index: usize) -> Result<T, ErrorObjectOwned> {
        self.optional(index)?.ok_or_else(|| self.wrong(index, "is missing"))
    }

    /// A text that must be there.
    pub(super) fn text(&mut self, index: usize) -> Result<String, ErrorObjectOwned> {
        match self.values[index].take() {
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(self.wrong(index, &format!("expected a string, got {other}"))),
            None => Err(self.wrong(index, "is missing")),
        }
    }

    /// Any JSON, null when left out.
    pub(super) fn json(&mut self, index: usize) -> Value {
        self.values[index].take().unwrap_or(Value::Null)
    }

    fn wrong(&self, index: usize, reason: &str) -> ErrorObjectOwned {
        invalid(format!("parameter `{}`: {reason}", self.names[index]))
    }
}
