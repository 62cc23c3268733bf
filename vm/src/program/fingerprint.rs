//! Fingerprints of results: what nodes of a similar task compare, and what its relay checks.
//!
//! A fingerprint program is a program like any other: the result on stdin, the fingerprint on stdout. It has the task's
//! limits of memory and fuel, each anew, and sees the clock and the randomness that the task's program saw.
//!
//! *Invariant*: whatever goes wrong is an error of the task with one code, the same on every machine, so honest nodes
//! that got the same result report the same. This is the one place that decides which:
//!
//! | the fingerprint program | code |
//! |---|---|
//! | ends with exit code 65: the result is not of a kind it reads | 1 bad arguments |
//! | traps, runs out of fuel, asks for too much memory, ends with another exit code | 2, 3, 4, 6, as in any run |
//! | writes more than 512 bytes | 5 output too large |
//! | writes fewer than 8 bytes, or no multiple of 8 | 7 bad program |
//! | is no program | 7 bad program |

use super::outcome::{HostShortage, ProgramEnding, ProgramLimits, ProgramOutcome};
use super::run::run;
use hydrogen_types::Hash;
use hydrogen_types::task::{
    FINGERPRINT_BYTES_MAX, FINGERPRINT_BYTES_MIN, FINGERPRINT_ITEM_BYTES, error_code,
};

/// The fingerprint of `result` by the program `module`: an ending with a result holds 8 to 512 bytes, a multiple of 8.
///
/// `limits`, `start_time_ms` and `seed` are those of the task's own run; the limit of output is replaced. Blocks the
/// calling thread.
///
/// ```
/// use hydrogen_types::{Hash, task::error_code};
/// use hydrogen_vm::program::{self, ProgramEnding, ProgramLimits};
///
/// // Writes the same eight bytes for every result.
/// let module = wat::parse_str(
///     r#"(module
///         (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
///         (memory (export "memory") 1)
///         (data (i32.const 0) "\08\00\00\00\08\00\00\00all same")
///         (func (export "_start")
///             (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"#,
/// )?;
/// let outcome = program::fingerprint(&module, b"a result", ProgramLimits::default(), 0, Hash::ZERO)?;
/// assert_eq!(outcome.ending, ProgramEnding::Result(b"all same".to_vec()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When this machine lacks what the run needs: never an error of the task.
pub fn fingerprint(
    module: &[u8],
    result: &[u8],
    limits: ProgramLimits,
    start_time_ms: u64,
    seed: Hash,
) -> Result<ProgramOutcome, HostShortage> {
    let output_bytes_max = u64::try_from(FINGERPRINT_BYTES_MAX).unwrap_or(u64::MAX);
    let outcome = run(module, result, ProgramLimits { output_bytes_max, ..limits }, start_time_ms, seed)?;
    let ending = match outcome.ending {
        ProgramEnding::Result(bytes) => measured(bytes),
        ProgramEnding::Error { code, reason } => {
            ProgramEnding::Error { code, reason: format!("fingerprint: {reason}") }
        }
    };
    Ok(ProgramOutcome { ending, ..outcome })
}

/// Takes bytes that are a fingerprint's by their number.
fn measured(bytes: Vec<u8>) -> ProgramEnding {
    let len = bytes.len();
    if (FINGERPRINT_BYTES_MIN..=FINGERPRINT_BYTES_MAX).contains(&len)
        && len.is_multiple_of(FINGERPRINT_ITEM_BYTES)
    {
        return ProgramEnding::Result(bytes);
    }
    let reason = format!(
        "fingerprint of {len} bytes: it has {FINGERPRINT_BYTES_MIN} to {FINGERPRINT_BYTES_MAX}, a multiple of {FINGERPRINT_ITEM_BYTES}"
    );
    ProgramEnding::Error { code: error_code::BAD_PROGRAM, reason }
}
