//! Running a task's program in the real sandbox, or an external type's executor.

use crate::external::{Executor, ExternalError};
use hydrogen_offchain::compute::{Attempt, Computation, Work};
use hydrogen_offchain::personas::Answer;
use hydrogen_types::Hash;
use hydrogen_types::task::{Comparison, Outcome, error_code};
use hydrogen_vm::program::{self, HostShortage, ProgramEnding, ProgramLimits};
use std::collections::BTreeMap;

/// What a task is computed from.
pub(crate) struct Fetched {
    pub(crate) args: Vec<u8>,
    /// The module, unless the type is external.
    pub(crate) program: Option<Vec<u8>>,
    /// The fingerprint program of a similar task.
    pub(crate) fingerprint: Option<Vec<u8>>,
}

impl Fetched {
    /// Whether the relay's bytes are what the task names: nothing else is run.
    pub(crate) fn is_intact(&self, work: &Work) -> bool {
        let hash = |module: &Option<Vec<u8>>| module.as_deref().map(Hash::sha256);
        let program = match &work.computation {
            Computation::Program(program) => Some(*program),
            Computation::External(_) => None,
        };
        Hash::sha256(&self.args) == work.args_hash
            && hash(&self.program) == program
            && hash(&self.fingerprint) == fingerprint_program(work)
    }
}

/// The program that makes the fingerprint, if the task is similar.
pub(crate) fn fingerprint_program(work: &Work) -> Option<Hash> {
    match work.comparison {
        Comparison::Exact => None,
        Comparison::Similar { fingerprint, .. } => Some(fingerprint),
    }
}

/// What a run gave, and a note of it.
pub(crate) struct Run {
    pub(crate) ended: Result<Answer, Attempt>,
    pub(crate) note: String,
}

impl Run {
    fn error(code: u32, reason: &str) -> Self {
        let answer = Answer { outcome: Outcome::Error { code }, bytes: None };
        Self { ended: Ok(answer), note: format!("ran the task: error {code}, {reason}") }
    }

    fn short(shortage: &HostShortage) -> Self {
        Self { ended: Err(Attempt::HostShort), note: format!("is short of its host: {shortage}") }
    }
}

/// Runs a task under its limits.
pub(crate) fn execute(work: &Work, fetched: &Fetched, executors: &BTreeMap<String, Executor>) -> Run {
    match (&work.computation, &fetched.program) {
        (Computation::Program(_), Some(program)) => run_program(work, program, fetched),
        (Computation::External(name), _) => match executors.get(name) {
            Some(executor) => run_external(work, executor, fetched),
            None => Run { ended: Err(Attempt::NotFetched), note: format!("has no executor for {name}") },
        },
        (Computation::Program(_), None) => {
            Run { ended: Err(Attempt::NotFetched), note: String::from("has no program") }
        }
    }
}

fn run_program(work: &Work, program: &[u8], fetched: &Fetched) -> Run {
    match program::run(program, &fetched.args, limits(work), work.clock_ms, work.random_seed) {
        Err(shortage) => Run::short(&shortage),
        Ok(run) => match run.ending {
            ProgramEnding::Error { code, reason } => Run::error(code, &reason),
            ProgramEnding::Result(output) => {
                let note = format!("ran the program: {} bytes, {} fuel", output.len(), run.fuel_used);
                finish(work, fetched, output, note)
            }
        },
    }
}

fn run_external(work: &Work, executor: &Executor, fetched: &Fetched) -> Run {
    match executor.run(&fetched.args) {
        Ok(output) if u64::try_from(output.len()).is_ok_and(|len| len <= work.output_bytes_max) => {
            let note = format!("ran the executor: {} bytes", output.len());
            finish(work, fetched, output, note)
        }
        Ok(output) => Run::error(error_code::OUTPUT_TOO_LARGE, &format!("{} bytes of result", output.len())),
        Err(ExternalError::BadArguments) => Run::error(error_code::BAD_ARGUMENTS, "bad arguments"),
        // Like a relay that gives nothing: tried again, and `Unavailable` in the end.
        Err(ExternalError::Failed(reason)) => {
            Run { ended: Err(Attempt::NotFetched), note: format!("executor fails, tried again: {reason}") }
        }
    }
}

/// The answer for a result's bytes, with its fingerprint where one is asked for.
fn finish(work: &Work, fetched: &Fetched, output: Vec<u8>, note: String) -> Run {
    let fingerprint = match &fetched.fingerprint {
        None => Vec::new(),
        Some(module) => {
            match program::fingerprint(module, &output, limits(work), work.clock_ms, work.random_seed) {
                Err(shortage) => return Run::short(&shortage),
                Ok(run) => match run.ending {
                    ProgramEnding::Result(fingerprint) => fingerprint,
                    ProgramEnding::Error { code, reason } => return Run::error(code, &reason),
                },
            }
        }
    };
    let outcome = Outcome::Result { digest: Hash::sha256(&output), fingerprint };
    Run { ended: Ok(Answer { outcome, bytes: Some(output) }), note }
}

fn limits(work: &Work) -> ProgramLimits {
    ProgramLimits {
        memory_bytes_max: work.memory_bytes_max,
        fuel_max: work.fuel_max,
        output_bytes_max: work.output_bytes_max,
    }
}
