//! The task protocol's shared vocabulary: what the contract, the compute node, the relay and the application all
//! compute alike.

use crate::codec::encode;
use crate::hash::{Hash, Tag};
use crate::keys::{Address, PublicKey, Signature};
use crate::tx::ChainId;
use crate::units::{Amount, Height};
use alloc::string::String;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest, Sha256};

/// The well-known name of the task contract in genesis.
pub const CONTRACT_NAME: &str = "task";
/// Nodes that execute a task.
pub const PANEL: usize = 3;
/// Version of the whole contract between chain and program: calls, limits, clock, randomness.
pub const PROGRAM_ABI: u32 = 1;

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

/// How two results are compared.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Comparison {
    /// Digests are equal.
    Exact,
    /// Fingerprints are near.
    Similar {
        /// Differing bits in every 8-byte block must be below this; 1 to 32.
        threshold: u8,
        /// Hash of the fingerprint program.
        fingerprint: Hash,
    },
}

/// What a node found.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// The program ran.
    Result {
        /// SHA-256 of the result bytes.
        digest: Hash,
        /// Empty for an exact task.
        fingerprint: Vec<u8>,
    },
    /// The program failed, with a code of [`error_code`].
    Error {
        /// The code.
        code: u32,
    },
    /// No relay would give arguments or program.
    Unavailable,
}

/// Codes of [`Outcome::Error`]: a closed list.
pub mod error_code {
    /// The program refused its arguments.
    pub const BAD_ARGUMENTS: u32 = 1;
    /// It trapped.
    pub const TRAP: u32 = 2;
    /// It used all its fuel.
    pub const FUEL_EXHAUSTED: u32 = 3;
    /// It asked for more memory than allowed.
    pub const MEMORY_LIMIT: u32 = 4;
    /// It wrote more than allowed.
    pub const OUTPUT_TOO_LARGE: u32 = 5;
    /// It ended with another exit code than 0.
    pub const NON_ZERO_EXIT: u32 = 6;
    /// Not a program this chain can run.
    pub const BAD_PROGRAM: u32 = 7;
}

impl Outcome {
    fn kind(&self) -> u8 {
        match self {
            Self::Result { .. } => 0,
            Self::Error { .. } => 1,
            Self::Unavailable => 2,
        }
    }

    fn payload(&self) -> Vec<u8> {
        match self {
            Self::Result { digest, fingerprint } => [digest.as_bytes().as_slice(), fingerprint].concat(),
            Self::Error { code } => Vec::from(code.to_le_bytes()),
            Self::Unavailable => Vec::new(),
        }
    }
}

/// The commitment of `node` to `outcome` (`task-protocol`, section 5).
#[must_use]
pub fn commitment(chain_id: &ChainId, task: u64, node: &Address, outcome: &Outcome, salt: &[u8; 32]) -> Hash {
    let payload = outcome.payload();
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    Hash::of(
        Tag::COMMITMENT,
        &[
            chain_id.as_str().as_bytes(),
            &[0],
            &task.to_le_bytes(),
            node.as_bytes(),
            &[outcome.kind()],
            &length.to_le_bytes(),
            &payload,
            salt,
        ],
    )
}

/// Seed of a task's draw from the beacon of the block that draws it.
#[must_use]
pub fn draw_seed(beacon: &Hash, task: u64) -> Hash {
    Hash::of(Tag::DRAW, &[beacon.as_bytes(), &task.to_le_bytes()])
}

/// The three picks from a dense list of `candidates`: pick `i` is an index into the list as the picks before it
/// left it (each taken element is swapped with the last and the list shortened). `None` below three candidates.
#[must_use]
pub fn draw_picks(seed: &Hash, candidates: u64) -> Option<[u64; PANEL]> {
    if candidates < PANEL as u64 {
        return None;
    }
    let mut picks = [0; PANEL];
    let mut left = candidates;
    let mut counter = 0u32;
    for pick in &mut picks {
        // Numbers at or above the largest multiple of `left` would favour low indexes: skipped.
        let excess = (u64::MAX % left + 1) % left;
        *pick = loop {
            let mut hasher = Sha256::new();
            hasher.update(seed.as_bytes());
            hasher.update(counter.to_le_bytes());
            let digest: [u8; 32] = hasher.finalize().into();
            let mut first = [0; 8];
            first.copy_from_slice(&digest[..8]);
            let number = u64::from_le_bytes(first);
            counter = counter.wrapping_add(1);
            if number <= u64::MAX - excess {
                break number % left;
            }
        };
        left -= 1;
    }
    Some(picks)
}

/// What a relay receipt is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum BlobKind {
    /// The task's arguments.
    Args,
    /// The task's result.
    Result,
}

/// A relay's word that it holds a blob and will keep it (`task-protocol`, section 4).
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RelayReceiptBody {
    /// Format; 1.
    pub version: u8,
    /// The chain.
    pub chain_id: ChainId,
    /// The relay: address of its key.
    pub relay: Address,
    /// The task.
    pub task: u64,
    /// Arguments or result.
    pub kind: BlobKind,
    /// SHA-256 of the bytes.
    pub digest: Hash,
    /// Size in bytes.
    pub size: u64,
    /// Who uploaded.
    pub uploader: Address,
    /// Height the relay had seen.
    pub issued: Height,
    /// Last height at which the contract takes it.
    pub valid_until: Height,
    /// How long the relay keeps the bytes after the task's end.
    pub kept_ms: u64,
}

/// A signed [`RelayReceiptBody`].
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RelayReceipt {
    /// What is signed.
    pub body: RelayReceiptBody,
    /// Ed25519 over [`RelayReceiptBody::sign_bytes`].
    pub signature: Signature,
}

impl RelayReceiptBody {
    /// The tag, a zero byte and the borsh bytes: the message under the relay's signature.
    #[must_use]
    pub fn sign_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::from(Tag::RELAY_RECEIPT.text().as_bytes());
        bytes.push(0);
        bytes.extend(encode(self));
        bytes
    }
}

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
    /// Time for executing, in ms of uptime.
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
        }
    }
}

/// Limits of a task that names none.
pub mod task_default {
    /// Time for executing.
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
