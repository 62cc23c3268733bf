//! Nodes over QUIC: only with the feature `quic`.

use crate::fixture::{keys, transfer};
use crate::network::{Net, config, nonce, wait};
use crate::puppet::{Manners, Puppet, frame};
use hydrogen_core::Params;
use hydrogen_p2p::{Multiaddr, NodeConfig, NodeHandle, peer_id, probe};
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use std::collections::BTreeSet;

fn params() -> Params {
    Params { heartbeat_ms: 300, ..Params::default() }
}

fn quic() -> Multiaddr {
    "/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap()
}

fn tcp() -> Multiaddr {
    "/ip4/127.0.0.1/tcp/0".parse().unwrap()
}

fn is_quic(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::QuicV1)
}

/// Three validators that speak QUIC alone decide, and a follower that speaks TCP alone follows the one of them that
/// listens on both.
#[test]
fn three_validators_decide_over_quic() {
    let mut net = Net::of(3, params());
    net.join(NodeConfig { listen: vec![quic(), tcp()], ..config(0, 3, vec![]) });
    let both = net.nodes[0].peer_addresses();
    assert!(is_quic(&both[0]) && !is_quic(&both[1]), "{both:?}");
    net.join(NodeConfig { listen: vec![quic()], ..config(1, 3, vec![both[0].clone()]) });
    let others = vec![both[0].clone(), net.nodes[1].peer_address()];
    net.join(NodeConfig { listen: vec![quic()], ..config(2, 3, others) });
    net.join(config(3, 3, vec![both[1].clone()]));
    wait(&net.nodes[0], || net.nodes.iter().all(|node| node.status().height.get() >= 3));
    net.nodes[2].submit(transfer(0)).unwrap();
    wait(&net.nodes[0], || net.nodes.iter().all(|node| nonce(node) == 1));
    let validators: BTreeSet<_> = net.nodes[..3].iter().map(NodeHandle::peer_id).collect();
    for node in &net.nodes[..3] {
        let status = node.status();
        let among: Vec<_> = status.peers.iter().filter(|peer| validators.contains(&peer.id)).collect();
        assert_eq!(among.len(), 2);
        assert!(among.iter().all(|peer| is_quic(&peer.address)), "{among:?}");
        assert_eq!(node.metrics().peer_faults.get(), 0);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(probe(both[0].clone(), &keys(9), &net.genesis)).unwrap();
}

/// The allow list, points and bans hold as they do over TCP, and a banned peer's new connection is refused.
#[test]
fn the_gate_holds_over_quic() {
    let mut net = Net::of(1, params());
    let liar = Keypair::ed25519_from_bytes([120; 32]).unwrap();
    let allow = Some(BTreeSet::from([peer_id(&keys(1)), liar.public().to_peer_id()]));
    net.join(NodeConfig { listen: vec![quic()], allow, ..config(0, 1, vec![]) });
    let target = net.addresses();
    net.join(NodeConfig { listen: vec![quic()], ..config(1, 1, target.clone()) });
    net.join(NodeConfig { listen: vec![quic()], ..config(2, 1, target.clone()) });
    let node = &net.nodes[0];
    let liar_id = liar.public().to_peer_id();
    let is_peer = || node.status().peers.iter().any(|peer| peer.id == liar_id);
    let puppet = Puppet::start(&liar, Manners::Follower, &net.genesis, target.clone());
    wait(node, is_peer);
    for _ in 0..3 {
        puppet.request(node.peer_id(), frame(&[77; 40]));
    }
    wait(node, || node.status().banned.iter().any(|banned| banned.id == liar_id) && !is_peer());
    let refused = node.metrics().connections_refused.get();
    let again = Puppet::start(&liar, Manners::Follower, &net.genesis, target);
    wait(node, || node.metrics().connections_refused.get() > refused);
    assert!(!is_peer());
    wait(node, || net.nodes[1].status().height.get() >= 4);
    assert_eq!(net.nodes[2].status().height.get(), 0, "it is not on the list");
    assert_eq!(node.status().peers.len(), 1);
    drop((puppet, again));
}
