//! How single values look in JSON: 64-bit numbers and amounts as decimal strings, bytes and hashes as 0x-hex.

use hydrogen_types::{Address, Amount, ChainId, Gas, Hash, Height, PublicKey, Signature};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A value that JSON carries as a string.
pub trait AsText: Sized {
    /// Writes it.
    fn to_text(&self) -> String;
    /// Reads it; the error says what would be right.
    fn from_text(text: &str) -> Result<Self, String>;
}

/// Wraps a value so that serde writes it as its text.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text<T>(pub T);

impl<T: AsText> fmt::Debug for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_text())
    }
}

impl<T: AsText> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_text())
    }
}

impl<'de, T: AsText> Deserialize<'de> for Text<T> {
    /// Small numbers are also taken as JSON numbers, because people type them so.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) if number.is_u64() => number.to_string(),
            other => return Err(D::Error::custom(format!("expected a string, got {other}"))),
        };
        T::from_text(&text).map(Self).map_err(D::Error::custom)
    }
}

impl AsText for u64 {
    fn to_text(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("`{text}` is not a whole number below 2^64"))
    }
}

impl AsText for Amount {
    fn to_text(&self) -> String {
        self.get().to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = |_| format!("`{text}` is not an amount in base units");
        text.parse().map(Amount::new).map_err(wrong)
    }
}

impl AsText for Gas {
    fn to_text(&self) -> String {
        self.get().to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        u64::from_text(text).map(Gas::new)
    }
}

impl AsText for Height {
    fn to_text(&self) -> String {
        self.get().to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        u64::from_text(text).map(Height::new)
    }
}

impl AsText for Hash {
    fn to_text(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        Hash::from_hex(text).ok_or_else(|| format!("`{text}` is not a hash: write 0x and 64 hex digits"))
    }
}

impl AsText for Address {
    fn to_text(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        Address::parse(text).map_err(|error| format!("`{text}`: {error}"))
    }
}

impl AsText for PublicKey {
    fn to_text(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        PublicKey::from_hex(text)
            .ok_or_else(|| format!("`{text}` is not a public key: write 0x and 64 hex digits"))
    }
}

impl AsText for ChainId {
    fn to_text(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        ChainId::new(text)
    }
}

impl AsText for Vec<u8> {
    fn to_text(&self) -> String {
        format!("0x{}", hex::encode(self))
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let digits =
            text.strip_prefix("0x").ok_or_else(|| String::from("bytes are written as 0x and hex digits"))?;
        hex::decode(digits).map_err(|error| format!("bytes are written as 0x and hex digits: {error}"))
    }
}

impl AsText for Signature {
    fn to_text(&self) -> String {
        self.0.to_vec().to_text()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        bytes_of(text).map(Signature)
    }
}

impl AsText for [u8; 80] {
    fn to_text(&self) -> String {
        self.to_vec().to_text()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        bytes_of(text)
    }
}

fn bytes_of<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let bytes = Vec::<u8>::from_text(text)?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| format!("expected {N} bytes, got {length}"))
}
