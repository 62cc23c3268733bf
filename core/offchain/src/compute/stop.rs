//! What a compute node owes the contract before its process ends.

use hydrogen_types::task::{NodeState, NodeView};

/// What the operator wants of a process that is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStop {
    /// Pause first, finish the task at hand; the next start resumes.
    Pause,
    /// Quit first, finish the task at hand; the stake unbonds.
    Quit,
    /// End at once: for a process that comes back before a deadline.
    Nothing,
}

/// The next step towards the end of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopStep {
    /// Send `pause`.
    Pause,
    /// Send `quit`.
    Quit,
    /// Go on with the task at hand.
    Finish,
    /// Nothing is owed: the process may end.
    End,
}

/// What is due while stopping, for a node as the chain shows it.
#[must_use]
pub fn stop_step(on_stop: OnStop, node: Option<&NodeView>) -> StopStep {
    let Some(node) = node else { return StopStep::End };
    match (on_stop, node.state) {
        (OnStop::Nothing, _)
        | (OnStop::Pause, NodeState::Paused)
        | (OnStop::Pause | OnStop::Quit, NodeState::Unbonding) => StopStep::End,
        (OnStop::Pause, NodeState::Available | NodeState::Busy) => StopStep::Pause,
        (
            OnStop::Quit,
            NodeState::Available | NodeState::Busy | NodeState::PendingPause | NodeState::Paused,
        ) => StopStep::Quit,
        (OnStop::Pause, NodeState::PendingPause) | (OnStop::Pause | OnStop::Quit, NodeState::PendingQuit) => {
            StopStep::Finish
        }
    }
}
