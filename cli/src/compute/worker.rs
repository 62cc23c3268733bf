//! The work of one task, beside the loop: fetching and running take long, the chain must be watched meanwhile.

use crate::client::Client;
use crate::compute::disk::Disk;
use crate::compute::executor::{Errand, Executed, Executors};
use crate::compute::fetch::{FetchError, Fetched, Fetcher};
use crate::compute::sandbox::{self, Job, Ran};
use hydrogen_core::SecretKey;
use hydrogen_offchain::compute::{Attempt, Computation, Work};
use hydrogen_offchain::personas::{Actor, Answer};
use hydrogen_types::Hash;
use hydrogen_types::task::{Outcome, error_code};
use hydrogen_vm::program::ProgramLimits;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

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

/// What every attempt needs.
pub(crate) struct Tools {
    pub(crate) client: Client,
    pub(crate) disk: Arc<Disk>,
    pub(crate) key: SecretKey,
    pub(crate) actor: Actor,
    pub(crate) executors: Executors,
    pub(crate) program_bytes_max: u64,
}

/// The one task this node works on.
pub(crate) struct Worker {
    tools: Arc<Tools>,
    current: Option<Current>,
    ended: (mpsc::Sender<Ended>, mpsc::Receiver<Ended>),
}

struct Current {
    task: u64,
    attempt: Attempt,
    result: Option<Vec<u8>>,
    not_before: Instant,
    /// When the loop is woken to try again, once.
    wake_at: Option<Instant>,
    pause: Duration,
    /// Attempts so far.
    tried: usize,
    /// The attempt that runs, if one does; it ends when this is dropped.
    running: JoinSet<()>,
}

impl Worker {
    pub(crate) fn new(tools: Tools) -> Self {
        Self { tools: Arc::new(tools), current: None, ended: mpsc::channel(4) }
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
    /// `time` is what is left of the stage: longer than that no command runs. `made_up` is what a bad node says instead
    /// of working.
    pub(crate) fn begin(&mut self, work: Work, time: Duration, made_up: Option<Answer>) {
        let now = Instant::now();
        let (pause, tried) = match &self.current {
            Some(current) if current.task == work.task => {
                if now < current.not_before {
                    return;
                }
                ((current.pause * 2).min(PAUSE_MAX), current.tried + 1)
            }
            _ => (PAUSE, 0),
        };
        self.current = None;
        let (task, tools, ended) = (work.task, Arc::clone(&self.tools), self.ended.0.clone());
        let mut running = JoinSet::new();
        running.spawn(async move {
            let (attempt, result) = tools.attempt(&work, time, tried, made_up).await;
            // The loop may have ended; then nobody waits.
            drop(ended.send(Ended { task, attempt, result }).await);
        });
        let attempt = Attempt::Running;
        self.current = Some(Current {
            task,
            attempt,
            result: None,
            not_before: now,
            wake_at: None,
            pause,
            tried,
            running,
        });
    }

    /// Forgets a task.
    pub(crate) fn forget(&mut self, task: u64) {
        self.current.take_if(|current| current.task == task);
    }

    /// Ends what runs, and waits until it is gone: a command leaves no process behind.
    pub(crate) async fn close(&mut self) {
        if let Some(mut current) = self.current.take() {
            current.running.shutdown().await;
        }
    }

    /// Waits for the running attempt to end, or for the pause before the next one. Safe to cancel.
    pub(crate) async fn wait(&mut self) {
        let wake_at = self.current.as_ref().and_then(|current| current.wake_at);
        tokio::select! {
            ended = self.ended.1.recv() => {
                if let Some(ended) = ended {
                    self.take(ended);
                }
            }
            () = sleep_until(wake_at) => {
                if let Some(current) = &mut self.current {
                    current.wake_at = None;
                }
            }
        }
    }

    fn take(&mut self, ended: Ended) {
        let Some(current) = &mut self.current else { return };
        if current.task != ended.task {
            return;
        }
        current.not_before = Instant::now() + current.pause;
        current.wake_at = match &ended.attempt {
            Attempt::NotFetched | Attempt::HostShort | Attempt::CommandFailed => Some(current.not_before),
            Attempt::NotBegun | Attempt::Running | Attempt::Finished(_) => None,
        };
        current.attempt = ended.attempt;
        current.result = ended.result;
        current.running = JoinSet::new();
    }
}

/// Sleeps until then; for ever without a time.
pub(crate) async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

impl Tools {
    async fn attempt(
        &self,
        work: &Work,
        time: Duration,
        tried: usize,
        made_up: Option<Answer>,
    ) -> (Attempt, Option<Vec<u8>>) {
        if let Some(answer) = made_up {
            return (Attempt::Finished(answer.outcome), answer.bytes);
        }
        match self.produce(work, time, tried).await {
            (Attempt::Finished(outcome), bytes) => {
                let kept = self.actor.keep(Answer { outcome, bytes });
                (Attempt::Finished(kept.outcome), kept.bytes)
            }
            other => other,
        }
    }

