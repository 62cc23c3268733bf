//! The engine's lock file, seen from outside: who holds it, and a share of it for readers.
//!
//! The engine itself locks a store only for writing. A process must not come here for a store that it has open
//! itself: closing any handle of the file gives up the process's lock on it.

use crate::store::StoreError;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

/// The file that the engine locks.
const LOCK_FILE: &str = "LOCK";

fn whole_file(kind: libc::c_int) -> libc::flock {
    let small = |number: libc::c_int| libc::c_short::try_from(number).expect("lock constants are small");
    libc::flock { l_type: small(kind), l_whence: small(libc::SEEK_SET), l_start: 0, l_len: 0, l_pid: 0 }
}

/// Who has the store open, in words.
pub(super) fn holder(path: &Path) -> String {
    let pid = File::open(path.join(LOCK_FILE)).ok().and_then(|file| {
        let mut lock = whole_file(libc::F_WRLCK);
        fcntl(&file, FcntlArg::F_GETLK(&mut lock)).ok()?;
        // A process of another container has no number here.
        (libc::c_int::from(lock.l_type) != libc::F_UNLCK && lock.l_pid > 0).then_some(lock.l_pid)
    });
    match pid {
        Some(pid) => format!("another process (pid {pid})"),
        None => String::from("another process"),
    }
}

/// Keeps writers out as long as it lives; any number of readers may have one.
pub(super) struct ReadLock {
    _file: File,
}

impl ReadLock {
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        let folder = path.display().to_string();
        let file = File::open(path.join(LOCK_FILE)).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => StoreError::Absent { path: folder.clone() },
            ErrorKind::PermissionDenied => StoreError::NotPermitted { path: folder.clone() },
            _ => StoreError::Io { reason: format!("{folder}/{LOCK_FILE}: {error}") },
        })?;
        match fcntl(&file, FcntlArg::F_SETLK(&whole_file(libc::F_RDLCK))) {
            Ok(_) => Ok(Self { _file: file }),
            Err(Errno::EAGAIN | Errno::EACCES) => {
                Err(StoreError::InUse { path: folder, holder: holder(path) })
            }
            // Some file systems know no locks: reading does no harm.
            Err(Errno::ENOLCK | Errno::EINVAL | Errno::ENOSYS) => Ok(Self { _file: file }),
            Err(error) => Err(StoreError::Io { reason: format!("{folder}/{LOCK_FILE}: {error}") }),
        }
    }
}
