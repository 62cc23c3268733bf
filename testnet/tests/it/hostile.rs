//! Proposers that cheat, and peers that send garbage.

use crate::support::{params, transfer, vm, world};
use hydrogen_core::block::BeaconTurn;
use hydrogen_core::{Chain, Mempool, check_tx};
use hydrogen_p2p::consensus::forge::{read, sign};
use hydrogen_p2p::consensus::{Input, Offer, Peer, Said};
use hydrogen_testnet::sim::ledger::{GENESIS_MS, genesis, keys};
use hydrogen_testnet::sim::{Behaviour, Rng};
use hydrogen_types::block::VoteKind;
use hydrogen_types::codec::encode;
use hydrogen_types::{Block, Height};
use std::cell::RefCell;
use std::rc::Rc;

/// q, the order of the group, little end first.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// What honest validators did about a proposal: their first prevotes (whether for a block), how often each refused a
/// beacon, and how often any blamed the proposer.
type Reaction = (Vec<bool>, Vec<u64>, u64);

/// Lets a validator propose its own block, made of one transfer, changed by `change` before it is named in the
/// proposal and by `spoil` on its way.
fn propose(change: impl FnOnce(&mut Block, Vec<u8>), spoil: impl FnOnce(&mut Block)) -> Reaction {
    let mut world = world(4, 0, 17);
    assert!(world.run(3_000, |world| world.all_at(1)));
    let height = Height::new(world.chain.len() as u64 + 1);
    let genesis = genesis(4, params());
    let set = genesis.validator_set().expect("validators");
    let turn = set.proposer(height, 0).address();
    let evil = (0..4).find(|index| keys(*index).consensus.address() == turn).expect("one of the four");
    world.crash(evil);
    world.nodes[evil].behaviour = Behaviour::Scripted;
    let own = Chain::open(world.nodes[evil].store.clone(), vm(), genesis.clone()).expect("its chain");
    let mut pool = Mempool::new();
    let checked = check_tx(&transfer(0), &genesis.chain_id, &genesis.params).expect("a transfer");
    pool.insert(checked, 0).expect("room");
    let txs = pool.take(genesis.params.block_gas_max, 1 << 20);
    let mut block = own.build(&keys(evil), 0, GENESIS_MS + world.now_ms, txs).expect("a block").block;
    let (chain_id, parent) = (&block.header.chain_id, &own.tip().beacon);
    let input = BeaconTurn { chain_id, height, parent }.input();
    change(&mut block, input);
    let said = Said::Proposal { height, round: 0, block: block.hash(), locked: None, proposer: turn };
    let proposal = sign(&said, &genesis.chain_id, &keys(evil).consensus).expect("a proposal");
    spoil(&mut block);

    let votes = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&votes);
    world.filter = Box::new(move |from, to, input| {
        if let (Input::Message(_, bytes), true) = (input, to == evil) {
            match read(bytes) {
                Some(Said::Vote { kind: VoteKind::Prevote, height: at, round: 0, block, .. })
                    if at == height =>
                {
                    seen.borrow_mut().push((from, block.is_some()));
                }
                _ => {}
            }
        }
        true
    });
    let honest: Vec<usize> = (0..4).filter(|index| *index != evil).collect();
    let blamed = world.tally.blamed;
    for index in &honest {
        world.give(*index, Input::Message(Peer(evil as u64), proposal.clone()));
        let offer = Offer::Whole(encode(&block));
        world.give(*index, Input::Block(Peer(evil as u64), encode(&offer)));
    }
    let done = world.run(20_000, |world| honest.iter().all(|index| world.height(*index) >= height.get()));
    assert!(done, "the chain stopped");
    let mut votes = votes.borrow().clone();
    votes.sort_unstable();
    votes.dedup();
    let refused = honest.iter().map(|index| world.nodes[*index].counters.proposals_refused_beacon.get());
    let votes = votes.into_iter().map(|(_, for_block)| for_block).collect();
    (votes, refused.collect(), world.tally.blamed - blamed)
}

fn propose_changed(change: impl FnOnce(&mut Block, Vec<u8>)) -> Reaction {
    propose(change, |_| {})
}

/// The control: unchanged, the block gets every vote.
#[test]
fn honest_block_is_voted_for() {
    assert_eq!(propose_changed(|_, _| {}), (vec![true; 3], vec![0; 3], 0));
}

#[test]
fn proof_of_another_validator_is_refused() {
    let refused = propose_changed(|block, input| {
        let thief = (0..4).find(|index| keys(*index).consensus.address() != block.header.proposer);
        block.header.beacon_proof = keys(thief.expect("there are three others")).vrf.prove(&input);
    });
    assert_eq!(refused, (vec![false; 3], vec![1; 3], 0));
}

/// The same proof with `s + q` for `s` gives the same beacon, and would give a second block with the same content.
#[test]
fn non_canonical_proof_is_refused() {
    let refused = propose_changed(|block, _| {
        let mut carry = 0u16;
        for (byte, order) in block.header.beacon_proof[48..].iter_mut().zip(ORDER) {
            carry += u16::from(*byte) + u16::from(order);
            *byte = u8::try_from(carry % 256).expect("a byte");
            carry /= 256;
        }
        assert_eq!(carry, 0);
    });
    assert_eq!(refused, (vec![false; 3], vec![1; 3], 0));
}

/// A wrong state root is another reason, and gets no vote either.
#[test]
fn wrong_state_root_is_refused() {
    let refused = propose_changed(|block, _| block.header.state_root = block.header.receipt_root);
    assert_eq!(refused, (vec![false; 3], vec![0; 3], 0));
}

/// The bytes of a good block with a spoilt signature, or without its transactions: its id is that of the good block.
/// Whoever sends them is blamed, nobody holds them for the block, and no node stops over them.
#[test]
fn a_body_of_another_block_is_not_taken() {
    let spoils: [fn(&mut Block); 3] = [
        |block| block.txs[0].signature.0[5] ^= 1,
        |block| block.txs.clear(),
        |block| block.txs.push(block.txs[0].clone()),
    ];
    for spoil in spoils {
        // Without the true bytes nobody can vote for it: a vote for nothing when its time is over.
        assert_eq!(propose(|_, _| {}, spoil), (vec![false; 3], vec![0; 3], 3));
    }
}

/// Messages and blocks with bits flipped, cut short or made up: no panic, no fork, and the chain goes on.
#[test]
fn garbage_is_survived() {
    let mut world = world(4, 1, 23);
    world.nodes[4].behaviour = Behaviour::Scripted;
    let caught: Rc<RefCell<Vec<Vec<u8>>>> = Rc::default();
    let seen = Rc::clone(&caught);
    world.filter = Box::new(move |_, _, input| {
        if let Input::Message(_, bytes) = input {
            seen.borrow_mut().push(bytes.clone());
        }
        true
    });
    let mut rng = Rng::new(29);
    for height in 1..8 {
        assert!(world.run(5_000, |world| world.all_at(height)));
        let messages = std::mem::take(&mut *caught.borrow_mut());
        for message in messages.iter().chain([&vec![0; 200], &vec![255; 200]]) {
            let mut bytes = message.clone();
            let at = rng.index(bytes.len());
            match rng.below(3) {
                0 => bytes[at] ^= 1 << rng.below(8),
                1 => bytes.truncate(at),
                _ => bytes.extend_from_slice(message),
            }
            let to = rng.index(4);
            world.give(to, Input::Message(Peer(4), bytes.clone()));
            world.give(to, Input::Block(Peer(4), bytes));
        }
    }
    assert!(world.tally.blamed > 100, "{}", world.tally.blamed);
}
