//! The bytes of agreement, and the clock of the log.

use super::codec::{LoggedTimeout, MESSAGE_BYTES_MAX, Message, Record};
use super::context::{At, BlockId, Ledger, Proposal, SignedProposal, SignedVote, Vote, Voter, malachite};
use super::timers::Timers;
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::{Address, Hash, Height, Signature};
use malachite::{
    Context, NilOrVal, PolkaCertificate, Round, RoundCertificate, RoundCertificateType, Timeout, VoteType,
};

fn vote(kind: VoteType, value: NilOrVal<BlockId>) -> SignedVote {
    let (height, round, voter) = (At(Height::new(7)), Round::new(2), Voter(Address::new([3; 20])));
    SignedVote::new(Vote { kind, height, round, value, voter }, Signature([9; 64]))
}

fn messages() -> Vec<Message> {
    let id = BlockId(Hash::new([5; 32]));
    let precommit = vote(VoteType::Precommit, NilOrVal::Val(id));
    let prevote = vote(VoteType::Prevote, NilOrVal::Val(id));
    let proposal: Proposal = Ledger.new_proposal(
        At(Height::new(7)),
        Round::new(2),
        id,
        Round::new(1),
        Voter(Address::new([3; 20])),
    );
    let (height, round) = (At(Height::new(7)), Round::new(2));
    let votes = vec![precommit.clone()];
    vec![
        Message::Vote(precommit),
        Message::Vote(vote(VoteType::Prevote, NilOrVal::Nil)),
        Message::Proposal(SignedProposal::new(proposal, Signature([8; 64]))),
        Message::Polka(PolkaCertificate::new(height, round, id, vec![prevote])),
        Message::Round(RoundCertificate::new_from_votes(
            height,
            round,
            RoundCertificateType::Precommit,
            votes,
        )),
    ]
}

/// The wire format must not drift: validators of two versions would not understand each other.
#[test]
fn wire_bytes_are_pinned() {
    let sizes: Vec<usize> = messages().iter().map(|message| message.encode().len()).collect();
    let digest = Hash::sha256(&encode(&messages()));
    assert_eq!(sizes, [132, 100, 135, 134, 137]);
    assert_eq!(digest.to_string(), "0x65ce535cb9e2d7266b839e46a953b94281539a0f8a78a7104192dc943225c995");
}

/// Every change of a byte, and every cut, gives an error or another message in its one encoding.
#[test]
fn decoding_is_canonical() {
    for message in messages() {
        let bytes = message.encode();
        assert_eq!(Message::decode(&bytes).unwrap(), message);
        for at in 0..bytes.len() {
            assert!(Message::decode(&bytes[..at]).is_err());
            for flip in [1u8, 2, 4, 128, 255] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                if let Ok(other) = Message::decode(&changed) {
                    assert_eq!(other.encode(), changed);
                    assert_ne!(other, message);
                }
                if let Ok(record) = decode::<Record>(&changed, MESSAGE_BYTES_MAX) {
                    assert_eq!(encode(&record), changed);
                }
            }
        }
    }
    assert!(Message::decode(&vec![0; MESSAGE_BYTES_MAX + 1]).is_err());
}

/// A message without a round would meet parts of the engine that panic at one.
#[test]
fn a_round_is_required() {
    let mut signed = vote(VoteType::Prevote, NilOrVal::Nil);
    signed.message.round = Round::Nil;
    assert!(Message::decode(&Message::Vote(signed).encode()).is_err());
}

/// What is logged of an input gives that input again.
#[test]
fn records_replay() {
    for timeout in
        [Timeout::propose(Round::new(1)), Timeout::prevote(Round::new(2)), Timeout::precommit(Round::ZERO)]
    {
        let input = super::context::EngineInput::TimeoutElapsed(timeout);
        let record = Record::of_input(&input).unwrap();
        assert_eq!(decode::<Record>(&encode(&record), 64).unwrap().into_input(), Some(input));
    }
    assert_eq!(
        Record::of_input(&super::context::EngineInput::TimeoutElapsed(Timeout::rebroadcast(Round::ZERO))),
        None
    );
    assert_ne!(LoggedTimeout::Propose(1), LoggedTimeout::Prevote(1));
}

#[test]
fn timers_fire_in_order_and_once() {
    let mut timers = Timers::default();
    timers.set(Timeout::prevote(Round::new(0)), 20);
    timers.set(Timeout::propose(Round::new(0)), 10);
    timers.set(Timeout::propose(Round::new(0)), 15);
    timers.set(Timeout::precommit(Round::new(1)), 5);
    timers.cancel(Timeout::precommit(Round::new(1)));
    assert_eq!(timers.next(), Some(15));
    assert_eq!(timers.pop_due(14), None);
    assert_eq!(timers.pop_due(30), Some(Timeout::propose(Round::new(0))));
    assert_eq!(timers.pop_due(30), Some(Timeout::prevote(Round::new(0))));
    assert_eq!(timers.pop_due(30), None);
}
