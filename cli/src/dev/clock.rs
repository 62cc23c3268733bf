//! The development chain's clock: the system's, moved forward at will.

use std::time::{SystemTime, UNIX_EPOCH};

/// How far ahead of the system it is; grows only.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock {
    ahead_ms: u64,
}

impl Clock {
    /// Ms since 1970.
    pub(super) fn now_ms(self) -> u64 {
        system_ms().saturating_add(self.ahead_ms)
    }

    /// Moves it forward.
    pub(super) fn advance(&mut self, ms: u64) {
        self.ahead_ms = self.ahead_ms.saturating_add(ms);
    }
}

/// The system's clock in ms since 1970; 0 before.
pub(crate) fn system_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
