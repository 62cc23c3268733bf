//! Starts and stops roles, as tasks of this process or as processes of their own.

use crate::failure::{Failure, Outcome};
use crate::shutdown::{self, Stopper};
use crate::testnet::plan::{Key, Plan, Role, RoleStatus};
use crate::testnet::role;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// How long a role may take to stop before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
/// A log that is longer when its role starts begins anew.
const LOG_BYTES_MAX: u64 = 16 << 20;

enum Slot {
    /// Runs in this process.
    Task { stopper: Stopper, task: JoinHandle<Outcome> },
    /// Runs in its own; ends when its stdin does.
    Process(Box<Child>),
    /// Does not run; why, if it ended by itself.
    Ended(Option<String>),
}

/// Holds the roles of a network.
pub(super) struct Supervisor {
    dir: PathBuf,
    plan: Plan,
    slots: BTreeMap<String, Slot>,
}

impl Supervisor {
    pub(super) fn new(dir: PathBuf, plan: Plan) -> Self {
        Self { dir, plan, slots: BTreeMap::new() }
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes one more role and its key into the plan.
    pub(super) fn add(&mut self, role: Role, key: Key) -> Outcome {
        self.plan.roles.push(role);
        self.plan.keys.push(key);
        self.record()
    }

    /// Starts a role; one that runs is left alone.
    pub(super) fn start(&mut self, name: &str) -> Outcome {
        self.plan.role(name)?;
        self.reap();
        if matches!(self.slots.get(name), Some(Slot::Task { .. } | Slot::Process(_))) {
            return Ok(());
        }
        let slot = if self.plan.processes { self.spawn_process(name)? } else { self.spawn_task(name) };
        self.slots.insert(name.into(), slot);
        self.record()
    }

    fn spawn_task(&self, name: &str) -> Slot {
        let (stopper, shutdown) = shutdown::channel();
        let (dir, role) = (self.dir.clone(), name.to_owned());
        let task = tokio::spawn(async move { role::run(&dir, &role, shutdown).await });
        Slot::Task { stopper, task }
    }

    fn spawn_process(&self, name: &str) -> Outcome<Slot> {
        let home = self.dir.join(name);
        std::fs::create_dir_all(&home)?;
        let path = log_path(&self.dir, name);
        let keep = std::fs::metadata(&path).is_ok_and(|log| log.len() <= LOG_BYTES_MAX);
        let log =
            std::fs::OpenOptions::new().create(true).append(keep).write(true).truncate(!keep).open(&path)?;
        let child = Command::new(std::env::current_exe()?)
            .args(["testnet", "role", name, "--dir"])
            .arg(&self.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Failure::of(name, &error))?;
        Ok(Slot::Process(Box::new(child)))
    }

    /// Asks a role to stop and waits for it.
    pub(super) async fn stop(&mut self, name: &str) -> Outcome {
        self.plan.role(name)?;
        if let Some(slot) = self.slots.remove(name) {
            end(name, slot).await;
        }
        self.slots.insert(name.into(), Slot::Ended(None));
        self.record()
    }

    /// Stops all: compute nodes and relay first, then validators.
    pub(super) async fn stop_all(&mut self) {
        let names: Vec<String> = self.plan.roles.iter().rev().map(|role| role.name.clone()).collect();
        let mut ending = tokio::task::JoinSet::new();
        for name in names {
            if let Some(slot) = self.slots.remove(&name) {
                ending.spawn(async move { end(&name, slot).await });
            }
        }
        while ending.join_next().await.is_some() {}
        self.plan.pid = None;
        if let Err(failure) = self.record() {
            tracing::warn!(%failure, "the plan could not be written");
        }
    }

    /// Notices roles that ended by themselves; their names and reasons, once.
    pub(super) fn reap(&mut self) -> Vec<(String, String)> {
        let mut ended = Vec::new();
        for (name, slot) in &mut self.slots {
            let reason = match slot {
                Slot::Task { task, .. } if task.is_finished() => outcome_of(task),
                Slot::Process(child) => match child.try_wait() {
                    Ok(Some(status)) => {
                        Some(format!("{status}; see {}", log_path(&self.dir, name).display()))
                    }
                    Ok(None) => None,
                    Err(error) => Some(error.to_string()),
                },
                Slot::Task { .. } | Slot::Ended(_) => None,
            };
            if let Some(reason) = reason {
                *slot = Slot::Ended(Some(reason.clone()));
                ended.push((name.clone(), reason));
            }
        }
        if !ended.is_empty()
            && let Err(failure) = self.record()
        {
            tracing::warn!(%failure, "the plan could not be written");
        }
        ended
    }

    /// Writes who runs where into the plan.
    fn record(&mut self) -> Outcome {
        for role in &mut self.plan.roles {
            role.pid = match self.slots.get(&role.name) {
                Some(Slot::Process(child)) => child.id(),
                Some(Slot::Task { .. }) => Some(std::process::id()),
                Some(Slot::Ended(_)) | None => None,
            };
        }
        self.plan.write(&self.dir)
    }

    pub(super) fn set_holder(&mut self, pid: u32) -> Outcome {
        self.plan.pid = Some(pid);
        self.record()
    }

    pub(super) fn status(&mut self) -> Vec<RoleStatus> {
        self.reap();
        let row = |role: &Role| {
            let slot = self.slots.get(&role.name);
            RoleStatus {
                name: role.name.clone(),
                kind: role.kind,
                running: matches!(slot, Some(Slot::Task { .. } | Slot::Process(_))),
                pid: role.pid,
                reason: match slot {
                    Some(Slot::Ended(reason)) => reason.clone(),
                    _ => None,
                },
            }
        };
        self.plan.roles.iter().map(row).collect()
    }
}

/// Where a role's process writes its log.
pub(super) fn log_path(dir: &Path, name: &str) -> PathBuf {
    dir.join(name).join("log")
}

fn outcome_of(task: &mut JoinHandle<Outcome>) -> Option<String> {
    let outcome = futures::FutureExt::now_or_never(task)?;
    Some(match outcome {
        Ok(Ok(())) => String::from("ended"),
        Ok(Err(failure)) => failure.to_string(),
        Err(error) => error.to_string(),
    })
}

async fn end(name: &str, slot: Slot) {
    match slot {
        Slot::Task { stopper, task } => {
            stopper.stop();
            match tokio::time::timeout(STOP_TIMEOUT, task).await {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(failure))) => tracing::warn!(name, %failure, "a role ended badly"),
                Ok(Err(error)) => tracing::error!(name, %error, "a role panicked"),
                Err(_) => tracing::error!(name, "a role did not stop in time"),
            }
        }
        Slot::Process(mut child) => {
            drop(child.stdin.take());
            match tokio::time::timeout(STOP_TIMEOUT, child.wait()).await {
                Ok(Ok(status)) if status.success() => {}
                Ok(Ok(status)) => tracing::warn!(name, %status, "a role ended badly"),
                Ok(Err(error)) => tracing::error!(name, %error, "a role cannot be waited for"),
                Err(_) => {
                    tracing::error!(name, "a role did not stop in time and is killed");
                    if let Err(error) = child.kill().await {
                        tracing::error!(name, %error, "a role cannot be killed");
                    }
                }
            }
        }
        Slot::Ended(_) => {}
    }
}
