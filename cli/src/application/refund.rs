//! What of a fee comes back to the creator when its task ends (`task-protocol`, sections 2, 6 and 7).

use hydrogen_types::Amount;
use hydrogen_types::task::{AbortReason, PANEL, TaskConfig, TaskState, TaskView};

/// The part of the fee that an ended task gave back to its creator; `None` while it is open. The rest of the gas deposit
/// comes back besides, and after `ResultNotUploaded` the fine of whoever was to upload, up to what was paid for
/// nothing. `config` is the one that the task keeps.
#[must_use]
pub fn refund(view: &TaskView, config: &TaskConfig) -> Option<Amount> {
    let paid = view.seats.iter().map(|seat| seat.paid.get()).fold(0, u128::saturating_add);
    let unpaid = view.fee.saturating_sub(Amount::new(paid));
    match (view.state, view.abort_reason) {
        (TaskState::Success, _) => Some(unpaid),
        (TaskState::Aborted, Some(reason)) => Some(match reason {
            // Whoever is paid here is paid from the fines of others.
            AbortReason::NotEnoughNodes
            | AbortReason::ResultsDiffer
            | AbortReason::Unavailable
            | AbortReason::NoQuorum => view.fee,
            AbortReason::ArgsNotUploaded
            | AbortReason::Cancelled
            | AbortReason::TaskError
            | AbortReason::ResultNotUploaded => unpaid,
            // The cancel fee is burned.
            AbortReason::NodesTimedOut => view.fee.saturating_sub(cancel_fee(config, view.fee)),
        }),
        _ => None,
    }
}

/// What cancelling a task costs.
#[must_use]
pub fn cancel_fee(config: &TaskConfig, fee: Amount) -> Amount {
    let floor = config.fee_per_node_min.get().saturating_mul(PANEL as u128);
    let permille = u128::from(config.cancel_permille);
    let (whole, rest) = (fee.get() / 1000, fee.get() % 1000);
    let part = whole.saturating_mul(permille).saturating_add(rest * permille / 1000);
    Amount::new(part.max(floor).min(fee.get()))
}
