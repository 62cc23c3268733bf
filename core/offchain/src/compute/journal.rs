//! What happened to a node, told once each: fines, pauses, its removal, and what keeps it from working.
//!
//! ```text
//! NodeView of each look --> Journal::observe --> new Notices --> log, status, metrics
//! ```
//!
//! *Invariants*: a penalty is counted once, across restarts: the journal holds the penalties it has seen, and is
//! written whole. Notices are bounded; the oldest go first.

#[cfg(test)]
mod tests;

use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::Amount;
use hydrogen_types::task::{NodeState, NodeView, Penalty, PenaltyReason};
use std::collections::{BTreeMap, VecDeque};

/// Notices kept.
pub const NOTICES_MAX: usize = 32;

/// What a notice is about. Names are stable: operators' alerts match on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum NoticeKind {
    /// CNX were taken from the stake.
    Fined,
    /// The contract paused the node.
    Paused,
    /// The node was caught as a cheat and removed; what is left of its stake unbonds.
    Removed,
    /// The stake is below the least: the node is not drawn.
    StakeTooLow,
    /// The chain runs programs by rules this build does not have.
    ForeignAbi,
    /// Little is left for gas.
    LowBalance,
    /// A type the node joined with has no command here.
    TypeWithoutCommand,
    /// The node does not join.
    Unfit,
}

impl NoticeKind {
    /// All kinds, for whoever shows a count of each.
    pub const ALL: [Self; 8] = [
        Self::Fined,
        Self::Paused,
        Self::Removed,
        Self::StakeTooLow,
        Self::ForeignAbi,
        Self::LowBalance,
        Self::TypeWithoutCommand,
        Self::Unfit,
    ];

    /// The name in log, status and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fined => "fined",
            Self::Paused => "paused",
            Self::Removed => "removed",
            Self::StakeTooLow => "stake_too_low",
            Self::ForeignAbi => "foreign_abi",
            Self::LowBalance => "low_balance",
            Self::TypeWithoutCommand => "type_without_command",
            Self::Unfit => "unfit",
        }
    }
}

/// One thing the operator should know.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Notice {
    /// The chain's uptime in ms.
    pub at_ms: u64,
    /// What it is about.
    pub kind: NoticeKind,
    /// The task it is about, if one.
    pub task: Option<u64>,
    /// What happened and what to do, in one line.
    pub text: String,
}

/// Fines of one reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Fines {
    /// How many.
    pub count: u64,
    /// CNX in all.
    pub amount: Amount,
}

/// The node's memory of what happened to it; on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Journal {
    fines: BTreeMap<PenaltyReason, Fines>,
    notices: VecDeque<Notice>,
    /// Penalties that were counted: those the chain showed last.
    counted: Vec<Penalty>,
    state: Option<NodeState>,
}

impl Journal {
    /// Takes in what the chain shows of the node; the notices that are new.
    pub fn observe(&mut self, now_ms: u64, node: Option<&NodeView>, stake_min: Amount) -> Vec<Notice> {
        let mut found = Vec::new();
        if let Some(node) = node {
            let fresh: Vec<Penalty> =
                node.penalties.iter().filter(|penalty| !self.counted.contains(penalty)).cloned().collect();
            for penalty in &fresh {
                self.count(penalty);
                found.push(told(penalty));
            }
            let stopped = node.state == NodeState::Paused && self.state != Some(NodeState::Paused);
            let said = fresh.iter().any(|penalty| penalty.reason == PenaltyReason::StakeTooLow);
            if stopped && node.stake < stake_min && !said {
                let text =
                    format!("the stake of {} CNX is below {stake_min}: add to it, then resume", node.stake);
                found.push(Notice { at_ms: now_ms, kind: NoticeKind::StakeTooLow, task: None, text });
            }
            self.counted.clone_from(&node.penalties);
        }
        self.state = node.map(|node| node.state);
        for notice in &found {
            self.keep(notice.clone());
        }
        found
    }

    /// Notes something the node found out by itself, unless the newest notice of that kind says the same; whether it
    /// is new.
    pub fn note(&mut self, notice: Notice) -> bool {
        let newest = self.notices.iter().rev().find(|known| known.kind == notice.kind);
        if newest.is_some_and(|known| known.text == notice.text && known.task == notice.task) {
            return false;
        }
        self.keep(notice);
        true
    }

    /// Forgets notices of a kind whose cause is gone, so that its return is told again; whether there were any.
    pub fn clear(&mut self, kind: NoticeKind) -> bool {
        let before = self.notices.len();
        self.notices.retain(|notice| notice.kind != kind);
        self.notices.len() < before
    }

    /// The latest notices, oldest first.
    pub fn notices(&self) -> impl Iterator<Item = &Notice> {
        self.notices.iter()
    }

    /// Fines by reason.
    #[must_use]
    pub fn fines(&self) -> &BTreeMap<PenaltyReason, Fines> {
        &self.fines
    }

    fn count(&mut self, penalty: &Penalty) {
        let fines = self.fines.entry(penalty.reason).or_default();
        fines.count += 1;
        fines.amount = fines.amount.checked_add(penalty.amount).unwrap_or(fines.amount);
    }

    fn keep(&mut self, notice: Notice) {
        if self.notices.len() >= NOTICES_MAX {
            self.notices.pop_front();
        }
        self.notices.push_back(notice);
    }
}

fn told(penalty: &Penalty) -> Notice {
    let Penalty { task, reason, amount, at_ms } = penalty;
    let (kind, text) = match reason {
        PenaltyReason::MissedCommit => (
            NoticeKind::Paused,
            format!(
                "fined {amount} CNX and paused: no commitment to task {task} in time; it resumes by itself at most three times a day"
            ),
        ),
        PenaltyReason::PanelTimedOut => (
            NoticeKind::Paused,
            format!(
                "paused: nobody committed to task {task} in time; it resumes by itself at most three times a day"
            ),
        ),
        PenaltyReason::InexcusableUnavailable => (
            NoticeKind::Fined,
            format!(
                "fined {amount} CNX: reported task {task} unavailable where others had it; look at relays and commands"
            ),
        ),
        PenaltyReason::MissedReveal => (
            NoticeKind::Fined,
            format!("fined {amount} CNX: did not reveal for task {task} in time; look at the RPC endpoints"),
        ),
        PenaltyReason::MissedUpload => (
            NoticeKind::Fined,
            format!(
                "fined {amount} CNX: did not bring the result of task {task} in time; look at the relays"
            ),
        ),
        PenaltyReason::StakeTooLow => (
            NoticeKind::StakeTooLow,
            String::from(
                "paused: the stake is below what the configuration in force asks for; add to it, then resume",
            ),
        ),
        PenaltyReason::Cheat => (
            NoticeKind::Removed,
            format!(
                "fined {amount} CNX and removed: the outcome of task {task} disagrees with two that agree; look at memory, disk and commands before joining again"
            ),
        ),
    };
    Notice { at_ms: *at_ms, kind, task: Some(*task).filter(|task| *task != 0), text }
}
