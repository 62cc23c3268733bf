//! The pool across a restart, also one after `kill -9`: a journal of the transactions that came in, read and checked
//! anew at the start.
//!
//! ```text
//! file = record*        record = length u32 | crc32 of bytes | bytes of a transaction
//! ```
//!
//! *Invariants*: the host never waits for the disk, a thread writes; the journal is written anew from the pool before it
//! outgrows twice the pool; a torn or damaged tail is dropped. *Not provided*: what came in the last moments before a
//! loss of power (a fifth of a second) or during a flood that the disk cannot follow may be forgotten: peers have it.

use hydrogen_core::limits::POOL_BYTES_MAX;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The journal in a node's home.
pub(crate) const POOL_FILE: &str = "pool.journal";
/// Bytes before a record.
const HEADER_BYTES: usize = 8;
/// Bytes that the journal may have beyond twice the pool's.
const SLACK_BYTES: usize = 4 << 20;
/// Longest journal that is read.
const FILE_BYTES_MAX: u64 = 3 * POOL_BYTES_MAX as u64;
/// Records that wait for the disk.
const WAITING_MAX: usize = 4_096;
/// Between two syncs of a journal that grows.
const SYNC_EVERY: Duration = Duration::from_millis(200);

/// Reads the transactions kept in `home`. A file that is missing holds none: they are only a convenience.
pub(crate) fn load(home: &Path) -> Vec<Vec<u8>> {
    let mut bytes = Vec::new();
    let read =
        File::open(home.join(POOL_FILE)).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    match read {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "the kept pool cannot be read");
            Vec::new()
        }
        _ => records(&bytes),
    }
}

/// The whole records at the beginning of `bytes`.
fn records(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() {
        let [a, b, c, d, sum @ ..] = *header;
        let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let Some((record, rest)) = rest.split_at_checked(length) else { break };
        // A tail of zeros, as a loss of power leaves it, is no record either.
        if length == 0 || crc32fast::hash(record).to_le_bytes() != sum {
            break;
        }
        records.push(record.to_vec());
        bytes = rest;
    }
    records
}

fn framed(tx: &[u8]) -> Vec<u8> {
    let length = u32::try_from(tx.len()).unwrap_or(0);
    let mut record = Vec::with_capacity(tx.len() + HEADER_BYTES);
    record.extend(length.to_le_bytes());
    record.extend(crc32fast::hash(tx).to_le_bytes());
    record.extend(tx);
    record
}

enum Told {
    Append(Vec<u8>),
    Rewrite(Vec<Vec<u8>>),
}

/// The journal of a running node.
pub(crate) struct PoolJournal {
    to_writer: SyncSender<Told>,
    writer: JoinHandle<()>,
    appended: usize,
    /// Something could not be told.
    incomplete: bool,
}

impl PoolJournal {
    /// Begins the journal in `home` anew with what is in the pool.
    ///
    /// # Errors
    /// The thread cannot be made.
    pub(crate) fn start(home: &Path, pool: Vec<Vec<u8>>) -> io::Result<Self> {
        let (to_writer, told) = sync_channel(WAITING_MAX);
        let mut writer = Writer { home: home.into(), file: None };
        let name = String::from("hydrogen-pool");
        let writer = std::thread::Builder::new().name(name).spawn(move || writer.run(&told))?;
        let mut journal = Self { to_writer, writer, appended: 0, incomplete: true };
        journal.rewrite(pool);
        Ok(journal)
    }

    /// Keeps a transaction that came into the pool, of `pool_bytes` with it. Never waits.
    pub(crate) fn keep(&mut self, tx: Vec<u8>, pool_bytes: usize, pool: impl FnOnce() -> Vec<Vec<u8>>) {
        self.appended = self.appended.saturating_add(tx.len() + HEADER_BYTES);
        if self.incomplete || self.appended > pool_bytes.saturating_add(SLACK_BYTES) {
            self.rewrite(pool());
        } else {
            self.incomplete = self.to_writer.try_send(Told::Append(tx)).is_err();
        }
    }

    fn rewrite(&mut self, pool: Vec<Vec<u8>>) {
        self.incomplete = self.to_writer.try_send(Told::Rewrite(pool)).is_err();
        if !self.incomplete {
            self.appended = 0;
        }
    }

