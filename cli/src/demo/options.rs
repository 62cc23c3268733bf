//! What may be asked of a demonstration.

use hydrogen_types::Amount;
use std::path::PathBuf;

/// Tasks run until a cheat is caught: with one of five nodes cheating, all ten miss it once in ten thousand times.
pub(super) const TASKS_MAX: u32 = 10;

/// A demonstration.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// The network's folder; a new one among the temporary files when left out.
    pub dir: Option<PathBuf>,
    /// Stop at the end, and remove the folder unless it was given.
    pub once: bool,
    /// One process a role.
    pub processes: bool,
    /// Compute nodes that always fake; with any, tasks are run until one is caught.
    pub cheats: usize,
    /// Validators.
    pub validators: usize,
    /// Compute nodes, the cheats included.
    pub nodes: usize,
    /// `wordcount`, `mandelbrot`, or the file of a module.
    pub program: String,
    /// Its arguments; required for a file.
    pub input: Option<PathBuf>,
    /// CNX for the panel.
    pub fee: Amount,
}
