//! External types: what in a real network is a configured command is a closure here.

use std::fmt;
use std::sync::Arc;

/// Why an executor gave no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExternalError {
    /// The arguments are at fault, as every node finds: error 1 of the task.
    BadArguments,
    /// Anything else, for a person: tried again until it is too late, then `Unavailable`.
    Failed(String),
}

type Function = dyn Fn(&[u8]) -> Result<Vec<u8>, ExternalError> + Send + Sync;

/// An executor: arguments in, result out.
#[derive(Clone)]
pub(crate) struct Executor(Arc<Function>);

impl Executor {
    pub(crate) fn new(
        function: impl Fn(&[u8]) -> Result<Vec<u8>, ExternalError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(function))
    }

    pub(crate) fn run(&self, args: &[u8]) -> Result<Vec<u8>, ExternalError> {
        (self.0)(args)
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Executor")
    }
}
