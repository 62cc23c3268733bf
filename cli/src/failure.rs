//! What a command ends with when it does not succeed: a sentence for a person, and what to do next.

mod advice;

use std::error::Error;
use std::fmt;

/// Why a command failed. Made from any error (its chain of causes is joined), or from a sentence.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    /// Where in a contract it failed, innermost first.
    frames: Vec<String>,
    name: Option<String>,
    exit: Exit,
}

/// What the process ends with; 2 is for arguments that do not parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 1: it did not work, and would not if tried again.
    Failed,
    /// 3: the task ended without a result.
    NoResult,
    /// 4: it did not work; the same command may, later.
    TryAgain,
    /// 5: a node stopped, or did not start, because of its disk: full, read-only or failing.
    Disk,
}

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::NoResult => 3,
            Self::TryAgain => 4,
            Self::Disk => 5,
        }
    }
}

/// What commands return.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// From a sentence: lower case, no full stop, the values included.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, frames: Vec::new(), name: None, exit: Exit::Failed }
    }

    /// From what was attempted and the error that stopped it.
    pub fn of(what: impl fmt::Display, error: &dyn Error) -> Self {
        Self::new(format!("{what}: {}", chain(error)))
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds where in a contract it failed, innermost first.
    #[must_use]
    pub fn frames(mut self, frames: Vec<String>) -> Self {
        self.frames = frames;
        self
    }

    /// The name of what went wrong, for programs.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What the process ends with.
    #[must_use]
    pub fn ending(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The stable name, where there is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The failure for programs; `backtrace` is there where a contract failed in its code.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::json!({"error": self.message, "name": self.name, "hint": self.hint});
        if !self.frames.is_empty() {
            json["backtrace"] = serde_json::json!(self.frames);
        }
        json
    }

    /// What the process ends with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where in a contract it failed, innermost first.
    #[must_use]
    pub fn backtrace(&self) -> &[String] {
        &self.frames
    }

    /// What to do next, where known.
    #[must_use]
    pub fn next_step(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.frames.iter().try_for_each(|frame| write!(f, "\n  at {frame}"))?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        advice::advise(Self::new(chain(&error)), &error)
    }
}

/// The error and its causes, joined by colons.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        cause = error.source();
    }
    text
}