    async fn produce(&self, work: &Work, time: Duration, tried: usize) -> (Attempt, Option<Vec<u8>>) {
        let start = Instant::now();
        let fetched = match self.fetch(work, tried).await {
            Ok(fetched) => fetched,
            Err(attempt) => return (attempt, None),
        };
        let ran = match &work.computation {
            Computation::Program(_) => run_program(work, fetched.program, fetched.args).await,
            Computation::External(name) => {
                let time = time.saturating_sub(start.elapsed());
                self.run_command(work, name, time).await
            }
        };
        let output = match ran {
            Ok(output) => output,
            Err(attempt) => return (attempt, None),
        };
        let (output, print) = match fetched.fingerprint {
            None => (output, Vec::new()),
            Some(module) => {
                let ran = sandbox::fingerprint(
                    module,
                    output.clone(),
                    limits(work),
                    work.clock_ms,
                    work.random_seed,
                );
                match finished(work.task, "fingerprint", ran.await) {
                    Ok(print) => (output, print),
                    Err(attempt) => return (attempt, None),
                }
            }
        };
        let digest = Hash::sha256(&output);
        tracing::info!(task = work.task, %digest, ran_ms = start.elapsed().as_millis(), "computed");
        (Attempt::Finished(Outcome::Result { digest, fingerprint: print }), Some(output))
    }

    async fn fetch(&self, work: &Work, tried: usize) -> Result<Fetched, Attempt> {
        let Self { client, disk, key, program_bytes_max, .. } = self;
        let fetcher = Fetcher { client, disk, key, program_bytes_max: *program_bytes_max, tried };
        fetcher.fetch(work).await.map_err(|error| match error {
            FetchError::NotGiven { .. } => {
                tracing::warn!(task = work.task, %error, "tried again soon");
                Attempt::NotFetched
            }
            FetchError::Own(_) => {
                tracing::error!(task = work.task, %error, "tried again soon");
                Attempt::HostShort
            }
        })
    }

    async fn run_command(&self, work: &Work, name: &str, time: Duration) -> Result<Vec<u8>, Attempt> {
        let task = work.task;
        let Some(executor) = self.executors.get(name) else {
            tracing::error!(
                task,
                name,
                "no command for this external type: start with --executor {name}=COMMAND"
            );
            return Err(Attempt::CommandFailed);
        };
        let args = self.disk.args(task);
        let errand = Errand {
            task,
            args: &args,
            time,
            output_bytes_max: work.output_bytes_max,
            memory_bytes_max: work.memory_bytes_max,
            clock_ms: work.clock_ms,
            random_seed: hex::encode(work.random_seed.as_bytes()),
        };
        match executor.run(&self.disk, errand).await {
            Ok(Executed::Output(output)) => Ok(output),
            Ok(Executed::Refused) => {
                tracing::info!(task, name, "the command refuses its arguments");
                Err(Attempt::Finished(Outcome::Error { code: error_code::BAD_ARGUMENTS }))
            }
            Ok(Executed::Failed(reason)) => {
                tracing::error!(task, name, reason, "the command failed; tried again soon");
                Err(Attempt::CommandFailed)
            }
            Err(error) => {
                tracing::error!(task, name, error = &error as &dyn std::error::Error, "tried again soon");
                Err(Attempt::HostShort)
            }
        }
    }
}

async fn run_program(work: &Work, program: Option<Vec<u8>>, args: Vec<u8>) -> Result<Vec<u8>, Attempt> {
    let Some(program) = program else { return Err(Attempt::HostShort) };
    let job = Job {
        program,
        args,
        memory_bytes_max: work.memory_bytes_max,
        fuel_max: work.fuel_max,
        output_bytes_max: work.output_bytes_max,
        clock_ms: work.clock_ms,
        random_seed: work.random_seed,
    };
    finished(work.task, "program", sandbox::run(job).await)
}

fn limits(work: &Work) -> ProgramLimits {
    ProgramLimits {
        memory_bytes_max: work.memory_bytes_max,
        fuel_max: work.fuel_max,
        output_bytes_max: work.output_bytes_max,
    }
}

/// The output of a run in the sandbox, or how the attempt ended without one.
fn finished(task: u64, what: &'static str, ran: Ran) -> Result<Vec<u8>, Attempt> {
    match ran {
        Ran::Result { output, fuel_used } => {
            tracing::debug!(task, what, fuel_used, "ended");
            Ok(output)
        }
        Ran::Error { code, reason } => {
            tracing::info!(task, what, code, reason, "failed");
            Err(Attempt::Finished(Outcome::Error { code }))
        }
        Ran::HostShort { reason } => {
            tracing::error!(task, what, reason, "this host could not run it; tried again soon");
            Err(Attempt::HostShort)
        }
    }
}
