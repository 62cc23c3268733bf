//! The compute node: what the chain shows and what is on disk give the one thing that is due.
//!
//! ```text
//! chain (NodeView, TaskView) --+
//! disk (Saved) ----------------+--> reconcile --> Duty --> the driver does it, then asks again
//! running work (Attempt) ------+
//! ```
//!
//! The driver's loop: for the task its node is bound to, and for every task it still has a [`Saved`] of, read the
//! views, call [`reconcile`], do the duty. A transaction is followed until its receipt is there or its last height has
//! passed, and only then the chain is asked again: none is sent twice blindly.
//!
//! *Invariants*: [`Duty::Commit`] is only given for a [`Saved`] that the driver read back from its disk, so a
//! process killed at any line finds what it has to reveal.
//!
//! *Absent on purpose*: fetching, running, sending and sleeping.

mod admission;
mod duty;
mod journal;
mod reconcile;
mod resume;
mod saved;
mod stop;
#[cfg(test)]
pub(crate) mod tests;

pub use admission::{GAS_RESERVE, TASK_GAS, Unfit, check_fitness, gas_price, tasks_paid_for};
pub use duty::{Attempt, Computation, Duty, Me, Now, Work};
pub use journal::{Fines, Journal, NOTICES_MAX, Notice, NoticeKind};
pub use reconcile::{node_duty, reconcile};
pub use resume::{RESUMES_PER_DAY, Resumes};
pub use saved::{Saved, SavedError};
pub use stop::{OnStop, StopStep, stop_step};
