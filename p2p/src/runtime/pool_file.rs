//! The pool across a restart: written when the node stops, read and checked anew when it starts.
//!
//! *Not provided*: a node that is killed forgets its pool; its peers have the transactions.

use hydrogen_core::limits::POOL_BYTES_MAX;
use hydrogen_types::codec::{decode, encode};
use std::fs;
use std::io;
use std::path::Path;

/// The file in a node's home.
const POOL_FILE: &str = "pool.bin";
/// Longest file that is read: a full pool and the lengths of its parts.
const FILE_BYTES_MAX: usize = 2 * POOL_BYTES_MAX;

/// Keeps transactions in `home`.
///
/// # Errors
/// I/O.
pub(crate) fn save(home: &Path, txs: &[Vec<u8>]) -> io::Result<()> {
    let (path, new) = (home.join(POOL_FILE), home.join("pool.new"));
    fs::write(&new, encode(&txs))?;
    fs::rename(new, path)
}

/// Takes the transactions kept in `home`. A file that is missing or damaged holds none: they are only a convenience.
pub(crate) fn take(home: &Path) -> Vec<Vec<u8>> {
    let path = home.join(POOL_FILE);
    let small = fs::metadata(&path).is_ok_and(|metadata| metadata.len() <= FILE_BYTES_MAX as u64);
    let bytes = if small { fs::read(&path).unwrap_or_default() } else { Vec::new() };
    fs::remove_file(path).ok();
    decode(&bytes, FILE_BYTES_MAX).unwrap_or_default()
}
