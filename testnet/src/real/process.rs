//! One node as a process of its own.

use super::clock::Clock;
use super::error::RealError;
use super::links::Links;
use super::usage::Usage;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

/// A node that runs or could.
pub(super) struct Process {
    pub(super) home: PathBuf,
    pub(super) url: String,
    child: Option<Child>,
    /// What it believes the time to be.
    pub(super) clock: Option<Clock>,
}

impl Process {
    pub(super) fn new(home: PathBuf, url: String, clock: Option<Clock>) -> Self {
        Self { home, url, child: None, clock }
    }

    /// Starts it. What it writes goes to `log` in its home.
    pub(super) fn start(&mut self, binary: &Path, links: &Links, index: usize) -> Result<(), RealError> {
        let path = self.home.join("log");
        let log = OpenOptions::new().create(true).append(true).open(&path).map_err(RealError::at(&path))?;
        let mut command = links.command(index, binary);
        command.arg("--home").arg(&self.home).args(["--json", "node"]);
        command.env_remove("HYDROGEN_RPC").env_remove("HYDROGEN_HOME");
        if let Some(clock) = &self.clock {
            clock.dress(&mut command);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().map_err(RealError::machine(format!("{command:?}")))?;
        self.child = Some(child);
        Ok(())
    }

    /// SIGKILL; returns when the process is gone.
    pub(super) fn kill(&mut self) -> Result<(), RealError> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.kill().and_then(|()| child.wait()).map_err(RealError::machine("kill"))?;
        Ok(())
    }

    /// SIGSTOP.
    pub(super) fn pause(&self) -> Result<(), RealError> {
        self.signal(Signal::SIGSTOP)
    }

    /// SIGCONT.
    pub(super) fn resume(&self) -> Result<(), RealError> {
        self.signal(Signal::SIGCONT)
    }

    fn signal(&self, signal: Signal) -> Result<(), RealError> {
        let Some(pid) = self.pid() else { return Ok(()) };
        let pid = Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX));
        kill(pid, signal).map_err(|error| RealError::machine(signal.as_str())(error.into()))
    }

    /// Whether it ended without being asked to.
    pub(super) fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)))
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// What it takes of the machine now.
    pub(super) fn usage(&self) -> Usage {
        Usage::of(self.pid(), &self.home)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.kill());
    }
}
