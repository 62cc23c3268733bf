//! What the node tells of itself, in a file beside its records.

use crate::compute::disk;
use crate::compute::error::ComputeError;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The node's own view; what the chain says of it is asked of the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalStatus {
    /// Its account.
    pub account: String,
    /// Process id of the run that wrote this.
    pub pid: u32,
    /// Height it has seen.
    pub height: String,
    /// State of the node on the chain, `absent` if it has not joined.
    pub state: String,
    /// The task it is bound to.
    pub task: Option<String>,
    /// State of that task.
    pub stage: Option<String>,
    /// Ended tasks whose records it still keeps.
    pub records: Vec<String>,
    /// The last thing that went wrong.
    pub last_error: Option<String>,
}

/// Writes the status. It may be lost: it is written anew.
pub(crate) fn write_status(path: &Path, status: &LocalStatus) -> std::io::Result<()> {
    let text = serde_json::to_vec_pretty(status).map_err(std::io::Error::other)?;
    let part = path.with_extension("json-part");
    std::fs::write(&part, text)?;
    std::fs::rename(part, path)
}

/// The status that a node on this machine wrote into its folder, if one did.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn read_status(folder: &Path) -> Result<Option<LocalStatus>, ComputeError> {
    let bytes = disk::read(&disk::status_path(folder))?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}
