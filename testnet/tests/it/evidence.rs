//! Validators that sign two things: every honest node ends with the proof, nobody with one against an honest node.

use crate::support::{transfer, world};
use hydrogen_core::EvidenceKey;
use hydrogen_core::evidence::Evidence;
use hydrogen_p2p::consensus::forge::sign;
use hydrogen_p2p::consensus::{Input, Peer, Said, TxOrigin};
use hydrogen_testnet::sim::ledger::{genesis, keys};
use hydrogen_testnet::sim::{Behaviour, World};
use hydrogen_types::block::VoteKind;
use hydrogen_types::{Hash, Height};
use std::collections::BTreeSet;

fn held(world: &World, node: usize) -> BTreeSet<EvidenceKey> {
    let reader = world.nodes[node].host.as_ref().expect("a node that runs").reader();
    reader.evidence().expect("a store").iter().map(Evidence::about).collect()
}

/// A validator tells nodes with even numbers one thing and the others another. Each of them sees no contradiction, but
/// together they prove it; a node that was down meanwhile asks for the proof.
#[test]
fn a_split_vote_is_proven_to_all() {
    const LIAR: usize = 3;
    let mut world = world(4, 2, 11);
    world.nodes[LIAR].behaviour = Behaviour::Equivocates;
    assert!(world.run(5_000, |world| world.height(0) >= 2));
    world.crash(5);
    assert!(world.run(60_000, |world| world.height(0) >= 12));
    world.nodes[LIAR].behaviour = Behaviour::Scripted;
    world.crash(LIAR);
    world.boot(5);
    let target = world.height(0) + 2;
    assert!(world.run(60_000, |world| [0, 1, 2, 4, 5].iter().all(|node| world.height(*node) >= target)));
    let expected = held(&world, 0);
    assert!(expected.len() >= 5, "{expected:?}");
    let liar = keys(LIAR).consensus.address();
    assert!(expected.iter().all(|about| about.validator == liar));
    for node in [1, 2, 4, 5] {
        assert_eq!(held(&world, node), expected, "node {node}");
    }
    world.crash(0);
    world.boot(0);
    assert_eq!(held(&world, 0), expected, "it survives a loss of power");
}

fn precommit(height: Height, block: Option<Hash>) -> Vec<u8> {
    let voter = keys(3).consensus;
    let said = Said::Vote { kind: VoteKind::Precommit, height, round: 0, block, voter: voter.address() };
    sign(&said, &genesis(4, crate::support::params()).chain_id, &voter).expect("a vote")
}

/// Who sends two different votes is banned; who passes one of them on is not, and neither is who repeats itself.
#[test]
fn who_says_both_is_banned() {
    let mut world = world(4, 0, 12);
    assert!(world.run(5_000, |world| world.all_at(1)));
    world.crash(3);
    world.nodes[3].behaviour = Behaviour::Scripted;
    let height = Height::new(world.height(0) + 1);
    let (one, other) = (precommit(height, None), precommit(height, Some(Hash::ZERO)));
    world.give(0, Input::Message(Peer(3), one.clone()));
    world.give(0, Input::Message(Peer(3), one.clone()));
    world.give(1, Input::Message(Peer(3), one.clone()));
    // Node 2, which is honest, passes on what it heard: the world would not forgive a word against it.
    world.give(1, Input::GossipedVote(Peer(2), 1, other.clone()));
    assert_eq!(world.tally.blamed, 0);
    world.give(0, Input::Message(Peer(3), other));
    assert_eq!(world.tally.blamed, 1);
    assert_eq!((held(&world, 0).len(), held(&world, 1).len()), (1, 1));
    assert_eq!(held(&world, 0), held(&world, 1));
}

/// A record that proves nothing is its teller's fault; one of unknown heights is nobody's.
#[test]
fn false_records_are_refused() {
    let mut world = world(4, 0, 13);
    assert!(world.run(5_000, |world| world.all_at(1)));
    world.crash(3);
    world.nodes[3].behaviour = Behaviour::Scripted;
    let height = Height::new(world.height(0) + 1);
    for block in [None, Some(Hash::ZERO)] {
        world.give(0, Input::Message(Peer(3), precommit(height, block)));
    }
    let reader = world.nodes[0].host.as_ref().expect("a node that runs").reader();
    let record = reader.evidence().expect("a store").remove(0);
    let blamed = world.tally.blamed;
    let bytes = hydrogen_types::codec::encode(&record);
    world.give(1, Input::Evidence(Peer(3), 1, bytes.clone()));
    world.give(1, Input::Evidence(Peer(3), 2, bytes.clone()));
    assert_eq!((held(&world, 1).len(), world.tally.blamed), (1, blamed), "kept once, nobody blamed");
    let mut changed = bytes;
    *changed.last_mut().expect("bytes") ^= 1;
    world.give(2, Input::EvidenceTold(Peer(3), vec![changed]));
    assert_eq!((held(&world, 2).len(), world.tally.blamed), (0, blamed + 1));
}

/// A node that only follows has a block when validators have it, without asking for it.
#[test]
fn followers_hear_decisions() {
    let mut world = world(4, 2, 14);
    world.filter = Box::new(|_, _, input| !matches!(input, Input::Announced(..) | Input::Status(..)));
    // The second follower does not vote and says so.
    assert!(world.run(20_000, |world| world.height(5) >= 10), "stopped at {}", world.height(5));
    assert!(world.nodes[5].counters.blocks_heard.get() >= 10);
}

/// How long after the first validator a node that only follows has a block, with votes and without. In virtual time,
/// with messages that take 2 to 30 ms.
#[test]
fn hearing_votes_is_faster_than_asking() {
    let behind = |votes: bool| {
        let mut world = world(4, 2, 15);
        world.filter = Box::new(move |_, _, input| votes || !matches!(input, Input::GossipedVote(..)));
        let mut times: Vec<u64> = Vec::new();
        for height in 1..=60 {
            assert!(world.run(20_000, |world| (0..4).any(|node| world.height(node) >= height)));
            let first_ms = world.now_ms;
            assert!(world.run(20_000, |world| world.height(5) >= height));
            times.push(world.now_ms - first_ms);
        }
        times.sort_unstable();
        (times[30], times[58])
    };
    let (asking, hearing) = (behind(false), behind(true));
    println!(
        "follower behind the first validator, p50 and p98: {asking:?} ms asking, {hearing:?} ms hearing"
    );
    assert!(hearing.0 * 2 < asking.0, "{hearing:?} against {asking:?}");
}

/// A transaction that one validator knows is final two rounds later, whoever it is.
#[test]
fn a_known_transaction_is_final_within_two_rounds() {
    for node in 0..4 {
        let mut world = world(4, 0, 20 + node as u64);
        assert!(world.run(5_000, |world| world.all_at(2)));
        let before = world.chain.len() as u64;
        world.give(node, Input::Tx(transfer(0), TxOrigin::Local(1)));
        let done = world.run(5_000, |world| world.chain.values().any(|block| !block.block.txs.is_empty()));
        assert!(done, "node {node}");
        let rounds: u64 = world
            .chain
            .values()
            .filter(|block| block.block.header.height.get() > before)
            .map(|block| u64::from(block.certificate.round) + 1)
            .sum();
        assert!(rounds <= 2, "given to node {node} it took {rounds} rounds");
    }
}
