//! Snapshots as files: made in the background, kept for peers, fetched from peers.
//!
//! ```text
//! FOLDER/3000/manifest.bin, 000000.chunk, ...   whole
//! FOLDER/3000.making, FOLDER/3000.fetching      not yet: renamed when everything is there
//! ```
//!
//! *Invariants*: a folder without a suffix is whole; a chunk's file appears whole; what peers ask for is looked up by
//! the id of a snapshot that is held here, never by a name of theirs.

use crate::config::Snapshots;
use hydrogen_core::ChainReader;
use hydrogen_core::snapshot::{CHUNK_BYTES_MAX, MANIFEST_BYTES_MAX, Manifest, SnapshotError};
use hydrogen_types::{Hash, Height};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

const MANIFEST_FILE: &str = "manifest.bin";
/// Between two looks at whether a snapshot is due.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A whole snapshot.
pub(super) struct Kept {
    id: Hash,
    height: u64,
    chunks: usize,
    manifest: Arc<[u8]>,
}

/// The whole snapshots of a node, oldest first.
pub(crate) struct Shelf {
    config: Snapshots,
    kept: Mutex<Vec<Kept>>,
}

pub(super) fn chunk_path(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("{index:06}.chunk"))
}

/// Reads a file that is expected to have at most `bytes_max`.
fn read(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("more than {bytes_max} bytes")));
    }
    Ok(bytes)
}

/// Writes a file that is there whole, and on the disk, or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = fs::File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(new, path)
}

pub(super) fn write_manifest(folder: &Path, manifest: &Manifest) -> io::Result<()> {
    let bytes = manifest.to_bytes().map_err(io::Error::other)?;
    write_whole(&folder.join(MANIFEST_FILE), &bytes)
}

/// The manifest in a folder; `None` if there is none that can be read.
pub(super) fn read_manifest(folder: &Path) -> Option<Manifest> {
    Manifest::from_bytes(&read(&folder.join(MANIFEST_FILE), MANIFEST_BYTES_MAX).ok()?).ok()
}

pub(super) fn read_chunk(folder: &Path, index: usize) -> io::Result<Vec<u8>> {
    read(&chunk_path(folder, index), CHUNK_BYTES_MAX)
}

/// Where a whole snapshot of a height lies.
pub(super) fn whole(folder: &Path, height: u64) -> PathBuf {
    folder.join(height.to_string())
}

/// Folders in `folder` whose names are a height followed by `suffix`, lowest first.
pub(super) fn folders(folder: &Path, suffix: &str) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((name.strip_suffix(suffix)?.parse().ok()?, entry.path()))
        })
        .collect();
    found.sort();
    found
}

impl Shelf {
    /// The snapshots that an earlier run left.
    pub(crate) fn open(config: Snapshots) -> Self {
        let kept = folders(&config.folder, "").into_iter().filter_map(|(height, path)| {
            let manifest = read_manifest(&path)?;
            Self::entry(height, &manifest).ok()
        });
        let kept = Mutex::new(kept.collect());
        Self { config, kept }
    }

    fn entry(height: u64, manifest: &Manifest) -> Result<Kept, SnapshotError> {
        let (id, chunks) = (manifest.id(), manifest.chunks.len());
        Ok(Kept { id, height, chunks, manifest: manifest.to_bytes()?.into() })
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest manifest, for a peer.
    pub(super) fn manifest(&self) -> Option<Vec<u8>> {
        self.kept().last().map(|kept| kept.manifest.to_vec())
    }

    /// A chunk of a snapshot, for a peer.
    pub(super) fn chunk(&self, id: &Hash, index: u32) -> Option<Vec<u8>> {
        let index = usize::try_from(index).ok()?;
        let height = self.kept().iter().find(|kept| kept.id == *id && index < kept.chunks)?.height;
        read_chunk(&whole(&self.config.folder, height), index).ok()
    }

    /// Makes snapshots when they are due, until told to stop.
    pub(crate) fn run(&self, reader: &ChainReader, stop: &watch::Receiver<bool>) {
        let mut tried = self.kept().last().map_or(0, |kept| kept.height);
        while !*stop.borrow() {
            let tip = reader.tip().height.get();
            let due = tip.checked_div(self.config.every).unwrap_or(0) * self.config.every;
            if due > tried {
                tried = due;
                match self.make(reader, due, stop) {
                    Ok((bytes, chunks)) => tracing::info!(height = due, bytes, chunks, "snapshot made"),
                    Err(reason) if !*stop.borrow() => {
                        tracing::warn!(height = due, reason, "no snapshot is made of this height");
                    }
                    Err(_) => {}
                }
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn make(
        &self,
        reader: &ChainReader,
        height: u64,
        stop: &watch::Receiver<bool>,
    ) -> Result<(u64, usize), String> {
        let folder = &self.config.folder;
        for (_, left) in folders(folder, ".making") {
            fs::remove_dir_all(left).map_err(|error| error.to_string())?;
        }
        let making = folder.join(format!("{height}.making"));
        fs::create_dir_all(&making).map_err(|error| error.to_string())?;
        let mut sink = |index: u32, bytes: &[u8]| {
            if *stop.borrow() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            write_whole(&chunk_path(&making, usize::try_from(index).unwrap_or(usize::MAX)), bytes)
        };
        let manifest = reader
            .snapshot(Height::new(height), &mut sink)
            .map_err(|error| crate::consensus::causes(&error))?;
        write_manifest(&making, &manifest).map_err(|error| error.to_string())?;
        fs::rename(&making, whole(folder, height)).map_err(|error| error.to_string())?;
        let entry = Self::entry(height, &manifest).map_err(|error| error.to_string())?;
        let mut kept = self.kept();
        kept.push(entry);
        while kept.len() > self.config.keep.max(1) {
            let old = kept.remove(0);
            fs::remove_dir_all(whole(folder, old.height)).map_err(|error| error.to_string())?;
        }
        Ok((manifest.bytes, manifest.chunks.len()))
    }
}
