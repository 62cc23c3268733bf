//! The two state machines, each one exhaustive match: tasks (`task-protocol`, section 1) and nodes (section 8).
//!
//! *Invariants*: no wildcard arm, so a new state does not compile until every step has an answer; `Success` and
//! `Aborted` absorb; every change of `TaskView::state` and `Node::state` passes through here. The tests compare
//! both with the tables in `fsm.table`, pair by pair.

use hydrogen_types::task::{AbortReason, NodeState, TaskState};

/// What may happen to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The draw found three nodes.
    DrawPanel,
    /// The draw found fewer.
    DrawTooFew,
    /// The creator takes it back.
    Cancel,
    /// The creator proves that the arguments are at a relay.
    UploadArgs,
    /// Nobody did in time.
    MissArgs,
    /// A panel member commits, and others are still to do so.
    Commit,
    /// The last panel member commits.
    CommitLast,
    /// Time is over with at least one commitment.
    CloseCommits,
    /// Time is over without any.
    MissCommits,
    /// A panel member reveals.
    Reveal,
    /// The verdict: two or three agree.
    RuleValid,
    /// The verdict: no result.
    RuleInvalid,
    /// A node proves that the result is at a relay.
    ReportResult,
    /// The uploader's time is over: open to every agreeing node.
    MissUpload,
    /// Nobody uploaded.
    MissOpenUpload,
}

/// Why a step does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its stage has not come, or it was done already.
    WrongState,
    /// Its stage is over.
    TooLate,
    /// The task was aborted; [`was_missed`] tells which of the two others this means.
    Aborted,
}

/// The state after `step`.
pub(crate) fn next_task(state: TaskState, step: Step) -> Result<TaskState, Refusal> {
    use Step::*;
    use TaskState::*;
    match (state, step) {
        (Created, DrawPanel) => Ok(Started),
        (Created, DrawTooFew) => Ok(Aborted),
        (
            Created,
            Cancel | UploadArgs | MissArgs | Commit | CommitLast | CloseCommits | MissCommits | Reveal
            | RuleValid | RuleInvalid | ReportResult | MissUpload | MissOpenUpload,
        ) => Err(Refusal::WrongState),

        (Started, UploadArgs) => Ok(Executing),
        (Started, Cancel | MissArgs) => Ok(Aborted),
        (
            Started,
            DrawPanel | DrawTooFew | Commit | CommitLast | CloseCommits | MissCommits | Reveal | RuleValid
            | RuleInvalid | ReportResult | MissUpload | MissOpenUpload,
        ) => Err(Refusal::WrongState),

        (Executing, Commit) => Ok(Executing),
        (Executing, CommitLast | CloseCommits) => Ok(Revealing),
        (Executing, MissCommits) => Ok(Aborted),
        (
            Executing,
            DrawPanel | DrawTooFew | Cancel | UploadArgs | MissArgs | Reveal | RuleValid | RuleInvalid
            | ReportResult | MissUpload | MissOpenUpload,
        ) => Err(Refusal::WrongState),

        (Revealing, Reveal) => Ok(Revealing),
        (Revealing, RuleValid) => Ok(Validated),
        (Revealing, RuleInvalid) => Ok(Aborted),
        (Revealing, Commit | CommitLast) => Err(Refusal::TooLate),
        (
            Revealing,
            DrawPanel | DrawTooFew | Cancel | UploadArgs | MissArgs | CloseCommits | MissCommits
            | ReportResult | MissUpload | MissOpenUpload,
        ) => Err(Refusal::WrongState),

        (Validated, ReportResult) => Ok(Success),
        (Validated, MissUpload) => Ok(Validated),
        (Validated, MissOpenUpload) => Ok(Aborted),
        (Validated, Commit | CommitLast | Reveal) => Err(Refusal::TooLate),
        (
            Validated,
            DrawPanel | DrawTooFew | Cancel | UploadArgs | MissArgs | CloseCommits | MissCommits | RuleValid
            | RuleInvalid,
        ) => Err(Refusal::WrongState),

        (Success, Commit | CommitLast | Reveal) => Err(Refusal::TooLate),
        (
            Success,
            DrawPanel | DrawTooFew | Cancel | UploadArgs | MissArgs | CloseCommits | MissCommits | RuleValid
            | RuleInvalid | ReportResult | MissUpload | MissOpenUpload,
        ) => Err(Refusal::WrongState),

        (
            Aborted,
            DrawPanel | DrawTooFew | Cancel | UploadArgs | MissArgs | Commit | CommitLast | CloseCommits
            | MissCommits | Reveal | RuleValid | RuleInvalid | ReportResult | MissUpload | MissOpenUpload,
        ) => Err(Refusal::Aborted),
    }
}

