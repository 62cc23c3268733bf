//! Entries of a contract's storage, by the names and types that its interface declares.

use super::decode::Decoder;
use super::interface::Interface;
use super::types::{Int, Type};
use hydrogen_types::schema::StorageKind;
use serde_json::{Value, json};

/// What lies in storage under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) kind: StorageKind,
    pub(super) key: Type,
    pub(super) value: Type,
    pub(super) doc: String,
}

impl Stored {
    pub(super) fn to_json(&self, name: &str) -> Value {
        json!({
            "name": name, "kind": kind_name(self.kind), "key": self.key.to_string(),
            "value": self.value.to_string(), "doc": self.doc
        })
    }
}

fn kind_name(kind: StorageKind) -> &'static str {
    match kind {
        StorageKind::Item => "item",
        StorageKind::Map => "map",
        StorageKind::Vector => "vector",
        StorageKind::Index => "index",
    }
}

/// An entry, as far as the interface knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// The name it lies under.
    pub name: String,
    /// Its key, for entries of maps, vectors and indexes.
    pub key: Option<Value>,
    /// Its value; `None` if it is no value of the declared type.
    pub value: Option<Value>,
}

impl Interface {
    /// Reads an entry of storage; `None` if its key is none of what the interface declares.
    #[must_use]
    pub fn decode_entry(&self, key: &[u8], value: &[u8]) -> Option<StoredEntry> {
        let end = key.iter().position(|byte| *byte == 0)?;
        let name = std::str::from_utf8(&key[..end]).ok()?;
        let stored = self.stored.get(name)?;
        let rest = &key[end + 1..];
        let (key, value_type) = match stored.kind {
            StorageKind::Item if rest.is_empty() => (None, &stored.value),
            StorageKind::Item => return None,
            StorageKind::Vector if rest.is_empty() => (None, &Type::Int(Int::U32)),
            StorageKind::Map | StorageKind::Vector | StorageKind::Index => {
                (Some(self.decode_key(&stored.key, rest)?), &stored.value)
            }
        };
        let value = Decoder::new(self, value).all(value_type).ok();
        Some(StoredEntry { name: name.to_owned(), key, value })
    }

    fn decode_key(&self, kind: &Type, mut bytes: &[u8]) -> Option<Value> {
        let mut borsh = Vec::new();
        to_borsh(kind, &mut bytes, &mut borsh)?;
        if !bytes.is_empty() {
            return None;
        }
        Decoder::new(self, &borsh).all(kind).ok()
    }
}

/// An ordered key as borsh writes the same value: integers turned round, texts and bytes with their length.
fn to_borsh(kind: &Type, bytes: &mut &[u8], out: &mut Vec<u8>) -> Option<()> {
    match kind {
        Type::Int(int) => {
            let mut number = take(bytes, int.size())?.to_vec();
            if int.signed() {
                // The sign bit is flipped in keys, so that negative numbers come first.
                *number.first_mut()? ^= 0x80;
            }
            number.reverse();
            out.extend(number);
        }
        Type::Bool => out.extend(take(bytes, 1)?),
        Type::Fixed(_, length) => out.extend(take(bytes, *length)?),
        Type::Address => out.extend(take(bytes, 20)?),
        Type::Text | Type::Bytes => {
            let plain = unescape(bytes)?;
            out.extend(u32::try_from(plain.len()).ok()?.to_le_bytes());
            out.extend(plain);
        }
        Type::Tuple(parts) => parts.iter().try_for_each(|part| to_borsh(part, bytes, out))?,
        // No other type is a key.
        Type::Option(_) | Type::List(_) | Type::Array(..) | Type::Named(_) => return None,
    }
    Some(())
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

/// A zero byte inside is followed by 255, the end is two zero bytes.
fn unescape(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    loop {
        match take(bytes, 1)?[0] {
            0 => match take(bytes, 1)?[0] {
                0 => return Some(plain),
                0xff => plain.push(0),
                _ => return None,
            },
            byte => plain.push(byte),
        }
    }
}
