//! Commands of external types: a process group of its own, bounded in time and output, and gone with its end.
//!
//! *Invariants*: when [`Executor::run`] returns or its future is dropped, no process of the group lives; only a process
//! that left the group on purpose escapes. The group's leader is noted on disk while it runs, so that a node that was
//! killed ends at its next start what it left behind.
//!
//! *Not provided*: a limit of memory, and confinement. The operator chose the command and answers for it.

#[cfg(test)]
mod tests;

use crate::compute::disk::Disk;
use crate::compute::error::ComputeError;
use hydrogen_types::task::{EXTERNAL_NAME_BYTES_MAX, NODE_TYPES_MAX};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// Exit code by which a command refuses its arguments, as for programs.
const REFUSED: i32 = 65;
/// Bytes of stderr that are kept: the last ones say what went wrong.
const LOG_BYTES_MAX: usize = 16 << 10;
/// How long stdout may stay open after the command and its group ended.
const EOF_TIMEOUT: Duration = Duration::from_secs(2);
const CHUNK_BYTES: usize = 64 << 10;

/// The command of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executor {
    /// The external type.
    pub name: String,
    /// What the shell runs.
    pub command: String,
}

impl Executor {
    /// Reads `TYPE=COMMAND`.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, command) = text.split_once('=').ok_or_else(|| format!("`{text}` is not TYPE=COMMAND"))?;
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > EXTERNAL_NAME_BYTES_MAX || !name.bytes().all(legal) {
            return Err(format!(
                "`{name}` is no external type: 1 to {EXTERNAL_NAME_BYTES_MAX} of a to z, 0 to 9 and -"
            ));
        }
        if command.trim().is_empty() {
            return Err(format!("no command for `{name}`"));
        }
        Ok(Self { name: name.into(), command: command.into() })
    }
}

/// The commands of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Executors(BTreeMap<String, Executor>);

impl Executors {
    /// One command for each type.
    ///
    /// # Errors
    /// A sentence: two commands for a type, or too many types.
    pub fn new(list: Vec<Executor>) -> Result<Self, String> {
        if list.len() > NODE_TYPES_MAX {
            return Err(format!("{} external types: a node has at most {NODE_TYPES_MAX}", list.len()));
        }
        let mut executors = BTreeMap::new();
        for executor in list {
            if let Some(other) = executors.insert(executor.name.clone(), executor) {
                return Err(format!("two commands for `{}`", other.name));
            }
        }
        Ok(Self(executors))
    }

    /// The types, in order: what the node joins with.
    #[must_use]
    pub fn types(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// The command of a type.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Executor> {
        self.0.get(name)
    }
}

/// What a run is given.
#[derive(Debug, Clone)]
pub(crate) struct Errand<'a> {
    /// The task: for the command's own log.
    pub(crate) task: u64,
    /// The file with the arguments.
    pub(crate) args: &'a Path,
    /// Its time.
    pub(crate) time: Duration,
    pub(crate) output_bytes_max: u64,
    pub(crate) memory_bytes_max: u64,
    /// The task's clock, ms since 1970, and randomness in hex: the same for all three nodes.
    pub(crate) clock_ms: u64,
    pub(crate) random_seed: String,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Executed {
    /// Exit code 0: its stdout.
    Output(Vec<u8>),
    /// Exit code 65.
    Refused,
    /// Anything else; for a person.
    Failed(String),
}

impl Executor {
    /// Runs the command once. Dropping the future kills the group.
    pub(crate) async fn run(&self, disk: &Disk, errand: Errand<'_>) -> Result<Executed, ComputeError> {
        let work = disk.fresh_work_folder()?;
        let at = |path: &Path| {
            let path = path.to_path_buf();
            move |source| ComputeError::Disk { path, source }
        };
        let stdin = File::open(errand.args).map_err(at(errand.args))?;
        let mut child = match self.command(&errand, &work, stdin).spawn() {
            Ok(child) => child,
            Err(error) => return Ok(Executed::Failed(format!("`{}` does not start: {error}", self.command))),
        };
        let group = Group::of(&child, disk)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let log = tokio::spawn(last_of(stderr, LOG_BYTES_MAX));
        let ended =
            tokio::time::timeout(errand.time, finish(&mut child, &group, stdout, errand.output_bytes_max))
                .await;
        group.kill();
        drop(child.wait().await);
        group.forget(disk)?;
        let log = match tokio::time::timeout(EOF_TIMEOUT, log).await {
            Ok(Ok(log)) => log,
            _ => String::new(),
        };
        let executed = match ended {
            Err(_) => Executed::Failed(format!("killed after {} ms", errand.time.as_millis())),
            Ok(executed) => executed,
        };
        if !log.is_empty() {
            match &executed {
                Executed::Output(_) => tracing::debug!(task = errand.task, log, "command's stderr"),
                _ => tracing::warn!(task = errand.task, log, "command's stderr"),
            }
        }
        Ok(executed)
    }

