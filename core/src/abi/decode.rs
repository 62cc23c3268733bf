//! Borsh to JSON.

use super::encode::VALUE_DEPTH_MAX;
use super::error::AbiError;
use super::interface::{Declared, Interface, Place};
use super::types::{Int, Type};
use hydrogen_types::Address;
use serde_json::{Map, Value};

/// Most values of one result: types of no bytes would otherwise make many out of few.
const VALUES_MAX: usize = 1 << 18;

/// Reads one result.
pub(super) struct Decoder<'a> {
    interface: &'a Interface,
    bytes: &'a [u8],
    at: usize,
    values: usize,
}

/// What is wrong, before the type it is said about is known.
type Reason = &'static str;

impl<'a> Decoder<'a> {
    pub(super) fn new(interface: &'a Interface, bytes: &'a [u8]) -> Self {
        Self { interface, bytes, at: 0, values: 0 }
    }

    /// A value of type `kind` made of all bytes.
    pub(super) fn all(mut self, kind: &Type) -> Result<Value, AbiError> {
        let decoded = self.value(kind, 0);
        self.finish(decoded, || kind.to_string())
    }

    /// Arguments made of all bytes, as an object.
    pub(super) fn arguments(mut self, places: &[Place]) -> Result<Value, AbiError> {
        let decoded = self.fields(places, 0);
        self.finish(decoded, || "arguments of this method".to_owned())
    }

    fn finish(
        self,
        decoded: Result<Value, Reason>,
        type_text: impl Fn() -> String,
    ) -> Result<Value, AbiError> {
        let bad = |reason| AbiError::BadBytes { type_text: type_text(), reason, offset: self.at };
        let value = decoded.map_err(bad)?;
        if self.at == self.bytes.len() { Ok(value) } else { Err(bad("bytes are left over")) }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Reason> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or("the bytes end too soon")?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Reason> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn length(&mut self) -> Result<usize, Reason> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.take(4)?);
        usize::try_from(u32::from_le_bytes(bytes)).map_err(|_| "a length beyond memory")
    }

    fn value(&mut self, kind: &Type, depth: usize) -> Result<Value, Reason> {
        if depth > VALUE_DEPTH_MAX {
            return Err("values are nested too deep");
        }
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err("there are too many values");
        }
        match kind {
            Type::Bool => match self.byte()? {
                0 => Ok(Value::Bool(false)),
                1 => Ok(Value::Bool(true)),
                _ => Err("a bool is 0 or 1"),
            },
            Type::Int(int) => self.int(*int),
            Type::Text => {
                let length = self.length()?;
                let text = std::str::from_utf8(self.take(length)?).map_err(|_| "a text is not UTF-8")?;
                Ok(Value::from(text))
            }
            Type::Bytes => {
                let length = self.length()?;
                self.take(length).map(hexed)
            }
            Type::Fixed(_, length) => self.take(*length).map(hexed),
            Type::Address => {
                let mut bytes = [0; 20];
                bytes.copy_from_slice(self.take(20)?);
                Ok(Value::from(Address::new(bytes).to_string()))
            }
            Type::Option(inner) => match self.byte()? {
                0 => Ok(Value::Null),
                1 => self.value(inner, depth + 1),
                _ => Err("an option is 0 or 1"),
            },
            Type::List(inner) => {
                let count = self.length()?;
                self.items(std::iter::repeat_n(&**inner, count), depth)
            }
            Type::Array(inner, count) => self.items(std::iter::repeat_n(&**inner, *count), depth),
            Type::Tuple(parts) if parts.is_empty() => Ok(Value::Null),
            Type::Tuple(parts) => self.items(parts.iter(), depth),
            Type::Named(name) => self.declared(name, depth),
        }
    }

    fn int(&mut self, int: Int) -> Result<Value, Reason> {
        let taken = self.take(int.size())?;
        let mut bytes = [0; 16];
        bytes[..taken.len()].copy_from_slice(taken);
        let number = u128::from_le_bytes(bytes);
        let small =
            |number: u128| u32::try_from(number).map(Value::from).map_err(|_| "a number is too large");
        match int {
            Int::U8 | Int::U16 | Int::U32 => small(number),
            Int::I32 => {
                let bits = u32::try_from(number).map_err(|_| "a number is too large")?;
                Ok(Value::from(bits.cast_signed()))
            }
            Int::I64 => {
                let bits = u64::try_from(number).map_err(|_| "a number is too large")?;
                Ok(Value::from(bits.cast_signed().to_string()))
            }
            Int::U64 | Int::U128 | Int::Amount | Int::Height | Int::Gas => {
                Ok(Value::from(number.to_string()))
            }
        }
    }

    fn items<'t>(&mut self, kinds: impl Iterator<Item = &'t Type>, depth: usize) -> Result<Value, Reason> {
        let mut items = Vec::new();
        for kind in kinds {
            items.push(self.value(kind, depth + 1)?);
        }
        Ok(Value::Array(items))
    }

    fn fields(&mut self, places: &[Place], depth: usize) -> Result<Value, Reason> {
        let mut fields = Map::new();
        for place in places {
            fields.insert(place.name.clone(), self.value(&place.kind, depth + 1)?);
        }
        Ok(Value::Object(fields))
    }

    fn declared(&mut self, name: &str, depth: usize) -> Result<Value, Reason> {
        let interface = self.interface;
        match interface.types.get(name) {
            Some(Declared::Struct(places)) => self.fields(places, depth),
            Some(Declared::Enum(variants)) => {
                let tag = usize::from(self.byte()?);
                let (variant, places) = variants.get(tag).ok_or("a variant does not exist")?;
                if places.is_empty() {
                    return Ok(Value::from(variant.as_str()));
                }
                let fields = self.fields(places, depth)?;
                Ok(Value::Object(Map::from_iter([(variant.clone(), fields)])))
            }
            None => Err("a type is not declared"),
        }
    }
}

fn hexed(bytes: &[u8]) -> Value {
    Value::from(format!("0x{}", hex::encode(bytes)))
}
