//! What a few validators and their followers do, step by step.

use crate::support::{params, transfer, world, world_with};
use hydrogen_core::Params;
use hydrogen_p2p::consensus::forge::read;
use hydrogen_p2p::consensus::{Input, Said, TxOrigin};
use hydrogen_testnet::sim::ledger::{genesis, keys};
use hydrogen_types::Height;
use hydrogen_types::block::VoteKind;

/// Twenty heartbeats, all in round 0.
#[test]
fn four_validators_decide() {
    let mut world = world(4, 1, 1);
    assert!(world.run(20_000, |world| world.all_at(20)), "stopped at {}", world.chain.len());
    assert!(world.chain.values().all(|committed| committed.certificate.round == 0));
    assert!(world.chain.values().all(|committed| committed.certificate.signatures.len() >= 3));
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
    let mut world = world_with(Params { heartbeat_ms: 60_000, ..params() }, 4, 0, 5);
    assert!(world.run(2_000, |world| world.all_at(1)));
    assert!(!world.run(50_000, |world| world.chain.len() > 1), "an idle chain made a block");
    let given_ms = world.now_ms;
    world.give(2, Input::Tx(transfer(0), TxOrigin::Local(1)));
    assert!(world.run(2_000, |world| world.all_at(2)));
    assert!(world.now_ms - given_ms < 400, "took {} ms", world.now_ms - given_ms);
    assert_eq!(world.chain.values().last().map(|committed| committed.block.txs.len()), Some(1));
    assert_eq!(world.nodes[0].host.as_ref().map(|host| host.mempool_len()), Some(0));
}

/// A tenth of all messages is lost, and one validator is down for good.
#[test]
fn loss_costs_time_alone() {
    for seed in 0..5 {
        let mut world = world(4, 0, seed);
        world.network.loss_permille = 100;
        world.crash(3);
        let done = world.run(120_000, |world| (0..3).all(|index| world.height(index) >= 15));
        assert!(done, "seed {seed} stopped at height {}", world.height(0));
    }
}

/// Power cuts between any two outputs, and at any write of a log or store in the middle of a step, restarts from what
/// is left: no fork, no vote signed twice (the world checks both), and the chain goes on.
#[test]
fn crashes_lose_nothing() {
    let (mut crashes, mut torn) = (0, 0);
    for seed in 0..40 {
        let mut world = world(4, 1, seed);
        world.network.loss_permille = seed % 5 * 10;
        match seed % 2 {
            0 => world.crash_one_in = 40,
            _ => world.cut_within = 60,
        }
        for node in 0..5 {
            world.crash(node);
            world.boot(node);
        }
        let done = world.run(400_000, |world| world.chain.len() >= 12);
        assert!(done, "seed {seed} stopped at {} after {} crashes", world.chain.len(), world.tally.crashes);
        crashes += world.tally.crashes;
        torn += world.tally.torn;
    }
    assert!(crashes > 200 && torn > 20, "only {crashes} crashes, {torn} torn logs");
}

/// Round 0: the proposer A and B lock the block; C misses a prevote and D the proposal, so these two vote nil. A later
/// round proposes it again, with the round, proposer, time and proof of its first proposal, and it is decided. D
/// gets its bytes when it asks; a fifth node, which was away, takes it with its certificate.
#[test]
fn locked_block_is_proposed_again() {
    let mut world = world(4, 1, 11);
    assert!(world.run(3_000, |world| world.all_at(1)));
    let height = Height::new(world.chain.len() as u64 + 1);
    let set = genesis(4, params()).validator_set().expect("validators");
    let first = set.proposer(height, 0).address();
    let a = (0..4).find(|index| keys(*index).consensus.address() == first).expect("one of the four");
    let [b, c, d] = [(a + 1) % 4, (a + 2) % 4, (a + 3) % 4];
    world.network.cut_off(4, true);
    world.filter = Box::new(move |from, to, input| match input {
        Input::Message(_, bytes) => match read(bytes) {
            Some(Said::Vote { kind: VoteKind::Prevote, height: at, round: 0, .. }) if at == height => {
                (from, to) != (b, c)
            }
            Some(Said::Proposal { height: at, round: 0, .. }) if at == height => to != d,
            _ => true,
        },
        Input::Block(..) => to != d,
        _ => true,
    });
    assert!(world.run(20_000, |world| world.chain.len() as u64 >= height.get()), "not decided");
    let committed = world.chain[&height].clone();
    assert_eq!(committed.block.header.round, 0, "the block keeps the round of its first proposal");
    assert_eq!(committed.block.header.proposer, first);
    assert!(committed.certificate.round > 0, "decided in a later round");
    world.network.cut_off(4, false);
    world.filter = Box::new(|_, _, _| true);
    assert!(world.run(20_000, |world| world.all_at(height.get() + 1)), "the others did not follow");
    assert!(world.nodes[4].counters.blocks_synced.get() >= height.get());
}

/// A validator that was away for many heights catches up and votes again.
#[test]
fn laggard_catches_up() {
    let mut world = world(4, 0, 13);
    assert!(world.run(3_000, |world| world.all_at(1)));
    world.crash(2);
    assert!(world.run(30_000, |world| world.height(0) >= 15));
    world.boot(2);
    assert!(world.run(10_000, |world| world.height(2) + 1 >= world.height(0)), "at {}", world.height(2));
    let votes = world.nodes[2].counters.votes_signed.get();
    let target = world.height(0) + 4;
    assert!(world.run(10_000, |world| world.all_at(target)));
    assert!(world.nodes[2].counters.votes_signed.get() > votes, "it does not vote again");
}

/// A store that was restored from an old copy, below a vote log that was not: the node follows, signs nothing that
/// could contradict its log (the world checks), and votes again once it has caught up.
#[test]
fn log_ahead_of_the_store_is_respected() {
    let mut world = world(4, 0, 31);
    assert!(world.run(20_000, |world| world.all_at(6)));
    world.crash(1);
    world.lose_store(1);
    let votes = world.nodes[1].counters.votes_signed.get();
    world.boot(1);
    assert!(world.run(20_000, |world| world.all_at(12)));
    assert!(world.nodes[1].counters.blocks_synced.get() >= 5);
    assert!(world.nodes[1].counters.votes_signed.get() > votes);
}

/// A proposer whose clock is ten seconds ahead gets no vote for its blocks; one whose clock is behind gets them all, and
/// block time still grows.
#[test]
fn clocks_may_be_wrong() {
    let mut world = world(4, 0, 37);
    world.nodes[0].skew_ms = 10_000;
    world.nodes[1].skew_ms = -10_000;
    assert!(world.run(60_000, |world| (1..4).all(|index| world.height(index) >= 12)));
    let [fast, slow] = [0, 1].map(|index| keys(index).consensus.address());
    let mut last_ms = 0;
    for committed in world.chain.values() {
        let header = &committed.block.header;
        assert!(header.time_ms > last_ms);
        assert_ne!(header.proposer, fast, "height {}", header.height);
        last_ms = header.time_ms;
    }
    assert!(world.chain.values().any(|committed| committed.block.header.proposer == slow));
    assert!(world.nodes[2].counters.proposals_refused_clock.get() >= 2);
}
