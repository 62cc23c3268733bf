//! Why there is no module.

use crate::toolchain::Target;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::{error, fmt, io};

/// Why there is no module.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// Nothing here compiles for the target.
    NoToolchain {
        /// What was to be compiled for.
        target: Target,
    },
    /// A program did not start.
    NotStarted {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program said no; its own words are on stderr.
    Ended {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A file could not be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes are no module.
    Malformed(&'static str),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToolchain { target } => {
                write!(f, "no compiler here makes modules for {}", target.triple())
            }
            Self::NotStarted { program, source } => write!(f, "`{program}` does not start: {source}"),
            Self::Ended { program, status } => write!(f, "`{program}` ended with {status}"),
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Malformed(reason) => f.write_str(reason),
        }
    }
}

impl error::Error for BuildError {}

impl BuildError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::NoToolchain { target } => Some(target.install()),
            Self::NotStarted { program, source } if source.kind() == io::ErrorKind::NotFound => {
                Some(format!("install `{program}`, or put it in PATH"))
            }
            _ => None,
        }
    }
}
