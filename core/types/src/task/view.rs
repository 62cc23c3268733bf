//! What queries show: tasks, nodes, relays, draws, counters.

use super::{Comparison, Outcome};
use crate::hash::Hash;
use crate::keys::{Address, PublicKey};
use crate::units::{Amount, Height};
use alloc::string::String;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// States of a task (`task-protocol`, section 1). The last two absorb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum TaskState {
    /// Paid for; waits for its draw.
    Created,
    /// Drawn; waits for the arguments.
    Started,
    /// The panel executes and commits.
    Executing,
    /// The panel reveals.
    Revealing,
    /// Judged valid; waits for the result at a relay.
    Validated,
    /// Done.
    Success,
    /// Ended without a paid result.
    Aborted,
}

/// Why a task was aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum AbortReason {
    /// Fewer than three nodes were left at the draw.
    NotEnoughNodes,
    /// The creator brought no arguments in time.
    ArgsNotUploaded,
    /// The creator took it back.
    Cancelled,
    /// Nobody committed.
    NodesTimedOut,
    /// No two results agree.
    ResultsDiffer,
    /// Two nodes report an error.
    TaskError,
    /// No relay gave arguments or program.
    Unavailable,
    /// Too few outcomes to decide.
    NoQuorum,
    /// Nobody uploaded the result.
    ResultNotUploaded,
}

/// One seat of a task's panel.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Seat {
    /// The node; its round is its place in the panel.
    pub node: Address,
    /// Index in the candidate list at its pick.
    pub index: u64,
    /// What it committed to.
    pub commitment: Option<Hash>,
    /// The chain's uptime at the commitment.
    pub committed_ms: Option<u64>,
    /// What it revealed.
    pub outcome: Option<Outcome>,
    /// Whether it has been paid or fined and freed.
    pub settled: bool,
    /// CNX paid to it.
    pub paid: Amount,
    /// CNX taken from its stake.
    pub fined: Amount,
}

/// A task as queries show it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TaskView {
    /// Id, from 1.
    pub id: u64,
    /// Who pays.
    pub creator: Address,
    /// State.
    pub state: TaskState,
    /// Why it ended without a result.
    pub abort_reason: Option<AbortReason>,
    /// Hash of the program, unless external.
    pub program: Option<Hash>,
    /// External type, unless a program.
    pub external: Option<String>,
    /// SHA-256 of the arguments.
    pub args_hash: Hash,
    /// Most bytes of arguments.
    pub args_bytes_max: u64,
    /// How results are compared.
    pub comparison: Comparison,
    /// CNX for the panel.
    pub fee: Amount,
    /// CNX left to pay for scheduled calls.
    pub deposit: Amount,
    /// Time for executing, in ms of uptime.
    pub timeout_ms: u64,
    /// Most memory of the program.
    pub memory_bytes_max: u64,
    /// Most fuel of the program.
    pub fuel_max: u64,
    /// Most bytes of result.
    pub output_bytes_max: u64,
    /// Number of the configuration it keeps.
    pub config: u64,
    /// Block of its creation.
    pub created_height: Height,
    /// The chain's uptime at its creation.
    pub created_ms: u64,
    /// When the running stage ends, in ms of uptime; `None` before the draw and at the end.
    pub deadline_ms: Option<u64>,
    /// Block of its draw.
    pub draw_height: Option<Height>,
    /// Time of that block in ms since 1970: the program's clock starts there.
    pub draw_time_ms: Option<u64>,
    /// Seed of its draw.
    pub draw_seed: Option<Hash>,
    /// Candidates at its draw.
    pub candidates: Option<u64>,
    /// The panel, in rounds 0, 1, 2.
    pub seats: Vec<Seat>,
    /// The relay that holds the arguments.
    pub relay: Option<Address>,
    /// The agreeing node that is to upload.
    pub uploader: Option<Address>,
    /// Whether every agreeing node may upload now.
    pub upload_open: bool,
    /// Digest of the uploaded result, at success.
    pub result: Option<Hash>,
    /// The relay that holds the result, at success.
    pub result_relay: Option<Address>,
}

/// States of a node (`task-protocol`, section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum NodeState {
    /// May be drawn.
    Available,
    /// In a panel.
    Busy,
    /// In a panel; Paused after it.
    PendingPause,
    /// In a panel; Unbonding after it.
    PendingQuit,
    /// Not drawn until it resumes.
    Paused,
    /// Leaving; its stake waits.
    Unbonding,
}

/// Why a node was fined or paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum PenaltyReason {
    /// Did not commit in time.
    MissedCommit,
    /// Claimed unavailability where others had the arguments.
    InexcusableUnavailable,
    /// Did not reveal in time.
    MissedReveal,
    /// Did not upload in time.
    MissedUpload,
    /// Its outcome disagrees with two that agree.
    Cheat,
    /// All three were silent: paused, not fined.
    PanelTimedOut,
    /// Its stake is below what the configuration in force asks for: paused, not fined.
    StakeTooLow,
}

/// One entry of a node's record.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Penalty {
    /// The task.
    pub task: u64,
    /// Why.
    pub reason: PenaltyReason,
    /// CNX taken.
    pub amount: Amount,
    /// The chain's uptime.
    pub at_ms: u64,
}

/// A node as queries show it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct NodeView {
    /// Its account.
    pub address: Address,
    /// State.
    pub state: NodeState,
    /// CNX at stake (or unbonding).
    pub stake: Amount,
    /// The task it is bound to.
    pub task: Option<u64>,
    /// When its stake may be withdrawn, in ms of uptime.
    pub withdraw_ms: Option<u64>,
    /// External types it executes.
    pub types: Vec<String>,
    /// Tasks it was paid for.
    pub tasks_paid: u64,
    /// CNX it was paid.
    pub earned: Amount,
    /// Latest penalties, at most 16.
    pub penalties: Vec<Penalty>,
}

/// A relay as queries show it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RelayView {
    /// Address of its key.
    pub id: Address,
    /// Its key.
    pub key: PublicKey,
    /// Where it listens.
    pub url: String,
    /// Whether it was removed and only serves tasks created before.
    pub draining: bool,
    /// Of one that drains: the last task it still serves. Once no task up to this one is open, the relay is gone.
    pub last_task: Option<u64>,
}

/// Counters over the whole contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Stats {
    /// Tasks ever created.
    pub tasks: u64,
    /// Tasks not yet ended.
    pub tasks_open: u64,
    /// Tasks that ended in success.
    pub tasks_success: u64,
    /// Tasks that were aborted.
    pub tasks_aborted: u64,
    /// Nodes that have joined and not left.
    pub nodes: u64,
    /// Nodes that may be drawn.
    pub nodes_available: u64,
    /// CNX at stake, unbonding included.
    pub staked: Amount,
    /// Smallest stake a node may have been admitted with.
    pub stake_min: Amount,
    /// CNX burned so far.
    pub burned: Amount,
}

/// What a draw was made of, for whoever checks it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DrawView {
    /// The task.
    pub task: u64,
    /// Block whose beacon was used.
    pub height: Height,
    /// Seed.
    pub seed: Hash,
    /// Candidates before the first pick.
    pub candidates: u64,
    /// The index of each pick.
    pub indexes: Vec<u64>,
    /// The nodes at these indexes.
    pub nodes: Vec<Address>,
}
