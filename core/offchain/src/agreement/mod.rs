//! When two outcomes agree, and who of a panel may bring the result (`task-protocol`, sections 6 and 7).

#[cfg(test)]
mod tests;

use hydrogen_types::Address;
use hydrogen_types::task::{Comparison, Outcome, Seat, TaskState, TaskView};

/// Bytes of one fingerprint item: its bits are compared together.
const BLOCK_BYTES: usize = 8;

/// Whether both are results, and agree.
#[must_use]
pub fn agree(comparison: &Comparison, left: &Outcome, right: &Outcome) -> bool {
    let (
        Outcome::Result { digest: left_digest, fingerprint: left_print },
        Outcome::Result { digest: right_digest, fingerprint: right_print },
    ) = (left, right)
    else {
        return false;
    };
    match comparison {
        Comparison::Exact => left_digest == right_digest,
        Comparison::Similar { threshold, .. } => {
            left_print.len() == right_print.len()
                && left_print
                    .chunks(BLOCK_BYTES)
                    .zip(right_print.chunks(BLOCK_BYTES))
                    .all(|(left, right)| distance(left, right) < u32::from(*threshold))
        }
    }
}

fn distance(left: &[u8], right: &[u8]) -> u32 {
    left.iter().zip(right).map(|(left, right)| (left ^ right).count_ones()).sum()
}

/// Whether the seat's result agrees with another one of the panel.
#[must_use]
pub fn is_agreeing(task: &TaskView, seat: &Seat) -> bool {
    let Some(outcome) = &seat.outcome else { return false };
    task.seats
        .iter()
        .filter(|other| other.node != seat.node)
        .filter_map(|other| other.outcome.as_ref())
        .any(|other| agree(&task.comparison, outcome, other))
}

/// The seat of `node`, if it is in the panel.
#[must_use]
pub fn seat<'a>(task: &'a TaskView, node: &Address) -> Option<&'a Seat> {
    task.seats.iter().find(|seat| seat.node == *node)
}

/// Whether `node` may upload the task's result now: the named uploader, or, once its time has passed, every agreeing
/// node.
#[must_use]
pub fn may_upload(task: &TaskView, node: &Address) -> bool {
    task.state == TaskState::Validated
        && seat(task, node).is_some_and(|seat| is_agreeing(task, seat))
        && (task.upload_open || task.uploader == Some(*node))
}
