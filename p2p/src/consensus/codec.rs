//! The bytes of agreement: messages between validators, and records of the write-ahead log.
//!
//! *Invariants*: decoding is bounded and consumes everything; a decoded message names a round, so nothing behind it
//! meets the engine's "no round".

use super::context::{EngineInput, Ledger, SignedProposal, SignedVote, engine, malachite};
use borsh::{BorshDeserialize, BorshSerialize};
use engine::ProposedValue;
use hydrogen_types::codec::{DecodeError, decode, encode};
use hydrogen_types::{Hash, Height};
use malachite::{PolkaCertificate, Round, RoundCertificate, Timeout, TimeoutKind, ValueOrigin};

/// Largest message: a round certificate of 128 validators takes 16 KiB.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// Largest record of the log: a block and a little more.
pub(crate) const RECORD_BYTES_MAX: usize = 64 << 20;

/// What validators tell each other, besides the bytes of blocks.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum Message {
    /// A prevote or precommit.
    Vote(SignedVote),
    /// A proposal.
    Proposal(SignedProposal),
    /// Prevotes of a quorum for one block: goes ahead of a block proposed again.
    Polka(PolkaCertificate<Ledger>),
    /// Votes that justify entering a round.
    Round(RoundCertificate<Ledger>),
}

impl Message {
    /// Decodes bytes of a peer.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let message: Self = decode(bytes, MESSAGE_BYTES_MAX)?;
        if message.round().is_nil() {
            return Err(DecodeError::Malformed("a message without a round".into()));
        }
        Ok(message)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    pub(crate) fn height(&self) -> Height {
        match self {
            Self::Vote(vote) => vote.message.height.0,
            Self::Proposal(proposal) => proposal.message.height.0,
            Self::Polka(certificate) => certificate.height.0,
            Self::Round(certificate) => certificate.height.0,
        }
    }

    pub(crate) fn round(&self) -> Round {
        match self {
            Self::Vote(vote) => vote.message.round,
            Self::Proposal(proposal) => proposal.message.round,
            Self::Polka(certificate) => certificate.round,
            Self::Round(certificate) => certificate.round,
        }
    }
}

/// One record of the write-ahead log.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum Record {
    /// Always the first: which chain and height the rest is about.
    Begin { genesis: Hash, height: Height },
    /// Bytes of a block that later records name. Durable before any of them.
    Block(Vec<u8>),
    /// A vote, ours or a peer's.
    Vote(SignedVote),
    /// A proposal, ours or a peer's.
    Proposal(SignedProposal),
    /// The verdict on a block.
    Value(ProposedValue<Ledger>),
    /// A certificate of prevotes.
    Polka(PolkaCertificate<Ledger>),
    /// A timer that fired.
    Timeout(LoggedTimeout),
}

/// A timeout in the log; other kinds are not logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum LoggedTimeout {
    Propose(u32),
    Prevote(u32),
    Precommit(u32),
}

impl Record {
    /// The record of an engine input; `None` for inputs that are not logged.
    pub(crate) fn of_input(input: &EngineInput) -> Option<Self> {
        Some(match input {
            EngineInput::Vote(vote) => Self::Vote(vote.clone()),
            EngineInput::Proposal(proposal) => Self::Proposal(proposal.clone()),
            EngineInput::ProposedValue(value, _) => Self::Value(value.clone()),
            EngineInput::PolkaCertificate(certificate) => Self::Polka(certificate.clone()),
            EngineInput::TimeoutElapsed(timeout) => {
                let round = timeout.round.as_u32()?;
                Self::Timeout(match timeout.kind {
                    TimeoutKind::Propose => LoggedTimeout::Propose(round),
                    TimeoutKind::Prevote => LoggedTimeout::Prevote(round),
                    TimeoutKind::Precommit => LoggedTimeout::Precommit(round),
                    TimeoutKind::Rebroadcast | TimeoutKind::FinalizeHeight(_) => return None,
                })
            }
            EngineInput::StartHeight(..)
            | EngineInput::RoundCertificate(_)
            | EngineInput::Propose(_)
            | EngineInput::SyncValueResponse(_) => return None,
        })
    }

    /// The engine input that this record replays; `None` for a beginning and for block bytes.
    pub(crate) fn into_input(self) -> Option<EngineInput> {
        Some(match self {
            Self::Begin { .. } | Self::Block(_) => return None,
            Self::Vote(vote) => EngineInput::Vote(vote),
            Self::Proposal(proposal) => EngineInput::Proposal(proposal),
            Self::Value(value) => EngineInput::ProposedValue(value, ValueOrigin::Consensus),
            Self::Polka(certificate) => EngineInput::PolkaCertificate(certificate),
            Self::Timeout(logged) => EngineInput::TimeoutElapsed(match logged {
                LoggedTimeout::Propose(round) => Timeout::propose(Round::new(round)),
                LoggedTimeout::Prevote(round) => Timeout::prevote(Round::new(round)),
                LoggedTimeout::Precommit(round) => Timeout::precommit(Round::new(round)),
            }),
        })
    }
}
