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
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The log's file in a node's home.
pub const WAL_FILE: &str = "consensus.wal";
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
}

impl LogFile for File {
    fn read(&mut self, bytes_max: u64) -> io::Result<Vec<u8>> {
        let length = self.metadata()?.len();
        if length > bytes_max {
            return Err(invalid(format!("the vote log has {length} bytes, at most {bytes_max} expected")));
        }
        let mut bytes = Vec::new();
        self.seek(SeekFrom::Start(0))?;
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length))?;
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// The log over a file.
pub struct LogDisk<F> {
    file: F,
    pending: Vec<u8>,
}

/// The log in a file of the operating system.
pub type FileDisk = LogDisk<File>;

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
        Ok(Self::over(file))
    }
}

impl<F: LogFile> LogDisk<F> {
    /// The log over `file`.
    pub fn over(file: F) -> Self {
        Self { file, pending: Vec::new() }
    }

    fn write_batch(&mut self, batch: &[u8]) -> io::Result<()> {
        let mut framed = Vec::with_capacity(batch.len() + HEADER_BYTES);
        let length = size(batch)?;
        framed.extend(length);
        framed.extend(crc32fast::hash(&length).to_le_bytes());
        framed.extend(crc32fast::hash(batch).to_le_bytes());
        framed.extend(batch);
        self.file.append(&framed)?;
        self.file.sync()
    }
}

impl<F: LogFile> Disk for LogDisk<F> {
    fn load(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let bytes = self.file.read(WAL_BYTES_MAX)?;
        let (records, good) = parse(&bytes)?;
        self.file.truncate(good as u64)?;
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
        self.append(record)?;
        self.flush()
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(home: &Path) -> Vec<u8> {
        let mut disk = FileDisk::open(home).unwrap();
        disk.reset(b"begin").unwrap();
        disk.append(b"one").unwrap();
        disk.append(b"two").unwrap();
        disk.flush().unwrap();
        disk.append(b"three").unwrap();
        disk.flush().unwrap();
        std::fs::read(home.join(WAL_FILE)).unwrap()
    }

    /// Cut anywhere, the log keeps a prefix of whole batches and can be appended to.
    #[test]
    fn torn_tail_is_dropped() {
        let home = tempfile::tempdir().unwrap();
        let whole = filled(home.path());
        for cut in 0..=whole.len() {
            std::fs::write(home.path().join(WAL_FILE), &whole[..cut]).unwrap();
            let mut disk = FileDisk::open(home.path()).unwrap();
            let records = disk.load().unwrap();
            let all: [&[u8]; 4] = [b"begin", b"one", b"two", b"three"];
            assert!([0, 1, 3, 4].contains(&records.len()), "cut at {cut}");
            assert!(records.iter().zip(all).all(|(record, expected)| record == expected));
            disk.append(b"next").unwrap();
            disk.flush().unwrap();
            assert_eq!(disk.load().unwrap().len(), records.len() + 1, "cut at {cut}");
        }
    }

    /// A flipped bit in a batch that others follow is not a torn tail.
    #[test]
    fn corruption_stops() {
        let home = tempfile::tempdir().unwrap();
        let whole = filled(home.path());
        let mut bad = whole.clone();
        bad[14] ^= 1;
        std::fs::write(home.path().join(WAL_FILE), &bad).unwrap();
        assert!(FileDisk::open(home.path()).unwrap().load().is_err());
        let mut tail = whole;
        let last = tail.len() - 1;
        tail[last] ^= 1;
        std::fs::write(home.path().join(WAL_FILE), &tail).unwrap();
        assert_eq!(FileDisk::open(home.path()).unwrap().load().unwrap().len(), 3);
    }
}
