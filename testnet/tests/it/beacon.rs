//! What a proposer can do about the beacon of its block: nothing but keep the block to itself.

use crate::support::{params, transfer_of, vm, world};
use hydrogen_core::{Chain, CheckedTx, MemStore, check_tx};
use hydrogen_p2p::consensus::Input;
use hydrogen_testnet::sim::ledger::{GENESIS_MS, genesis, keys};
use hydrogen_testnet::sim::{Rng, World};
use hydrogen_types::{Address, Hash, Height, ValidatorSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn chain(validators: usize) -> (Chain, ValidatorSet) {
    let genesis = genesis(validators, params());
    let set = genesis.validator_set().expect("validators");
    (Chain::open(Arc::new(MemStore::new()), vm(), genesis).expect("a chain"), set)
}

fn index_of(validators: usize, address: Address) -> usize {
    (0..validators).find(|index| keys(*index).consensus.address() == address).expect("one of them")
}

/// Some of the transfers of eight accounts, in an order of its own.
fn some_txs(rng: &mut Rng) -> Vec<CheckedTx> {
    let genesis = genesis(1, params());
    let mut accounts: Vec<usize> = (0..8).filter(|_| rng.chance(500)).collect();
    if !accounts.is_empty() {
        let by = rng.index(accounts.len());
        accounts.rotate_left(by);
    }
    let check =
        |index| check_tx(&transfer_of(index, 0), &genesis.chain_id, &genesis.params).expect("a transfer");
    accounts.into_iter().map(check).collect()
}

/// Whatever a proposer puts into its block, whatever time it gives it and in whichever round: its beacon at a height is
/// one. All that can be reached at a height is one value for each validator.
#[test]
fn grinding_changes_no_beacon() {
    const VALIDATORS: usize = 4;
    let (chain, set) = chain(VALIDATORS);
    let mut rng = Rng::new(3);
    let mut beacons: BTreeMap<Address, BTreeSet<Hash>> = BTreeMap::new();
    let mut blocks = BTreeSet::new();
    for _ in 0..200 {
        let round = u32::try_from(rng.below(40)).expect("small");
        let proposer = set.proposer(Height::new(1), round).address();
        let key = keys(index_of(VALIDATORS, proposer));
        let time_ms = GENESIS_MS + rng.below(1_000_000);
        let block = chain.build(&key, round, time_ms, some_txs(&mut rng)).expect("a block").block;
        beacons.entry(proposer).or_default().insert(block.header.beacon);
        blocks.insert(block.hash());
    }
    assert!(blocks.len() > 190, "only {} different blocks", blocks.len());
    assert_eq!(beacons.len(), VALIDATORS);
    assert!(beacons.values().all(|of_one| of_one.len() == 1), "{beacons:?}");
    let all: BTreeSet<_> = beacons.values().flatten().collect();
    assert_eq!(all.len(), VALIDATORS);
}

/// The beacon that the proposer of `round` would give the next block of the world.
fn foreseen(world: &World, validators: usize, height: Height, round: u32) -> (usize, Hash) {
    let genesis = genesis(validators, params());
    let set = genesis.validator_set().expect("validators");
    let proposer = index_of(validators, set.proposer(height, round).address());
    let chain = Chain::open(world.nodes[0].store.clone(), vm(), genesis).expect("a chain");
    let executed =
        chain.build(&keys(proposer), round, GENESIS_MS + world.now_ms, Vec::new()).expect("a block");
    (proposer, executed.block.header.beacon)
}

/// A proposer that does not like its beacon and keeps its block gets the next proposer's, which is as fixed as its own: a
/// turn is worth the choice between two values, and no more.
#[test]
fn withholding_is_worth_one_bit() {
    let mut seen = [0, 0];
    for seed in 0..6u64 {
        let withhold = seed % 2 == 1;
        let mut world = world(4, 0, 60 + seed);
        assert!(world.run(5_000, |world| world.chain.len() > 1 && world.all_at(world.chain.len() as u64)));
        let height = Height::new(world.chain.len() as u64 + 1);
        let (evil, first) = foreseen(&world, 4, height, 0);
        let (next, second) = foreseen(&world, 4, height, 1);
        assert!(evil != next && first != second);
        if withhold {
            world.filter = Box::new(move |from, _, input| from != evil || !matches!(input, Input::Block(..)));
        }
        assert!(world.run(20_000, |world| world.chain.len() as u64 >= height.get()));
        let beacon = world.chain[&height].block.header.beacon;
        assert_eq!(beacon, if withhold { second } else { first }, "seed {seed}");
        seen[usize::from(withhold)] += 1;
    }
    assert_eq!(seen, [3, 3]);
}
