//! The host's thread: takes inputs from a bounded queue, steps, and passes outputs on.

use crate::consensus::{Host, HostError, Input, Now, Output, SubmitError, TxOrigin, causes};
use crate::runtime::disk::DiskWatch;
use crate::runtime::pool_file::{self, PoolJournal};
use crate::runtime::{NodeFailure, Shared};
use hydrogen_core::Committed;
use hydrogen_types::Hash;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{broadcast, mpsc};

/// Inputs taken before the clock is read again.
const BATCH: usize = 64;
/// Longest sleep: the wall clock may jump meanwhile.
const SLEEP_MAX_MS: u64 = 500;

/// The request that nobody waits for; numbers begin above it.
const NOBODY: u64 = 0;

/// Who gets the answer to a submission.
pub(crate) type Reply = Box<dyn FnOnce(Result<Hash, SubmitError>) + Send>;

/// What the thread is told.
pub(crate) enum ToHost {
    /// An input of the network.
    Input(Input),
    /// A transaction of the local interface.
    Submit(Vec<u8>, Reply),
    /// The end.
    Stop,
}

/// The clock of a node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Now {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Now { mono_ms: ms(self.0.elapsed()), wall_ms: ms(since_1970) }
    }
}

/// Everything the thread owns.
pub(crate) struct HostThread {
    pub(crate) host: Host,
    pub(crate) clock: Clock,
    pub(crate) inputs: Receiver<ToHost>,
    pub(crate) outputs: mpsc::Sender<Output>,
    pub(crate) committed: broadcast::Sender<Arc<Committed>>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) replies: BTreeMap<u64, Reply>,
    pub(crate) next_request: u64,
    pub(crate) home: Option<PathBuf>,
    pub(crate) disk: DiskWatch,
    pub(crate) journal: Option<PoolJournal>,
}

impl HostThread {
    /// Runs until it is told to stop, the network is gone, or the host cannot go on.
    pub(crate) fn run(mut self) {
        let mut result = self.restore_pool().and_then(|()| self.step(Input::Tick));
        while result.is_ok() {
            let now_ms = self.clock.now().mono_ms;
            let wake_ms = self.host.next_wake().unwrap_or(u64::MAX);
            let sleep_ms = wake_ms.saturating_sub(now_ms).min(SLEEP_MAX_MS);
            result = match self.inputs.recv_timeout(Duration::from_millis(sleep_ms)) {
                Ok(first) => self.take_batch(first),
                Err(RecvTimeoutError::Timeout) => self.step(Input::Tick),
                Err(RecvTimeoutError::Disconnected) => Err(None),
            };
        }
        if let Err(Some(error)) = result {
            let reason = causes(&error);
            tracing::error!(reason, "the node stops");
            self.shared.fail(NodeFailure { reason, disk: error.is_disk() });
        }
        if let Some(journal) = self.journal.take() {
            journal.finish(self.host.waiting_txs());
        }
    }

    /// What waited when the node stopped waits again, if it still may.
    fn restore_pool(&mut self) -> Result<(), Option<HostError>> {
        let Some(home) = self.home.clone() else { return Ok(()) };
        for bytes in pool_file::load(&home) {
            self.step(Input::Tx(bytes, TxOrigin::Local(NOBODY)))?;
        }
        match PoolJournal::start(&home, self.host.waiting_txs()) {
            Ok(journal) => self.journal = Some(journal),
            Err(error) => tracing::warn!(%error, "the pool is not kept"),
        }
        Ok(())
    }

    fn take_batch(&mut self, first: ToHost) -> Result<(), Option<HostError>> {
        self.take(first)?;
        for _ in 0..BATCH {
            match self.inputs.try_recv() {
                Ok(next) => self.take(next)?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn take(&mut self, message: ToHost) -> Result<(), Option<HostError>> {
        match message {
            ToHost::Input(input) => self.step(input),
            ToHost::Submit(bytes, reply) => {
                self.next_request += 1;
                self.replies.insert(self.next_request, reply);
                self.step(Input::Tx(bytes, TxOrigin::Local(self.next_request)))
            }
            ToHost::Stop => Err(None),
        }
    }

    fn step(&mut self, input: Input) -> Result<(), Option<HostError>> {
        let now = self.clock.now();
        self.disk.look(now.mono_ms).map_err(Some)?;
        let outputs = self.host.step(now, input);
        for output in outputs {
            match output {
                Output::Admitted(request, result) => {
                    if let Some(reply) = self.replies.remove(&request) {
                        reply(result);
                    }
                }
                Output::Committed(committed) => {
                    // Nobody listening is no error.
                    self.committed.send(committed).ok();
                }
                Output::Fatal(error) => return Err(Some(error)),
                Output::Pooled(tx) => {
                    if let Some(journal) = &mut self.journal {
                        journal.keep(tx, self.host.mempool_bytes(), || self.host.waiting_txs());
                    }
                }
                output => self.outputs.blocking_send(output).map_err(|_| None)?,
            }
        }
        self.shared.tell(&self.host, &self.disk);
        Ok(())
    }
}
