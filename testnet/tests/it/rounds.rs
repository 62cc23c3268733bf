//! Blocks in parts, heights of many rounds, and the parameters that pace them.

use crate::support::{params, transfer, transfer_of, vm, world_with};
use hydrogen_core::Params;
use hydrogen_p2p::consensus::forge::read;
use hydrogen_p2p::consensus::{HostLimits, Input, Said, TxOrigin};
use hydrogen_testnet::sim::ledger::{genesis, keys};
use hydrogen_testnet::sim::{Behaviour, World};
use hydrogen_types::Height;

fn in_parts(part_bytes: usize, seed: u64) -> World {
    let limits = HostLimits { part_bytes, ..HostLimits::default() };
    World::with_limits(vm(), params(), 4, 0, seed, limits)
}

/// Every block in a dozen or more parts, of which many are lost, come late or twice: all are decided, nobody is blamed
/// (the world checks).
#[test]
fn parts_may_be_lost_late_and_twice() {
    for seed in 0..4 {
        let mut world = in_parts(200, seed);
        let network = &mut world.network;
        (network.loss_permille, network.duplicate_permille) = (50, 300);
        (network.late_permille, network.late_ms) = (200, 150);
        for nonce in 0..20 {
            world.give(1, Input::Tx(transfer(nonce), TxOrigin::Local(nonce)));
        }
        let txs = |world: &World| -> usize {
            world.chain.values().map(|committed| committed.block.txs.len()).sum()
        };
        let done = world.run(300_000, |world| world.all_at(12) && txs(world) == 20);
        assert!(done, "seed {seed} stopped at {} with {} transactions", world.chain.len(), txs(&world));
    }
}

/// A validator whose parts are spoilt is blamed for them, and the others get the blocks elsewhere.
#[test]
fn spoilt_parts_are_blamed_and_replaced() {
    let mut world = in_parts(200, 5);
    world.nodes[2].behaviour = Behaviour::SendsGarbage;
    assert!(world.run(60_000, |world| world.all_at(12)), "stopped at {}", world.chain.len());
    assert!(world.tally.blamed > 10, "{}", world.tally.blamed);
}

/// Half of the validators neither see proposals nor are heard with theirs, so they vote for none, for many rounds: what a
/// node holds of the height stays bounded (the world checks every queue at every step), blocks of old rounds leave the
/// log, a node that starts again replays what is left of it, and once all hear each other the height is decided.
/// `HYDROGEN_ROUNDS=10000` makes it long.
#[test]
fn a_height_of_many_rounds_stays_bounded() {
    const GROWTH: u64 = 64 << 10;
    let rounds: u32 = std::env::var("HYDROGEN_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(400);
    let limits = HostLimits { log_growth_bytes: GROWTH, ..HostLimits::default() };
    let params = Params { timeout_delta_ms: 1, timeout_rebroadcast_ms: 60_000, ..params() };
    let mut world = World::with_limits(vm(), params, 4, 0, 41, limits);
    assert!(world.run(5_000, |world| world.all_at(2)));
    world.filter = Box::new(|from, to, input| match input {
        Input::Block(..) | Input::Synced(..) => from < 2 && to < 2,
        Input::Message(_, bytes) => {
            !matches!(read(bytes), Some(Said::Proposal { .. })) || (from < 2 && to < 2)
        }
        _ => true,
    });
    for node in 0..4 {
        for nonce in 0..20 {
            world.give(node, Input::Tx(transfer(nonce), TxOrigin::Local(nonce)));
        }
    }
    let round = |world: &World, node: usize| world.nodes[node].host.as_ref().map_or(0, |host| host.round());
    let limit_ms = u64::from(rounds) * 20_000;
    assert!(world.run(limit_ms, |world| round(world, 0) >= rounds / 2), "round {}", round(&world, 0));
    let height = world.height(0);
    let half = world.nodes[0].host.as_ref().map(|host| host.queues());
    assert!(world.run(limit_ms, |world| round(world, 0) >= rounds), "round {}", round(&world, 0));
    assert_eq!(world.height(0), height, "a block was decided");
    let host = world.nodes[0].host.as_ref().expect("it runs");
    let log_bytes = host.log_bytes();
    println!("{rounds} rounds: log of {log_bytes} bytes; half way {half:?}; now {:?}", host.queues());
    // Votes alone take less than 2 KB a round, blocks more than 4 KB.
    assert!(log_bytes < u64::from(rounds) * 2_000 + 2 * GROWTH, "{log_bytes} bytes");
    assert!(world.nodes[0].counters.wal_compactions.get() > 2);
    world.crash(0);
    world.boot(0);
    world.filter = Box::new(|_, _, _| true);
    assert!(world.run(600_000, |world| world.all_at(height + 2)), "not decided after the rounds");
}

/// How long it takes to go on without the proposer of the first round, in ms.
fn without_proposer(params: Params) -> u64 {
    let mut world = world_with(params.clone(), 4, 0, 43);
    assert!(world.run(30_000, |world| world.all_at(1)));
    let height = Height::new(world.chain.len() as u64 + 1);
    let set = genesis(4, params).validator_set().expect("validators");
    let first = set.proposer(height, 0).address();
    let proposer = (0..4).find(|index| keys(*index).consensus.address() == first).expect("one of the four");
    world.crash(proposer);
    let begun_ms = world.now_ms;
    let other = (proposer + 1) % 4;
    world.give(other, Input::Tx(transfer_of(1, 0), TxOrigin::Local(1)));
    assert!(world.run(60_000, |world| world.height(other) >= height.get()));
    world.now_ms - begun_ms
}

/// Heartbeat, interval and timeouts are those of the genesis document.
#[test]
fn pacing_is_that_of_genesis() {
    let quick = without_proposer(Params { timeout_propose_ms: 200, ..params() });
    let slow = without_proposer(Params { timeout_propose_ms: 5_000, ..params() });
    assert!(quick < 2_500 && (5_000..8_000).contains(&slow), "{quick} and {slow} ms");
    for (heartbeat_ms, blocks) in [(500, 30..=41), (4_000, 4..=6)] {
        let mut world = world_with(Params { heartbeat_ms, ..params() }, 4, 0, 44);
        assert!(!world.run(20_000, |_| false));
        assert!(blocks.contains(&world.chain.len()), "{} blocks at {heartbeat_ms} ms", world.chain.len());
    }
    let mut world =
        world_with(Params { heartbeat_ms: 9_000, block_interval_ms: 2_000, ..params() }, 4, 0, 45);
    for nonce in 0..200 {
        world.give(0, Input::Tx(transfer(nonce), TxOrigin::Local(nonce)));
        assert!(!world.run(100, |_| false));
    }
    assert!((8..=12).contains(&world.chain.len()), "{} blocks in 20 s of work", world.chain.len());
}