    /// Writes the pool a last time, and waits for the disk.
    pub(crate) fn finish(self, pool: Vec<Vec<u8>>) {
        let Self { to_writer, writer, .. } = self;
        // An error says that the writer has ended, and it has said why.
        to_writer.send(Told::Rewrite(pool)).ok();
        drop(to_writer);
        if writer.join().is_err() {
            tracing::error!("the thread of the pool's journal panicked");
        }
    }
}

/// What the thread owns.
struct Writer {
    home: PathBuf,
    /// Missing after a failure, until the journal is begun anew.
    file: Option<File>,
}

impl Writer {
    fn run(&mut self, told: &Receiver<Told>) {
        let mut unsynced_since: Option<Instant> = None;
        loop {
            let result = match told.recv_timeout(SYNC_EVERY) {
                Ok(Told::Append(tx)) => {
                    unsynced_since.get_or_insert_with(Instant::now);
                    self.append(&tx)
                }
                Ok(Told::Rewrite(pool)) => self.rewrite(&pool),
                Err(RecvTimeoutError::Timeout) => Ok(()),
                Err(RecvTimeoutError::Disconnected) => return self.report(self.sync()),
            };
            self.report(result);
            if unsynced_since.is_some_and(|since| since.elapsed() >= SYNC_EVERY) {
                unsynced_since = None;
                self.report(self.sync());
            }
        }
    }

    fn report(&self, result: io::Result<()>) {
        if let Err(error) = result {
            tracing::warn!(%error, home = %self.home.display(), "the pool is not kept");
        }
    }

    fn append(&mut self, tx: &[u8]) -> io::Result<()> {
        let Some(file) = self.file.as_mut() else { return Ok(()) };
        let written = file.write_all(&framed(tx));
        if written.is_err() {
            self.file = None;
        }
        written
    }

    fn rewrite(&mut self, pool: &[Vec<u8>]) -> io::Result<()> {
        self.file = None;
        let (path, new) = (self.home.join(POOL_FILE), self.home.join("pool.new"));
        let mut file = File::create(&new)?;
        for tx in pool {
            file.write_all(&framed(tx))?;
        }
        file.sync_data()?;
        fs::rename(new, path)?;
        self.file = Some(file);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), File::sync_data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of a journal that was cut anywhere, or damaged, give the whole records before that place.
    #[test]
    fn damaged_tails_are_dropped() {
        let txs: Vec<Vec<u8>> = (1..6u8).map(|number| vec![number; usize::from(number) * 7]).collect();
        let whole: Vec<u8> = txs.iter().flat_map(|tx| framed(tx)).collect();
        assert_eq!(records(&whole), txs);
        for cut in 0..whole.len() {
            let kept = records(&whole[..cut]);
            assert!(kept.len() < txs.len() && kept[..] == txs[..kept.len()], "cut at {cut}");
            let mut bad = whole.clone();
            bad[cut] ^= 1;
            let kept = records(&bad);
            assert!(kept.len() < txs.len() && kept[..] == txs[..kept.len()], "changed at {cut}");
        }
        assert_eq!(records(&[&whole[..], &[0; 99]].concat()), txs);
    }

    /// However much comes in, the file stays near twice the pool, and holds what the pool holds.
    #[test]
    fn the_journal_is_bounded() {
        let home = tempfile::tempdir().unwrap();
        let pool = || vec![vec![7u8; 1_000]];
        let mut journal = PoolJournal::start(home.path(), pool()).unwrap();
        let mut most = 0;
        for number in 0..40_000u32 {
            journal.keep([number.to_le_bytes(); 100].concat(), 1_000, pool);
            if number % 1_000 == 0 {
                most = most.max(fs::metadata(home.path().join(POOL_FILE)).map_or(0, |file| file.len()));
            }
        }
        assert!(most <= (2 * SLACK_BYTES) as u64, "{most} bytes");
        journal.finish(pool());
        assert_eq!(load(home.path()), pool());
        assert_eq!(load(&home.path().join("nowhere")), Vec::<Vec<u8>>::new());
    }
}
