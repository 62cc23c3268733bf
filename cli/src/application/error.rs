//! What can go wrong between an application and its result.

use crate::client::ClientError;
use crate::client::relay::RelayClientError;
use hydrogen_types::task::{TaskState, TaskView};
use hydrogen_types::{Address, Amount, Hash, Height};
use std::path::PathBuf;

/// Why a step of an application failed. [`ApplicationError::name`] is stable, the sentence is for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplicationError {
    /// The chain: no node answers, or a node or the task contract refuses.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A relay, where no other could be tried.
    #[error(transparent)]
    Relay(#[from] RelayClientError),
    /// A call was included and failed; its gas is paid.
    #[error("`{method}` failed in block {height}: {reason}")]
    CallFailed {
        /// The method.
        method: &'static str,
        /// The block.
        height: Height,
        /// What the contract said.
        reason: String,
    },
    /// The fee is below what the panel must get.
    #[error(
        "a fee of {fee} CNX is below the minimum of {fee_min} CNX for three nodes and {timeout_ms} ms of time"
    )]
    FeeTooLow {
        /// Offered.
        fee: Amount,
        /// Least.
        fee_min: Amount,
        /// The time it is for.
        timeout_ms: u64,
    },
    /// The account cannot pay.
    #[error(
        "account {account} has {balance} CNX, a task for {fee} CNX takes about {needed} CNX with its gas"
    )]
    NotEnoughTokens {
        /// Who pays.
        account: Address,
        /// What it has.
        balance: Amount,
        /// The fee.
        fee: Amount,
        /// With deposit and gas.
        needed: Amount,
    },
    /// A limit is out of the bounds of the configuration.
    #[error("{field} of {value} is not between {least} and {most}")]
    BadLimit {
        /// Which.
        field: &'static str,
        /// Asked for.
        value: u64,
        /// Least.
        least: u64,
        /// Greatest.
        most: u64,
    },
    /// The arguments are larger than any task may have.
    #[error("{path} has {size} bytes, a task takes at most {size_max} bytes of arguments")]
    ArgsTooLarge {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        size: u64,
        /// Most bytes.
        size_max: u64,
    },
    /// The file of the arguments is not the one the task was created with.
    #[error("this file hashes to {got}, task {task} was created for {expected}")]
    OtherArgs {
        /// The task.
        task: u64,
        /// Of the task.
        expected: Hash,
        /// Of the file.
        got: Hash,
    },
    /// No external type of this name.
    #[error("`{name}` is no external type of this chain; there {}", known_types(.known))]
    UnknownType {
        /// Asked for.
        name: String,
        /// All there are.
        known: Vec<String>,
    },
    /// Program and relay do not come together.
    #[error("no relay has program {program}, and no file of it was given")]
    ProgramMissing {
        /// Its hash.
        program: Hash,
    },
    /// No relay can be used.
    #[error("no relay can be used: {}", all_of(.reasons))]
    NoRelay {
        /// What each said; empty if there is none.
        reasons: Vec<String>,
        /// Whether trying again may help.
        transient: bool,
    },
    /// The relay that holds the result is gone from the chain.
    #[error("relay {relay}, which holds the result, is not registered any more")]
    RelayGone {
        /// Its id.
        relay: Address,
    },
    /// A relay signed something else than what it got.
    #[error("relay {url} gave a receipt for something else")]
    BadReceipt {
        /// Its URL.
        url: String,
    },
    /// No such task.
    #[error("there is no task {task}")]
    TaskNotFound {
        /// The id.
        task: u64,
    },
    /// The task takes no arguments any more.
    #[error("task {task} is {state:?}: it takes no arguments any more")]
    NotStarted {
        /// The id.
        task: u64,
        /// Where it stands.
        state: TaskState,
    },
    /// The task has no result to fetch.
    #[error("task {task} has no result: it is {state:?}")]
    NoResult {
        /// The id.
        task: u64,
        /// Where it stands.
        state: TaskState,
    },
    /// The task ended without a result.
    #[error("task {} was aborted: {}", .view.id, crate::application::why_aborted(.view))]
    Aborted {
        /// The task at its end.
        view: Box<TaskView>,
    },
    /// The same order has been begun and not ended.
    #[error("the same program and arguments are already under way: {what}")]
    AlreadyUnderWay {
        /// Where it stands.
        what: String,
    },
    /// Another process is at the same order.
    #[error("another process is running the same order (it holds {path})")]
    RunLocked {
        /// The lock.
        path: PathBuf,
    },
    /// A record of a run.
    #[error("{path}")]
    Record {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A record of a run that cannot be read.
    #[error("{path} is no record of a run: {reason}")]
    BadRecord {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        reason: String,
    },
    /// The output cannot be written, seen before anything was paid.
    #[error("{path}: {reason}")]
    BadOutput {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The node does not keep a block that is needed.
    #[error("the node does not have block {height}")]
    BlockMissing {
        /// Its height.
        height: Height,
    },
    /// A draw that has not happened, or whose task is gone.
    #[error("task {task} is unknown or not drawn yet")]
    NotDrawn {
        /// The id.
        task: u64,
    },
    /// A node's answer that its interface does not allow.
    #[error("the node's answer cannot be used: {reason}")]
    BadAnswer {
        /// What was wrong.
        reason: String,
    },
    /// Blocks come faster than the pages of all accounts.
    #[error("blocks come faster than the pages of all accounts")]
    Flooded,
}

impl ApplicationError {
    /// The name of what went wrong: that of the contract or the ledger where one of them refused.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Client(error) => error.kind(),
            Self::Relay(RelayClientError::Refused { name, .. }) => name,
            Self::Relay(RelayClientError::Unreachable { .. }) => "RelayUnreachable",
            Self::Relay(RelayClientError::File { .. }) => "BadFile",
            Self::Relay(_) => "BadRelay",
            Self::CallFailed { .. } => "CallFailed",
            Self::FeeTooLow { .. } => "FeeTooLow",
            Self::NotEnoughTokens { .. } => "NotEnoughTokens",
            Self::BadLimit { .. } => "BadLimits",
            Self::ArgsTooLarge { .. } => "ArgsTooLarge",
            Self::OtherArgs { .. } => "OtherArgs",
            Self::UnknownType { .. } => "UnknownType",
            Self::ProgramMissing { .. } => "ProgramMissing",
            Self::NoRelay { .. } => "NoRelay",
            Self::RelayGone { .. } => "RelayGone",
            Self::BadReceipt { .. } => "BadReceipt",
            Self::TaskNotFound { .. } => "TaskNotFound",
            Self::NotStarted { .. } => "WrongState",
            Self::NoResult { .. } => "NoResult",
            Self::Aborted { .. } => "Aborted",
            Self::AlreadyUnderWay { .. } => "AlreadyUnderWay",
            Self::RunLocked { .. } => "RunLocked",
            Self::Record { .. } | Self::BadRecord { .. } => "BadRecord",
            Self::BadOutput { .. } => "BadOutput",
            Self::BlockMissing { .. } => "BlockMissing",
            Self::NotDrawn { .. } => "NotDrawn",
            Self::BadAnswer { .. } => "BadAnswer",
            Self::Flooded => "Flooded",
        }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Client(error) => error.is_transient() || error.name() == Some("NotEnoughNodes"),
            Self::Relay(error) => error.is_transient(),
            Self::NoRelay { transient, .. } => *transient,
            Self::RunLocked { .. } | Self::Flooded => true,
            _ => false,
        }
    }
}

fn all_of(reasons: &[String]) -> String {
    if reasons.is_empty() { String::from("none is registered") } else { reasons.join("; ") }
}

fn known_types(known: &[String]) -> String {
    match known {
        [] => String::from("are none"),
        [one] => format!("is {one}"),
        many => format!("are {}", many.join(", ")),
    }
}
