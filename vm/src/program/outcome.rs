//! What goes in beside the input, and what comes out.

use std::collections::BTreeMap;

/// Exit code by which a program refuses its arguments: the ending is then `BAD_ARGUMENTS` instead of `NON_ZERO_EXIT`.
/// It is `EX_DATAERR` of `sysexits.h`; external executors say it the same way.
pub const EXIT_BAD_ARGUMENTS: u32 = 65;

/// Limits that the task states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgramLimits {
    /// Most bytes of memory; at most 1 GiB counts.
    pub memory_bytes_max: u64,
    /// Most fuel.
    pub fuel_max: u64,
    /// Most bytes on stdout.
    pub output_bytes_max: u64,
}

impl Default for ProgramLimits {
    fn default() -> Self {
        Self { memory_bytes_max: 256 << 20, fuel_max: 100_000_000_000, output_bytes_max: 32 << 20 }
    }
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramEnding {
    /// It ended with exit code 0; these are the bytes of its stdout.
    Result(Vec<u8>),
    /// It failed.
    Error {
        /// A code of [`hydrogen_types::task::error_code`].
        code: u32,
        /// What happened, for a person. Enters no commitment.
        reason: String,
    },
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramOutcome {
    /// How it ended.
    pub ending: ProgramEnding,
    /// Fuel used; all of it after a trap.
    pub fuel_used: u64,
    /// What it wrote to stderr, up to 64 KiB.
    pub log: String,
    /// Its exit code, 0 also where `_start` returned; none where it was stopped or never ran.
    pub exit_code: Option<u32>,
    /// The most memory that it held, in bytes. Memories never shrink, so this is also the last.
    pub memory_bytes: u64,
    /// What it asked of sources that differ from machine to machine elsewhere.
    pub asked: Asked,
}

/// What a run asked of sources that differ from machine to machine elsewhere, and are frozen here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Readings of a clock; each gave the start time and a microsecond for each one before, and what was slept.
    pub clock_reads: u64,
    /// Time that it slept, in ns; it passed at once.
    pub slept_ns: u64,
    /// Bytes drawn from the seed.
    pub random_bytes: u64,
    /// Questions for arguments: there is one, `program`.
    pub argument_reads: u64,
    /// Questions for the environment: it is empty.
    pub environment_reads: u64,
    /// Calls that nothing here answers, such as opening a file, by name.
    pub refused: BTreeMap<&'static str, u64>,
}

/// Most characters of [`ProgramOutcome::last_words`].
const LAST_WORDS_MAX: usize = 200;

impl ProgramOutcome {
    /// The last line on stderr without control characters, cut at 200 characters: what a program that failed says of
    /// it. For a person, and from a stranger.
    #[must_use]
    pub fn last_words(&self) -> Option<String> {
        let line = self.log.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
        Some(line.chars().filter(|letter| !letter.is_control()).take(LAST_WORDS_MAX).collect())
    }
}

/// This machine could not run the program: try again, then abstain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostShortage {
    /// wasmtime refused its configuration.
    #[error("wasmtime engine: {0}")]
    Engine(String),
    /// No memory for the program, or none for its code.
    #[error("memory for a program: {0}")]
    Memory(String),
    /// No thread.
    #[error("thread for a program")]
    Thread(#[source] std::io::Error),
    /// The sandbox itself failed.
    #[error("sandbox for a program: {0}")]
    Sandbox(String),
}
