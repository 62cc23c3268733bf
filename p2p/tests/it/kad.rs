//! Discovery by Kademlia: only with the feature `kad`.

use crate::fixture::keys;
use crate::network::{Net, config, wait};
use hydrogen_core::Params;
use hydrogen_p2p::{NodeConfig, PeerId, peer_id};
use std::collections::BTreeSet;

fn params() -> Params {
    Params { heartbeat_ms: 300, ..Params::default() }
}

fn peers(net: &Net, node: usize) -> BTreeSet<PeerId> {
    net.nodes[node].status().peers.into_iter().map(|peer| peer.id).collect()
}

/// A line of nodes, of which only the first votes: each knows the one before it and nobody else, and none but a
/// validator is told of others. They all find each other.
#[test]
fn a_line_of_nodes_becomes_a_net() {
    const NODES: usize = 5;
    let mut net = Net::of(1, params());
    for index in 0..NODES {
        let before = net.addresses().split_off(index.saturating_sub(1));
        net.join(config(index, 1, before));
    }
    wait(&net.nodes[0], || (0..NODES).all(|node| peers(&net, node).len() == NODES - 1));
    wait(&net.nodes[0], || net.nodes.iter().all(|node| node.status().height.get() >= 2));
    assert_eq!(net.nodes.iter().map(|node| node.metrics().peer_faults.get()).sum::<u64>(), 0);
}

/// Who is not on a node's allow list is neither let in nor dialled, whoever tells of it.
#[test]
fn the_allow_list_holds_for_what_is_found() {
    let mut net = Net::of(1, params());
    let allow = BTreeSet::from([peer_id(&keys(0)), peer_id(&keys(1))]);
    net.join(config(0, 1, vec![]));
    for index in 1..3 {
        net.join(config(index, 1, net.addresses()[..1].to_vec()));
    }
    net.join(NodeConfig { allow: Some(allow.clone()), ..config(3, 1, net.addresses()[..1].to_vec()) });
    // The others find each other, and node 3 finds the one that it may speak to.
    wait(&net.nodes[0], || peers(&net, 0).len() == 3 && peers(&net, 1).len() == 3 && peers(&net, 3) == allow);
    let top = net.nodes[3].status().height.get();
    wait(&net.nodes[0], || net.nodes[3].status().height.get() >= top + 4);
    assert_eq!(peers(&net, 3), allow);
    let forbidden = peer_id(&keys(3));
    assert!(!peers(&net, 2).contains(&forbidden));
}
