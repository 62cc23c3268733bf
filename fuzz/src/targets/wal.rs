//! The vote log at a start. A first byte of 0 gives the file as it is; else the rest is a list of records, framed here
//! with true checksums behind a true beginning, so that they reach the engine.

use super::agreement::{Net, host};
use crate::fixture::{GENESIS_MS, bare_chain};
use hydrogen_p2p::consensus::{Disk, Input, LogDisk, LogFile, Now, Output};
use hydrogen_p2p::internals::{Family, samples};
use hydrogen_types::codec::{decode, encode};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Records of one log.
const RECORDS_MAX: usize = 64;
/// Steps after the start, and how far apart.
const STEPS: u64 = 8;
const STEP_MS: u64 = 700;

/// A file in memory; clones are the same file.
#[derive(Clone, Default)]
pub(super) struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Bytes {
    fn with<T>(&self, act: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is in it.
    pub(super) fn content(&self) -> Vec<u8> {
        self.with(|bytes| bytes.clone())
    }
}

impl LogFile for Bytes {
    fn read(&mut self, bytes_max: u64) -> io::Result<Vec<u8>> {
        let content = self.content();
        if content.len() as u64 > bytes_max { Err(io::ErrorKind::InvalidData.into()) } else { Ok(content) }
    }
    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.with(|bytes| bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX)));
        Ok(())
    }
    fn append(&mut self, more: &[u8]) -> io::Result<()> {
        self.with(|bytes| bytes.extend_from_slice(more));
        Ok(())
    }
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with(|content| *content = bytes.to_vec());
        Ok(())
    }
}

/// Whether a host starts on the log.
pub(super) fn run(bytes: &[u8]) -> bool {
    let Some((0, rest)) = bytes.split_first() else {
        let Ok(records) = decode::<Vec<Vec<u8>>>(bytes.get(1..).unwrap_or_default(), bytes.len()) else {
            return false;
        };
        return start(records_file(&records));
    };
    start(Bytes(Arc::new(Mutex::new(rest.to_vec()))))
}

fn records_file(records: &[Vec<u8>]) -> Bytes {
    let file = Bytes::default();
    let mut disk = LogDisk::over(file.clone());
    // The first record of every log, as `records_begin_as_assumed` pins it: its tag, the genesis, the height.
    let begin = encode(&(0u8, bare_chain().genesis().hash(), 1u64));
    disk.reset(&begin).expect("memory");
    for record in records.iter().take(RECORDS_MAX) {
        disk.append(record).expect("memory");
    }
    disk.flush().expect("memory");
    file
}

fn start(file: Bytes) -> bool {
    let Ok(mut host) = host(0, Box::new(LogDisk::over(file))) else { return false };
    for step in 0..STEPS {
        let mono_ms = step * STEP_MS;
        let outputs = host.step(Now { mono_ms, wall_ms: GENESIS_MS + mono_ms }, Input::Tick);
        // A log that says what no node writes may stop the node, in words.
        if let Some(Output::Fatal(error)) = outputs.last() {
            assert!(!error.to_string().is_empty());
            return false;
        }
    }
    true
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let (log, _) = Net::lived();
    let records: Vec<Vec<u8>> = LogDisk::over(Bytes(Arc::new(Mutex::new(log.clone()))))
        .load()
        .expect("a whole log")
        .into_iter()
        .skip(1)
        .collect();
    let of_samples: Vec<Vec<u8>> = samples()
        .into_iter()
        .filter(|sample| sample.family == Family::Record && sample.name.starts_with("timeout"))
        .map(|sample| sample.bytes)
        .collect();
    vec![
        [vec![0], log].concat(),
        [vec![1], encode(&records)].concat(),
        [vec![1], encode(&of_samples)].concat(),
        vec![0],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_begin_as_assumed() {
        let samples = samples();
        let begin = samples.iter().find(|sample| sample.family == Family::Record).unwrap();
        assert_eq!(begin.name, "begin");
        assert_eq!(begin.bytes, encode(&(0u8, [1u8; 32], 7u64)));
    }
}
