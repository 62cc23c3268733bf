//! The power of a node: cut at one of the operations of its log or store, before it takes effect or after.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug)]
struct State {
    /// Operations until the cut.
    left: u64,
    /// Whether the last one is done before the cut.
    last_is_done: bool,
}

/// Power of one run of one node.
#[derive(Debug, Clone)]
pub(crate) struct Power(Arc<Mutex<State>>);

impl Power {
    /// Power that stays.
    pub(crate) fn steady() -> Self {
        Self::cut_at(u64::MAX, false)
    }

    /// Power that is cut at operation `left`, counted from 1.
    pub(crate) fn cut_at(left: u64, last_is_done: bool) -> Self {
        Self(Arc::new(Mutex::new(State { left, last_is_done })))
    }

    /// Does an operation, unless the power is cut before it; fails if it is cut at it or was before.
    pub(crate) fn operate<T>(&self, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cut: io::Error = io::Error::new(io::ErrorKind::Interrupted, "the power is cut");
        match state.left {
            0 => return Err(cut),
            1 if !state.last_is_done => {
                state.left = 0;
                return Err(cut);
            }
            _ => state.left -= 1,
        }
        let done = operation()?;
        if state.left == 0 { Err(cut) } else { Ok(done) }
    }

    /// Whether it was cut.
    pub(crate) fn is_cut(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).left == 0
    }
}