    fn command(&self, errand: &Errand<'_>, work: &Path, stdin: File) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &self.command]).current_dir(work).process_group(0).kill_on_drop(true);
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        // The passphrase of the node's key may be among its own variables.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HYDROGEN_") {
                command.env_remove(name);
            }
        }
        command
            .env("HYDROGEN_TASK", errand.task.to_string())
            .env("HYDROGEN_TYPE", &self.name)
            .env("HYDROGEN_TIME_MS", errand.time.as_millis().to_string())
            .env("HYDROGEN_CLOCK_MS", errand.clock_ms.to_string())
            .env("HYDROGEN_RANDOM_SEED", &errand.random_seed)
            .env("HYDROGEN_MEMORY_BYTES_MAX", errand.memory_bytes_max.to_string())
            .env("HYDROGEN_OUTPUT_BYTES_MAX", errand.output_bytes_max.to_string());
        command
    }
}

/// Reads stdout while the command runs; what is left in the pipe after its end is read, too.
async fn finish(
    child: &mut Child,
    group: &Group,
    stdout: Option<impl AsyncRead + Unpin>,
    size_max: u64,
) -> Executed {
    let mut output = Vec::new();
    let status = {
        let reading = read_up_to(stdout, &mut output, size_max);
        tokio::pin!(reading);
        tokio::select! {
            // The pipe first: an overrun ends the command.
            biased;
            complete = &mut reading => match complete {
                Ok(true) => child.wait().await,
                Ok(false) => return Executed::Failed(format!("more than {size_max} bytes of output")),
                Err(error) => return Executed::Failed(format!("stdout: {error}")),
            },
            status = child.wait() => {
                // Whoever of the group still holds the pipe has nothing more to say.
                group.kill();
                match tokio::time::timeout(EOF_TIMEOUT, reading).await {
                    Ok(Ok(true)) => status,
                    Ok(Ok(false)) => return Executed::Failed(format!("more than {size_max} bytes of output")),
                    Ok(Err(error)) => return Executed::Failed(format!("stdout: {error}")),
                    Err(_) => return Executed::Failed(String::from("a process outside the group keeps stdout")),
                }
            }
        }
    };
    match status {
        Ok(status) => judged(status, output),
        Err(error) => Executed::Failed(error.to_string()),
    }
}

fn judged(status: ExitStatus, output: Vec<u8>) -> Executed {
    match status.code() {
        Some(0) => Executed::Output(output),
        Some(REFUSED) => Executed::Refused,
        _ => Executed::Failed(status.to_string()),
    }
}

/// Reads to the end; `false` when there is more than `size_max`.
async fn read_up_to(
    from: Option<impl AsyncRead + Unpin>,
    into: &mut Vec<u8>,
    size_max: u64,
) -> std::io::Result<bool> {
    let Some(from) = from else { return Ok(true) };
    let mut from = from.take(size_max.saturating_add(1));
    while from.read_buf(into).await? > 0 {}
    Ok(into.len() as u64 <= size_max)
}

/// The last bytes of a stream, as text.
async fn last_of(from: Option<impl AsyncRead + Unpin>, size_max: usize) -> String {
    let Some(mut from) = from else { return String::new() };
    let mut kept = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(count @ 1..) = from.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..count]);
        let excess = kept.len().saturating_sub(size_max);
        kept.drain(..excess);
    }
    String::from_utf8_lossy(&kept).trim_end().to_owned()
}

/// The process group of a command.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child, disk: &Disk) -> Result<Self, ComputeError> {
        let leader = child.id().and_then(|id| i32::try_from(id).ok());
        let group = Self(leader.map(Pid::from_raw));
        if let Some(leader) = leader
            && let Some(begun) = begun(leader)
        {
            disk.note_group(Some(&format!("{leader} {begun}")))?;
        }
        Ok(group)
    }

    /// Ends all of it at once; a group that is gone is no error.
    fn kill(&self) {
        if let Some(leader) = self.0
            && let Err(error) = killpg(leader, Signal::SIGKILL)
        {
            tracing::trace!(%error, "no group left to kill");
        }
    }

    fn forget(mut self, disk: &Disk) -> Result<(), ComputeError> {
        self.0 = None;
        disk.note_group(None)
    }
}

impl Drop for Group {
    /// The one way to be told that a run's future was dropped.
    fn drop(&mut self) {
        self.kill();
    }
}

/// Kills the group that an earlier run of this node left behind when it was itself killed.
pub(crate) fn kill_leftover(disk: &Disk) -> Result<(), ComputeError> {
    let Some(noted) = disk.noted_group()? else { return Ok(()) };
    let leader = noted.split_once(' ').and_then(|(leader, time)| Some((leader.parse().ok()?, time)));
    // A number that another process has by now belongs to that process.
    if let Some((leader, time)) = leader
        && begun(leader).as_deref() == Some(time)
    {
        tracing::warn!(leader, "a command of an earlier run still ran: killed");
        Group(Some(Pid::from_raw(leader))).kill();
    }
    disk.note_group(None)
}

/// When a process began, in the kernel's own count since boot; `None` where it cannot be told.
fn begun(process: i32) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything; field 22 is the twentieth after it.
    let (_, rest) = text.rsplit_once(") ")?;
    rest.split(' ').nth(19).map(str::to_owned)
}
