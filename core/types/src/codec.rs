//! Canonical borsh, with the two rules of this ledger: all bytes are consumed and a size limit comes first.

use alloc::string::{String, ToString};
use borsh::BorshDeserialize;
use core::fmt;

/// Why bytes were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// More bytes than the limit of this kind of message.
    TooLarge {
        /// Bytes received.
        size: usize,
        /// Bytes allowed.
        size_max: usize,
    },
    /// Not the canonical encoding of the type; the text says where it went wrong.
    Malformed(String),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, size_max } => {
                write!(f, "{size} bytes, at most {size_max} allowed")
            }
            Self::Malformed(reason) => write!(f, "malformed bytes: {reason}"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// Decodes exactly `bytes`, at most `size_max` of them.
///
/// # Errors
/// [`DecodeError::TooLarge`] before anything is read; [`DecodeError::Malformed`] for truncated, trailing or
/// non-canonical bytes.
pub fn decode<T: BorshDeserialize>(bytes: &[u8], size_max: usize) -> Result<T, DecodeError> {
    if bytes.len() > size_max {
        return Err(DecodeError::TooLarge { size: bytes.len(), size_max });
    }
    T::try_from_slice(bytes).map_err(|error| DecodeError::Malformed(error.to_string()))
}

/// Encodes a value whose encoding cannot fail (no map beyond `u32::MAX` entries, no I/O).
///
/// # Panics
/// Only if a collection has more than `u32::MAX` elements, which no bounded message of this crate has.
#[must_use]
pub fn encode<T: borsh::BorshSerialize>(value: &T) -> alloc::vec::Vec<u8> {
    // Not `expect`: it would pull the formatting of I/O errors into every contract, 20 KB of it.
    match borsh::to_vec(value) {
        Ok(bytes) => bytes,
        Err(_) => panic!("bounded values encode into memory"),
    }
}
