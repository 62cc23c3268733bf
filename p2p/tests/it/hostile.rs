//! Proposers that cheat, and peers that send garbage.

use crate::fixture::{GENESIS_MS, chain, genesis, keys};
use crate::sim::{Rng, Wire, World};
use hydrogen_core::Params;
use hydrogen_core::block::beacon_input;
use hydrogen_p2p::consensus::{Input, Peer};
use hydrogen_types::codec::encode;
use hydrogen_types::{Block, ChainId, Height, Tag};
use std::cell::RefCell;
use std::rc::Rc;

/// q, the order of the group, little end first.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn params() -> Params {
    Params {
        heartbeat_ms: 400,
        timeout_propose_ms: 400,
        timeout_prevote_ms: 150,
        timeout_precommit_ms: 150,
        ..Params::default()
    }
}

/// The message of a proposal without a proof-of-lock, as a validator with these keys signs and sends it.
fn proposal(height: Height, round: u32, block: &Block, proposer: usize) -> Vec<u8> {
    let keys = keys(proposer);
    let rounds: (Option<u32>, Option<u32>) = (Some(round), None);
    let chain_id = ChainId::new("test-net").unwrap();
    let signed =
        [Tag::PROPOSAL.text().as_bytes(), &[0], &encode(&(chain_id, height, rounds, block.hash()))].concat();
    let head = (1u8, height, rounds.0, block.hash(), rounds.1, keys.consensus.address());
    [encode(&head), encode(&keys.consensus.sign(&signed))].concat()
}

/// Lets a validator propose its own block changed by `change`; gives the honest ones' first prevotes (whether for a
/// block) and how often each refused a beacon.
fn propose_changed(change: impl FnOnce(&mut Block, Vec<u8>)) -> (Vec<bool>, Vec<u64>) {
    let mut world = World::new(genesis(4, params()), 4, 0, 17);
    world.faults = Some(0);
    assert!(world.run(3_000, |world| world.all_at(1)));
    let height = Height::new(world.chain.len() as u64 + 1);
    let set = genesis(4, params()).validator_set().unwrap();
    let turn = set.proposer(height, 0).address();
    let evil = (0..4).find(|index| keys(*index).consensus.address() == turn).unwrap();
    world.crash(evil);
    let own = chain(&world.nodes[evil].store, &genesis(4, params()));
    let mut block = own.build(&keys(evil), 0, GENESIS_MS + world.now_ms, vec![]).unwrap().block;
    let input = beacon_input(&block.header.chain_id, height, &own.tip().beacon);
    change(&mut block, input);

    let votes = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&votes);
    world.filter = Box::new(move |from, to, wire| {
        if let (Wire::Message(bytes), true) = (wire, to == evil) {
            let first =
                bytes[0] == 0 && bytes[1] == 0 && bytes[2..10] == encode(&height) && bytes[11..15] == [0; 4];
            if first {
                seen.borrow_mut().push((from, bytes[15] == 1));
            }
        }
        true
    });
    let honest: Vec<usize> = (0..4).filter(|index| *index != evil).collect();
    for index in &honest {
        world.give(*index, Input::Message(Peer(evil as u64), proposal(height, 0, &block, evil)));
        world.give(*index, Input::Block(Peer(evil as u64), encode(&block)));
    }
    let done = world.run(20_000, |world| honest.iter().all(|index| world.height(*index) >= height.get()));
    assert!(done, "the chain stopped");
    let mut votes = votes.borrow().clone();
    votes.sort();
    votes.dedup();
    let refused = honest.iter().map(|index| world.nodes[*index].counters.proposals_refused_beacon.get());
    (votes.into_iter().map(|(_, for_block)| for_block).collect(), refused.collect())
}

/// The control: unchanged, the block gets every vote.
#[test]
fn honest_block_is_voted_for() {
    assert_eq!(propose_changed(|_, _| {}), (vec![true; 3], vec![0; 3]));
}

#[test]
fn proof_of_another_validator_is_refused() {
    let other = keys(3).vrf.public();
    let refused = propose_changed(|block, input| {
        let thief = (0..4).find(|index| keys(*index).consensus.address() != block.header.proposer).unwrap();
        assert_ne!(keys(thief).vrf.public(), keys(9).vrf.public());
        block.header.beacon_proof = keys(thief).vrf.prove(&input);
    });
    assert_eq!(refused, (vec![false; 3], vec![1; 3]), "{other}");
}

/// The same proof with `s + q` for `s` gives the same beacon, and would give a second block with the same content.
#[test]
fn non_canonical_proof_is_refused() {
    let refused = propose_changed(|block, _| {
        let mut carry = 0u16;
        for (byte, order) in block.header.beacon_proof[48..].iter_mut().zip(ORDER) {
            carry += u16::from(*byte) + u16::from(order);
            *byte = u8::try_from(carry % 256).unwrap();
            carry /= 256;
        }
        assert_eq!(carry, 0);
    });
    assert_eq!(refused, (vec![false; 3], vec![1; 3]));
}

/// A wrong state root is another reason, and gets no vote either.
#[test]
fn wrong_state_root_is_refused() {
    let refused = propose_changed(|block, _| block.header.state_root = block.header.tx_root);
    assert_eq!(refused, (vec![false; 3], vec![0; 3]));
}

/// Messages and blocks with bits flipped, cut short or made up: no panic, no fork, and the chain goes on.
#[test]
fn garbage_is_survived() {
    let mut world = World::new(genesis(4, params()), 4, 1, 23);
    world.faults = Some(0);
    let caught: Rc<RefCell<Vec<Vec<u8>>>> = Rc::default();
    let seen = Rc::clone(&caught);
    world.filter = Box::new(move |_, _, wire| {
        if let Wire::Message(bytes) = wire {
            seen.borrow_mut().push(bytes.to_vec());
        }
        true
    });
    let mut rng = Rng::new(29);
    for height in 1..8 {
        assert!(world.run(5_000, |world| world.all_at(height)));
        let messages = std::mem::take(&mut *caught.borrow_mut());
        for message in messages.iter().chain([&vec![0; 200], &vec![255; 200]]) {
            let mut bytes = message.clone();
            let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            match rng.below(3) {
                0 => bytes[at] ^= 1 << rng.below(8),
                1 => bytes.truncate(at),
                _ => bytes.extend_from_slice(message),
            }
            let to = usize::try_from(rng.below(5)).unwrap();
            let from = Peer((to as u64 + 1) % 5);
            world.give(to, Input::Message(from, bytes.clone()));
            world.give(to, Input::Block(from, bytes));
        }
    }
    assert!(world.faults.unwrap() > 100, "{:?}", world.faults);
}
