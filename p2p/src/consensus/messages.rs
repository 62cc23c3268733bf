//! What the host is told and what it asks for: all of the outside world, as data.

use super::error::HostError;
use hydrogen_core::Committed;
use hydrogen_types::{Certificate, Hash, Height};
use std::sync::Arc;

/// A peer, numbered by whoever runs the host. A number is not used again after [`Input::Gone`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer(pub u64);

/// The time of a step: one clock for timers, which never goes back, and one for block times, which may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never goes back.
    pub mono_ms: u64,
    /// Milliseconds since 1970.
    pub wall_ms: u64,
}

/// What a peer says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerState {
    /// Last height it has committed.
    pub height: Height,
    /// Whether it votes (by its own word: it is sent votes, nothing more).
    pub validator: bool,
}

/// Where a transaction comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TxOrigin {
    /// This node's own interface; the answer goes to this request.
    Local(u64),
    /// Gossip; the verdict is for this message.
    Gossip(Peer, u64),
}

/// Something happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// Time has passed.
    Tick,
    /// A peer is connected, or its state has changed.
    Status(Peer, PeerState),
    /// A peer is gone.
    Gone(Peer),
    /// A vote, proposal or certificate from a peer.
    Message(Peer, Vec<u8>),
    /// An encoded [`super::Offer`] of a block that is not decided yet.
    Block(Peer, Vec<u8>),
    /// The peer does not have the block it was asked for.
    BlockMissing(Peer, Hash),
    /// A peer asks for a block that is not decided yet; answered by [`Output::BlockReply`].
    BlockWanted(u64, Hash),
    /// A peer announces that a block is decided; answered by a [`Output::Verdict`] in time.
    Announced(Peer, u64, Height, Hash),
    /// Decided blocks, in answer to [`Output::AskSync`]; empty if the peer has none.
    Synced(Peer, Vec<(Vec<u8>, Certificate)>),
    /// The peer did not answer.
    SyncFailed(Peer),
    /// A transaction.
    Tx(Vec<u8>, TxOrigin),
    /// A gossiped vote or proposal of any validator; answered by a [`Output::Verdict`].
    GossipedVote(Peer, u64, Vec<u8>),
    /// A gossiped record of equivocation; answered by a [`Output::Verdict`].
    Evidence(Peer, u64, Vec<u8>),
    /// All such records of a peer, in answer to [`Output::AskEvidence`].
    EvidenceTold(Peer, Vec<Vec<u8>>),
    /// A part of a block: the root of its manifest, its place, its bytes.
    Part(Peer, Hash, u32, Vec<u8>),
    /// The peer does not have the parts of this manifest.
    PartMissing(Peer, Hash),
    /// A peer asks for a part of a block; answered by [`Output::PartReply`].
    PartWanted(u64, Hash, u32),
}

/// Whether a gossiped message goes on to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Good: forward it.
    Accept,
    /// Provably bad: whoever sent it loses standing.
    Reject,
    /// Neither: drop it.
    Ignore,
}

/// Why a transaction was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SubmitError {
    /// Stable numeric code.
    pub code: u32,
    /// A sentence with the values.
    pub message: String,
}

/// Something to be done. What had to be durable before it was said, is.
#[derive(Debug)]
pub enum Output {
    /// Send to every validator that is connected.
    Broadcast(Arc<[u8]>),
    /// Send this offer of a block to every validator that is connected.
    BroadcastBlock(Arc<[u8]>),
    /// Send to one peer.
    Send(Peer, Arc<[u8]>),
    /// Send this offer of a block to one peer.
    SendBlock(Peer, Arc<[u8]>),
    /// Ask a peer for its offer of a block that is not decided yet.
    AskBlock(Peer, Hash),
    /// Ask a peer for decided blocks from this height on.
    AskSync(Peer, Height),
    /// The answer to [`Input::BlockWanted`]: an offer.
    BlockReply(u64, Option<Arc<[u8]>>),
    /// Tell everybody that this block is decided.
    Announce(Height, Hash),
    /// What to do with a gossiped message.
    Verdict(u64, Verdict),
    /// The answer to a transaction of the local interface.
    Admitted(u64, Result<Hash, SubmitError>),
    /// Tell everybody of a transaction.
    GossipTx(Vec<u8>),
    /// A block is decided, and stored.
    Committed(Arc<Committed>),
    /// The peer did something that an honest one does not.
    Fault(Peer, &'static str),
    /// The node cannot go on: stop, mend, start again.
    Fatal(HostError),
    /// The peer did something that proves it a liar: have nothing to do with it for a while.
    Ban(Peer, &'static str),
    /// Tell everybody what a validator has said: a proposal or precommit of this node, for those who only follow; or
    /// what another said against a decided block, for those whom it told otherwise.
    GossipVote(Arc<[u8]>),
    /// Tell everybody of an equivocation that was found here.
    GossipEvidence(Vec<u8>),
    /// Ask a peer for its records of equivocation.
    AskEvidence(Peer),
    /// A transaction came into the pool: keep it across a restart.
    Pooled(Vec<u8>),
    /// Ask a peer for a part of a block: the root of its manifest and its place.
    AskPart(Peer, Hash, u32),
    /// The answer to [`Input::PartWanted`], with what was asked for.
    PartReply(u64, Hash, u32, Option<Arc<[u8]>>),
}
