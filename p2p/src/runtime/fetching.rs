//! A snapshot that is being fetched: which chunks are on the disk, which are asked for.

use super::snapshots::{chunk_path, folders, read_chunk, read_manifest, whole, write_manifest, write_whole};
use hydrogen_core::Genesis;
use hydrogen_core::snapshot::Manifest;
use hydrogen_types::{Hash, Height};
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between two lines about the progress.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

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
    /// What an earlier run left, if it can go on.
    pub(super) fn left(snapshots: &Path, genesis: &Genesis, refused: &BTreeSet<Hash>) -> Option<Self> {
        for (_, folder) in folders(snapshots, ".fetching").into_iter().rev() {
            let manifest = read_manifest(&folder)
                .filter(|manifest| manifest.check(genesis).is_ok() && !refused.contains(&manifest.id()));
            if let Some(manifest) = manifest {
                return Some(Self::over(snapshots, folder, manifest));
            }
            fs::remove_dir_all(folder).ok();
        }
        None
    }

    /// Begins to fetch the snapshot of a checked manifest.
    pub(super) fn begin(snapshots: &Path, manifest: Manifest) -> Result<Self, String> {
        let folder = snapshots.join(format!("{}.fetching", manifest.height()));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
        }
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        write_manifest(&folder, &manifest)?;
        Ok(Self::over(snapshots, folder, manifest))
    }

    fn over(snapshots: &Path, folder: PathBuf, manifest: Manifest) -> Self {
        let there = |index: usize| {
            read_chunk(&folder, index).is_ok_and(|bytes| Hash::sha256(&bytes) == manifest.chunks[index])
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
    pub(super) fn take(&mut self, index: usize, bytes: &[u8]) -> Result<bool, String> {
        if !self.asked.contains(&index) {
            return Ok(true);
        }
        if self.manifest.chunks.get(index) != Some(&Hash::sha256(bytes)) {
            self.give_back(index);
            return Ok(false);
        }
        write_whole(&chunk_path(&self.folder, index), bytes).map_err(|error| error.to_string())?;
        self.asked.remove(&index);
        self.last_news = Instant::now();
        if self.last_told.elapsed() > PROGRESS_EVERY {
            self.last_told = self.last_news;
            let (missing, chunks) = (self.missing.len() + self.asked.len(), self.manifest.chunks.len());
            tracing::info!(height = %self.height(), missing, chunks, "fetching a snapshot");
        }
        Ok(true)
    }

    /// Where the snapshot is, once it is whole.
    pub(super) fn finish(&self) -> Result<Option<PathBuf>, String> {
        if !self.missing.is_empty() || !self.asked.is_empty() {
            return Ok(None);
        }
        let whole = whole(&self.snapshots, self.height().get());
        if whole.exists() {
            fs::remove_dir_all(&whole).map_err(|error| error.to_string())?;
        }
        fs::rename(&self.folder, &whole).map_err(|error| error.to_string())?;
        Ok(Some(whole))
    }

    /// Gives up.
    pub(super) fn drop_files(&self) -> Result<(), String> {
        fs::remove_dir_all(&self.folder).map_err(|error| error.to_string())
    }
}
