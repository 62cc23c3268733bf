//! What four honest validators and their followers do.

use crate::fixture::{genesis, keys, transfer};
use crate::sim::{Wire, World};
use hydrogen_core::Params;
use hydrogen_p2p::consensus::{Input, TxOrigin};
use hydrogen_types::Height;

fn params() -> Params {
    Params {
        heartbeat_ms: 400,
        timeout_propose_ms: 400,
        timeout_prevote_ms: 150,
        timeout_precommit_ms: 150,
        timeout_delta_ms: 50,
        timeout_rebroadcast_ms: 500,
        ..Params::default()
    }
}

fn world(validators: usize, followers: usize, seed: u64) -> World {
    World::new(genesis(validators, params()), validators, followers, seed)
}

/// Twenty heartbeats, all in round 0; the same seed gives the same history.
#[test]
fn four_validators_decide() {
    let run = |seed| {
        let mut world = world(4, 1, seed);
        assert!(
            world.run(20_000, |world| world.all_at(20)),
            "seed {seed} stopped at {:?}",
            world.chain.len()
        );
        assert!(world.chain.values().all(|committed| committed.certificate.round == 0), "seed {seed}");
        assert!(world.chain.values().all(|committed| committed.certificate.signatures.len() >= 3));
        world.digest
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

/// One validator is a quorum of itself.
#[test]
fn one_validator_decides() {
    let mut world = world(1, 1, 3);
    assert!(world.run(10_000, |world| world.all_at(10)));
}

/// An idle chain waits for its heartbeat, a transaction makes a block at once.
#[test]
fn blocks_come_on_demand() {
    let slow = Params { heartbeat_ms: 60_000, ..params() };
    let mut world = World::new(genesis(4, slow), 4, 0, 5);
    assert!(world.run(2_000, |world| world.all_at(1)));
    assert!(!world.run(50_000, |world| world.chain.len() > 1), "an idle chain made a block");
    let given_ms = world.now_ms;
    world.give(2, Input::Tx(transfer(0), TxOrigin::Local(1)));
    assert!(world.run(2_000, |world| world.all_at(2)));
    assert!(world.now_ms - given_ms < 400, "took {} ms", world.now_ms - given_ms);
    assert_eq!(world.chain.values().last().unwrap().block.txs.len(), 1);
    assert_eq!(world.nodes[0].host.as_ref().unwrap().mempool_len(), 0);
}

/// A tenth of all messages is lost, and one validator is down for good.
#[test]
fn loss_costs_time_alone() {
    for seed in 0..5 {
        let mut world = world(4, 0, seed);
        world.loss_percent = 10;
        world.crash(3);
        let done = world.run(120_000, |world| (0..3).all(|index| world.height(index) >= 15));
        assert!(done, "seed {seed} stopped at height {}", world.height(0));
    }
}

/// Power cuts at random outputs, restarts from store and log: no fork, no vote signed twice (the world checks both),
/// and the chain goes on.
#[test]
fn crashes_lose_nothing() {
    let mut crashes = 0;
    for seed in 0..30 {
        let mut world = world(4, 1, seed);
        world.loss_percent = seed % 5;
        world.crash_within = 60;
        let done = world.run(400_000, |world| world.chain.len() >= 12);
        assert!(done, "seed {seed} stopped at height {} after {} crashes", world.chain.len(), world.crashes);
        crashes += world.crashes;
    }
    assert!(crashes > 200, "only {crashes} crashes");
}

/// Round 0: the proposer A and B lock the block; C misses a prevote and D the proposal, so these two vote nil. A later
/// round proposes it again, with the round, proposer, time and proof of its first proposal, and it is decided. D
/// gets its bytes when it asks; a fifth node, which was away, takes it with its certificate.
#[test]
fn locked_block_is_proposed_again() {
    let mut world = world(4, 1, 11);
    assert!(world.run(3_000, |world| world.all_at(1)));
    let height = world.chain.len() as u64 + 1;
    let set = genesis(4, params()).validator_set().unwrap();
    let first = set.proposer(Height::new(height), 0).address();
    let a = (0..4).find(|index| keys(*index).consensus.address() == first).unwrap();
    let [b, c, d] = [(a + 1) % 4, (a + 2) % 4, (a + 3) % 4];
    world.nodes[4].cut_off = true;
    world.filter = Box::new(move |from, to, wire| match wire {
        Wire::Message(bytes) => {
            let prevote = bytes[0] == 0 && bytes[1] == 0 && bytes[2..10] == height.to_le_bytes();
            let proposal = bytes[0] == 1 && bytes[1..9] == height.to_le_bytes();
            let lost_vote = prevote && bytes[11..15] == [0; 4] && (from, to) == (b, c);
            let lost_proposal = proposal && bytes[10..14] == [0; 4] && to == d;
            !lost_vote && !lost_proposal
        }
        Wire::Block => to != d,
        Wire::Other => true,
    });
    assert!(world.run(20_000, |world| world.chain.len() as u64 >= height), "not decided");
    let committed = world.chain.values().last().unwrap().clone();
    assert_eq!(committed.block.header.height.get(), height);
    assert_eq!(committed.block.header.round, 0, "the block keeps the round of its first proposal");
    assert_eq!(committed.block.header.proposer, first);
    assert!(committed.certificate.round > 0, "decided in a later round");
    world.nodes[4].cut_off = false;
    world.filter = Box::new(|_, _, _| true);
    assert!(world.run(20_000, |world| world.all_at(height + 1)), "the others did not follow");
    assert!(world.nodes[4].counters.blocks_synced.get() >= height);
}

/// A validator that was away for many heights catches up and votes again.
#[test]
fn laggard_catches_up() {
    let mut world = world(4, 0, 13);
    assert!(world.run(3_000, |world| world.all_at(1)));
    world.crash(2);
    assert!(world.run(30_000, |world| world.height(0) >= 15));
    world.boot(2);
    assert!(
        world.run(10_000, |world| world.height(2) + 1 >= world.height(0)),
        "stopped at {}",
        world.height(2)
    );
    let votes = world.nodes[2].counters.votes_signed.get();
    let target = world.height(0) + 4;
    assert!(world.run(10_000, |world| world.all_at(target)));
    assert!(world.nodes[2].counters.votes_signed.get() > votes, "it does not vote again");
}
