//! JSON to borsh.

use super::error::AbiError;
use super::interface::{Declared, Interface, Place};
use super::types::{Int, Type};
use crate::limits::ARGS_BYTES_MAX;
use hydrogen_types::Address;
use serde_json::{Map, Value};

/// How deep values may be nested: deeper than any real type, shallow enough for any stack.
pub(super) const VALUE_DEPTH_MAX: usize = 32;
/// Largest whole number that every JSON reader keeps exactly.
const EXACT_MAX: u64 = 1 << 53;
/// Longest piece of a wrong value that an error repeats.
const SHOWN_CHARS_MAX: usize = 48;

/// Writes the arguments of one call.
pub(super) struct Encoder<'a> {
    interface: &'a Interface,
    out: Vec<u8>,
    /// Names of the places on the way to the running value.
    path: Vec<String>,
}

impl<'a> Encoder<'a> {
    pub(super) fn new(interface: &'a Interface) -> Self {
        Self { interface, out: Vec::new(), path: Vec::new() }
    }

    pub(super) fn arguments(mut self, places: &[Place], args: &Value) -> Result<Vec<u8>, AbiError> {
        match args {
            Value::Null => self.fields(places, &Map::new())?,
            Value::Object(fields) => self.fields(places, fields)?,
            Value::Array(values) => {
                if values.len() != places.len() {
                    let (found, wanted) = (values.len(), places.len());
                    return Err(AbiError::ArgumentCount { found, wanted, expected: expected(places) });
                }
                for (place, value) in places.iter().zip(values) {
                    self.named(&place.name, &place.kind, value)?;
                }
            }
            _ => return Err(AbiError::NotArguments { expected: expected(places) }),
        }
        Ok(self.out)
    }

    fn fields(&mut self, places: &[Place], fields: &Map<String, Value>) -> Result<(), AbiError> {
        if let Some(name) = fields.keys().find(|name| !places.iter().any(|place| place.name == **name)) {
            return Err(AbiError::Unknown { name: self.at(&short(name)), expected: expected(places) });
        }
        for place in places {
            match (fields.get(&place.name), &place.kind) {
                (Some(value), kind) => self.named(&place.name, kind, value)?,
                (None, Type::Option(_)) => self.push(&[0])?,
                (None, _) => {
                    let name = self.at(&place.name);
                    return Err(AbiError::Missing { name, expected: expected(places) });
                }
            }
        }
        Ok(())
    }

    fn named(&mut self, name: &str, kind: &Type, value: &Value) -> Result<(), AbiError> {
        if self.path.len() == VALUE_DEPTH_MAX {
            return Err(AbiError::TooDeep { place: self.at(""), depth_max: VALUE_DEPTH_MAX });
        }
        self.path.push(name.to_owned());
        self.value(kind, value)?;
        self.path.pop();
        Ok(())
    }

    fn value(&mut self, kind: &Type, value: &Value) -> Result<(), AbiError> {
        let wrong = |this: &Self, form: &str| {
            Err(AbiError::BadValue {
                place: this.at(""),
                found: short(&value.to_string()),
                expected: format!("{kind}{}{form}", if form.is_empty() { "" } else { ": " }),
            })
        };
        match (kind, value) {
            (Type::Bool, Value::Bool(yes)) => self.push(&[u8::from(*yes)]),
            (Type::Bool, _) => wrong(self, "true or false"),
            (Type::Int(int), _) => match whole(*int, value) {
                Some(bytes) => self.push(&bytes[..int.size()]),
                None => wrong(self, int_form(*int)),
            },
            (Type::Text, Value::String(text)) => self.sized(text.as_bytes()),
            (Type::Text, _) => wrong(self, "a text"),
            (Type::Bytes, Value::String(text)) => match bytes_of(text) {
                Some(bytes) => self.sized(&bytes),
                None => wrong(self, "0x and hex digits"),
            },
            (Type::Bytes, _) => wrong(self, "0x and hex digits"),
            (Type::Fixed(_, length), _) => {
                match value.as_str().and_then(bytes_of).filter(|bytes| bytes.len() == *length) {
                    Some(bytes) => self.push(&bytes),
                    None => wrong(self, &format!("0x and {} hex digits", length * 2)),
                }
            }
            (Type::Address, Value::String(text)) => match Address::parse(text) {
                Ok(address) => self.push(address.as_bytes()),
                Err(error) => wrong(self, &format!("cnx1... ({error})")),
            },
            (Type::Address, _) => wrong(self, "cnx1..."),
            (Type::Option(_), Value::Null) => self.push(&[0]),
            (Type::Option(inner), value) => {
                self.push(&[1])?;
                self.value(inner, value)
            }
            (Type::List(inner), Value::Array(values)) => {
                let Ok(count) = u32::try_from(values.len()) else { return wrong(self, "a shorter list") };
                self.push(&count.to_le_bytes())?;
                self.items(std::iter::repeat(&**inner), values)
            }
            (Type::Array(inner, length), Value::Array(values)) if values.len() == *length => {
                self.items(std::iter::repeat(&**inner), values)
            }
            (Type::Tuple(parts), Value::Null) if parts.is_empty() => Ok(()),
            (Type::Tuple(parts), Value::Array(values)) if values.len() == parts.len() => {
                self.items(parts.iter(), values)
            }
            (Type::Array(_, count), _) => wrong(self, &format!("a list of {count}")),
            (Type::Tuple(parts), _) => wrong(self, &format!("a list of {}", parts.len())),
            (Type::List(_), _) => wrong(self, "a list"),
            (Type::Named(name), value) => self.declared(name, value),
        }
    }

