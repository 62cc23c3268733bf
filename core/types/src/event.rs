//! Events: what a contract tells the world, with typed attributes.

use crate::hash::Hash;
use crate::keys::Address;
use crate::units::Amount;
use alloc::string::String;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A number.
    U64(u64),
    /// An amount of CNX.
    Amount(Amount),
    /// A hash.
    Hash(Hash),
    /// An account or contract.
    Address(Address),
    /// Text.
    Text(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
}

/// A named value.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Attribute {
    /// Name, unique in the event.
    pub name: String,
    /// Value.
    pub value: Value,
}

/// What a contract emitted while a call succeeded.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Event {
    /// The contract that emitted it.
    pub contract: Address,
    /// Name such as `TaskStarted`.
    pub name: String,
    /// Attributes in the contract's order.
    pub attributes: Vec<Attribute>,
}

impl Event {
    /// The attribute `name`, if the event has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|found| &found.value)
    }

    /// The number in attribute `name`.
    #[must_use]
    pub fn u64(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Value::U64(number) => Some(*number),
            _ => None,
        }
    }

    /// The address in attribute `name`.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<Address> {
        match self.get(name)? {
            Value::Address(address) => Some(*address),
            _ => None,
        }
    }
}
