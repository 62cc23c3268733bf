//! The verdict (`task-protocol`, section 6): a pure function of three outcomes.
//!
//! *Invariants*: the order of the outcomes changes neither verdict nor money (with equals, it decides who uploads);
//! an error never costs a result anything; `Unavailable` is excused only when nobody revealed a result or an error.

use hydrogen_types::Hash;
use hydrogen_types::task::{
    AbortReason, Comparison, FINGERPRINT_ITEM_BYTES, Outcome, PANEL, PenaltyReason, Seat,
};

/// What one seat brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding<'a> {
    /// A result.
    Result {
        /// SHA-256 of its bytes.
        digest: &'a Hash,
        /// Empty for an exact task.
        fingerprint: &'a [u8],
    },
    /// The program failed.
    Error(u32),
    /// No relay gave the arguments.
    Unavailable,
    /// Nothing committed.
    MissedCommit,
    /// Committed, but not revealed.
    MissedReveal,
}

impl<'a> Finding<'a> {
    /// Of a seat whose time is over.
    pub(crate) fn of(seat: &'a Seat) -> Self {
        match (&seat.outcome, &seat.commitment) {
            (Some(Outcome::Result { digest, fingerprint }), _) => Self::Result { digest, fingerprint },
            (Some(Outcome::Error { code }), _) => Self::Error(*code),
            (Some(Outcome::Unavailable), _) => Self::Unavailable,
            (None, Some(_)) => Self::MissedReveal,
            (None, None) => Self::MissedCommit,
        }
    }
}

/// What a seat earns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pay {
    /// Nothing.
    Nothing,
    /// A share of the fee.
    Share,
    /// Half a share of the fee.
    HalfShare,
    /// From this task's fines, up to a share.
    FromFines,
}

/// What becomes of one seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeatRuling {
    /// What it earns.
    pub(crate) pay: Pay,
    /// What it is fined for.
    pub(crate) fine: Option<PenaltyReason>,
}

/// How the task goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// Those who earn a share agree; this one of them uploads.
    Validated {
        /// Its round.
        uploader: usize,
    },
    /// No result.
    Aborted(AbortReason),
}

/// The whole verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// How the task goes on.
    pub(crate) ruling: Ruling,
    /// What becomes of each seat.
    pub(crate) seats: [SeatRuling; PANEL],
}

/// Whether two results are the same for a task. Also used with one's own, which always agrees.
fn agree(comparison: &Comparison, left: Finding<'_>, right: Finding<'_>) -> bool {
    let (
        Finding::Result { digest, fingerprint },
        Finding::Result { digest: other_digest, fingerprint: other_fingerprint },
    ) = (left, right)
    else {
        return false;
    };
    match comparison {
        Comparison::Exact => digest == other_digest,
        Comparison::Similar { threshold, .. } => near(fingerprint, other_fingerprint, u32::from(*threshold)),
    }
}

fn near(left: &[u8], right: &[u8], threshold: u32) -> bool {
    let items = left.chunks(FINGERPRINT_ITEM_BYTES).zip(right.chunks(FINGERPRINT_ITEM_BYTES));
    left.len() == right.len()
        && items
            .map(|(one, other)| one.iter().zip(other).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>())
            .all(|distance| distance < threshold)
}

/// The verdict over the panel's three findings, in rounds 0, 1, 2.
pub(crate) fn judge(comparison: &Comparison, findings: &[Finding<'_>; PANEL]) -> Verdict {
    // How many others each agrees with.
    let mut friends = [0usize; PANEL];
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        if agree(comparison, findings[one], findings[other]) {
            friends[one] += 1;
            friends[other] += 1;
        }
    }
    if friends != [0; PANEL] {
        return validated(findings, &friends);
    }
    let count = |wanted: fn(&Finding<'_>) -> bool| findings.iter().filter(|found| wanted(found)).count();
    let results = count(|found| matches!(found, Finding::Result { .. }));
    let errors = count(|found| matches!(found, Finding::Error(_)));
    let unavailable = count(|found| matches!(found, Finding::Unavailable));
    let committed = count(|found| !matches!(found, Finding::MissedCommit));
    let reason = match (results, errors, unavailable) {
        (2 | 3, _, _) => AbortReason::ResultsDiffer,
        (_, 2 | 3, _) => AbortReason::TaskError,
        (_, _, 2 | 3) => AbortReason::Unavailable,
        _ if committed == 0 => AbortReason::NodesTimedOut,
        _ => AbortReason::NoQuorum,
    };
    let excused = results + errors == 0;
    let seats = findings.map(|found| SeatRuling {
        pay: match (found, reason) {
            (Finding::Error(_), AbortReason::TaskError) if has_equal_error(findings, found) => Pay::HalfShare,
            (Finding::Result { .. }, AbortReason::Unavailable | AbortReason::NoQuorum) => Pay::FromFines,
            _ => Pay::Nothing,
        },
        fine: match found {
            Finding::Result { .. } | Finding::Error(_) => None,
            Finding::Unavailable if excused => None,
            Finding::Unavailable => Some(PenaltyReason::InexcusableUnavailable),
            Finding::MissedCommit if committed == 0 => Some(PenaltyReason::PanelTimedOut),
            Finding::MissedCommit => Some(PenaltyReason::MissedCommit),
            Finding::MissedReveal => Some(PenaltyReason::MissedReveal),
        },
    });
    Verdict { ruling: Ruling::Aborted(reason), seats }
}

/// Two or three agree; a result or an error against them is a cheat.
fn validated(findings: &[Finding<'_>; PANEL], friends: &[usize; PANEL]) -> Verdict {
    let most = friends.iter().copied().max().unwrap_or_default();
    let uploader = friends.iter().position(|count| *count == most).unwrap_or_default();
    let mut seats = [SeatRuling { pay: Pay::Share, fine: None }; PANEL];
    for round in (0..PANEL).filter(|round| friends[*round] == 0) {
        let fault = match findings[round] {
            Finding::Result { .. } | Finding::Error(_) => PenaltyReason::Cheat,
            Finding::Unavailable => PenaltyReason::InexcusableUnavailable,
            Finding::MissedCommit => PenaltyReason::MissedCommit,
            Finding::MissedReveal => PenaltyReason::MissedReveal,
        };
        seats[round] = SeatRuling { pay: Pay::Nothing, fine: Some(fault) };
    }
    Verdict { ruling: Ruling::Validated { uploader }, seats }
}

fn has_equal_error(findings: &[Finding<'_>; PANEL], wanted: Finding<'_>) -> bool {
    findings.iter().filter(|found| **found == wanted).count() > 1
}

#[cfg(test)]
mod tests;
