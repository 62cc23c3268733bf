//! The task protocol's shared vocabulary: what the contract, the compute node, the relay and the application all
//! compute alike.

mod config;
mod page;
mod view;

pub use config::{CreateTask, ExternalType, TaskConfig, TaskInit, task_default};
pub use page::{NodeFilter, NodePage, TaskFilter, TaskPage};
pub use view::{
    AbortReason, DrawView, NodeState, NodeView, Penalty, PenaltyReason, RelayView, Seat, Stats, TaskState,
    TaskView,
};

use crate::codec::encode;
use crate::hash::{Hash, Tag};
use crate::keys::{Address, Signature};
use crate::tx::ChainId;
use crate::units::Height;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest, Sha256};

/// The well-known name of the task contract in genesis.
pub const CONTRACT_NAME: &str = "task";
/// Nodes that execute a task.
pub const PANEL: usize = 3;
/// Version of the whole contract between chain and program: calls, limits, clock, randomness.
pub const PROGRAM_ABI: u32 = 1;
/// Bytes of a fingerprint that are compared as one item.
pub const FINGERPRINT_ITEM_BYTES: usize = 8;
/// Shortest fingerprint of a similar task.
pub const FINGERPRINT_BYTES_MIN: usize = FINGERPRINT_ITEM_BYTES;
/// Longest fingerprint; every length is a multiple of [`FINGERPRINT_ITEM_BYTES`].
pub const FINGERPRINT_BYTES_MAX: usize = 512;
/// Most external types of a configuration.
pub const EXTERNAL_TYPES_MAX: usize = 16;
/// Longest name of an external type.
pub const EXTERNAL_NAME_BYTES_MAX: usize = 32;
/// Most external types of one node.
pub const NODE_TYPES_MAX: usize = 4;

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
