//! What a run writes down before it pays, so that whoever comes after it pays nothing twice.
//!
//! One file an order, named by [`Order::identity`]; replaced by renaming, so that it is whole at any moment. Beside it
//! a lock that the system takes away from a process that dies.
//!
//! *Invariant*: a transaction that creates a task is in the file, on disk, before it leaves this machine.
//!
//! [`Order::identity`]: crate::application::Order::identity

use crate::application::ApplicationError;
use crate::client::Prepared;
use crate::rpc::text::Text;
use hydrogen_types::{Hash, Height};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Format of the file.
const VERSION: u8 = 1;
/// Largest file read: the transaction is a few hundred bytes.
const RECORD_BYTES_MAX: u64 = 1 << 20;

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    /// The creating transaction is signed, and perhaps sent.
    Intended(Prepared),
    /// The task exists.
    Created {
        /// Its id.
        task: u64,
        /// Block of its creation.
        height: Height,
    },
}

/// The file's form.
#[derive(Serialize, Deserialize)]
struct RecordJson {
    version: u8,
    tx: Option<TxJson>,
    task: Option<TaskJson>,
}

#[derive(Serialize, Deserialize)]
struct TxJson {
    hash: Text<Hash>,
    bytes: Text<Vec<u8>>,
    nonce: Text<u64>,
    valid_until: Text<Height>,
}

#[derive(Serialize, Deserialize)]
struct TaskJson {
    id: Text<u64>,
    height: Text<Height>,
}

/// The record of one order, held by this process alone.
pub(super) struct Run {
    path: PathBuf,
    lock_path: PathBuf,
    /// Held until dropped.
    _lock: File,
}

impl Run {
    /// Takes the record `identity` in `folder`, which is made where it is missing.
    pub(super) fn open(folder: &Path, identity: &Hash) -> Result<Self, ApplicationError> {
        std::fs::create_dir_all(folder).map_err(|source| at(folder, source))?;
        let name = identity.to_string();
        let (path, lock_path) = (folder.join(format!("{name}.json")), folder.join(format!("{name}.lock")));
        let lock = lock(&lock_path)?;
        Ok(Self { path, lock_path, _lock: lock })
    }

    /// What is written down, if anything.
    pub(super) fn load(&self) -> Result<Option<Record>, ApplicationError> {
        let bad = |reason: String| ApplicationError::BadRecord { path: self.path.clone(), reason };
        let size = match std::fs::metadata(&self.path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&self.path, error)),
        };
        if size > RECORD_BYTES_MAX {
            return Err(bad(format!("it has {size} bytes")));
        }
        let bytes = std::fs::read(&self.path).map_err(|error| at(&self.path, error))?;
        let json: RecordJson = serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
        match json {
            RecordJson { version: VERSION, task: Some(task), .. } => {
                Ok(Some(Record::Created { task: task.id.0, height: task.height.0 }))
            }
            RecordJson { version: VERSION, tx: Some(tx), task: None } => {
                Ok(Some(Record::Intended(Prepared {
                    hash: tx.hash.0,
                    bytes: tx.bytes.0,
                    nonce: tx.nonce.0,
                    valid_until: tx.valid_until.0,
                })))
            }
            RecordJson { version, .. } => Err(bad(format!("version {version} with nothing in it"))),
        }
    }

    /// Writes it down: on disk when this returns.
    pub(super) fn save(&self, record: &Record) -> Result<(), ApplicationError> {
        let json = match record {
            Record::Intended(prepared) => RecordJson {
                version: VERSION,
                tx: Some(TxJson {
                    hash: Text(prepared.hash),
                    bytes: Text(prepared.bytes.clone()),
                    nonce: Text(prepared.nonce),
                    valid_until: Text(prepared.valid_until),
                }),
                task: None,
            },
            Record::Created { task, height } => RecordJson {
                version: VERSION,
                tx: None,
                task: Some(TaskJson { id: Text(*task), height: Text(*height) }),
            },
        };
        let text = serde_json::to_string(&json).map_err(|error| ApplicationError::BadRecord {
            path: self.path.clone(),
            reason: error.to_string(),
        })?;
        let part = self.path.with_extension("part");
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| at(&part, error))?;
        std::fs::rename(&part, &self.path).map_err(|error| at(&self.path, error))?;
        self.sync_folder()
    }

    /// Forgets it: the order is done.
    pub(super) fn clear(&self) -> Result<(), ApplicationError> {
        match std::fs::remove_file(&self.path) {
            Ok(()) => self.sync_folder(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(at(&self.path, error)),
        }
    }

    fn sync_folder(&self) -> Result<(), ApplicationError> {
        let Some(folder) = self.path.parent() else { return Ok(()) };
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| at(folder, error))
    }
}

impl Drop for Run {
    /// A lock file without a record is of no use to anybody.
    fn drop(&mut self) {
        if !self.path.exists() {
            drop(std::fs::remove_file(&self.lock_path));
        }
    }
}

/// Takes the lock, and makes sure that it is the file that others find under this name.
fn lock(path: &Path) -> Result<File, ApplicationError> {
    loop {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let file = file.map_err(|error| at(path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ApplicationError::RunLocked { path: path.to_path_buf() });
            }
            Err(TryLockError::Error(error)) => return Err(at(path, error)),
        }
        let ours = file.metadata().map_err(|error| at(path, error))?.ino();
        match std::fs::metadata(path) {
            Ok(found) if found.ino() == ours => return Ok(file),
            // Its last holder has removed it meanwhile.
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(path, error)),
        }
    }
}

fn at(path: &Path, source: io::Error) -> ApplicationError {
    ApplicationError::Record { path: path.to_path_buf(), source }
}
