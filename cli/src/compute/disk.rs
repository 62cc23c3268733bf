//! The node's folder: records of tasks, result bytes, the cache of arguments and programs.
//!
//! *Invariants*: every file appears under its name complete and synced; a record follows its result bytes.

use crate::compute::error::ComputeError;
use hydrogen_offchain::compute::{Resumes, Saved};
use hydrogen_types::{Hash, codec};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Most bytes of cached programs; the longest unused go first.
const PROGRAM_BYTES_MAX: u64 = 1 << 30;
/// Largest file of resumes: a handful of pairs.
const RESUMES_BYTES_MAX: usize = 4 << 10;

/// The folder, held by one process.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    _lock: File,
}

impl Disk {
    /// Opens the folder, makes it if needed, and keeps other processes out.
    pub(crate) fn open(folder: &Path) -> Result<Self, ComputeError> {
        for name in ["records", "cache"] {
            let path = folder.join(name);
            std::fs::create_dir_all(&path).map_err(at(&path))?;
        }
        let path = folder.join("LOCK");
        let lock = File::create(&path).map_err(at(&path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_path_buf(), _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(ComputeError::InUse { path: folder.to_path_buf() }),
            Err(std::fs::TryLockError::Error(source)) => Err(ComputeError::Disk { path, source }),
        }
    }

    /// Binds the folder to the chain with this genesis. Records of another chain's tasks would be revealed for this
    /// one's tasks of the same numbers, and fined.
    pub(crate) fn bind_chain(&self, genesis: &Hash) -> Result<(), ComputeError> {
        let path = self.folder.join("chain");
        let followed = genesis.to_string();
        match read(&path)? {
            Some(stored) if stored == followed.as_bytes() => Ok(()),
            Some(stored) => {
                let stored = String::from_utf8_lossy(&stored).into_owned();
                Err(ComputeError::OtherChain { path: self.folder.clone(), stored, followed })
            }
            None => self.write(&path, followed.as_bytes()),
        }
    }

    /// The record of a task. One that cannot be read is set aside: the work can be done again.
    pub(crate) fn saved(&self, task: u64) -> Result<Option<Saved>, ComputeError> {
        let path = self.record(task);
        let Some(bytes) = read(&path)? else { return Ok(None) };
        match Saved::from_bytes(&bytes) {
            Ok(saved) => Ok(Some(saved)),
            Err(error) => {
                tracing::error!(task, %error, "record set aside");
                let aside = path.with_extension("bad");
                std::fs::rename(&path, &aside).map_err(at(&path))?;
                Ok(None)
            }
        }
    }

    /// Writes a record durably, after its result bytes where they are given.
    pub(crate) fn save(&self, saved: &Saved, result: Option<&[u8]>) -> Result<(), ComputeError> {
        if let Some(result) = result {
            self.write(&self.result(saved.task), result)?;
        }
        self.write(&self.record(saved.task), &saved.to_bytes())
    }

    /// Tasks with a record.
    pub(crate) fn saved_tasks(&self) -> Result<Vec<u64>, ComputeError> {
        let path = self.folder.join("records");
        let mut tasks = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(at(&path))? {
            let name = entry.map_err(at(&path))?.file_name();
            let task: Option<u64> =
                name.to_str().and_then(|name| name.strip_suffix(".saved")).and_then(|task| task.parse().ok());
            tasks.extend(task);
        }
        tasks.sort_unstable();
        Ok(tasks)
    }

    /// Removes all that belongs to a task.
    pub(crate) fn remove(&self, task: u64) -> Result<(), ComputeError> {
        for path in [self.result(task), self.args(task), self.record(task)] {
            remove(&path)?;
        }
        Ok(())
    }

    /// Resumes made so far.
    pub(crate) fn resumes(&self) -> Result<Resumes, ComputeError> {
        let bytes = read(&self.folder.join("resumes"))?;
        Ok(bytes.and_then(|bytes| codec::decode(&bytes, RESUMES_BYTES_MAX).ok()).unwrap_or_default())
    }

    pub(crate) fn save_resumes(&self, resumes: &Resumes) -> Result<(), ComputeError> {
        self.write(&self.folder.join("resumes"), &codec::encode(resumes))
    }

    /// Where the result bytes of a task are.
    pub(crate) fn result(&self, task: u64) -> PathBuf {
        self.folder.join("records").join(format!("{task}.result"))
    }

    /// Where the arguments of a task are cached.
    pub(crate) fn args(&self, task: u64) -> PathBuf {
        self.folder.join("cache").join(format!("args-{task}"))
    }

    /// Where a program is cached.
    pub(crate) fn program(&self, hash: &Hash) -> PathBuf {
        self.folder.join("cache").join(format!("program-{}", hex::encode(hash.as_bytes())))
    }

    /// Where the status is.
    pub(crate) fn status(&self) -> PathBuf {
        status_path(&self.folder)
    }

    /// Keeps the cached programs under their budget, `keep` in any case.
    pub(crate) fn trim_programs(&self, keep: &Hash) -> Result<(), ComputeError> {
        let path = self.folder.join("cache");
        let kept = self.program(keep);
        let mut programs = Vec::new();
        let mut total = 0u64;
        for entry in std::fs::read_dir(&path).map_err(at(&path))? {
            let entry = entry.map_err(at(&path))?;
            let metadata = entry.metadata().map_err(at(&path))?;
            total = total.saturating_add(metadata.len());
            if entry.file_name().to_string_lossy().starts_with("program-") && entry.path() != kept {
                programs.push((metadata.modified().ok(), metadata.len(), entry.path()));
            }
        }
        programs.sort();
        for (_, size, path) in programs {
            if total <= PROGRAM_BYTES_MAX {
                break;
            }
            remove(&path)?;
            total = total.saturating_sub(size);
        }
        Ok(())
    }

    fn record(&self, task: u64) -> PathBuf {
        self.folder.join("records").join(format!("{task}.saved"))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), ComputeError> {
        write_durably(path, bytes).map_err(at(path))
    }
}

/// Where the status of the node in `folder` is.
pub(crate) fn status_path(folder: &Path) -> PathBuf {
    folder.join("status.json")
}

/// Writes beside, syncs, renames, and syncs the folder, so that after a power cut the file is old or new.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    let mut file = File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// The file's bytes; `None` if there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, ComputeError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ComputeError::Disk { path: path.to_path_buf(), source }),
    }
}

fn remove(path: &Path) -> Result<(), ComputeError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path)(error)),
        _ => Ok(()),
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> ComputeError {
    let path = path.to_path_buf();
    move |source| ComputeError::Disk { path: path.clone(), source }
}