/// Whether a task aborted for `reason` had been waiting for `step`, or had been past it: then the step comes too
/// late, otherwise it never was possible.
pub(crate) fn was_missed(reason: AbortReason, step: Step) -> bool {
    use AbortReason::*;
    match step {
        Step::UploadArgs | Step::Cancel => reason == ArgsNotUploaded,
        Step::Commit | Step::CommitLast => match reason {
            NotEnoughNodes | ArgsNotUploaded | Cancelled => false,
            NodesTimedOut | ResultsDiffer | TaskError | Unavailable | NoQuorum | ResultNotUploaded => true,
        },
        Step::Reveal => match reason {
            NotEnoughNodes | ArgsNotUploaded | Cancelled | NodesTimedOut => false,
            ResultsDiffer | TaskError | Unavailable | NoQuorum | ResultNotUploaded => true,
        },
        Step::ReportResult => reason == ResultNotUploaded,
        Step::DrawPanel
        | Step::DrawTooFew
        | Step::MissArgs
        | Step::CloseCommits
        | Step::MissCommits
        | Step::RuleValid
        | Step::RuleInvalid
        | Step::MissUpload
        | Step::MissOpenUpload => false,
    }
}

/// What may happen to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeStep {
    /// Picked for a panel.
    Draw,
    /// It asks not to be drawn.
    Pause,
    /// It asks to be drawn again.
    Resume,
    /// It leaves.
    Quit,
    /// It adds to its stake.
    AddStake,
    /// Its task lets it go.
    Settle,
    /// Its task lets it go after a missed commit, or with too little stake left.
    SettlePaused,
    /// Its task caught it as a cheat.
    Remove,
}

/// The state after `step`; `None` where section 8 refuses it.
pub(crate) fn next_node(state: NodeState, step: NodeStep) -> Option<NodeState> {
    use NodeState::*;
    use NodeStep::*;
    match (state, step) {
        (Available, Draw) => Some(Busy),
        (Available, Pause) => Some(Paused),
        (Available, Quit) => Some(Unbonding),
        (Available, AddStake) => Some(Available),
        (Available, Resume | Settle | SettlePaused | Remove) => None,

        (Busy, Pause) => Some(PendingPause),
        (Busy, Quit) => Some(PendingQuit),
        (Busy, AddStake) => Some(Busy),
        (Busy, Settle) => Some(Available),
        (Busy, SettlePaused) => Some(Paused),
        (Busy, Remove) => Some(Unbonding),
        (Busy, Draw | Resume) => None,

        (PendingPause, Quit) => Some(PendingQuit),
        (PendingPause, AddStake) => Some(PendingPause),
        (PendingPause, Settle | SettlePaused) => Some(Paused),
        (PendingPause, Remove) => Some(Unbonding),
        (PendingPause, Draw | Pause | Resume) => None,

        (PendingQuit, AddStake) => Some(PendingQuit),
        (PendingQuit, Settle | SettlePaused | Remove) => Some(Unbonding),
        (PendingQuit, Draw | Pause | Resume | Quit) => None,

        (Paused, Resume) => Some(Available),
        (Paused, Quit) => Some(Unbonding),
        (Paused, AddStake) => Some(Paused),
        (Paused, Draw | Pause | Settle | SettlePaused | Remove) => None,

        (Unbonding, Draw | Pause | Resume | Quit | AddStake | Settle | SettlePaused | Remove) => None,
    }
}

#[cfg(test)]
mod tests;
