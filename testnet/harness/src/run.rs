//! Running a task's program in the real sandbox.

use hydrogen_offchain::compute::{Computation, Work};
use hydrogen_types::Hash;
use hydrogen_types::task::Outcome;
use hydrogen_vm::program::{self, HostShortage, ProgramEnding, ProgramLimits};

/// What a run gave.
pub(crate) struct Run {
    pub(crate) outcome: Outcome,
    pub(crate) output: Option<Vec<u8>>,
    pub(crate) note: String,
}

/// Whether a relay's bytes are what the task names: nothing else is run.
pub(crate) fn is_intact(work: &Work, program: &[u8], args: &[u8]) -> bool {
    work.computation == Computation::Program(Hash::sha256(program)) && work.args_hash == Hash::sha256(args)
}

/// Runs `program` on `args` under the task's limits.
pub(crate) fn execute(work: &Work, program: &[u8], args: &[u8]) -> Result<Run, HostShortage> {
    let limits = ProgramLimits {
        memory_bytes_max: work.memory_bytes_max,
        fuel_max: work.fuel_max,
        output_bytes_max: work.output_bytes_max,
    };
    let done = program::run(program, args, limits, work.clock_ms, work.random_seed)?;
    Ok(match done.ending {
        ProgramEnding::Result(output) => {
            let digest = Hash::sha256(&output);
            let note = format!("ran the program: {} bytes, {} fuel", output.len(), done.fuel_used);
            Run { outcome: Outcome::Result { digest, fingerprint: Vec::new() }, output: Some(output), note }
        }
        ProgramEnding::Error { code, reason } => {
            let note = format!("ran the program: error {code}, {reason}");
            Run { outcome: Outcome::Error { code }, output: None, note }
        }
    })
}
