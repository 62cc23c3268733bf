//! What the node tells of itself: in a file beside its records, and at `/status`. The format is in `docs/compute.md`.

use crate::compute::disk;
use crate::compute::error::ComputeError;
use hydrogen_offchain::compute::{Journal, Notice};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The node's own view; what the chain says of it is asked of the chain. Amounts are base units, times uptime in ms,
/// both in decimal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LocalStatus {
    /// Its account.
    pub account: String,
    /// Process id of the run that wrote this.
    pub pid: u32,
    /// Whether it was asked to stop and finishes what is due.
    pub stopping: bool,
    /// Height it has seen.
    pub height: String,
    /// The chain's uptime at that height.
    pub uptime_ms: String,
    /// State of the node on the chain, `absent` if it has not joined.
    pub state: String,
    /// CNX at stake.
    pub stake: String,
    /// The task it is bound to.
    pub task: Option<String>,
    /// State of that task.
    pub stage: Option<String>,
    /// When that stage ends.
    pub deadline_ms: Option<String>,
    /// Tasks whose records it keeps.
    pub records: Vec<String>,
    /// Outcomes it wrote down since it started.
    pub outcomes: Outcomes,
    /// Tasks it was paid for since it joined.
    pub tasks_paid: String,
    /// CNX it was paid since it joined.
    pub earned: String,
    /// CNX taken from it, by reason.
    pub fines: Vec<Fine>,
    /// CNX of its account.
    pub balance: String,
    /// Tasks for which that pays the gas.
    pub tasks_paid_for: String,
    /// Resumes after a pause by the contract that it may still make by itself today.
    pub resumes_left: String,
    /// RPC endpoints.
    pub rpc: Vec<Endpoint>,
    /// Relays of the contract.
    pub relays: Vec<Endpoint>,
    /// Bytes of arguments and programs on disk.
    pub cache_bytes: String,
    /// What the operator should know, oldest first.
    pub notices: Vec<NoticeLine>,
    /// The last thing that went wrong and was tried again.
    pub last_error: Option<String>,
}

/// Outcomes by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Results.
    pub result: u64,
    /// Errors of tasks.
    pub error: u64,
    /// Nothing could be fetched, or no command succeeded.
    pub unavailable: u64,
}

/// Fines of one reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fine {
    /// The reason, as the contract names it.
    pub reason: String,
    /// How many.
    pub count: String,
    /// CNX in all.
    pub amount: String,
}

/// Something the node depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Where it is.
    pub url: String,
    /// Whether it answered last.
    pub up: bool,
}

/// A notice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeLine {
    /// The chain's uptime.
    pub at_ms: String,
    /// What it is about: one of the names in `docs/compute.md`.
    pub kind: String,
    /// The task it is about, if one.
    pub task: Option<String>,
    /// What happened and what to do.
    pub text: String,
}

impl From<&Notice> for NoticeLine {
    fn from(notice: &Notice) -> Self {
        Self {
            at_ms: notice.at_ms.to_string(),
            kind: notice.kind.name().into(),
            task: notice.task.map(|task| task.to_string()),
            text: notice.text.clone(),
        }
    }
}

/// The journal's fines, for the status.
pub(crate) fn fines_of(journal: &Journal) -> Vec<Fine> {
    let line = |(reason, fines): (&_, &hydrogen_offchain::compute::Fines)| Fine {
        reason: format!("{reason:?}"),
        count: fines.count.to_string(),
        amount: fines.amount.get().to_string(),
    };
    journal.fines().iter().map(line).collect()
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
