//! What the owner of a sandbox may choose. Nothing here changes a result.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Settings of a [`crate::Vm`].
#[derive(Debug, Clone)]
pub struct VmConfig {
    /// Calls that run at the same time; each lane holds instances for the deepest chain of calls. At least 2, since
    /// queries never take the last one.
    pub lanes: usize,
    /// Bytes of compiled code kept in memory.
    pub cache_bytes_max: usize,
    /// Frames of a trap's backtrace; `None` takes none and is a little faster on traps.
    pub backtrace_frames_max: Option<NonZeroUsize>,
    /// Where compiled code outlives the process; `None` compiles anew after a start.
    pub disk: Option<DiskCache>,
    /// Where instances get their memory.
    pub allocation: Allocation,
    /// How much the compiler tries.
    pub optimisation: Optimisation,
}

impl Default for VmConfig {
    fn default() -> Self {
        Self {
            lanes: 4,
            cache_bytes_max: 128 << 20,
            backtrace_frames_max: NonZeroUsize::new(20),
            disk: None,
            allocation: Allocation::Pooled,
            optimisation: Optimisation::Speed,
        }
    }
}

/// Where instances get their memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// From a pool whose slots keep their pages: a fresh instance takes microseconds. Reserves 4 GiB of address space a
    /// slot.
    Pooled,
    /// From a pool whose slots give their pages back: less memory, slower calls.
    Lean,
    /// From the system, each time: for machines without address space (`ulimit -v`).
    OnDemand,
}

/// How much the compiler tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optimisation {
    /// For fast code.
    Speed,
    /// Not at all: compiles sooner.
    None,
}

/// A folder for compiled code. Its entries are machine code, so each carries a code that only this node can make.
#[derive(Clone)]
pub struct DiskCache {
    /// The folder; made if it is not there. Nothing else may lie in it.
    pub folder: PathBuf,
    /// A secret of this node, such as the seed of one of its keys; the folder's own key is derived from it.
    pub secret: [u8; 32],
    /// Bytes that all entries may have; the oldest go first.
    pub bytes_max: u64,
}

/// Bytes of compiled code on disk unless told otherwise: some thousand contracts.
const DISK_BYTES_MAX: u64 = 1 << 30;

impl DiskCache {
    /// A folder with the usual bound.
    #[must_use]
    pub fn new(folder: PathBuf, secret: [u8; 32]) -> Self {
        Self { folder, secret, bytes_max: DISK_BYTES_MAX }
    }
}

impl fmt::Debug for DiskCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskCache")
            .field("folder", &self.folder)
            .field("bytes_max", &self.bytes_max)
            .finish_non_exhaustive()
    }
}

/// Why a sandbox could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VmSetupError {
    /// Fewer lanes than one for blocks and one for queries.
    #[error("{lanes} lanes, but a sandbox needs at least 2: one for blocks and one for queries")]
    TooFewLanes {
        /// What was asked for.
        lanes: usize,
    },
    /// wasmtime refused the configuration: often too little address space (`ulimit -v`).
    #[error("wasmtime engine: {0}")]
    Engine(String),
    /// No thread.
    #[error("thread of the sandbox")]
    Thread(#[source] std::io::Error),
}
