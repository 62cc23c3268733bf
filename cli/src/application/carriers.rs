//! The chain's relays, tried in turn: the one that answered last first, the others when it does not do.

use crate::application::{ApplicationError, Program};
use crate::client::relay::{Meter, RelayClient, RelayClientError, Upload};
use hydrogen_core::SecretKey;
use hydrogen_offchain::relay::{Blob, check_receipt};
use hydrogen_types::ChainId;
use hydrogen_types::task::{BlobKind, RelayReceipt, RelayView};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// First and longest pause between two rounds. The first is taken even where a relay names a longer one: it sees the
/// block that its client has just seen a moment later.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Longest wait that a relay's `Retry-After` is believed.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(10);
/// How long relays that do not see the block, or do not answer, are asked again.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to make of a relay's refusal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Ask again, after this time if it named one.
    Later(Option<Duration>),
    /// It lacks a program.
    ProgramMissing,
    /// Ask another.
    Elsewhere,
    /// No relay would do it.
    Never,
}

/// Judges an error of a relay.
pub(super) fn judge(error: &RelayClientError) -> Verdict {
    match error {
        RelayClientError::Refused { retry_after: Some(after), .. } => Verdict::Later(Some(*after)),
        RelayClientError::Refused { status, name, .. } => match (*status, name.as_str()) {
            (424, _) => Verdict::ProgramMissing,
            // Not seen yet, a slot that is not free yet, or its own trouble.
            (404 | 408 | 429 | 500.., _) => Verdict::Later(None),
            (403 | 409 | 413 | 422, _) => Verdict::Never,
            _ => Verdict::Elsewhere,
        },
        RelayClientError::Unreachable { .. } | RelayClientError::NoRandomness(_) => Verdict::Later(None),
        RelayClientError::BadAnswer { .. }
        | RelayClientError::WrongBytes { .. }
        | RelayClientError::TooLarge { .. }
        | RelayClientError::BadUrl { .. } => Verdict::Elsewhere,
        RelayClientError::File { .. } => Verdict::Never,
    }
}

/// A relay with its client.
struct Carrier {
    view: RelayView,
    client: RelayClient,
}

/// The relays that may be used for new tasks.
pub(super) struct Carriers {
    carriers: Vec<Carrier>,
    /// The one that did what was asked last; written by every success.
    preferred: AtomicUsize,
    /// Why those that are left out cannot be used.
    left_out: Vec<String>,
}

impl Carriers {
    /// Of the relays `views`, in this order; `meter` is told of bytes that move.
    pub(super) fn new(views: Vec<RelayView>, meter: Option<&Meter>) -> Self {
        let (mut carriers, mut left_out) = (Vec::new(), Vec::new());
        for view in views {
            match RelayClient::new(&view.url) {
                Ok(client) => {
                    let client = match meter {
                        Some(meter) => client.with_meter(meter.clone()),
                        None => client,
                    };
                    carriers.push(Carrier { view, client });
                }
                Err(error) => left_out.push(error.to_string()),
            }
        }
        Self { carriers, preferred: AtomicUsize::new(0), left_out }
    }

    /// The relay in use; `None` if there is none.
    pub(super) fn current(&self) -> Option<&RelayView> {
        self.carriers.get(self.preferred.load(Ordering::Relaxed)).map(|carrier| &carrier.view)
    }

    /// Indexes of all, beginning with the one in use.
    fn turn(&self) -> impl Iterator<Item = usize> + use<> {
        let (first, count) = (self.preferred.load(Ordering::Relaxed), self.carriers.len());
        (0..count).map(move |step| (first + step) % count)
    }

    fn none(&self, mut reasons: Vec<String>, transient: bool) -> ApplicationError {
        reasons.extend(self.left_out.iter().cloned());
        ApplicationError::NoRelay { reasons, transient }
    }

