//! Peers that lie, over real sockets: what becomes of them, of those beside them, and of the chain.

use crate::fixture::{genesis, keys, transfer};
use crate::network::{Net, config, nonce, wait};
use crate::puppet::{Manners, Puppet, frame};
use hydrogen_core::{EvidenceKey, Params, evidence::Evidence};
use hydrogen_p2p::consensus::Said;
use hydrogen_p2p::consensus::forge::sign;
use hydrogen_p2p::{BannedPeer, NodeHandle, PeerId, peer_keypair};
use hydrogen_types::block::VoteKind;
use hydrogen_types::codec::encode;
use hydrogen_types::{Hash, Height};
use libp2p::identity::Keypair;
use std::cell::Cell;
use std::collections::BTreeSet;

fn identity(seed: u8) -> Keypair {
    Keypair::ed25519_from_bytes([seed; 32]).unwrap()
}

fn params() -> Params {
    Params { heartbeat_ms: 300, timeout_propose_ms: 500, ..Params::default() }
}

fn is_peer(node: &NodeHandle, id: PeerId) -> bool {
    node.status().peers.iter().any(|peer| peer.id == id)
}

fn ban(node: &NodeHandle, id: PeerId) -> Option<BannedPeer> {
    node.status().banned.into_iter().find(|banned| banned.id == id)
}

fn held(node: &NodeHandle) -> BTreeSet<EvidenceKey> {
    node.reader().evidence().unwrap().iter().map(Evidence::about).collect()
}

/// A precommit of validator 3 at the height that `node` works on.
fn precommit(node: &NodeHandle, block: Option<Hash>) -> Vec<u8> {
    let (height, voter) = (node.status().height.next(), keys(3).consensus);
    let said = Said::Vote { kind: VoteKind::Precommit, height, round: 0, block, voter: voter.address() };
    sign(&said, &genesis(4, params()).chain_id, &voter).unwrap()
}

/// Three of four validators and a node that follows one of them; the fourth validator tells one node one thing and
/// another the opposite. Neither sees a contradiction, but the proof comes together, and everybody keeps it. Where it
/// says both to one face, it is banned. Blocks go on.
#[test]
fn who_signs_two_votes_is_proven_to_all() {
    let mut net = Net::of(4, params());
    for index in 0..3 {
        net.join(config(index, 4, net.addresses()));
    }
    net.join(config(4, 4, net.addresses()[..1].to_vec()));
    let nodes = &net.nodes;
    let liar = Puppet::start(
        &peer_keypair(&keys(3)),
        Manners::Validator,
        &net.genesis,
        nodes[..3].iter().map(NodeHandle::peer_address).collect(),
    );
    wait(&nodes[0], || nodes[..3].iter().all(|node| is_peer(node, liar.id)));
    // It says what it says at every height until the proof is there: the word for one may come too late.
    let told = Cell::new(Height::GENESIS);
    let at_each_height = |node: &NodeHandle, say: &dyn Fn()| {
        if told.replace(node.status().height.next()) != node.status().height.next() {
            say();
        }
    };
    wait(&nodes[0], || {
        at_each_height(&nodes[0], &|| {
            liar.say(nodes[0].peer_id(), precommit(&nodes[0], None));
            liar.say(nodes[1].peer_id(), precommit(&nodes[1], Some(Hash::ZERO)));
        });
        nodes.iter().all(|node| !held(node).is_empty())
    });
    wait(&nodes[0], || nodes.iter().all(|node| held(node) == held(&nodes[0])));
    let accused: BTreeSet<_> = nodes.iter().flat_map(held).map(|about| about.validator).collect();
    assert_eq!(accused, [keys(3).consensus.address()].into());
    assert!(nodes.iter().all(|node| ban(node, liar.id).is_none()), "it has told nobody both");

    wait(&nodes[2], || {
        at_each_height(&nodes[2], &|| {
            for block in [None, Some(Hash::ZERO)] {
                liar.say(nodes[2].peer_id(), precommit(&nodes[2], block));
            }
        });
        ban(&nodes[2], liar.id).is_some()
    });
    let reason = ban(&nodes[2], liar.id).unwrap().reason;
    assert!(reason.contains("two different statements"), "{reason}");
    let top = nodes[0].status().height.get();
    wait(&nodes[0], || nodes.iter().all(|node| node.status().height.get() >= top + 2));
}

