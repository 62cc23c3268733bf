//! Why a network of processes could not be run, or what it did wrong.

use std::path::Path;

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RealError {
    /// The machine, not the network: a folder, a program, a namespace.
    #[error("{what}")]
    Machine {
        /// What was tried.
        what: String,
        /// Why it did not work.
        #[source]
        source: std::io::Error,
    },
    /// A program that this one needs ended badly.
    #[error("`{command}` failed: {stderr}")]
    Program {
        /// The command.
        command: String,
        /// What it wrote.
        stderr: String,
    },
    /// A node does not answer as it should.
    #[error("{url}: {reason}")]
    Node {
        /// Its address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The chain broke a promise.
    #[error("violation: {0}")]
    Violation(String),
}

impl RealError {
    /// For `map_err`: what was tried.
    pub(super) fn machine(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Machine { what, source }
    }

    /// For `map_err`: with a path.
    pub(super) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        Self::machine(path.display().to_string())
    }
}
