//! Addresses that a build cannot use.

use crate::fixture::chain;
use crate::network::{Net, config};
use hydrogen_core::Params;
use hydrogen_p2p::{Multiaddr, NodeConfig, NodeError, start};
#[cfg(not(feature = "quic"))]
use hydrogen_p2p::{ProbeError, probe};
use std::sync::Arc;

fn refusal(change: impl FnOnce(&mut NodeConfig)) -> NodeError {
    let net = Net::of(1, Params::default());
    let mut config = config(0, 1, vec![]);
    change(&mut config);
    start(chain(&Arc::default(), &net.genesis), config).err().unwrap()
}

/// Neither to listen nor to dial: what a node cannot do it says at its start, with the address.
#[test]
fn unknown_addresses_are_told_at_the_start() {
    let address: Multiaddr = "/ip4/127.0.0.1/tcp/1/ws".parse().unwrap();
    for error in [
        refusal(|config| config.listen.push(address.clone())),
        refusal(|config| config.peers.push(address.clone())),
    ] {
        assert!(matches!(error, NodeError::Address(_)), "{error}");
        assert!(error.to_string().starts_with(&address.to_string()), "{error}");
    }
    assert!(matches!(refusal(|config| config.listen.clear()), NodeError::NoAddress));
}

/// An address of QUIC in a build without it: the answer names the feature.
#[cfg(not(feature = "quic"))]
#[test]
fn addresses_of_quic_name_the_feature() {
    let address: Multiaddr = "/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap();
    let listening = refusal(|config| config.listen.push(address.clone()));
    let dialling = refusal(|config| config.peers.push(address.clone()));
    let genesis = Net::of(1, Params::default()).genesis;
    let keys = crate::fixture::keys(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let probing = runtime.block_on(probe(address.clone(), &keys, &genesis)).unwrap_err();
    assert!(matches!(probing, ProbeError::Address(_)));
    for error in [listening.to_string(), dialling.to_string(), probing.to_string()] {
        assert!(error.contains("feature `quic`") && error.contains(&address.to_string()), "{error}");
    }
}
