//! Each invariant can fail: a good history satisfies all, and one that breaks a property is noticed by the invariant that is
//! about it.

use crate::support::{params, transfer, vm};
use hydrogen_core::block::certify;
use hydrogen_core::{Chain, Committed, Genesis, MemStore, check_tx};
use hydrogen_p2p::consensus::{Queue, Said};
use hydrogen_testnet::invariant::{
    Agreement, Blame, Bounds, Conservation, DoubleVote, Durability, Invariant, Roots, Seen, Validity, all,
};
use hydrogen_testnet::sim::ledger::{GENESIS_MS, genesis, keys};
use hydrogen_types::block::VoteKind;
use hydrogen_types::{Amount, Hash, Height};
use std::sync::Arc;

/// A chain of one validator, with `blocks` blocks of one transfer each; block `n` comes `n` times `pace_ms` after genesis.
fn chain(blocks: u64, pace_ms: u64) -> (Chain, Vec<Arc<Committed>>) {
    let genesis = genesis(1, params());
    let store: Arc<MemStore> = Arc::default();
    let mut chain = Chain::open(store, vm(), genesis.clone()).expect("a chain in memory");
    let mut committed = Vec::new();
    for nonce in 0..blocks {
        let tx = check_tx(&transfer(nonce), &genesis.chain_id, &genesis.params).expect("it is signed");
        let executed =
            chain.build(&keys(0), 0, GENESIS_MS + (nonce + 1) * pace_ms, vec![tx]).expect("a block");
        let certificate = certify(&genesis.chain_id, &executed.block, &[&keys(0).consensus]);
        committed.push(chain.commit(executed, certificate).expect("a store in memory"));
    }
    (chain, committed)
}

fn tell(
    invariant: &mut dyn Invariant,
    node: usize,
    chain: &Chain,
    committed: &Committed,
) -> Result<(), String> {
    let (fetched, latest_ms) = (false, committed.block.header.time_ms);
    invariant.see(&Seen::Committed { node, committed, fetched, reader: &chain.reader(), latest_ms })
}

/// What breaks `invariant`, in its own words.
fn broken(result: Result<(), String>, words: &str) {
    let what = result.expect_err("it is broken");
    assert!(what.contains(words), "{what}");
}

fn vote(block: Option<Hash>) -> Said {
    let voter = keys(0).consensus.address();
    Said::Vote { kind: VoteKind::Precommit, height: Height::new(1), round: 0, block, voter }
}

#[test]
fn a_good_history_satisfies_all() {
    let genesis = genesis(1, params());
    let (mut invariants, mut names) = (all(&genesis), Vec::new());
    for invariant in &mut invariants {
        names.push(invariant.name());
        for blocks in 1..4 {
            let (chain, committed) = chain(blocks, 500);
            let last = committed.last().expect("a block");
            tell(invariant.as_mut(), 0, &chain, last).unwrap_or_else(|what| panic!("{}: {what}", names[0]));
            let booted = Seen::Booted { node: 0, reader: &chain.reader() };
            invariant.see(&booted).unwrap_or_else(|what| panic!("{what}"));
        }
        let said = vote(None);
        (0..2).for_each(|_| invariant.see(&Seen::Said { node: 0, said: &said }).expect("said twice"));
        let blamed = Seen::Blamed { node: 0, peer: 1, honest: false, reason: "it lies" };
        invariant.see(&blamed).expect("a liar is blamed");
    }
    assert_eq!(names.len(), 9, "{names:?}");
}

#[test]
fn two_blocks_at_one_height_break_agreement() {
    let ((one, first), (other, second)) = (chain(1, 500), chain(1, 600));
    let mut agreement = Agreement::default();
    tell(&mut agreement, 0, &one, &first[0]).expect("the first");
    tell(&mut agreement, 1, &one, &first[0]).expect("the same");
    broken(tell(&mut agreement, 2, &other, &second[0]), "height 1: node 0 has block");
}

#[test]
fn two_answers_to_one_question_are_a_double_vote() {
    let (mut double, first, second) = (DoubleVote::default(), vote(None), vote(Some(Hash::new([1; 32]))));
    double.see(&Seen::Said { node: 0, said: &first }).expect("the first");
    broken(double.see(&Seen::Said { node: 0, said: &second }), "after it has said");
}

