//! What the contract tells the world (`task-protocol`, section 10).

use hydrogen_sdk::prelude::*;
use hydrogen_types::task::{AbortReason, PenaltyReason};

/// A task was paid for.
#[derive(Event)]
pub struct TaskCreated {
    /// Id.
    pub task: u64,
    /// Who pays.
    pub creator: Address,
    /// CNX for the panel.
    pub fee: Amount,
    /// CNX for its scheduled calls.
    pub deposit: Amount,
}

/// A node was drawn; one event for each of the three.
#[derive(Event)]
pub struct TaskStarted {
    /// Id.
    pub task: u64,
    /// The node.
    pub node: Address,
    /// 0, 1 or 2.
    pub round: u64,
    /// Seed of the draw.
    pub seed: Hash,
    /// Candidates before the first pick.
    pub candidates: u64,
    /// Index of this pick.
    pub index: u64,
}

/// A relay holds the arguments; the panel may begin.
#[derive(Event)]
pub struct ArgsUploaded {
    /// Id.
    pub task: u64,
    /// The relay.
    pub relay: Address,
    /// When execution ends.
    pub deadline_ms: u64,
}

/// A panel member committed.
#[derive(Event)]
pub struct Committed {
    /// Id.
    pub task: u64,
    /// The node.
    pub node: Address,
    /// Its round.
    pub round: u64,
    /// What it committed to.
    pub commitment: Hash,
}

/// The panel is in, or its time over: outcomes may be revealed.
#[derive(Event)]
pub struct RevealOpened {
    /// Id.
    pub task: u64,
    /// When revealing ends.
    pub deadline_ms: u64,
}

/// A panel member revealed its outcome.
#[derive(Event)]
pub struct Revealed {
    /// Id.
    pub task: u64,
    /// The node.
    pub node: Address,
    /// Its round.
    pub round: u64,
    /// `result`, `error` or `unavailable`.
    pub outcome: String,
    /// Of a result.
    pub digest: Option<Hash>,
    /// Of an error.
    pub code: Option<u32>,
}

/// Two or three results agree.
#[derive(Event)]
pub struct TaskValidated {
    /// Id.
    pub task: u64,
    /// Digest of the uploader's result.
    pub digest: Hash,
    /// Who uploads.
    pub uploader: Address,
    /// Until when.
    pub deadline_ms: u64,
}

/// The result is at a relay and paid.
#[derive(Event)]
pub struct TaskSuccess {
    /// Id.
    pub task: u64,
    /// Digest of the result.
    pub digest: Hash,
    /// Who uploaded.
    pub uploader: Address,
}

/// The task ended without a paid result.
#[derive(Event)]
pub struct TaskAborted {
    /// Id.
    pub task: u64,
    /// Why.
    pub reason: AbortReason,
}

/// A node was paid.
#[derive(Event)]
pub struct NodePaid {
    /// The node.
    pub node: Address,
    /// Id.
    pub task: u64,
    /// CNX.
    pub amount: Amount,
}

/// A node was fined, paused or both.
#[derive(Event)]
pub struct NodePenalised {
    /// The node.
    pub node: Address,
    /// Id.
    pub task: u64,
    /// Why.
    pub reason: PenaltyReason,
    /// CNX taken.
    pub amount: Amount,
}

/// A node staked.
#[derive(Event)]
pub struct NodeJoined {
    /// The node.
    pub node: Address,
    /// CNX.
    pub stake: Amount,
}

/// A node added to its stake.
#[derive(Event)]
pub struct StakeAdded {
    /// The node.
    pub node: Address,
    /// CNX added.
    pub amount: Amount,
    /// CNX in all.
    pub stake: Amount,
}

/// A node asked not to be drawn.
#[derive(Event)]
pub struct NodePaused {
    /// The node.
    pub node: Address,
}

/// A node asked to be drawn again.
#[derive(Event)]
pub struct NodeResumed {
    /// The node.
    pub node: Address,
}

/// A node asked to leave.
#[derive(Event)]
pub struct NodeQuit {
    /// The node.
    pub node: Address,
}

/// A node took its stake.
#[derive(Event)]
pub struct StakeWithdrawn {
    /// The node.
    pub node: Address,
    /// CNX.
    pub amount: Amount,
}

/// A relay may sign receipts from now on.
#[derive(Event)]
pub struct RelayRegistered {
    /// Its id.
    pub relay: Address,
    /// Where it listens.
    pub url: String,
}

/// A relay was removed: it serves the tasks created so far.
#[derive(Event)]
pub struct RelayRemoved {
    /// Its id.
    pub relay: Address,
    /// The last task it serves.
    pub last_task: u64,
}

/// The last task of a removed relay has ended.
#[derive(Event)]
pub struct RelayGone {
    /// Its id.
    pub relay: Address,
}

/// Another configuration is in force.
#[derive(Event)]
pub struct ConfigSet {
    /// Its number.
    pub number: u64,
}

/// The contract was offered to an account; to the owner itself: an offer was withdrawn.
#[derive(Event)]
pub struct OwnershipOffered {
    /// Who may accept.
    pub to: Address,
}

/// The contract has another owner.
#[derive(Event)]
pub struct OwnershipAccepted {
    /// The new one.
    pub owner: Address,
}
