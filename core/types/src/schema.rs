//! A contract's interface, as its module carries it in the custom section `hydrogen.abi`.
//!
//! The section is a sequence of records, each a `u32` LE length and the borsh bytes of a [`Record`]. Types are
//! written as text: `bool`, `u8` to `u128`, `i32`, `i64`, `String`, `Vec<u8>`, `Hash`, `Address`, `PublicKey`,
//! `Signature`, `Amount`, `Height`, `Gas`, `Option<T>`, `Vec<T>`, `[u8; N]`, `(A, B)`, `()`, or the name of a
//! [`Record::Struct`] or [`Record::Enum`]. Names of fields, variants and methods are as JSON writes them (snake case).

use crate::host::MethodKind;
use alloc::string::String;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// The custom section's name.
pub const SECTION: &str = "hydrogen.abi";

/// A named, typed place.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Type text.
    pub type_text: String,
    /// What it means.
    pub doc: String,
}

/// One alternative of an enum; without fields it is written in JSON as its name alone.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Variant {
    /// Name.
    pub name: String,
    /// Fields.
    pub fields: Vec<Field>,
}

/// How entries of storage are laid out. A raw key is a name, a zero byte and the encoded key (integers big-endian,
/// texts and bytes with zero bytes escaped and two at their end, tuples part by part).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum StorageKind {
    /// One value; there is no key after the zero byte.
    Item,
    /// Values by key.
    Map,
    /// Elements by their `u32` index; under the name alone lies their number, a `u32`.
    Vector,
    /// Keys of a map by something that follows from their values; the values here are empty.
    Index,
}

/// One piece of an interface.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Record {
    /// The contract itself.
    Contract {
        /// Name.
        name: String,
        /// What it is for.
        doc: String,
    },
    /// A method; its arguments are encoded one after the other.
    Method {
        /// Name.
        name: String,
        /// Who may call it, and how.
        kind: MethodKind,
        /// Arguments in order.
        args: Vec<Field>,
        /// Result type.
        result: String,
        /// What it does.
        doc: String,
    },
    /// A struct.
    Struct {
        /// Name.
        name: String,
        /// Fields in order.
        fields: Vec<Field>,
    },
    /// An enum; the index of a variant is its borsh tag.
    Enum {
        /// Name.
        name: String,
        /// Variants in order.
        variants: Vec<Variant>,
    },
    /// An event.
    Event {
        /// Name.
        name: String,
        /// Attributes.
        fields: Vec<Field>,
    },
    /// A refusal.
    Error {
        /// Numeric code, from 1000.
        code: u32,
        /// Name such as `NotEnoughNodes`.
        name: String,
        /// The sentence.
        doc: String,
    },
    /// What lies in storage under a name.
    Storage {
        /// Name.
        name: String,
        /// How it is laid out.
        kind: StorageKind,
        /// Type of its keys.
        key: String,
        /// Type of its values.
        value: String,
        /// What it means.
        doc: String,
    },
}
