//! What the contract is set up with, what a task asks for, and the defaults.

use super::{Comparison, PROGRAM_ABI};
use crate::hash::Hash;
use crate::keys::{Address, PublicKey};
use crate::units::Amount;
use alloc::string::String;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// Arguments of `create_task`, in the order in which they are encoded; `None` stands for the default of
/// [`task_default`].
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CreateTask {
    /// Hash of the program.
    pub program: Option<Hash>,
    /// Or the external type.
    pub external: Option<String>,
    /// SHA-256 of the arguments.
    pub args_hash: Hash,
    /// Most bytes of arguments.
    pub args_bytes_max: Option<u64>,
    /// How results are compared.
    pub comparison: Comparison,
    /// CNX for the panel.
    pub fee: Amount,
    /// Time for executing, in ms of uptime. `None` stands for [`task_default::TIMEOUT_MS`], or for the shortest that the
    /// other limits allow if that is longer.
    pub timeout_ms: Option<u64>,
    /// Most memory of the program.
    pub memory_bytes_max: Option<u64>,
    /// Most fuel of the program.
    pub fuel_max: Option<u64>,
    /// Most bytes of result.
    pub output_bytes_max: Option<u64>,
}

/// Arguments of the contract's `init`, in the order in which they are encoded: what genesis says about tasks.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TaskInit {
    /// The first configuration.
    pub config: TaskConfig,
    /// Who may register relays.
    pub owner: Address,
    /// Keys and addresses of the first relays.
    pub relays: Vec<(PublicKey, String)>,
}

/// The task contract's configuration; a task keeps the one in force at its creation. Times in ms of uptime.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TaskConfig {
    /// Must equal a node's [`PROGRAM_ABI`].
    pub program_abi: u32,
    /// Blocks between creation and draw.
    pub draw_delay: u64,
    /// Least stake of a node.
    pub stake_min: Amount,
    /// Least fee of a panel member.
    pub fee_per_node_min: Amount,
    /// Least fee of a panel member for each second of `timeout_ms`.
    pub fee_per_node_second_min: Amount,
    /// Speed every node has: least fuel burned in a ms.
    pub fuel_per_ms_min: u64,
    /// Time for the arguments.
    pub args_ms: u64,
    /// Longest time for executing a task may ask for.
    pub timeout_ms_max: u64,
    /// Least time the third node has after two have committed.
    pub straggler_ms_min: u64,
    /// Time for the reveals.
    pub reveal_ms: u64,
    /// Time for the uploader, and again for every agreeing node.
    pub upload_ms: u64,
    /// Time between leaving and withdrawing.
    pub unbonding_ms: u64,
    /// Time an ended task is kept.
    pub task_retention_ms: u64,
    /// Missed commit: per mille of `stake_min`.
    pub missed_commit_permille: u64,
    /// Missed commit: per mille of a share.
    pub missed_commit_share_permille: u64,
    /// Missed reveal: per mille of `stake_min`.
    pub missed_reveal_permille: u64,
    /// Missed reveal: per mille of a share.
    pub missed_reveal_share_permille: u64,
    /// Missed upload: per mille of `stake_min`.
    pub missed_upload_permille: u64,
    /// Missed upload: per mille of a share.
    pub missed_upload_share_permille: u64,
    /// Cheat: per mille of `stake_min`.
    pub cheat_permille: u64,
    /// Cheat: per mille of a share.
    pub cheat_share_permille: u64,
    /// Cancel fee: per mille of the fee.
    pub cancel_permille: u64,
    /// Most bytes of arguments a task may ask for.
    pub args_bytes_max: u64,
    /// Most bytes of result a task may ask for.
    pub output_bytes_max: u64,
    /// Most memory a task may ask for.
    pub memory_bytes_max: u64,
    /// Most fuel a task may ask for.
    pub fuel_max: u64,
    /// External types that tasks may name and nodes may join with; at most [`super::EXTERNAL_TYPES_MAX`], each once.
    pub external_types: Vec<ExternalType>,
}

/// A kind of task that nodes execute with a command of their own instead of a program.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ExternalType {
    /// 1 to [`super::EXTERNAL_NAME_BYTES_MAX`] of `a` to `z`, `0` to `9` and `-`.
    pub name: String,
    /// Shortest `timeout_ms` of a task of this type: so long an honest node may take for the longest of them.
    pub timeout_ms_min: u64,
}

impl Default for TaskConfig {
    fn default() -> Self {
        Self {
            program_abi: PROGRAM_ABI,
            draw_delay: 1,
            stake_min: Amount::cnx(400),
            fee_per_node_min: Amount::cnx(1),
            fee_per_node_second_min: Amount::new(5_000_000_000_000_000),
            fuel_per_ms_min: 200_000,
            args_ms: 180_000,
            timeout_ms_max: 3_600_000,
            straggler_ms_min: 60_000,
            reveal_ms: 120_000,
            upload_ms: 300_000,
            unbonding_ms: 7_200_000,
            task_retention_ms: 7 * 24 * 3_600_000,
            missed_commit_permille: 10,
            missed_commit_share_permille: 1_500,
            missed_reveal_permille: 100,
            missed_reveal_share_permille: 3_000,
            missed_upload_permille: 10,
            missed_upload_share_permille: 1_000,
            cheat_permille: 200,
            cheat_share_permille: 40_000,
            cancel_permille: 100,
            args_bytes_max: 32 << 20,
            output_bytes_max: 32 << 20,
            memory_bytes_max: 1 << 30,
            fuel_max: 1_000_000_000_000,
            external_types: Vec::new(),
        }
    }
}

/// Limits of a task that names none.
pub mod task_default {
    /// Time for executing, unless the task's other limits need more.
    pub const TIMEOUT_MS: u64 = 600_000;
    /// Fuel.
    pub const FUEL_MAX: u64 = 100_000_000_000;
    /// Memory.
    pub const MEMORY_BYTES_MAX: u64 = 256 << 20;
    /// Arguments.
    pub const ARGS_BYTES_MAX: u64 = 32 << 20;
    /// Result.
    pub const OUTPUT_BYTES_MAX: u64 = 32 << 20;
}
