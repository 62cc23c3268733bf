//! Blobs as files: written beside, hashed as they stream, synced, then renamed into place.
//!
//! *Invariants*: a name is visible only with all its bytes on disk; an upload that breaks leaves nothing behind
//! (its temporary file goes with the [`Pending`], or at the next start).
//!
//! *Absent on purpose*: whole blobs in memory.

use hydrogen_types::Hash;
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::AsyncWriteExt;

/// Where blobs live. Names are chosen by the relay: `args-7-HEX`, `result-7-HEX`, `program-HEX`.
pub(crate) trait Blobs: Send + Sync {
    /// Starts a blob that has no name yet.
    ///
    /// # Errors
    /// The medium's own.
    fn begin(&self) -> io::Result<Pending>;
    /// Opens a blob with its size; `None` if there is no such name.
    ///
    /// # Errors
    /// The medium's own.
    fn open(&self, name: &str) -> io::Result<Option<(std::fs::File, u64)>>;
    /// Removes a blob; one that is not there is no error.
    ///
    /// # Errors
    /// The medium's own.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// All names.
    ///
    /// # Errors
    /// The medium's own.
    fn names(&self) -> io::Result<Vec<String>>;
    /// Bytes that may still be written.
    ///
    /// # Errors
    /// The medium's own.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// Blobs in a folder.
#[derive(Debug)]
pub(crate) struct FileBlobs {
    folder: PathBuf,
    pending: PathBuf,
    counter: AtomicU64,
}

impl FileBlobs {
    /// Opens the folder, makes it if needed and drops what an earlier run left half written.
    ///
    /// # Errors
    /// The file system's own.
    pub(crate) fn open_folder(folder: &Path) -> io::Result<Self> {
        let pending = folder.join("pending");
        if pending.exists() {
            std::fs::remove_dir_all(&pending)?;
        }
        std::fs::create_dir_all(&pending)?;
        Ok(Self { folder: folder.to_path_buf(), pending, counter: AtomicU64::new(0) })
    }
}

impl Blobs for FileBlobs {
    fn begin(&self) -> io::Result<Pending> {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let path = self.pending.join(number.to_string());
        let file = std::fs::File::create_new(&path)?;
        Ok(Pending::new(file, path, self.folder.clone()))
    }

    fn open(&self, name: &str) -> io::Result<Option<(std::fs::File, u64)>> {
        match std::fs::File::open(self.folder.join(name)) {
            Ok(file) => {
                let size = file.metadata()?.len();
                Ok(Some((file, size)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(self.folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.extend(entry.file_name().into_string());
            }
        }
        Ok(names)
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.folder)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

/// A blob being written. Dropped before [`Pending::publish`], it leaves nothing.
#[derive(Debug)]
pub(crate) struct Pending {
    file: Option<tokio::fs::File>,
    path: Option<PathBuf>,
    folder: PathBuf,
    hasher: Sha256,
    size: u64,
}

impl Pending {
    /// A blob that is written to `file`, which lies at `path`, and gets its name in `folder`.
    pub(crate) fn new(file: std::fs::File, path: PathBuf, folder: PathBuf) -> Self {
        let file = Some(tokio::fs::File::from_std(file));
        Self { file, path: Some(path), folder, hasher: Sha256::new(), size: 0 }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// The medium's own, a full disk above all.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        match &mut self.file {
            Some(file) => file.write_all(bytes).await,
            None => Err(io::Error::other("the blob is already synced")),
        }
    }

    /// Bytes written so far.
    #[must_use]
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of the bytes written so far.
    #[must_use]
    pub(crate) fn digest(&self) -> Hash {
        Hash::new(self.hasher.clone().finalize().into())
    }

    /// Where the bytes are, for a check that must read them before they are published.
    #[must_use]
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Hands all bytes to the file system, so that [`Pending::path`] can be read.
    ///
    /// # Errors
    /// The medium's own.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.flush().await,
            None => Ok(()),
        }
    }

    /// Makes the bytes durable and visible under `name`, replacing what was there.
    ///
    /// # Errors
    /// The medium's own; the blob is then not visible.
    pub(crate) async fn publish(mut self, name: &str) -> io::Result<()> {
        if let Some(mut file) = self.file.take() {
            file.flush().await?;
            file.sync_all().await?;
        }
        let Some(path) = self.path.clone() else { return Ok(()) };
        let target = self.folder.join(name);
        let folder = self.folder.clone();
        let renamed = tokio::task::spawn_blocking(move || {
            std::fs::rename(&path, target)?;
            // The name itself is durable only once the folder is.
            std::fs::File::open(folder)?.sync_all()
        });
        renamed.await.map_err(io::Error::other)??;
        self.path = None;
        Ok(())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            // Best effort: what stays is removed at the next start.
            drop(std::fs::remove_file(path));
        }
    }
}
