//! Keeps a transaction from being sent twice blindly.

use hydrogen_types::{Hash, Height};
use std::collections::BTreeMap;

/// A step of a task that is one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// `commit`.
    Commit,
    /// `reveal`.
    Reveal,
    /// `report_uploaded`.
    ReportUploaded,
    /// `resume`; its task is 0.
    Resume,
}

/// Transactions sent and not yet seen to have ended. A step may be sent again once the chain has passed the last
/// height at which the earlier one could be included, or the earlier one's receipt says that it failed.
///
/// It lives in memory: a process that starts again waits for the view of the chain instead, and sends with the
/// account's next nonce, so that of two transactions for one step only one can be included.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    sent: BTreeMap<(u64, Step), (Hash, Height)>,
}

impl Outbox {
    /// The transaction under way for this step, if it may still be included at `tip` or later.
    #[must_use]
    pub fn under_way(&self, task: u64, step: Step, tip: Height) -> Option<Hash> {
        let (hash, valid_until) = self.sent.get(&(task, step))?;
        (tip < *valid_until).then_some(*hash)
    }

    /// Whether the step may be sent at `tip`.
    #[must_use]
    pub fn may_send(&self, task: u64, step: Step, tip: Height) -> bool {
        self.under_way(task, step, tip).is_none()
    }

    /// Notes a transaction that was handed to a node.
    pub fn sent(&mut self, task: u64, step: Step, hash: Hash, valid_until: Height) {
        self.sent.insert((task, step), (hash, valid_until));
    }

    /// Notes that the transaction of this step was refused or has its receipt: the chain's view decides again.
    pub fn ended(&mut self, task: u64, step: Step) {
        self.sent.remove(&(task, step));
    }

    /// Forgets a task.
    pub fn forget(&mut self, task: u64) {
        self.sent.retain(|(sent_task, _), _| *sent_task != task);
    }
}
