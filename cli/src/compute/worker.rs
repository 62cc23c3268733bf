//! The work of one task, beside the loop: fetching and running take long, the chain must be watched meanwhile.

use crate::client::Client;
use crate::compute::disk::Disk;
use crate::compute::fetch::{FetchError, fetch};
use crate::compute::sandbox::{self, Job, Ran};
use hydrogen_core::SecretKey;
use hydrogen_offchain::compute::{Attempt, Work};
use hydrogen_offchain::personas::{Actor, Answer};
use hydrogen_types::Hash;
use hydrogen_types::task::Outcome;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// First and longest pause before fetching or running is tried again.
const PAUSE: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// How an attempt ended.
#[derive(Debug)]
struct Ended {
    task: u64,
    attempt: Attempt,
    result: Option<Vec<u8>>,
}

/// The one task this node works on.
pub(crate) struct Worker {
    client: Client,
    disk: Arc<Disk>,
    key: SecretKey,
    actor: Actor,
    current: Option<Current>,
    ended: (mpsc::Sender<Ended>, mpsc::Receiver<Ended>),
}

struct Current {
    task: u64,
    attempt: Attempt,
    result: Option<Vec<u8>>,
    not_before: Instant,
    pause: Duration,
    running: Option<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn new(client: Client, disk: Arc<Disk>, key: SecretKey, actor: Actor) -> Self {
        Self { client, disk, key, actor, current: None, ended: mpsc::channel(4) }
    }

    /// How far the work on `task` is.
    pub(crate) fn attempt(&self, task: u64) -> Attempt {
        match &self.current {
            Some(current) if current.task == task => current.attempt.clone(),
            _ => Attempt::NotBegun,
        }
    }

    /// The result bytes of a finished attempt.
    pub(crate) fn result(&self, task: u64) -> Option<&[u8]> {
        self.current.as_ref().filter(|current| current.task == task)?.result.as_deref()
    }

    /// Begins or tries again, unless the pause after the last try is not over; what ran for another task is dropped.
    /// `made_up` is what a bad node says instead of working.
    pub(crate) fn begin(&mut self, work: Work, made_up: Option<Answer>) {
        let now = Instant::now();
        let pause = match &self.current {
            Some(current) if current.task == work.task => {
                if now < current.not_before {
                    return;
                }
                (current.pause * 2).min(PAUSE_MAX)
            }
            _ => PAUSE,
        };
        self.drop_current();
        let task = work.task;
        let running = tokio::spawn(attempt(
            self.client.clone(),
            Arc::clone(&self.disk),
            self.key.clone(),
            self.actor.clone(),
            (work, made_up),
            self.ended.0.clone(),
        ));
        let (attempt, running) = (Attempt::Running, Some(running));
        self.current = Some(Current { task, attempt, result: None, not_before: now, pause, running });
    }

    /// Forgets a task.
    pub(crate) fn forget(&mut self, task: u64) {
        if self.current.as_ref().is_some_and(|current| current.task == task) {
            self.drop_current();
        }
    }

    /// Waits for the running attempt to end, or for the pause before the next one. Safe to cancel.
    pub(crate) async fn wait(&mut self) {
        let pause = match &self.current {
            Some(Current { attempt: Attempt::NotFetched | Attempt::HostShort, not_before, .. }) => {
                Some(*not_before)
            }
            _ => None,
        };
        let paused = async {
            match pause {
                Some(until) => tokio::time::sleep_until(until.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = self.ended.1.recv() => {
                if let Some(ended) = ended {
                    self.take(ended);
                }
            }
            () = paused => {}
        }
    }

    fn take(&mut self, ended: Ended) {
        let Some(current) = &mut self.current else { return };
        if current.task != ended.task {
            return;
        }
        current.not_before = Instant::now() + current.pause;
        current.attempt = ended.attempt;
        current.result = ended.result;
        current.running = None;
    }

    fn drop_current(&mut self) {
        if let Some(running) = self.current.take().and_then(|current| current.running) {
            running.abort();
        }
    }
}

async fn attempt(
    client: Client,
    disk: Arc<Disk>,
    key: SecretKey,
    actor: Actor,
    (work, made_up): (Work, Option<Answer>),
    ended: mpsc::Sender<Ended>,
) {
    let task = work.task;
    let (attempt, result) = match made_up {
        Some(answer) => (Attempt::Finished(answer.outcome), answer.bytes),
        None => match produce(&client, &disk, &key, &work).await {
            (Attempt::Finished(outcome), bytes) => {
                let kept = actor.keep(Answer { outcome, bytes });
                (Attempt::Finished(kept.outcome), kept.bytes)
            }
            other => other,
        },
    };
    // The loop may have ended; then nobody waits.
    drop(ended.send(Ended { task, attempt, result }).await);
}

async fn produce(client: &Client, disk: &Disk, key: &SecretKey, work: &Work) -> (Attempt, Option<Vec<u8>>) {
    let fetched = match fetch(client, disk, key, work).await {
        Ok(fetched) => fetched,
        Err(error @ FetchError::NotGiven { .. }) => {
            tracing::warn!(task = work.task, %error, "tried again soon");
            return (Attempt::NotFetched, None);
        }
        Err(error @ FetchError::Own(_)) => {
            tracing::error!(task = work.task, %error, "tried again soon");
            return (Attempt::HostShort, None);
        }
    };
    let job = Job {
        program: fetched.program,
        args: fetched.args,
        memory_bytes_max: work.memory_bytes_max,
        fuel_max: work.fuel_max,
        output_bytes_max: work.output_bytes_max,
        clock_ms: work.clock_ms,
        random_seed: work.random_seed,
    };
    let start = Instant::now();
    let ran = sandbox::run(job).await;
    let ran_ms = start.elapsed().as_millis();
    match ran {
        Ran::Result { output, fuel_used } => {
            let digest = Hash::sha256(&output);
            tracing::info!(task = work.task, %digest, ran_ms, fuel_used, "program ended");
            (Attempt::Finished(Outcome::Result { digest, fingerprint: Vec::new() }), Some(output))
        }
        Ran::Error { code, reason } => {
            tracing::info!(task = work.task, code, reason, ran_ms, "program failed");
            (Attempt::Finished(Outcome::Error { code }), None)
        }
        Ran::HostShort { reason } => {
            tracing::error!(
                task = work.task,
                reason,
                "this host could not run the program; tried again soon"
            );
            (Attempt::HostShort, None)
        }
    }
}
