//! The file under a vote log, and what a loss of power leaves of it.
//!
//! *Invariants*: what was written before a sync that returned is all there afterwards; of what was written since, a
//! prefix may be, torn anywhere, with zeros where the rest was to be.

use super::power::Power;
use super::rng::Rng;
use hydrogen_p2p::consensus::LogFile;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Clone, Default)]
struct Content {
    /// What a loss of power cannot take.
    synced: Vec<u8>,
    /// What the node reads.
    written: Vec<u8>,
    /// How much of the beginning is in both, untouched since the last sync.
    untouched: usize,
}

/// The content of a file: it outlives the node that writes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Platter(Arc<Mutex<Content>>);

impl Platter {
    fn content(&self) -> std::sync::MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A handle for a node that runs on `power`. With `lies`, syncs are promised and not done.
    pub(crate) fn open(&self, power: Power, lies: bool) -> SimFile {
        SimFile { platter: self.clone(), power, lies }
    }

    /// Power is lost: decides what is left of what was not synced. Says whether it tore anything.
    pub(crate) fn lose_power(&self, rng: &mut Rng) -> bool {
        let mut content = self.content();
        if content.written == content.synced {
            return false;
        }
        let kept = content.untouched;
        let cut = kept + rng.index(content.written.len() - kept + 1);
        let left = match rng.below(3) {
            0 => content.synced.clone(),
            1 => content.written[..cut].to_vec(),
            _ => {
                let mut torn = content.written[..cut].to_vec();
                torn.resize(content.written.len(), 0);
                torn
            }
        };
        *content = Content { untouched: left.len(), synced: left.clone(), written: left };
        true
    }
}

/// An open file.
pub(crate) struct SimFile {
    platter: Platter,
    power: Power,
    lies: bool,
}

impl LogFile for SimFile {
    fn read(&mut self, bytes_max: u64) -> io::Result<Vec<u8>> {
        let bytes = self.platter.content().written.clone();
        if bytes.len() as u64 > bytes_max {
            return Err(io::Error::other(format!("the log has {} bytes", bytes.len())));
        }
        Ok(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        self.power.operate(|| {
            let mut content = self.platter.content();
            content.written.truncate(length);
            content.untouched = content.untouched.min(length);
            Ok(())
        })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.power.operate(|| {
            self.platter.content().written.extend_from_slice(bytes);
            Ok(())
        })
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let lies = self.lies;
        self.power.operate(|| {
            let mut content = self.platter.content();
            content.written = bytes.to_vec();
            content.untouched = 0;
            if !lies {
                content.synced = content.written.clone();
                content.untouched = content.written.len();
            }
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        let lies = self.lies;
        self.power.operate(|| {
            let mut content = self.platter.content();
            if !lies {
                content.synced = content.written.clone();
                content.untouched = content.written.len();
            }
            Ok(())
        })
    }
}