    fn items<'t>(&mut self, kinds: impl Iterator<Item = &'t Type>, values: &[Value]) -> Result<(), AbiError> {
        for (index, (kind, value)) in kinds.zip(values).enumerate() {
            self.named(&index.to_string(), kind, value)?;
        }
        Ok(())
    }

    fn declared(&mut self, name: &str, value: &Value) -> Result<(), AbiError> {
        let wrong = |this: &Self, expected: String| {
            Err(AbiError::BadValue { place: this.at(""), found: short(&value.to_string()), expected })
        };
        let interface = self.interface;
        match (interface.types.get(name), value) {
            (Some(Declared::Struct(places)), Value::Object(fields)) => self.fields(places, fields),
            (Some(Declared::Struct(places)), _) => wrong(self, format!("{name}: {{{}}}", expected(places))),
            (Some(Declared::Enum(variants)), value) => {
                let nothing = Map::new();
                let chosen = match value {
                    Value::String(variant) => Some((variant, &nothing)),
                    Value::Object(map) if map.len() == 1 => map
                        .iter()
                        .next()
                        .and_then(|(variant, fields)| fields.as_object().map(|fields| (variant, fields))),
                    _ => None,
                };
                let found = chosen.and_then(|(variant, fields)| {
                    let index = variants.iter().position(|(known, _)| known == variant)?;
                    Some((u8::try_from(index).ok()?, &variants[index], fields))
                });
                let Some((tag, (variant, places), fields)) = found else {
                    return wrong(self, format!("{name}: {}", alternatives(variants)));
                };
                self.push(&[tag])?;
                self.path.push(variant.clone());
                self.fields(places, fields)?;
                self.path.pop();
                Ok(())
            }
            // Names were checked when the interface was parsed; an interface without this one has no such value.
            (None, _) => wrong(self, format!("{name}, which is not declared")),
        }
    }

    fn sized(&mut self, bytes: &[u8]) -> Result<(), AbiError> {
        let Ok(length) = u32::try_from(bytes.len()) else {
            return Err(AbiError::TooLarge { bytes_max: ARGS_BYTES_MAX });
        };
        self.push(&length.to_le_bytes())?;
        self.push(bytes)
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), AbiError> {
        if self.out.len() + bytes.len() > ARGS_BYTES_MAX {
            return Err(AbiError::TooLarge { bytes_max: ARGS_BYTES_MAX });
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// The path of the running value, and `name` in it.
    fn at(&self, name: &str) -> String {
        let mut path = self.path.join(".");
        if !name.is_empty() {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
        }
        path
    }
}

/// Little-endian bytes of a number, if it is one and fits.
fn whole(int: Int, value: &Value) -> Option<[u8; 16]> {
    let text = match value {
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) if number <= EXACT_MAX => number.to_string(),
            (None, Some(number)) if number.unsigned_abs() <= EXACT_MAX => number.to_string(),
            _ => return None,
        },
        Value::String(text) => text.clone(),
        _ => return None,
    };
    let digits = text.strip_prefix('-').filter(|_| int.signed()).unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if int.signed() {
        let number: i128 = text.parse().ok()?;
        let fits = match int {
            Int::I32 => i32::try_from(number).is_ok(),
            _ => i64::try_from(number).is_ok(),
        };
        return fits.then(|| number.to_le_bytes());
    }
    let number: u128 = text.parse().ok()?;
    let bits = u32::try_from(int.size() * 8).ok()?;
    (bits == 128 || number >> bits == 0).then(|| number.to_le_bytes())
}

fn int_form(int: Int) -> &'static str {
    match int {
        Int::Amount => "base units as a decimal string",
        Int::U8 | Int::U16 | Int::U32 | Int::I32 => "a whole number in range",
        _ => "a decimal string (or a number up to 2^53)",
    }
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x")?).ok()
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn expected(places: &[Place]) -> String {
    if places.is_empty() {
        return "nothing".to_owned();
    }
    let parts: Vec<String> = places.iter().map(|place| format!("{}: {}", place.name, place.kind)).collect();
    parts.join(", ")
}

fn alternatives(variants: &[(String, Vec<Place>)]) -> String {
    let parts: Vec<String> = variants
        .iter()
        .map(|(name, places)| {
            if places.is_empty() {
                format!("\"{name}\"")
            } else {
                format!("{{\"{name}\": {{{}}}}}", expected(places))
            }
        })
        .collect();
    parts.join(" or ")
}