#[test]
fn a_lost_block_breaks_durability_unless_the_store_was_taken() {
    let ((full, committed), (empty, _)) = (chain(2, 500), chain(1, 500));
    let mut durability = Durability::default();
    tell(&mut durability, 3, &full, &committed[1]).expect("told");
    durability.see(&Seen::Booted { node: 3, reader: &full.reader() }).expect("it has it");
    broken(durability.see(&Seen::Booted { node: 3, reader: &empty.reader() }), "told of block");
    // A loss of power takes what was fetched, and nothing that was decided here.
    durability.see(&Seen::BlocksLost { node: 3 }).expect("told so");
    broken(durability.see(&Seen::Booted { node: 3, reader: &empty.reader() }), "told of block");
    durability.see(&Seen::StoreLost { node: 3 }).expect("an outside cause");
    durability.see(&Seen::Booted { node: 3, reader: &empty.reader() }).expect("nothing was promised");
    let (committed, reader) = (&committed[1], &full.reader());
    let fetched = Seen::Committed { node: 3, committed, fetched: true, reader, latest_ms: u64::MAX };
    durability.see(&fetched).expect("told");
    broken(durability.see(&Seen::Booted { node: 3, reader: &empty.reader() }), "told of block");
    durability.see(&Seen::BlocksLost { node: 3 }).expect("told so");
    durability.see(&Seen::Booted { node: 3, reader: &empty.reader() }).expect("it is fetched again");
}

#[test]
fn a_unit_more_or_less_breaks_conservation() {
    let (chain, committed) = chain(1, 500);
    for difference in [0, 1] {
        let mut given: Genesis = genesis(1, params());
        given.accounts[0].1 = given.accounts[0].1.checked_sub(Amount::new(difference)).expect("it has more");
        let result = tell(&mut Conservation::new(&given), 0, &chain, &committed[0]);
        if difference == 0 { result.expect("nothing is made") } else { broken(result, "add up to") }
    }
}

#[test]
fn a_state_that_the_header_does_not_name_breaks_roots() {
    let (chain, committed) = chain(1, 500);
    let mut other = (*committed[0]).clone();
    other.block.header.state_root = Hash::new([1; 32]);
    broken(tell(&mut Roots, 0, &chain, &other), "its block says");
}

#[test]
fn blame_of_an_honest_node_is_noticed() {
    let blamed = Seen::Blamed { node: 0, peer: 1, honest: true, reason: "it is slow" };
    broken(Blame.see(&blamed), "blames honest node 1: it is slow");
}

#[test]
fn a_queue_beyond_its_bound_is_noticed() {
    let queue = |length| Queue { name: "held proposals", length, length_max: 64 };
    Bounds::check(0, &[queue(64)]).expect("full");
    broken(Bounds::check(0, &[queue(1), queue(65)]), "node 0 holds 65 held proposals, at most 64");
}

/// Everything that validity is about, spoilt in turn.
#[test]
fn blocks_that_are_no_chain_break_validity() {
    type Spoil = fn(&mut Committed);
    let spoils: [(Spoil, &str); 8] = [
        (|block| block.block.header.parent = Hash::ZERO, "parent"),
        (|block| block.block.header.time_ms = GENESIS_MS, "time"),
        (|block| block.block.header.validators = Hash::ZERO, "validator set"),
        (|block| block.certificate.block = Hash::ZERO, "certificate for block"),
        (|block| block.certificate.signatures.clear(), "power 0 of 10"),
        (|block| block.block.header.proposer = keys(1).consensus.address(), "in turn was"),
        (|block| block.block.header.beacon = Hash::ZERO, "beacon"),
        (|block| block.block.txs.push(block.block.txs[0].clone()), "nonce 0, expected 1"),
    ];
    for (spoil, words) in spoils {
        let (chain, committed) = chain(1, 500);
        let given = genesis(1, params());
        tell(&mut Validity::new(&given), 0, &chain, &committed[0]).expect("a chain");
        let mut other = (*committed[0]).clone();
        spoil(&mut other);
        // As a liar with a third of the power more would have it: the id and the certificate fit what was spoilt.
        if !words.starts_with("certificate") && !words.starts_with("power") {
            other.hash = other.block.hash();
            other.certificate = certify(&given.chain_id, &other.block, &[&keys(0).consensus]);
        }
        broken(tell(&mut Validity::new(&given), 0, &chain, &other), words);
    }
    let (chain, committed) = chain(2, 500);
    let gap = tell(&mut Validity::new(&genesis(1, params())), 0, &chain, &committed[1]);
    broken(gap, "height 2 is decided before 1");
}

/// A block from a time that no honest clock shows breaks validity.
#[test]
fn blocks_of_the_future_break_validity() {
    let (chain, committed) = chain(1, 5_000);
    let block = &committed[0];
    for (behind_ms, fits) in [(2_000, true), (2_001, false)] {
        let latest_ms = block.block.header.time_ms - behind_ms;
        let seen =
            Seen::Committed { node: 0, committed: block, fetched: false, reader: &chain.reader(), latest_ms };
        let result = Validity::new(&genesis(1, params())).see(&seen);
        if fits { result.expect("allowed") } else { broken(result, "no honest clock allows") }
    }
}
