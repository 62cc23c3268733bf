//! Requests between two nodes, and what is gossiped.
//!
//! *Invariants*: every decoder has a limit, taken from the chain's parameters; the protocol's name holds the genesis
//! hash, so nodes of two chains do not understand each other at all.

use crate::consensus::PART_BYTES;
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_core::evidence::EVIDENCE_BYTES_MAX;
use hydrogen_core::limits::EVIDENCE_MAX;
use hydrogen_core::snapshot::CHUNK_BYTES_MAX;
use hydrogen_core::{Genesis, Params};
use hydrogen_types::{Certificate, Hash, Height};

/// Bytes of decided blocks after which an answer takes no more.
pub(crate) const SYNC_BYTES: usize = 4 << 20;
/// Decided blocks of one answer.
pub(crate) const SYNC_BLOCKS_MAX: u64 = 256;
/// What a request or answer has besides a block: tags, lengths, certificates of 128 validators.
const OVERHEAD_BYTES: usize = 128 << 10;
/// Largest request: an offer of a block, which is a part or the hashes of 256, and what a request has besides.
const REQUEST_BYTES_MAX: usize = PART_BYTES + OVERHEAD_BYTES;
/// Bytes of an announcement: a height and a hash.
pub(crate) const ANNOUNCEMENT_BYTES: usize = 40;

/// Addresses that one status tells, and of these the bytes of each, at most.
pub(crate) const KNOWN_MAX: usize = 32;
/// A host name of 253 bytes, a port and a peer id fit.
pub(crate) const ADDRESS_BYTES_MAX: usize = 384;

/// What a node says of itself.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Status {
    pub(crate) genesis: Hash,
    pub(crate) height: Height,
    pub(crate) validator: bool,
    /// Where validators among the sender's peers can be dialled, with their ids: validators need a full mesh.
    pub(crate) known: Vec<Vec<u8>>,
}

/// A request to one peer.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum Request {
    /// Tells the sender's state, asks for the receiver's.
    Status(Status),
    /// A vote, proposal or certificate.
    Message(Vec<u8>),
    /// An offer of a block that is not decided yet.
    Block(Vec<u8>),
    /// Asks for the offer of a block by id.
    GetBlock(Hash),
    /// Asks for decided blocks from a height on.
    GetBlocks(Height),
    /// Asks for the manifest of the newest snapshot.
    GetManifest,
    /// Asks for a chunk of the snapshot of this id.
    GetChunk(Hash, u32),
    /// Asks for all records of equivocation.
    GetEvidence,
    /// Asks for a part of a block: the root of its manifest and its place.
    GetPart(Hash, u32),
}

impl Request {
    /// What it costs to answer, in bytes moved.
    pub(crate) fn cost(&self) -> usize {
        match self {
            Self::Message(bytes) | Self::Block(bytes) => bytes.len(),
            Self::GetBlock(_) | Self::GetPart(..) => PART_BYTES,
            Self::GetEvidence => EVIDENCE_MAX * EVIDENCE_BYTES_MAX,
            Self::GetBlocks(_) => SYNC_BYTES,
            Self::GetManifest | Self::GetChunk(..) => CHUNK_BYTES_MAX,
            Self::Status(status) => status.known.len() * ADDRESS_BYTES_MAX,
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum Response {
    /// Received.
    Ack,
    /// Dropped: too much to do.
    Busy,
    /// The state of the one asked.
    Status(Status),
    /// The offer of the block, if it is there.
    Block(Option<Vec<u8>>),
    /// Decided blocks in order.
    Blocks(Vec<(Vec<u8>, Certificate)>),
    /// The manifest, if there is a snapshot.
    Manifest(Option<Vec<u8>>),
    /// The chunk, if it is there.
    Chunk(Option<Vec<u8>>),
    /// Records of equivocation.
    Evidence(Vec<Vec<u8>>),
    /// The part, if it is there.
    Part(Option<Vec<u8>>),
}

/// Limits in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) request_max: usize,
    pub(crate) response_max: usize,
    pub(crate) tx_max: usize,
}

impl Limits {
    pub(crate) fn new(params: &Params) -> Self {
        let block = usize::try_from(params.block_bytes_max).unwrap_or(usize::MAX);
        let answer_max = block.saturating_add(OVERHEAD_BYTES);
        Self {
            request_max: REQUEST_BYTES_MAX,
            response_max: answer_max.saturating_add(SYNC_BYTES).saturating_add(OVERHEAD_BYTES),
            tx_max: usize::try_from(params.tx_bytes_max).unwrap_or(usize::MAX),
        }
    }
}

/// The protocol's name, as libp2p wants it.
pub(crate) fn protocol_name(genesis: &Genesis, what: &str) -> String {
    let hash = genesis.hash().to_string();
    format!("/hydrogen/{}/{what}/1", hash.get(2..18).unwrap_or_default())
}
