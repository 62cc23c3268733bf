//! Timers of the engine at the current height.
//!
//! *Invariants*: at most one timer for each (kind, round); a timer that was cancelled never fires; a new height
//! starts without any. The engine's timeouts carry no height, so nothing may survive one.

use super::context::malachite::{Timeout, TimeoutKind};

/// Deadlines by timeout. Few at a time, so a list does.
#[derive(Default)]
pub(crate) struct Timers(Vec<(u64, Timeout)>);

fn same(a: Timeout, b: Timeout) -> bool {
    std::mem::discriminant::<TimeoutKind>(&a.kind) == std::mem::discriminant(&b.kind) && a.round == b.round
}

impl Timers {
    /// Arms a timer, in place of an equal one.
    pub(crate) fn set(&mut self, timeout: Timeout, deadline_ms: u64) {
        self.cancel(timeout);
        self.0.push((deadline_ms, timeout));
    }

    /// Disarms a timer; it may not exist.
    pub(crate) fn cancel(&mut self, timeout: Timeout) {
        self.0.retain(|(_, other)| !same(*other, timeout));
    }

    /// Disarms all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// When the first fires.
    pub(crate) fn next(&self) -> Option<u64> {
        self.0.iter().map(|(deadline_ms, _)| *deadline_ms).min()
    }

    /// Takes the first one due.
    pub(crate) fn pop_due(&mut self, now_ms: u64) -> Option<Timeout> {
        let first = self.next().filter(|deadline_ms| *deadline_ms <= now_ms)?;
        let index = self.0.iter().position(|(deadline_ms, _)| *deadline_ms == first)?;
        Some(self.0.remove(index).1)
    }
}
