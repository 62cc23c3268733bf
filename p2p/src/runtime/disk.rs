//! The disk under a node: free space is looked at before it runs out, and the vote log is opened with care.
//!
//! *Invariants*: below the reserve the node stops before it writes; a validator whose vote log is gone signs nothing at
//! the height where it may have signed already.

use super::NodeError;
use crate::config::{DiskConfig, NodeConfig};
use crate::consensus::{Disk, FileDisk, HostError, MemDisk, Record, WAL_FILE};
use hydrogen_core::{Chain, ChainError};
use hydrogen_types::Height;
use hydrogen_types::codec::encode;
use std::fs::File;
use std::io;
use std::path::Path;

/// Version of everything in a vote log: raise it with any change of its records.
pub(super) const VOTES_FORMAT: u32 = 1;
/// The file in the log's folder that holds it.
const FORMAT_FILE: &str = "format";
/// The folder where a log is made before it takes its place.
const NEW_FOLDER: &str = "new";
/// Time between two looks at the free space.
const LOOK_MS: u64 = 500;

/// Looks at the free space now and then.
pub(crate) struct DiskWatch {
    config: Option<DiskConfig>,
    look_at_ms: u64,
    free: Option<u64>,
}

impl DiskWatch {
    pub(crate) fn new(config: Option<DiskConfig>) -> Self {
        Self { config, look_at_ms: 0, free: None }
    }

    /// Free bytes at the last look.
    pub(crate) fn free(&self) -> Option<u64> {
        self.free
    }

    /// Whether the node will stop soon: less than twice the reserve is free.
    pub(crate) fn low(&self) -> bool {
        let reserve = self.config.as_ref().map_or(0, |config| config.reserve_bytes);
        self.free.is_some_and(|free| free < reserve.saturating_mul(2))
    }

    /// Refuses to go on below the reserve.
    pub(crate) fn look(&mut self, now_ms: u64) -> Result<(), HostError> {
        let Some(DiskConfig { folder, reserve_bytes }) = &self.config else { return Ok(()) };
        if now_ms < self.look_at_ms {
            return Ok(());
        }
        self.look_at_ms = now_ms.saturating_add(LOOK_MS);
        let free = free_bytes(folder).map_err(HostError::Wal)?;
        self.free = Some(free);
        if free < *reserve_bytes {
            let path = folder.display().to_string();
            return Err(HostError::DiskLow { path, free, reserve: *reserve_bytes });
        }
        Ok(())
    }
}

/// Bytes that this process may still write to the disk of `folder`.
fn free_bytes(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Opens the vote log of a node on `chain`.
pub(crate) fn open_votes(config: &NodeConfig, chain: &Chain) -> Result<Box<dyn Disk>, NodeError> {
    let Some(home) = &config.home else { return Ok(Box::new(MemDisk::default())) };
    let failed = |source| NodeError::Wal { home: home.display().to_string(), source };
    std::fs::create_dir_all(home).map_err(failed)?;
    check_format(home)?;
    let tip = chain.tip().height;
    let missing = !home.join(WAL_FILE).try_exists().map_err(failed)?;
    if missing && tip > Height::GENESIS && config.validator {
        replace_lost(config, chain, home)?;
    }
    Ok(Box::new(FileDisk::open(home).map_err(failed)?))
}

fn check_format(home: &Path) -> Result<(), NodeError> {
    let path = home.join(FORMAT_FILE);
    let failed = |source| NodeError::Wal { home: home.display().to_string(), source };
    match std::fs::read_to_string(&path) {
        Ok(text) if text.trim() == VOTES_FORMAT.to_string() => Ok(()),
        Ok(text) => Err(NodeError::VotesFormat {
            home: home.display().to_string(),
            stored: text.trim().chars().take(20).collect(),
        }),
        // Logs were kept before they said their format.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::write(&path, format!("{VOTES_FORMAT}\n")).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}

/// A chain is there, its vote log is not. This node may have voted at the height after the tip: a log that is about the
/// height after that keeps it silent until others have decided.
fn replace_lost(config: &NodeConfig, chain: &Chain, home: &Path) -> Result<(), NodeError> {
    let failed = |source| NodeError::Wal { home: home.display().to_string(), source };
    let height = chain.tip().height.next();
    let set = chain.validators(height).map_err(|error: ChainError| NodeError::Host(error.into()))?;
    let Some(own) = set.get(&config.keys.consensus.address()) else { return Ok(()) };
    if config.forget_votes {
        tracing::warn!(%height, "a new vote log is begun by the operator's word");
        return Ok(());
    }
    if !set.is_quorum(set.total_power() - own.power) {
        return Err(NodeError::VotesLost { home: home.display().to_string(), height });
    }
    tracing::warn!(%height, "the vote log is missing: nothing is signed at this height, where it may have been already");
    // Made aside and moved into place: a log that is there is a log that is whole.
    let aside = home.join(NEW_FOLDER);
    let mut log = FileDisk::open(&aside).map_err(failed)?;
    let begin = Record::Begin { genesis: chain.genesis().hash(), height: height.next() };
    log.reset(&encode(&begin)).map_err(failed)?;
    std::fs::rename(aside.join(WAL_FILE), home.join(WAL_FILE)).map_err(failed)?;
    File::open(home).and_then(|folder| folder.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_below_the_reserve_stops_the_node_and_one_near_it_is_low() {
        let folder = tempfile::tempdir().unwrap();
        let watch =
            |reserve_bytes| DiskWatch::new(Some(DiskConfig { folder: folder.path().into(), reserve_bytes }));
        let mut roomy = watch(1);
        roomy.look(0).unwrap();
        let free = roomy.free().unwrap();
        assert!(free > 2 && !roomy.low());
        let mut near = watch(free / 3 * 2);
        near.look(0).unwrap();
        assert!(near.low());
        let mut full = watch(u64::MAX);
        let error = full.look(0).unwrap_err();
        assert!(error.is_disk(), "{error}");
        assert!(full.look(1).is_ok(), "the next look is half a second later");
        assert!(full.look(LOOK_MS).is_err());
    }

    #[test]
    fn another_format_of_the_log_is_refused_with_both_numbers() {
        let home = tempfile::tempdir().unwrap();
        check_format(home.path()).unwrap();
        check_format(home.path()).unwrap();
        std::fs::write(home.path().join(FORMAT_FILE), "2\n").unwrap();
        let error = check_format(home.path()).unwrap_err().to_string();
        assert!(error.contains("format 2, this program reads and writes format 1"), "{error}");
    }
}
