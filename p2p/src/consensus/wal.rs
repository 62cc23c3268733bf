//! The write-ahead log of votes: what a validator must remember so that, after a crash at any instant, it never signs
//! two different votes for one height, round and step.
//!
//! ```text
//! file = batch*        batch = length u32 | crc32 of it | crc32 of bytes | bytes        bytes = (length u32 | record)*
//! ```
//!
//! *Invariants*: records reach the file in batches, one batch a flush, and the next batch is written only after the
//! one before is on the disk; so a torn batch is always the last one, was never acted on, and is dropped. Anything
//! wrong before the last batch is corruption, and stops the node. One height a log: it begins anew after a commit.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The log's file in a node's home.
pub const WAL_FILE: &str = "consensus.wal";
/// A shorter log that is about to take its place; of no meaning after a crash.
const NEW_FILE: &str = "consensus.wal.new";
/// Bytes before a batch: its length, a checksum of the length, a checksum of the batch.
const HEADER_BYTES: usize = 12;
/// Longest log that is read back: some hundred rounds of full blocks.
const WAL_BYTES_MAX: u64 = 1 << 30;

/// Where the log is kept. The host does no other I/O.
pub trait Disk: Send {
    /// Reads all durable records, and drops a torn tail.
    ///
    /// # Errors
    /// I/O, or corruption that is not a torn tail.
    fn load(&mut self) -> io::Result<Vec<Vec<u8>>>;
    /// Adds a record; durable only after [`Disk::flush`].
    ///
    /// # Errors
    /// I/O.
    fn append(&mut self, record: &[u8]) -> io::Result<()>;
    /// Makes all appended records durable. Does nothing if there are none.
    ///
    /// # Errors
    /// I/O.
    fn flush(&mut self) -> io::Result<()>;
    /// Forgets everything and begins with `record`, durably.
    ///
    /// # Errors
    /// I/O.
    fn reset(&mut self, record: &[u8]) -> io::Result<()>;
    /// How long the log is, in bytes.
    fn bytes(&self) -> u64;
    /// Takes the records that `keep` refuses out of it, all at once or not at all, durably.
    ///
    /// # Errors
    /// I/O.
    fn compact(&mut self, keep: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<()>;
}

/// The bytes under a [`LogDisk`]: a file, or in a simulator what stands for one.
///
/// *Requires of an implementation*: after [`LogFile::sync`] returns, everything done so far survives a loss of power;
/// of what was done since, any prefix may.
pub trait LogFile: Send {
    /// All of it, refused beyond `bytes_max`.
    ///
    /// # Errors
    /// I/O, or more than `bytes_max`.
    fn read(&mut self, bytes_max: u64) -> io::Result<Vec<u8>>;
    /// Cuts it to `length` bytes; the next append goes there.
    ///
    /// # Errors
    /// I/O.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Adds bytes at the end.
    ///
    /// # Errors
    /// I/O.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes everything durable.
    ///
    /// # Errors
    /// I/O.
    fn sync(&mut self) -> io::Result<()>;
    /// Puts `bytes` in the place of all that it holds, durably, at once: after a loss of power it holds the one or the
    /// other.
    ///
    /// # Errors
    /// I/O.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// A file of the operating system.
pub struct WalFile {
    file: File,
    home: PathBuf,
}

impl LogFile for WalFile {
    fn read(&mut self, bytes_max: u64) -> io::Result<Vec<u8>> {
        let length = self.file.metadata()?.len();
        if length > bytes_max {
            return Err(invalid(format!("the vote log has {length} bytes, at most {bytes_max} expected")));
        }
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.seek(SeekFrom::Start(length))?;
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let new = self.home.join(NEW_FILE);
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(new, self.home.join(WAL_FILE))?;
        File::open(&self.home)?.sync_all()?;
        self.file = file;
        Ok(())
    }
}

/// The log over a file.
pub struct LogDisk<F> {
    file: F,
    pending: Vec<u8>,
    length: u64,
}

/// The log in a file of the operating system.
pub type FileDisk = LogDisk<WalFile>;

fn size(bytes: &[u8]) -> io::Result<[u8; 4]> {
    let length = u32::try_from(bytes.len()).map_err(|_| invalid("a record beyond 4 GiB".into()))?;
    Ok(length.to_le_bytes())
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

impl FileDisk {
    /// Opens or creates the log in `home`.
    ///
    /// # Errors
    /// I/O.
    pub fn open(home: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(home)?;
        let path = home.join(WAL_FILE);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        File::open(home)?.sync_all()?;
        Ok(Self::over(WalFile { file, home: home.into() }))
    }
}

impl<F: LogFile> LogDisk<F> {
    /// The log over `file`.
    pub fn over(file: F) -> Self {
        Self { file, pending: Vec::new(), length: 0 }
    }

    fn write_batch(&mut self, batch: &[u8]) -> io::Result<()> {
        let framed = frame(batch)?;
        self.file.append(&framed)?;
        self.length = self.length.saturating_add(framed.len() as u64);
        self.file.sync()
    }
}

fn frame(batch: &[u8]) -> io::Result<Vec<u8>> {
    let mut framed = Vec::with_capacity(batch.len() + HEADER_BYTES);
    let length = size(batch)?;
    framed.extend(length);
    framed.extend(crc32fast::hash(&length).to_le_bytes());
    framed.extend(crc32fast::hash(batch).to_le_bytes());
    framed.extend(batch);
    Ok(framed)
}

impl<F: LogFile> Disk for LogDisk<F> {
    fn load(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let bytes = self.file.read(WAL_BYTES_MAX)?;
        let (records, good) = parse(&bytes)?;
        self.file.truncate(good as u64)?;
        self.length = good as u64;
        self.file.sync()?;
        Ok(records)
    }

    fn append(&mut self, record: &[u8]) -> io::Result<()> {
        self.pending.extend(size(record)?);
        self.pending.extend(record);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.pending);
        self.write_batch(&batch)
    }

    fn reset(&mut self, record: &[u8]) -> io::Result<()> {
        self.pending.clear();
        self.file.truncate(0)?;
        self.length = 0;
        self.append(record)?;
        self.flush()
    }

    fn bytes(&self) -> u64 {
        self.length
    }

    fn compact(&mut self, keep: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<()> {
        self.flush()?;
        let (records, _) = parse(&self.file.read(WAL_BYTES_MAX)?)?;
        let mut log = Vec::new();
        for record in records.iter().filter(|record| keep(record)) {
            let mut batch = Vec::from(size(record)?);
            batch.extend(record);
            log.extend(frame(&batch)?);
        }
        self.file.replace(&log)?;
        self.length = log.len() as u64;
        Ok(())
    }
}

/// Splits a log into its records, and says how many of its bytes are good.
fn parse(bytes: &[u8]) -> io::Result<(Vec<Vec<u8>>, usize)> {
    let mut records = Vec::new();
    let mut at = 0usize;
    while at < bytes.len() {
        let Some((batch, next)) = batch_at(bytes, at) else {
            let rest = &bytes[at..];
            if torn(rest) {
                return Ok((records, at));
            }
            return Err(invalid(format!("the vote log is corrupt at byte {at} of {}", bytes.len())));
        };
        split(batch, &mut records).ok_or_else(|| invalid(format!("the vote log is corrupt at byte {at}")))?;
        at = next;
    }
    Ok((records, at))
}

/// The batch at `at` and where the next one begins, if it is whole and its checksum right.
fn batch_at(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let length = sound_length(bytes, at)?;
    let start = at.checked_add(HEADER_BYTES)?;
    let next = start.checked_add(length)?;
    let batch = bytes.get(start..next)?;
    let good = crc32fast::hash(batch).to_le_bytes() == bytes.get(at + 8..start)?;
    good.then_some((batch, next))
}

/// The length at `at`, if its checksum is right.
fn sound_length(bytes: &[u8], at: usize) -> Option<usize> {
    let length = word(bytes, at)?;
    let sum = crc32fast::hash(bytes.get(at..at.checked_add(4)?)?).to_le_bytes();
    (length > 0 && bytes.get(at + 4..at.checked_add(8)?)? == sum).then_some(length)
}

/// Whether a bad batch is the last one: it reaches the end of the file, or only a part of its header was written.
fn torn(rest: &[u8]) -> bool {
    match sound_length(rest, 0) {
        Some(length) => length.saturating_add(HEADER_BYTES) >= rest.len(),
        None => rest.len() < HEADER_BYTES || rest[HEADER_BYTES..].iter().all(|byte| *byte == 0),
    }
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(word.try_into().ok()?)).ok()
}

fn split(mut batch: &[u8], records: &mut Vec<Vec<u8>>) -> Option<()> {
    while !batch.is_empty() {
        let length = word(batch, 0)?;
        let end = length.checked_add(4)?;
        records.push(batch.get(4..end)?.to_vec());
        batch = batch.get(end..)?;
    }
    Some(())
}

/// The log in memory: for nodes without a home, and for tests, which keep a clone across a crash.
#[derive(Default)]
pub struct MemDisk {
    durable: Arc<Mutex<Vec<Vec<u8>>>>,
    pending: Vec<Vec<u8>>,
}

impl MemDisk {
    /// Another handle on the durable records; what the first has not flushed is not in it.
    #[must_use]
    pub fn after_crash(&self) -> Self {
        Self { durable: Arc::clone(&self.durable), pending: Vec::new() }
    }
}

impl Disk for MemDisk {
    fn load(&mut self) -> io::Result<Vec<Vec<u8>>> {
        Ok(self.durable.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn append(&mut self, record: &[u8]) -> io::Result<()> {
        self.pending.push(record.to_vec());
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).append(&mut self.pending);
        Ok(())
    }

    fn reset(&mut self, record: &[u8]) -> io::Result<()> {
        self.pending.clear();
        *self.durable.lock().unwrap_or_else(PoisonError::into_inner) = vec![record.to_vec()];
        Ok(())
    }

    fn bytes(&self) -> u64 {
        let durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        durable.iter().map(|record| record.len() as u64).sum()
    }

    fn compact(&mut self, keep: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<()> {
        self.flush()?;
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).retain(|record| keep(record));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