    /// Makes sure that some relay answers.
    pub(super) async fn probe(&self) -> Result<(), ApplicationError> {
        let mut reasons = Vec::new();
        for index in self.turn() {
            match self.carriers[index].client.info().await {
                Ok(_) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return Ok(());
                }
                Err(error) => reasons.push(error.to_string()),
            }
        }
        let transient = !reasons.is_empty();
        Err(self.none(reasons, transient))
    }

    /// Makes sure that some relay has the program; whether it had to be published.
    pub(super) async fn publish(&self, key: &SecretKey, program: &Program) -> Result<bool, ApplicationError> {
        let start = Instant::now();
        let mut pause = PAUSE;
        loop {
            let (mut reasons, mut wait, mut missing) = (Vec::new(), None, false);
            for index in self.turn() {
                match self.publish_at(index, key, program).await {
                    Ok(fresh) => {
                        self.preferred.store(index, Ordering::Relaxed);
                        return Ok(fresh);
                    }
                    Err(error) => {
                        match judge(&error) {
                            Verdict::Later(after) => wait = sooner(wait, after.unwrap_or(pause)),
                            Verdict::ProgramMissing => missing = true,
                            Verdict::Never => return Err(error.into()),
                            Verdict::Elsewhere => {}
                        }
                        reasons.push(error.to_string());
                    }
                }
            }
            let transient = wait.is_some();
            let Some(wait) = wait.filter(|_| start.elapsed() < PATIENCE) else {
                if missing {
                    return Err(ApplicationError::ProgramMissing { program: program.hash });
                }
                return Err(self.none(reasons, transient));
            };
            tokio::time::sleep(bounded(wait, pause)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn publish_at(
        &self,
        index: usize,
        key: &SecretKey,
        program: &Program,
    ) -> Result<bool, RelayClientError> {
        let client = &self.carriers[index].client;
        if client.has_program(&program.hash).await? {
            return Ok(false);
        }
        let Some(upload) = &program.upload else {
            return Err(RelayClientError::Refused {
                url: client.url().into(),
                status: 424,
                name: String::from("ProgramMissing"),
                message: format!("it does not have program {}", program.hash),
                retry_after: None,
            });
        };
        client.publish(key, upload).await?;
        Ok(true)
    }

    /// Brings the arguments to some relay; its receipt, checked. A relay that lacks a program is given it.
    pub(super) async fn upload(
        &self,
        key: &SecretKey,
        chain_id: &ChainId,
        task: u64,
        input: &Upload,
        programs: &[Program],
    ) -> Result<RelayReceipt, ApplicationError> {
        let start = Instant::now();
        let mut pause = PAUSE;
        loop {
            let (mut reasons, mut wait) = (Vec::new(), None);
            for index in self.turn() {
                match self.upload_at(index, key, chain_id, task, input, programs).await {
                    Ok(receipt) => {
                        self.preferred.store(index, Ordering::Relaxed);
                        return Ok(receipt);
                    }
                    Err(ApplicationError::Relay(error)) => {
                        match judge(&error) {
                            Verdict::Later(after) => wait = sooner(wait, after.unwrap_or(pause)),
                            Verdict::Never => return Err(error.into()),
                            Verdict::ProgramMissing | Verdict::Elsewhere => {}
                        }
                        reasons.push(error.to_string());
                    }
                    Err(error) => reasons.push(error.to_string()),
                }
            }
            let transient = wait.is_some();
            let Some(wait) = wait.filter(|_| start.elapsed() < PATIENCE) else {
                return Err(self.none(reasons, transient));
            };
            tokio::time::sleep(bounded(wait, pause)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn upload_at(
        &self,
        index: usize,
        key: &SecretKey,
        chain_id: &ChainId,
        task: u64,
        input: &Upload,
        programs: &[Program],
    ) -> Result<RelayReceipt, ApplicationError> {
        let Carrier { view, client } = &self.carriers[index];
        let receipt = match client.upload(key, task, BlobKind::Args, input).await {
            Err(error) if judge(&error) == Verdict::ProgramMissing => {
                for program in programs {
                    self.publish_at(index, key, program).await?;
                }
                client.upload(key, task, BlobKind::Args, input).await?
            }
            done => done?,
        };
        let uploader = key.address();
        let blob = Blob { task, kind: BlobKind::Args, digest: input.digest, size: input.size, uploader };
        if check_receipt(&receipt, &view.key, chain_id, &blob) {
            return Ok(receipt);
        }
        Err(ApplicationError::BadReceipt { url: view.url.clone() })
    }
}

fn bounded(wait: Duration, pause: Duration) -> Duration {
    if pause == PAUSE { PAUSE } else { wait.min(RETRY_AFTER_MAX) }
}

fn sooner(wait: Option<Duration>, other: Duration) -> Option<Duration> {
    Some(wait.map_or(other, |wait| wait.min(other)))
}

/// Repeats what one relay alone can do, while waiting may help.
pub(super) async fn patiently<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, RelayClientError>
where
    F: Future<Output = Result<T, RelayClientError>>,
{
    let start = Instant::now();
    let mut pause = PAUSE;
    loop {
        let error = match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let Verdict::Later(after) = judge(&error) else { return Err(error) };
        if start.elapsed() >= PATIENCE {
            return Err(error);
        }
        tokio::time::sleep(bounded(after.unwrap_or(pause), pause)).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