/// A peer that gossips what proves false is excluded from gossip, one that gossips what cannot be read is banned; nothing
/// of theirs goes on to another node, not even a good transaction. Beside them an honest peer's transactions come into
/// blocks.
#[test]
fn gossiping_liars_are_excluded_and_their_neighbour_is_not() {
    let net = Net::start(2, params());
    let [first, second] = &net.nodes[..] else { panic!() };
    let puppet =
        |seed| Puppet::start(&identity(seed), Manners::Follower, &net.genesis, vec![first.peer_address()]);
    let (honest, liar, brute) = (puppet(101), puppet(102), puppet(103));
    let score = |id| first.status().peers.into_iter().find(|peer| peer.id == id).map(|peer| peer.score);
    honest.gossip("txs", transfer(0));
    wait(first, || nonce(first) == 1 && nonce(second) == 1 && is_peer(first, liar.id));

    // Blocks that were never decided: false for certain once the height is. Below -80 gossip listens no more.
    let told = Cell::new(Height::GENESIS);
    wait(first, || {
        let next = first.status().height.next();
        if told.replace(next) != next {
            for number in 0..8u8 {
                liar.gossip("blocks", encode(&(next, Hash::sha256(&[number]))));
            }
        }
        score(liar.id).is_some_and(|score| score < -80.0)
    });
    for number in 0..8u8 {
        let mut forged = transfer(u64::from(number) + 1);
        *forged.last_mut().unwrap() ^= 1;
        brute.gossip("txs", forged);
        brute.gossip("votes", vec![number; 100]);
        brute.gossip("blocks", vec![number; 13]);
    }
    wait(first, || ban(first, brute.id).is_some() && !is_peer(first, brute.id));

    liar.gossip("txs", transfer(1));
    let top = first.status().height.get();
    wait(first, || first.status().height.get() >= top + 3);
    assert_eq!(nonce(first), 1, "the liar's transaction was heard");
    for number in 1..6 {
        honest.gossip("txs", transfer(number));
        wait(first, || nonce(first) == number + 1 && nonce(second) == number + 1);
    }
    assert!(score(liar.id).is_some_and(|score| score < -80.0), "{:?}", score(liar.id));
    let peers = first.status().peers;
    let neighbour = peers.iter().find(|peer| peer.id == honest.id).unwrap();
    assert_eq!((neighbour.points, neighbour.faults), (0, 0));
    assert!(neighbour.score >= 0.0, "{neighbour:?}");
    assert_eq!((second.metrics().peer_faults.get(), second.status().banned.len()), (0, 0));
}

/// Requests, and answers, that cannot be read are their sender's fault: three and it is banned.
#[test]
fn who_sends_what_cannot_be_read_is_banned() {
    let net = Net::start(1, params());
    let node = &net.nodes[0];
    let unknown_tag = frame(&[77; 40]);
    let cut_short = frame(&[3, 1, 2, 3]);
    let too_long = u32::MAX.to_le_bytes().to_vec();
    let with_rest = frame(&[&[4], &[0; 8][..], &[9; 5]].concat());
    let kinds = [Some(unknown_tag), Some(cut_short), Some(too_long), Some(with_rest), None];
    let puppet = |(seed, bytes): (u8, Option<Vec<u8>>)| {
        let manners = if bytes.is_some() { Manners::Follower } else { Manners::Garbage };
        (Puppet::start(&identity(seed), manners, &net.genesis, net.addresses()), bytes)
    };
    let puppets: Vec<_> = (110..).zip(kinds).map(puppet).collect();
    wait(node, || puppets.iter().all(|(puppet, bytes)| bytes.is_none() || is_peer(node, puppet.id)));
    for (puppet, bytes) in &puppets {
        for _ in 0..3 {
            bytes.iter().for_each(|bytes| puppet.request(node.peer_id(), bytes.clone()));
        }
    }
    for (puppet, bytes) in &puppets {
        wait(node, || ban(node, puppet.id).is_some());
        let reason = ban(node, puppet.id).unwrap().reason;
        let expected = if bytes.is_some() { "sent a malformed request" } else { "sent a malformed answer" };
        assert_eq!(reason, expected);
        wait(node, || !is_peer(node, puppet.id));
    }
    let top = node.status().height.get();
    wait(node, || node.status().height.get() >= top + 2);
}

/// A node that follows one validator has every block before there is work for the next, by what it hears: the blocks are
/// made one at a time, so that no later one can have told it of an earlier.
#[test]
fn a_follower_has_each_block_before_the_next_begins() {
    const BLOCKS: u64 = 12;
    let quiet = Params { heartbeat_ms: 3_600_000, ..Params::default() };
    let mut net = Net::start(4, quiet);
    net.join(config(4, 4, net.addresses()[..1].to_vec()));
    let follower = &net.nodes[4];
    wait(follower, || net.nodes.iter().all(|node| node.status().height.get() >= 1));
    let mut behind = Vec::new();
    for number in 0..BLOCKS {
        let mut decided = net.nodes[1].committed();
        net.nodes[1].submit(transfer(number)).unwrap();
        let height = loop {
            let block = decided.blocking_recv().unwrap().block.clone();
            if !block.txs.is_empty() {
                break block.header.height;
            }
        };
        let started = std::time::Instant::now();
        wait(follower, || follower.status().height >= height);
        behind.push(started.elapsed());
        assert_eq!(net.nodes[1].reader().tip().height, height, "nothing was decided meanwhile");
    }
    behind.sort();
    let heard = follower.metrics().blocks_heard.get();
    println!(
        "behind a validator: p50 {:?} max {:?}; {heard} heard",
        behind[behind.len() / 2],
        behind.last().unwrap()
    );
    assert!(heard * 2 > BLOCKS, "{heard} of {BLOCKS} blocks were heard, the others asked for");
}
