//! Every refusal of the task contract. Codes are stable: `docs/errors.md` lists them and a test pins them.

use hydrogen_sdk::prelude::*;
use hydrogen_types::task::{NodeState, TaskState};

/// Why the task contract said no.
#[derive(Debug, Clone, PartialEq, Eq, ContractError)]
pub enum TaskError {
    /// A contract called.
    #[error(1000, "only a key account that signs for itself may call this, no contract")]
    NotAnAccount,
    /// No such task, or it was removed after its retention.
    #[error(1001, "there is no task {task}, or it ended long ago")]
    TaskNotFound {
        /// The id asked for.
        task: u64,
    },
    /// The step does not belong to the task's state.
    #[error(1002, "task {task} is {state:?}: this step does not apply")]
    WrongState {
        /// The task.
        task: u64,
        /// Its state.
        state: TaskState,
    },
    /// The step's deadline has passed.
    #[error(1003, "the time for this step of task {task} is over")]
    TooLate {
        /// The task.
        task: u64,
    },
    /// The deadline has not passed.
    #[error(1004, "nothing of task {task} is due yet")]
    NotDue {
        /// The task.
        task: u64,
    },
    /// No such external type.
    #[error(1005, "the external type `{external}` is not configured")]
    NotSupported {
        /// The name asked for.
        external: String,
    },
    /// The caller has too little CNX.
    #[error(1006, "this takes {needed} CNX, the account holds {balance}")]
    NotEnoughTokens {
        /// CNX to be moved.
        needed: Amount,
        /// CNX there are.
        balance: Amount,
    },
    /// The caller allows the contract too little.
    #[error(
        1007,
        "this takes {needed} CNX, the allowance for the task contract is {allowance}: approve more"
    )]
    NotEnoughAllowance {
        /// CNX to be moved.
        needed: Amount,
        /// CNX allowed.
        allowance: Amount,
    },
    /// Too few nodes are free.
    #[error(1008, "{available} nodes are available beyond those promised to earlier tasks, a task needs 3")]
    NotEnoughNodes {
        /// Nodes that are free and not promised.
        available: u64,
    },
    /// The fee is below the floor.
    #[error(1009, "a fee of {fee} CNX is below the least of {fee_min} for this timeout")]
    FeeTooLow {
        /// Offered.
        fee: Amount,
        /// Least.
        fee_min: Amount,
    },
    /// A limit of the task is out of bounds.
    #[error(1010, "{field} is {value}, allowed are {least} to {most}")]
    BadLimits {
        /// The limit.
        field: &'static str,
        /// Asked for.
        value: u64,
        /// Least.
        least: u64,
        /// Greatest.
        most: u64,
    },
    /// The comparison makes no sense.
    #[error(1011, "a threshold of {threshold} differing bits, allowed are 1 to 32")]
    BadComparison {
        /// Asked for.
        threshold: u8,
    },
    /// Neither a program nor an external type, or both.
    #[error(1012, "a task names either a program or an external type")]
    NoProgram,
    /// Only the creator may.
    #[error(1013, "only the creator of task {task} may do this")]
    NotCreator {
        /// The task.
        task: u64,
    },
    /// Only the panel may.
    #[error(1014, "this account was not drawn for task {task}")]
    NotSelectedNode {
        /// The task.
        task: u64,
    },
    /// A second commitment.
    #[error(1015, "this node has committed to task {task} already")]
    AlreadyCommitted {
        /// The task.
        task: u64,
    },
    /// A reveal without a commitment.
    #[error(1016, "this node did not commit to task {task}")]
    NotCommitted {
        /// The task.
        task: u64,
    },
    /// A second reveal.
    #[error(1017, "this node has revealed its outcome of task {task} already")]
    AlreadyRevealed {
        /// The task.
        task: u64,
    },
    /// Another outcome or salt than committed to.
    #[error(1018, "outcome and salt do not match the commitment to task {task}")]
    CommitmentMismatch {
        /// The task.
        task: u64,
    },
    /// An outcome outside the closed list.
    #[error(1019, "{why}")]
    BadOutcome {
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not this node's turn to upload.
    #[error(1020, "this account may not upload the result of task {task} now")]
    NotUploader {
        /// The task.
        task: u64,
    },
    /// A relay receipt about something else, or forged.
    #[error(1021, "the relay's receipt is refused: {why}")]
    BadReceipt {
        /// What is wrong with it.
        why: &'static str,
    },
    /// No such relay.
    #[error(1022, "{relay} is no registered relay")]
    UnknownRelay {
        /// The id asked for.
        relay: Address,
    },
    /// The caller is no node.
    #[error(1023, "{node} is not staked as a compute node")]
    NodeNotFound {
        /// The account.
        node: Address,
    },
    /// The node's state refuses this.
    #[error(1024, "a node that is {state:?} can not do this")]
    IllegalNodeStatus {
        /// Its state.
        state: NodeState,
    },
    /// The stake is below the minimum.
    #[error(1025, "a stake of {stake} CNX is below the least of {stake_min}")]
    StakeTooLow {
        /// Offered or left.
        stake: Amount,
        /// Least.
        stake_min: Amount,
    },
    /// Already staked.
    #[error(1026, "this account is staked as a compute node already")]
    AlreadyJoined,
    /// The stake is not free yet.
    #[error(1027, "the stake is unbonding until the chain's uptime is {withdraw_ms} ms, then withdraw it")]
    StillUnbonding {
        /// When it is free.
        withdraw_ms: u64,
    },
    /// No room for another node.
    #[error(1028, "the network has {nodes} nodes, as many as it takes")]
    NetworkFull {
        /// Nodes there are.
        nodes: u64,
    },
    /// Only the owner may.
    #[error(1029, "only the owner of the task contract may do this")]
    NotOwner,
    /// A configuration out of bounds.
    #[error(1030, "configuration: {field} is {value}, allowed are {least} to {most}")]
    BadConfig {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u64,
        /// Least.
        least: u64,
        /// Greatest.
        most: u64,
    },
    /// A configured amount out of bounds.
    #[error(1031, "configuration: {field} is {value} CNX, allowed are {least} to {most}")]
    BadConfigAmount {
        /// The field.
        field: &'static str,
        /// Its value.
        value: Amount,
        /// Least.
        least: Amount,
        /// Greatest.
        most: Amount,
    },
    /// The relay can not be registered.
    #[error(1032, "the relay is refused: {why}")]
    BadRelay {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The chain takes no scheduled call now.
    #[error(1033, "the chain does not take the task's scheduled call: {why}")]
    NotScheduled {
        /// The chain's reason.
        why: hydrogen_sdk::error::ScheduleError,
    },
    /// External types that can not be configured or joined with.
    #[error(1034, "external types: {why}")]
    BadExternalTypes {
        /// What is wrong with them.
        why: &'static str,
    },
    /// The relay was removed before the task was created.
    #[error(1035, "{relay} was removed and serves tasks up to {last_task} alone: upload to another relay")]
    RelayDraining {
        /// The relay.
        relay: Address,
        /// The last task it serves.
        last_task: u64,
    },
    /// Ownership was offered to somebody else, or to nobody.
    #[error(1036, "the task contract was not offered to this account")]
    NotOffered,
}
