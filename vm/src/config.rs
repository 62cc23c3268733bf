//! What the owner of a sandbox may choose. Nothing here changes a result.

use std::num::NonZeroUsize;

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
}

impl Default for VmConfig {
    fn default() -> Self {
        Self { lanes: 4, cache_bytes_max: 128 << 20, backtrace_frames_max: NonZeroUsize::new(20) }
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
