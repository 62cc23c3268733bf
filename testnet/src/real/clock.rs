//! Wrong clocks: libfaketime stands between a process and the system's time, and reads what to tell from a file.
//!
//! Only the time of day is bent. The monotonic clock, by which timers run, is no validator's to set.

use super::error::RealError;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian, Fedora and Arch put the library.
const LIBRARIES: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// A clock that can be set.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    library: PathBuf,
    file: PathBuf,
}

impl Clock {
    /// A clock that is right so far.
    pub(super) fn new(home: &Path) -> Result<Self, RealError> {
        let found = LIBRARIES.iter().map(PathBuf::from).find(|path| path.exists());
        let library = found.ok_or_else(|| RealError::Program {
            command: String::from("libfaketime"),
            stderr: String::from("it is not installed; on Debian, `apt-get install faketime`"),
        })?;
        let clock = Self { library, file: home.join("clock") };
        clock.set(0)?;
        Ok(clock)
    }

    /// From now on the process sees a time that is off by so many seconds.
    pub(super) fn set(&self, offset_s: i64) -> Result<(), RealError> {
        // Replaced as a whole: the process may read at any moment.
        let next = self.file.with_extension("next");
        std::fs::write(&next, format!("{offset_s:+}\n")).map_err(RealError::at(&next))?;
        std::fs::rename(&next, &self.file).map_err(RealError::at(&self.file))
    }

    /// Lets a process live by this clock.
    pub(super) fn dress(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.file)
            .env("FAKETIME_CACHE_DURATION", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1");
    }
}
