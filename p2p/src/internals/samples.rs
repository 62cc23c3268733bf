//! One sample of everything that this crate sends or writes, made of fixed values.

use crate::consensus::codec::{LoggedTimeout, Message, Record};
use crate::consensus::context::{
    At, BlockId, Ledger, Proposal, SignedProposal, SignedVote, Vote, Voter, engine, malachite,
};
use crate::runtime::wire::{Request, Response, Status};
use borsh::BorshSerialize;
use engine::ProposedValue;
use hydrogen_types::codec::encode;
use hydrogen_types::{Address, Certificate, CommitSignature, Hash, Height, Signature};
use malachite::{
    Context, NilOrVal, PolkaCertificate, Round, RoundCertificate, RoundCertificateType, Validity, VoteType,
};

/// What a sample is a sample of: the enum that its first byte chooses a variant of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// A request to one peer, without its frame.
    Request,
    /// The answer, without its frame.
    Response,
    /// A vote, proposal or certificate.
    Message,
    /// A record of the vote log.
    Record,
    /// A gossiped payload that is not a transaction.
    Gossip,
}

/// Bytes with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// What it is.
    pub family: Family,
    /// Which: the variant, and what is special about it.
    pub name: &'static str,
    /// Its encoding.
    pub bytes: Vec<u8>,
}

fn sample(family: Family, name: &'static str, value: &impl BorshSerialize) -> Sample {
    Sample { family, name, bytes: encode(value) }
}

const ID: BlockId = BlockId(Hash::new([5; 32]));
const VOTER: Voter = Voter(Address::new([3; 20]));

fn place() -> (At, Round) {
    (At(Height::new(7)), Round::new(2))
}

fn vote(kind: VoteType, value: NilOrVal<BlockId>) -> SignedVote {
    let (height, round) = place();
    SignedVote::new(Vote { kind, height, round, value, voter: VOTER }, Signature([9; 64]))
}

fn proposal() -> SignedProposal {
    let (height, round) = place();
    let proposal: Proposal = Ledger.new_proposal(height, round, ID, Round::new(1), VOTER);
    SignedProposal::new(proposal, Signature([8; 64]))
}

fn polka() -> PolkaCertificate<Ledger> {
    let (height, round) = place();
    PolkaCertificate::new(height, round, ID, vec![vote(VoteType::Prevote, NilOrVal::Val(ID))])
}

fn certificate() -> Certificate {
    let signature = CommitSignature { validator: VOTER.0, signature: Signature([6; 64]) };
    Certificate { height: Height::new(7), round: 2, block: ID.0, signatures: vec![signature] }
}

fn status() -> Status {
    let known = vec![b"\x04\x7f\x00\x00\x01\x06\x10\x92".to_vec()];
    Status { genesis: Hash::new([1; 32]), height: Height::new(7), validator: true, known }
}

fn requests() -> Vec<Sample> {
    let sample = |name, request: Request| sample(Family::Request, name, &request);
    vec![
        sample("status", Request::Status(status())),
        sample("message", Request::Message(vec![1, 2, 3])),
        sample("block", Request::Block(vec![4, 5, 6])),
        sample("get_block", Request::GetBlock(ID.0)),
        sample("get_blocks", Request::GetBlocks(Height::new(7))),
        sample("get_manifest", Request::GetManifest),
        sample("get_chunk", Request::GetChunk(ID.0, 3)),
        sample("get_evidence", Request::GetEvidence),
        sample("get_part", Request::GetPart(ID.0, 3)),
    ]
}

fn responses() -> Vec<Sample> {
    let sample = |name, response: Response| sample(Family::Response, name, &response);
    vec![
        sample("ack", Response::Ack),
        sample("busy", Response::Busy),
        sample("status", Response::Status(status())),
        sample("block.some", Response::Block(Some(vec![4, 5, 6]))),
        sample("block.none", Response::Block(None)),
        sample("blocks", Response::Blocks(vec![(vec![4, 5, 6], certificate())])),
        sample("manifest.some", Response::Manifest(Some(vec![4, 5, 6]))),
        sample("manifest.none", Response::Manifest(None)),
        sample("chunk.some", Response::Chunk(Some(vec![4, 5, 6]))),
        sample("chunk.none", Response::Chunk(None)),
        sample("evidence", Response::Evidence(vec![vec![4, 5, 6]])),
        sample("part.some", Response::Part(Some(vec![4, 5, 6]))),
        sample("part.none", Response::Part(None)),
    ]
}

fn messages() -> Vec<Sample> {
    let sample = |name, message: Message| sample(Family::Message, name, &message);
    let (height, round) = place();
    let votes = vec![vote(VoteType::Precommit, NilOrVal::Val(ID))];
    let kind = RoundCertificateType::Precommit;
    vec![
        sample("vote.precommit", Message::Vote(vote(VoteType::Precommit, NilOrVal::Val(ID)))),
        sample("vote.prevote_nil", Message::Vote(vote(VoteType::Prevote, NilOrVal::Nil))),
        sample("proposal.locked", Message::Proposal(proposal())),
        sample("polka", Message::Polka(polka())),
        sample("round", Message::Round(RoundCertificate::new_from_votes(height, round, kind, votes))),
    ]
}

fn records() -> Vec<Sample> {
    let sample = |name, record: Record| sample(Family::Record, name, &record);
    let (height, round) = place();
    let validity = Validity::Valid;
    let value =
        ProposedValue { height, round, valid_round: Round::Nil, proposer: VOTER, value: ID, validity };
    vec![
        sample("begin", Record::Begin { genesis: Hash::new([1; 32]), height: height.0 }),
        sample("block", Record::Block(vec![4, 5, 6])),
        sample("vote", Record::Vote(vote(VoteType::Precommit, NilOrVal::Val(ID)))),
        sample("proposal", Record::Proposal(proposal())),
        sample("value", Record::Value(value)),
        sample("polka", Record::Polka(polka())),
        sample("timeout.propose", Record::Timeout(LoggedTimeout::Propose(2))),
        sample("timeout.prevote", Record::Timeout(LoggedTimeout::Prevote(2))),
        sample("timeout.precommit", Record::Timeout(LoggedTimeout::Precommit(2))),
    ]
}

/// All samples. A variant without one fails `testnet/tests/it/golden`.
#[must_use]
pub fn samples() -> Vec<Sample> {
    let announcement = sample(Family::Gossip, "announcement", &(Height::new(7), ID.0));
    let mut samples = [requests(), responses(), messages(), records()].concat();
    samples.push(announcement);
    samples
}
