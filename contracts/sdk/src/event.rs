//! Events with typed attributes.

use crate::env;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use hydrogen_types::event::Value;
use hydrogen_types::task::{AbortReason, BlobKind, NodeState, PenaltyReason, TaskState};
use hydrogen_types::{Address, Amount, Attribute, Gas, Hash, Height, PublicKey, Signature};

/// Attributes in order.
pub type Attributes = Vec<Attribute>;

/// A struct that derives [`crate::Event`].
pub trait EventData {
    /// Its name.
    const NAME: &'static str;

    /// Its fields; one that is `None` is left out.
    fn attributes(&self) -> Attributes;

    /// Tells the world, if the call succeeds.
    fn emit(&self) {
        env::emit(Self::NAME, &self.attributes());
    }
}

/// A type that may be an attribute.
pub trait EventValue {
    /// Its value, or `None` to leave the attribute out.
    fn event_value(&self) -> Option<Value>;
}

/// An attribute, for the derive.
#[doc(hidden)]
pub fn push(attributes: &mut Attributes, name: &str, field: &dyn EventValue) {
    if let Some(value) = field.event_value() {
        attributes.push(Attribute { name: name.into(), value });
    }
}

macro_rules! event_value {
    ($($type:ty: |$self:ident| $value:expr;)*) => {
        $(impl EventValue for $type {
            fn event_value(&self) -> Option<Value> {
                let $self = self;
                Some($value)
            }
        })*
    };
}

event_value! {
    bool: |this| Value::Bool(*this);
    u8: |this| Value::U64(u64::from(*this));
    u16: |this| Value::U64(u64::from(*this));
    u32: |this| Value::U64(u64::from(*this));
    u64: |this| Value::U64(*this);
    u128: |this| Value::Amount(Amount::new(*this));
    Height: |this| Value::U64(this.get());
    Gas: |this| Value::U64(this.get());
    Amount: |this| Value::Amount(*this);
    Hash: |this| Value::Hash(*this);
    Address: |this| Value::Address(*this);
    PublicKey: |this| Value::Bytes(Vec::from(this.0));
    Signature: |this| Value::Bytes(Vec::from(this.0));
    String: |this| Value::Text(this.clone());
    &'static str: |this| Value::Text(String::from(*this));
    Vec<u8>: |this| Value::Bytes(this.clone());
    TaskState: |this| name(this);
    AbortReason: |this| name(this);
    PenaltyReason: |this| name(this);
    NodeState: |this| name(this);
    BlobKind: |this| name(this);
}

impl<T: EventValue> EventValue for Option<T> {
    fn event_value(&self) -> Option<Value> {
        self.as_ref().and_then(EventValue::event_value)
    }
}

/// A unit variant as JSON writes it: snake case.
fn name(variant: &dyn fmt::Debug) -> Value {
    let mut text = String::new();
    for letter in format!("{variant:?}").chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    Value::Text(text)
}
