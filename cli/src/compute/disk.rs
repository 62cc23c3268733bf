//! The node's folder: records of tasks, result bytes, the cache of arguments and programs.
//!
//! *Invariants*: every file appears under its name complete and synced; a record follows its result bytes.

use crate::compute::error::ComputeError;
use hydrogen_offchain::compute::{Journal, Resumes, Saved};
use hydrogen_types::{Hash, codec};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Largest file of resumes: a handful of pairs.
const RESUMES_BYTES_MAX: usize = 4 << 10;
/// Largest journal: bounded notices and penalties are far below.
const JOURNAL_BYTES_MAX: usize = 256 << 10;

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
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(ComputeError::InUse { path: folder.to_path_buf() });
            }
            Err(std::fs::TryLockError::Error(source)) => return Err(ComputeError::Disk { path, source }),
        }
        let disk = Self { folder: folder.to_path_buf(), _lock: lock };
        disk.remove_strays()?;
        Ok(disk)
    }

    /// Removes what a killed process was writing.
    fn remove_strays(&self) -> Result<(), ComputeError> {
        for name in ["records", "cache"] {
            for (path, _) in self.files(name)? {
                if path.extension().is_some_and(|extension| extension.to_string_lossy().starts_with("part")) {
                    remove(&path)?;
                }
            }
        }
        Ok(())
    }

    /// The files of a folder, with what the system says of each.
    fn files(&self, name: &str) -> Result<Vec<(PathBuf, std::fs::Metadata)>, ComputeError> {
        let path = self.folder.join(name);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(at(&path))? {
            let entry = entry.map_err(at(&path))?;
            match entry.metadata() {
                Ok(metadata) => files.push((entry.path(), metadata)),
                // A download beside us has just been renamed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(ComputeError::Disk { path: entry.path(), source }),
            }
        }
        Ok(files)
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
        self.tasks("records", |name| name.strip_suffix(".saved"))
    }

    /// Tasks of which anything is kept: a record, result bytes, arguments.
    pub(crate) fn kept_tasks(&self) -> Result<BTreeSet<u64>, ComputeError> {
        let mut tasks: BTreeSet<u64> = self.saved_tasks()?.into_iter().collect();
        tasks.extend(self.tasks("records", |name| name.strip_suffix(".result"))?);
        tasks.extend(self.tasks("cache", |name| name.strip_prefix("args-"))?);
        Ok(tasks)
    }

    fn tasks(&self, folder: &str, id: impl Fn(&str) -> Option<&str>) -> Result<Vec<u64>, ComputeError> {
        let mut tasks: Vec<u64> = Vec::new();
        for (path, _) in self.files(folder)? {
            let name = path.file_name().and_then(|name| name.to_str());
            tasks.extend(name.and_then(&id).and_then(|task| task.parse::<u64>().ok()));
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

    /// What happened to the node so far.
    pub(crate) fn journal(&self) -> Result<Journal, ComputeError> {
        let bytes = read(&self.folder.join("journal"))?;
        Ok(bytes.and_then(|bytes| codec::decode(&bytes, JOURNAL_BYTES_MAX).ok()).unwrap_or_default())
    }

    pub(crate) fn save_journal(&self, journal: &Journal) -> Result<(), ComputeError> {
        self.write(&self.folder.join("journal"), &codec::encode(journal))
    }

    /// An empty folder for a command to work in.
    pub(crate) fn fresh_work_folder(&self) -> Result<PathBuf, ComputeError> {
        let path = self.folder.join("work");
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&path)(error)),
            _ => {}
        }
        std::fs::create_dir(&path).map_err(at(&path))?;
        // The command starts in it, so its path must not depend on where this process is.
        std::fs::canonicalize(&path).map_err(at(&path))
    }

    /// Notes which process group a command runs in, or that none does.
    pub(crate) fn note_group(&self, group: Option<&str>) -> Result<(), ComputeError> {
        let path = self.folder.join("group");
        match group {
            Some(text) => std::fs::write(&path, text).map_err(at(&path)),
            None => remove(&path),
        }
    }

    /// The process group that was noted last.
    pub(crate) fn noted_group(&self) -> Result<Option<String>, ComputeError> {
        let bytes = read(&self.folder.join("group"))?;
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
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

    /// Keeps the cached programs under `bytes_max`, those of `keep` in any case; the longest unused go first.
    pub(crate) fn trim_programs(&self, bytes_max: u64, keep: &[Hash]) -> Result<(), ComputeError> {
        let kept: Vec<PathBuf> = keep.iter().map(|hash| self.program(hash)).collect();
        let mut programs = Vec::new();
        let mut total = 0u64;
        for (path, metadata) in self.files("cache")? {
            if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("program-")) {
                continue;
            }
            total = total.saturating_add(metadata.len());
            if !kept.contains(&path) {
                programs.push((metadata.modified().ok(), metadata.len(), path));
            }
        }
        programs.sort();
        for (_, size, path) in programs {
            if total <= bytes_max {
                break;
            }
            remove(&path)?;
            total = total.saturating_sub(size);
        }
        Ok(())
    }

    /// Notes that a program is used, for [`Disk::trim_programs`].
    pub(crate) fn touch_program(&self, hash: &Hash) {
        let path = self.program(hash);
        let touched =
            File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        if let Err(error) = touched {
            tracing::debug!(path = %path.display(), %error, "use of a program not noted");
        }
    }

    /// Bytes of arguments and programs kept.
    pub(crate) fn cache_bytes(&self) -> Result<u64, ComputeError> {
        Ok(self.files("cache")?.iter().map(|(_, metadata)| metadata.len()).sum())
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
