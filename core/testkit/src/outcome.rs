//! What a call gave, or why it gave nothing.

use hydrogen_core::Usage;
use hydrogen_types::{Event, Gas};
use std::fmt;

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Gas of the whole transaction.
    pub gas: Gas,
    /// What its calls did, nested ones included.
    pub usage: Usage,
}

/// A call that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<T> {
    /// What it returned.
    pub value: T,
    /// Its events in order, those of contracts it called included.
    pub events: Vec<Event>,
    /// What it used; `None` on the native backend.
    pub cost: Option<Cost>,
}

impl<T> Done<T> {
    /// The first event of this name.
    ///
    /// # Panics
    /// When there is none; names those there are.
    #[must_use]
    #[track_caller]
    pub fn event(&self, name: &str) -> &Event {
        let found = self.events.iter().find(|event| event.name == name);
        found.unwrap_or_else(|| {
            let names: Vec<&str> = self.events.iter().map(|event| event.name.as_str()).collect();
            panic!("no event `{name}`, but {names:?}")
        })
    }
}

/// A call or query that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Failure {
    /// From 1000 the contract's own code, below 1000 the ledger's (`docs/errors.md`).
    pub code: u32,
    /// The sentence.
    pub message: String,
    /// What it used all the same; `None` on the native backend, for queries, and for what never ran.
    pub cost: Option<Cost>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "code {}: {}", self.code, self.message)
    }
}

impl Failure {
    pub(crate) fn new(code: u32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), cost: None }
    }
}
