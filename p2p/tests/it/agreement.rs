//! What four honest validators and their followers do.

use crate::fixture::{GENESIS_MS, chain, genesis, keys, transfer};
use crate::sim::{Wire, World};
use hydrogen_core::{Mempool, Params};
use hydrogen_p2p::consensus::{Disk, Host, HostConfig, HostError, Input, Now, Output, TxOrigin};
use hydrogen_types::Height;
use std::io;
use std::sync::Arc;

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

/// A timer that fired without effect before a crash fired again after it, with one: a nil vote. The log did not take
/// the second as it knew the first, so the next replay forgot that vote, and the node cast another.
#[test]
fn repeated_timer_is_logged_again() {
    let mut world = world(4, 1, 1_215);
    world.loss_percent = 7;
    world.crash_within = 55;
    world.nodes[1].skew_ms = 3_000;
    world.nodes[2].skew_ms = -5_000;
    assert!(world.run(400_000, |world| world.chain.len() >= 10));
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

/// Power cuts between any two outputs, and at any write of a vote log in the middle of a step, restarts from store and
/// log: no fork, no vote signed twice (the world checks both), and the chain goes on.
#[test]
fn crashes_lose_nothing() {
    let mut crashes = 0;
    for seed in 0..40 {
        let mut world = world(4, 1, seed);
        world.loss_percent = seed % 5;
        match seed % 2 {
            0 => world.crash_within = 40,
            _ => world.cut_within = 30,
        }
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

/// A store that was restored from an old copy, below a vote log that was not: the node follows, signs nothing that
/// could contradict its log (the world checks), and votes again once it has caught up.
#[test]
fn log_ahead_of_the_store_is_respected() {
    let mut world = world(4, 0, 31);
    assert!(world.run(20_000, |world| world.all_at(6)));
    world.crash(1);
    world.nodes[1].store = Arc::default();
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

/// A log that fails: the node says so, says nothing more, and never says what it could not log.
#[test]
fn failing_log_stops_the_node() {
    struct Failing(u32);
    impl Disk for Failing {
        fn load(&mut self) -> io::Result<Vec<Vec<u8>>> {
            Ok(vec![])
        }
        fn append(&mut self, _record: &[u8]) -> io::Result<()> {
            Ok(())
        }
        fn flush(&mut self) -> io::Result<()> {
            self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
            Ok(())
        }
        fn reset(&mut self, _record: &[u8]) -> io::Result<()> {
            Ok(())
        }
    }
    for flushes in 0..6 {
        let genesis = genesis(1, params());
        let config = HostConfig {
            keys: keys(0),
            validator: true,
            disk: Box::new(Failing(flushes)),
            counters: Arc::default(),
            mempool: Mempool::new(),
        };
        let now = Now { mono_ms: 0, wall_ms: GENESIS_MS };
        let mut host = Host::new(chain(&Arc::default(), &genesis), config, now).unwrap();
        let outputs = host.step(now, Input::Tick);
        let said = outputs.iter().filter(|output| matches!(output, Output::Broadcast(_))).count();
        let failed = matches!(outputs.last(), Some(Output::Fatal(HostError::Wal(_))));
        // One flush for the round, one for the decision, then one for each of the three messages.
        assert_eq!(
            (said, failed),
            (flushes.saturating_sub(2).min(3) as usize, flushes < 5),
            "after {flushes}"
        );
        assert!(!failed || host.step(now, Input::Tick).is_empty());
    }
}
