//! When a height starts: there is work, the heartbeat is due, or (elsewhere) a valid message for it has arrived.
//!
//! An idle chain makes one block a heartbeat. All times are of the clock that never goes back, except the uptime,
//! which block times count.

use super::host::Host;
use super::messages::Now;
use hydrogen_core::limits::UPTIME_HEARTBEATS_MAX;
use hydrogen_core::{NextDue, Params};

/// What decides when the next height starts.
pub(crate) struct Pace {
    interval_ms: u64,
    heartbeat_ms: u64,
    uptime_capped: bool,
    next_due: Option<NextDue>,
    last_start_ms: Option<u64>,
    last_commit_ms: Option<u64>,
}

impl Pace {
    /// A node that starts finds its heartbeat due: it cannot know how long it was away.
    pub(crate) fn new(params: &Params, next_due: Option<NextDue>) -> Self {
        Self {
            interval_ms: params.block_interval_ms,
            heartbeat_ms: params.heartbeat_ms,
            uptime_capped: params.uptime_capped,
            next_due,
            last_start_ms: None,
            last_commit_ms: None,
        }
    }

    pub(crate) fn started(&mut self, now: Now) {
        self.last_start_ms = Some(now.mono_ms);
    }

    pub(crate) fn committed(&mut self, next_due: Option<NextDue>, now: Now) {
        self.next_due = next_due;
        self.last_commit_ms = Some(now.mono_ms);
    }

    /// The earliest start, given whether transactions wait and how much time the tip's uptime still needs.
    fn start_at(&self, txs_wait: bool, uptime_due_ms: Option<u64>) -> u64 {
        let floor_ms = self.last_start_ms.map_or(0, |start| start.saturating_add(self.interval_ms));
        let heartbeat_ms = self.last_commit_ms.map_or(0, |commit| commit.saturating_add(self.heartbeat_ms));
        let work = txs_wait || matches!(self.next_due, Some(NextDue::NextBlock));
        let due_ms = if work { 0 } else { heartbeat_ms.min(uptime_due_ms.unwrap_or(u64::MAX)) };
        due_ms.max(floor_ms)
    }
}

impl Host {
    /// When this node starts the current height by itself; `None` if it does not vote or has started.
    pub(crate) fn start_at(&self) -> Option<u64> {
        if self.started || !self.is_voting() || !self.log_allows_start() || self.followed.catching_up() {
            return None;
        }
        if self.log_waits_for_replay() {
            return Some(0);
        }
        Some(self.pace.start_at(self.mempool.has_ready(), self.uptime_due_ms()))
    }

    pub(crate) fn due_to_start(&self) -> bool {
        self.start_at().is_some_and(|at_ms| at_ms <= self.now.mono_ms)
    }

    /// When a block would reach the uptime that the earliest scheduled call waits for.
    fn uptime_due_ms(&self) -> Option<u64> {
        let Some(NextDue::UptimeMs(due_ms)) = self.pace.next_due else { return None };
        let tip = self.chain.tip();
        let left_ms = due_ms.saturating_sub(tip.uptime_ms);
        let cap_ms = self.pace.heartbeat_ms.saturating_mul(UPTIME_HEARTBEATS_MAX);
        if self.pace.uptime_capped && left_ms > cap_ms {
            return None;
        }
        let wait_ms = tip.time_ms.saturating_add(left_ms).saturating_sub(self.now.wall_ms);
        Some(self.now.mono_ms.saturating_add(wait_ms))
    }
}
