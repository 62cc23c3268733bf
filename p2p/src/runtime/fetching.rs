//! A snapshot that is being fetched: which chunks are on the disk, which are asked for.

use super::joining::{JoinStage, Joining};
use super::snapshots::{chunk_path, folders, read_chunk, read_manifest, whole, write_manifest, write_whole};
use hydrogen_core::Genesis;
use hydrogen_core::snapshot::Manifest;
use hydrogen_types::{Hash, Height};
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between two lines about the progress.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// A whole snapshot on the disk.
pub(super) struct Joined {
    pub(super) id: Hash,
    pub(super) height: Height,
    pub(super) folder: PathBuf,
}

impl Joined {
    /// The newest that an earlier run left.
    pub(super) fn left(snapshots: &Path, genesis: &Genesis, refused: &BTreeSet<Hash>) -> Option<Self> {
        folders(snapshots, "").into_iter().rev().find_map(|(_, folder)| {
            let manifest = usable(&folder, genesis, refused)?;
            Some(Self { id: manifest.id(), height: manifest.height(), folder })
        })
    }
}

/// The manifest in a folder, if it is one to begin from.
fn usable(folder: &Path, genesis: &Genesis, refused: &BTreeSet<Hash>) -> Option<Manifest> {
    read_manifest(folder)
        .filter(|manifest| manifest.check(genesis).is_ok() && !refused.contains(&manifest.id()))
}

/// See the module.
pub(super) struct Fetching {
    manifest: Manifest,
    snapshots: PathBuf,
    folder: PathBuf,
    missing: VecDeque<usize>,
    asked: BTreeSet<usize>,
    last_news: Instant,
    last_told: Instant,
}

impl Fetching {
    /// What an earlier run left, if it can go on; the newest, if it left several.
    pub(super) fn left(
        snapshots: &Path,
        genesis: &Genesis,
        refused: &BTreeSet<Hash>,
        joining: &Joining,
    ) -> Option<Self> {
        let mut found = None;
        for (_, folder) in folders(snapshots, ".fetching").into_iter().rev() {
            match usable(&folder, genesis, refused).filter(|_| found.is_none()) {
                Some(manifest) => found = Some((folder, manifest)),
                None => drop(fs::remove_dir_all(folder)),
            }
        }
        let (folder, manifest) = found?;
        Some(Self::over(snapshots, folder, manifest, joining))
    }

    /// Begins to fetch the snapshot of a checked manifest.
    pub(super) fn begin(snapshots: &Path, manifest: Manifest, joining: &Joining) -> io::Result<Self> {
        let folder = snapshots.join(format!("{}.fetching", manifest.height()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        write_manifest(&folder, &manifest)?;
        Ok(Self::over(snapshots, folder, manifest, joining))
    }

    fn over(snapshots: &Path, folder: PathBuf, manifest: Manifest, joining: &Joining) -> Self {
        // One that is about to end need not look at many GiB first.
        let there = |index: usize| {
            !joining.is_stopping()
                && read_chunk(&folder, index)
                    .is_ok_and(|bytes| Hash::sha256(&bytes) == manifest.chunks[index])
        };
        let missing: VecDeque<usize> = (0..manifest.chunks.len()).filter(|index| !there(*index)).collect();
        tracing::info!(
            height = %manifest.height(),
            bytes = manifest.bytes,
            chunks = manifest.chunks.len(),
            missing = missing.len(),
            "fetching a snapshot"
        );
        let now = Instant::now();
        let snapshots = snapshots.to_path_buf();
        Self { manifest, snapshots, folder, missing, asked: BTreeSet::new(), last_news: now, last_told: now }
    }

    pub(super) fn id(&self) -> Hash {
        self.manifest.id()
    }

    pub(super) fn height(&self) -> Height {
        self.manifest.height()
    }

    /// What to tell of it.
    pub(super) fn stage(&self) -> JoinStage {
        let chunks = self.manifest.chunks.len();
        let done = chunks - self.missing.len() - self.asked.len();
        JoinStage::Fetching { height: self.height(), chunks, done }
    }

    /// Time since the last chunk that was new.
    pub(super) fn idle(&self) -> Duration {
        self.last_news.elapsed()
    }

    /// A chunk to ask for.
    pub(super) fn next(&mut self) -> Option<usize> {
        let index = self.missing.pop_front()?;
        self.asked.insert(index);
        Some(index)
    }

    /// A chunk that was asked for did not come.
    pub(super) fn give_back(&mut self, index: usize) {
        if self.asked.remove(&index) {
            self.missing.push_back(index);
        }
    }

    /// Keeps a chunk; false if it is not the one that was asked for.
    pub(super) fn take(&mut self, index: usize, bytes: &[u8]) -> io::Result<bool> {
        if !self.asked.contains(&index) {
            return Ok(true);
        }
        if self.manifest.chunks.get(index) != Some(&Hash::sha256(bytes)) {
            self.give_back(index);
            return Ok(false);
        }
        write_whole(&chunk_path(&self.folder, index), bytes)?;
        self.asked.remove(&index);
        self.last_news = Instant::now();
        if self.last_told.elapsed() > PROGRESS_EVERY {
            self.last_told = self.last_news;
            tracing::info!("{}", self.stage());
        }
        Ok(true)
    }

    /// Where the snapshot is, once it is whole.
    pub(super) fn finish(&self) -> io::Result<Option<PathBuf>> {
        if !self.missing.is_empty() || !self.asked.is_empty() {
            return Ok(None);
        }
        let whole = whole(&self.snapshots, self.height().get());
        if whole.exists() {
            fs::remove_dir_all(&whole)?;
        }
        fs::rename(&self.folder, &whole)?;
        Ok(Some(whole))
    }

    /// Gives up.
    pub(super) fn drop_files(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.folder)
    }
}
