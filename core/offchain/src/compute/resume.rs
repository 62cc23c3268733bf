//! When a node that was paused by the contract asks to be drawn again by itself.

use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::task::{NodeView, PenaltyReason};

/// Resumes a node may make by itself in a day: one that keeps missing needs its operator.
pub const RESUMES_PER_DAY: usize = 3;
const DAY_MS: u64 = 24 * 3_600_000;

/// The resumes a node made by itself; on disk, so that starting again does not reset the count.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Resumes {
    /// For each: the penalty it answered (uptime in ms), and when.
    made: Vec<(u64, u64)>,
    /// Whether the node paused itself because its process was asked to stop: the next start takes that back. Written
    /// before the pause is sent; cleared when the node is seen at work again.
    pub paused_at_stop: bool,
}

impl Resumes {
    /// The penalty that paused this node, if a resume answers it now: the latest one, for a missed commit or a panel
    /// that timed out, not answered before (else the operator paused since), and the day's count is not used up.
    #[must_use]
    pub fn due(&self, node: &NodeView, now_ms: u64) -> Option<u64> {
        let latest = node.penalties.iter().max_by_key(|penalty| penalty.at_ms)?;
        let by_contract = matches!(latest.reason, PenaltyReason::MissedCommit | PenaltyReason::PanelTimedOut);
        let answered = self.made.iter().any(|(penalty_ms, _)| *penalty_ms == latest.at_ms);
        (by_contract && !answered && self.left(now_ms) > 0).then_some(latest.at_ms)
    }

    /// Resumes that are left today.
    #[must_use]
    pub fn left(&self, now_ms: u64) -> usize {
        let today = self.made.iter().filter(|(_, at_ms)| at_ms.saturating_add(DAY_MS) > now_ms).count();
        RESUMES_PER_DAY.saturating_sub(today)
    }

    /// Notes a resume that was sent for the penalty at `penalty_ms`.
    pub fn note(&mut self, penalty_ms: u64, now_ms: u64) {
        self.made.retain(|(_, at_ms)| at_ms.saturating_add(DAY_MS) > now_ms);
        self.made.push((penalty_ms, now_ms));
    }
}
