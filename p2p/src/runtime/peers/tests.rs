//! Dialling, allowances and silence, without a network.

use super::*;
use crate::runtime::wire::SYNC_BYTES;
use libp2p::identity::Keypair;

fn id(seed: u8) -> PeerId {
    Keypair::ed25519_from_bytes([seed; 32]).unwrap().public().to_peer_id()
}

fn address(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

/// A configured peer is dialled for ever, with growing pauses; one that was told of is given up.
#[test]
fn dialling_backs_off() {
    let start = Instant::now();
    let mut book = PeerBook::new(id(1), vec![address("/ip4/10.0.0.1/tcp/1")], start);
    let told = address("/ip4/10.0.0.2/tcp/1").with(Protocol::P2p(id(2)));
    book.learn(&told.to_vec(), start);
    book.learn(&told.to_vec(), start);
    book.learn(&address("/ip4/10.0.0.3/tcp/1").to_vec(), start);
    book.learn(&[0; 999], start);
    let mut dials = [0, 0];
    for tick in 0..6_000u64 {
        for (dialled, _) in book.due_dials(start + Duration::from_millis(tick * 100)) {
            dials[usize::from(dialled.is_some())] += 1;
        }
    }
    assert_eq!(dials[1], 8);
    assert!((60..70).contains(&dials[0]), "{dials:?}");
}

/// A flood counts as a fault now and then, and what is of no use costs more.
#[test]
fn floods_count() {
    let start = Instant::now();
    let mut book = PeerBook::new(id(1), vec![], start);
    assert!(book.connected(id(2), &address("/ip4/10.0.0.2/tcp/1"), false, start));
    assert!(!book.connected(id(2), &address("/ip4/10.0.0.2/tcp/2"), false, start));
    let answers: Vec<Allowance> = (0..20_000).map(|_| book.take_allowance(&id(2), 0, start)).collect();
    assert_eq!(answers.iter().filter(|answer| **answer == Allowance::Enough).count(), 4_000);
    assert_eq!(answers.iter().filter(|answer| **answer == Allowance::Flood).count(), 16);
    let later = start + Duration::from_secs(10);
    assert_eq!(book.take_allowance(&id(2), SYNC_BYTES, later), Allowance::Enough);
    let mut useless = 0;
    while book.take_allowance(&id(2), 0, later) == Allowance::Enough {
        book.useless(&id(2), 0);
        useless += 1;
    }
    assert!((370..=380).contains(&useless), "{useless}");
    assert_eq!(book.disconnected(&id(2)), Some(Peer(1)));
}

/// Whoever does not say who it is goes soon, whoever falls silent later.
#[test]
fn silent_peers_are_found() {
    let start = Instant::now();
    let mut book = PeerBook::new(id(1), vec![], start);
    for seed in [2, 3] {
        book.connected(id(seed), &address("/ip4/10.0.0.2/tcp/1"), false, start);
    }
    book.greeted(&id(3), true, 7, start);
    let at = |seconds| start + Duration::from_secs(seconds);
    // Other bytes are no greeting.
    book.received(&id(2), 100, at(14));
    assert!(book.silent(at(14)).is_empty());
    assert_eq!(book.silent(at(15)), [id(2)]);
    book.disconnected(&id(2));
    book.received(&id(3), 100, at(14));
    assert!(book.silent(at(73)).is_empty());
    assert_eq!(book.silent(at(74)), [id(3)]);
}

/// The gossip of `rounds` rounds a second of 128 validators, `seconds` long, all by one peer that is at `height`, to a
/// node at height 100; says how many messages were refused. Good ones are judged when the whole round is here, others
/// one by one: neither could cost more.
fn refused(seconds: u32, rounds: u32, height: u64, good: bool) -> u32 {
    const MESSAGES: u32 = 129;
    let (start, peer) = (Instant::now(), id(2));
    let mut book = PeerBook::new(id(1), vec![], start);
    book.connected(peer, &address("/ip4/10.0.0.2/tcp/1"), false, start);
    book.greeted(&peer, false, height, start);
    let mut refused = 0;
    for round in 0..seconds * rounds {
        let now = start + Duration::from_secs(1) * round / rounds;
        let mut unjudged = 0;
        for _ in 0..MESSAGES {
            match book.take_allowance(&peer, 300, now) {
                Allowance::Enough if good => unjudged += 1,
                Allowance::Enough => book.useless(&peer, 100),
                Allowance::UsedUp | Allowance::Flood => refused += 1,
            }
        }
        (0..unjudged).for_each(|_| book.useful(&peer, 300));
    }
    refused
}

/// Votes of the largest set, all passed on by one peer, cost that peer nothing, however fast the rounds are.
#[test]
fn good_gossip_is_free() {
    assert_eq!(refused(600, 30, 100, true), 0);
}

/// A node that is behind for an hour can use none of it: the peer cannot know, and loses nothing at four rounds a second.
#[test]
fn gossip_for_a_node_that_is_behind_is_no_flood() {
    assert_eq!(refused(3_600, 4, 200, false), 0);
}

/// At the same height a hundred messages of no use a second are borne for ever; five times as many are refused.
#[test]
fn gossip_of_no_use_at_the_tip_is_a_flood() {
    assert!(refused(60, 4, 100, false) > 10 * REFUSED_PER_FAULT);
    let (start, peer) = (Instant::now(), id(2));
    let mut book = PeerBook::new(id(1), vec![], start);
    book.connected(peer, &address("/ip4/10.0.0.2/tcp/1"), false, start);
    for tick in 0..360_000 {
        let allowance = book.take_allowance(&peer, 300, start + Duration::from_millis(10) * tick);
        assert_eq!(allowance, Allowance::Enough);
        book.useless(&peer, 0);
    }
}

/// What is learnt of is dialled only if it may come in and this build can dial it.
#[test]
fn nobody_is_learnt_of_who_may_not_come_in() {
    let now = Instant::now();
    let mut book = PeerBook::new(id(1), vec![], now);
    book.allow_only(Some([id(2), id(4)].into()));
    for seed in [2, 3] {
        let told = address("/ip4/10.0.0.2/tcp/1").with(Protocol::P2p(id(seed)));
        book.learn(&told.to_vec(), now);
    }
    book.learn(&address("/ip4/10.0.0.2/tcp/1/ws").with(Protocol::P2p(id(4))).to_vec(), now);
    let later = now + Duration::from_secs(1);
    let dialled: Vec<_> = book.due_dials(later).into_iter().map(|(id, _)| id).collect();
    assert_eq!(dialled, [Some(id(2))]);
}
