//! Running a program as the chain's rules say, on a thread of its own.

use hydrogen_types::Hash;
use hydrogen_types::task::task_default;
use hydrogen_vm::program::{self, HostShortage, ProgramEnding, ProgramLimits, ProgramOutcome};
use std::time::Instant;

/// One run of a program.
#[derive(Debug, Clone)]
pub struct Job {
    /// The module.
    pub program: Vec<u8>,
    /// Its stdin.
    pub args: Vec<u8>,
    /// Most memory.
    pub memory_bytes_max: u64,
    /// Most fuel.
    pub fuel_max: u64,
    /// Most bytes of result.
    pub output_bytes_max: u64,
    /// Where its clock starts, in ms since 1970.
    pub clock_ms: u64,
    /// What its randomness comes from.
    pub random_seed: Hash,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// With a result.
    Result {
        /// Its stdout.
        output: Vec<u8>,
        /// Fuel it took.
        fuel_used: u64,
    },
    /// With an error of the task, of `task::error_code`.
    Error {
        /// The code.
        code: u32,
        /// For a person.
        reason: String,
    },
    /// Not: this machine was short of something.
    HostShort {
        /// For a person.
        reason: String,
    },
}

/// Whether every node can run the module; the error says why not.
///
/// # Errors
/// The reason, for a person.
pub fn check(module: &[u8]) -> Result<(), String> {
    program::check(module).map_err(|error| error.to_string())
}

/// Runs the fingerprint program `module` on a result, within the limits of the task's own run. An output of it is 8
/// to 512 bytes; whatever else it does is an error of the task.
pub(crate) async fn fingerprint(
    module: Vec<u8>,
    result: Vec<u8>,
    limits: ProgramLimits,
    clock_ms: u64,
    random_seed: Hash,
) -> Ran {
    blocking(move || program::fingerprint(&module, &result, limits, clock_ms, random_seed)).await
}

/// Runs a program. It cannot be stopped before its fuel is used; a dropped future leaves it running.
pub async fn run(job: Job) -> Ran {
    blocking(move || {
        let limits = ProgramLimits {
            memory_bytes_max: job.memory_bytes_max,
            fuel_max: job.fuel_max,
            output_bytes_max: job.output_bytes_max,
        };
        program::run(&job.program, &job.args, limits, job.clock_ms, job.random_seed)
    })
    .await
}

async fn blocking(run: impl FnOnce() -> Result<ProgramOutcome, HostShortage> + Send + 'static) -> Ran {
    match tokio::task::spawn_blocking(run).await {
        Ok(Ok(outcome)) => {
            if !outcome.log.is_empty() {
                tracing::debug!(log = outcome.log, "program log");
            }
            let words = outcome.last_words();
            match outcome.ending {
                ProgramEnding::Result(output) => Ran::Result { output, fuel_used: outcome.fuel_used },
                ProgramEnding::Error { code, reason } => {
                    let words = words.map(|words| format!("; it says: {words}")).unwrap_or_default();
                    Ran::Error { code, reason: reason + &words }
                }
            }
        }
        Ok(Err(shortage)) => Ran::HostShort { reason: shortage.to_string() },
        Err(error) => Ran::HostShort { reason: error.to_string() },
    }
}

/// Fuel that this machine burns in a ms: the best of a few short runs, since other work may disturb one.
pub(crate) async fn measure_speed() -> u64 {
    let mut best = 0;
    for _ in 0..SPEED_RUNS {
        let job = Job {
            program: COUNTING_PROGRAM.to_vec(),
            args: Vec::new(),
            memory_bytes_max: task_default::MEMORY_BYTES_MAX,
            fuel_max: task_default::FUEL_MAX,
            output_bytes_max: task_default::OUTPUT_BYTES_MAX,
            clock_ms: 0,
            random_seed: Hash::ZERO,
        };
        let start = Instant::now();
        if let Ran::Result { fuel_used, .. } = run(job).await {
            let elapsed_us = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
            best = best.max(fuel_used.saturating_mul(1_000) / elapsed_us);
        }
    }
    best
}

/// Runs that are measured; the first also compiles.
const SPEED_RUNS: u32 = 3;

/// Counts to two million: `(loop (br_if 0 (i32.ne (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const
/// 2000000))))`, in a module with a memory and `_start`.
const COUNTING_PROGRAM: &[u8] = &[
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // magic, version
    0x01, 0x04, 0x01, 0x60, 0x00, 0x00, // one type: no parameters, no results
    0x03, 0x02, 0x01, 0x00, // one function of it
    0x05, 0x03, 0x01, 0x00, 0x01, // one memory of one page
    0x07, 0x13, 0x02, // two exports
    0x06, b'm', b'e', b'm', b'o', b'r', b'y', 0x02, 0x00, // the memory
    0x06, b'_', b's', b't', b'a', b'r', b't', 0x00, 0x00, // the function
    0x0a, 0x18, 0x01, 0x16, 0x01, 0x01, 0x7f, // one body with one local
    0x03, 0x40, 0x20, 0x00, 0x41, 0x01, 0x6a, 0x22, 0x00, // loop: count
    0x41, 0x80, 0x89, 0xfa, 0x00, 0x47, 0x0d, 0x00, 0x0b, 0x0b, // until 2,000,000
];
