//! Where the loop hangs out how it fares, for the status file, `/status`, `/health` and `/metrics`.

use crate::compute::metrics::Metrics;
use crate::compute::status::{Endpoint, LocalStatus, write_status};
use hydrogen_offchain::compute::Notice;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Without a look at the chain for so long, the node is not healthy.
const STALE_AFTER: Duration = Duration::from_secs(60);

/// The board: one writer, the loop, and the one who watches endpoints; many readers.
pub(crate) struct Board {
    path: PathBuf,
    state: Mutex<State>,
    pub(crate) metrics: Metrics,
}

struct State {
    status: LocalStatus,
    written: LocalStatus,
    looked: Option<Instant>,
}

impl Board {
    pub(crate) fn new(path: PathBuf, account: String) -> Self {
        let status = LocalStatus { account, pid: std::process::id(), ..LocalStatus::default() };
        let state = State { status, written: LocalStatus::default(), looked: None };
        Self { path, state: Mutex::new(state), metrics: Metrics::new() }
    }

    /// The status as it is.
    pub(crate) fn status(&self) -> LocalStatus {
        self.lock().status.clone()
    }

    /// Changes the status; writes the file when anything but height and uptime is new.
    pub(crate) fn change(&self, change: impl FnOnce(&mut LocalStatus)) {
        let mut state = self.lock();
        change(&mut state.status);
        self.metrics.show(&state.status);
        let (height, uptime_ms) = (state.written.height.clone(), state.written.uptime_ms.clone());
        let comparable = LocalStatus { height, uptime_ms, ..state.status.clone() };
        if comparable == state.written {
            return;
        }
        match write_status(&self.path, &state.status) {
            Ok(()) => state.written = state.status.clone(),
            Err(error) => tracing::warn!(%error, "status not written"),
        }
    }

    /// Notes that the chain was looked at and all that was due is done.
    pub(crate) fn note_look(&self) {
        self.lock().looked = Some(Instant::now());
    }

    /// Tells the operator; the status gets it with the journal.
    pub(crate) fn tell(&self, notice: &Notice) {
        self.metrics.count_notice(notice.kind);
        tracing::warn!(kind = notice.kind.name(), task = notice.task, "notice: {}", notice.text);
    }

    pub(crate) fn set_endpoints(&self, rpc: Vec<Endpoint>, relays: Vec<Endpoint>) {
        self.change(|status| {
            status.rpc = rpc;
            status.relays = relays;
        });
    }

    /// Whether the node does its work; why not.
    pub(crate) fn health(&self) -> Result<(), String> {
        let state = self.lock();
        match state.looked {
            Some(at) if at.elapsed() < STALE_AFTER => Ok(()),
            _ => {
                let reason = state.status.last_error.clone();
                Err(reason.unwrap_or_else(|| String::from("no look at the chain yet")))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
