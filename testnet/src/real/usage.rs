//! What a process takes of the machine.

use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Kernel ticks a second, on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Memory, processor, disk and descriptors of one node at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    /// Resident bytes, and the most there ever were.
    pub(super) rss: u64,
    pub(super) rss_max: u64,
    /// Processor seconds since its start.
    pub(super) cpu_s: f64,
    pub(super) files: u64,
    /// Bytes that the store's folder takes of the disk, what it reserved ahead included.
    pub(super) chain: u64,
    /// Bytes that were written there and are not yet removed.
    pub(super) chain_written: u64,
    /// The same of the vote log's folder.
    pub(super) votes: u64,
    /// The same of everything else in the home.
    pub(super) other: u64,
}

impl Usage {
    pub(super) fn of(pid: Option<u32>, home: &Path) -> Self {
        let mut usage = Self::default();
        for entry in std::fs::read_dir(home).into_iter().flatten().flatten() {
            let (taken, written) = disk(&entry.path());
            match entry.file_name().to_str() {
                Some("chain") => (usage.chain, usage.chain_written) = (taken, written),
                Some("votes") => usage.votes = taken,
                _ => usage.other += taken,
            }
        }
        let Some(pid) = pid else { return usage };
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let status = read("status");
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default()
        };
        usage.rss = kib("VmRSS:") << 10;
        usage.rss_max = kib("VmHWM:") << 10;
        let stat = read("stat");
        // The program's name, in brackets, may hold anything.
        let fields: Vec<&str> =
            stat.rsplit_once(')').map_or(Vec::new(), |(_, rest)| rest.split_whitespace().collect());
        let ticks = |index: usize| fields.get(index).and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0);
        usage.cpu_s = (ticks(11) + ticks(12)) / TICKS_PER_SECOND;
        usage.files =
            std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |entries| entries.count() as u64);
        usage
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "rss": self.rss, "rss_max": self.rss_max, "cpu_s": self.cpu_s, "files": self.files,
            "chain": self.chain, "chain_written": self.chain_written, "votes": self.votes, "other": self.other
        })
    }
}

/// Bytes that a file or folder takes of the disk, and the lengths of the files.
fn disk(path: &Path) -> (u64, u64) {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return (0, 0) };
    if !metadata.is_dir() {
        return (metadata.blocks() * 512, metadata.len());
    }
    let inside = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| disk(&entry.path()));
    inside.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}
