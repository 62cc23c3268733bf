//! A protocol whose peers are counted: what comes in faster than anybody needs is dropped before the protocol looks
//! at it, and told.
//!
//! Gossip hands this node a message only once; the thousand copies behind it cost a hash each and are never seen.
//! Here they are.

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::task::{Context, Poll};
use std::time::Instant;

/// How many events of one peer's connections a protocol looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// In a second, averaged.
    pub(crate) per_second: f64,
    /// At once.
    pub(crate) burst: f64,
    /// Dropped events that count as one flood.
    pub(crate) dropped_per_flood: u32,
}

struct Meter {
    tokens: f64,
    filled_at: Instant,
    dropped: u32,
}

/// A protocol with a meter for every peer that is connected.
pub(crate) struct Metered<B> {
    inner: B,
    rate: Rate,
    meters: BTreeMap<PeerId, Meter>,
    floods: Vec<PeerId>,
}

impl<B> Metered<B> {
    pub(crate) fn new(inner: B, rate: Rate) -> Self {
        Self { inner, rate, meters: BTreeMap::new(), floods: Vec::new() }
    }

    /// Peers that flooded since this was last asked; one stands here as often as it did.
    pub(crate) fn take_floods(&mut self) -> Vec<PeerId> {
        std::mem::take(&mut self.floods)
    }

    fn take(&mut self, peer: PeerId, now: Instant) -> bool {
        let rate = self.rate;
        let fresh = Meter { tokens: rate.burst, filled_at: now, dropped: 0 };
        let meter = self.meters.entry(peer).or_insert(fresh);
        let passed = now.duration_since(meter.filled_at).as_secs_f64();
        meter.tokens = (meter.tokens + passed * rate.per_second).min(rate.burst);
        meter.filled_at = now;
        if meter.tokens >= 1.0 {
            meter.tokens -= 1.0;
            return true;
        }
        meter.dropped += 1;
        if meter.dropped >= rate.dropped_per_flood {
            meter.dropped = 0;
            self.floods.push(peer);
        }
        false
    }
}

impl<B> Deref for Metered<B> {
    type Target = B;
    fn deref(&self) -> &B {
        &self.inner
    }
}

impl<B> DerefMut for Metered<B> {
    fn deref_mut(&mut self) -> &mut B {
        &mut self.inner
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for Metered<B> {
    type ConnectionHandler = B::ConnectionHandler;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner.handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.inner.handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm) {
        if let FromSwarm::ConnectionClosed(closed) = &event
            && closed.remaining_established == 0
        {
            self.meters.remove(&closed.peer_id);
        }
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        if self.take(peer, Instant::now()) {
            self.inner.on_connection_handler_event(peer, connection, event);
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.inner.poll(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libp2p::identity::Keypair;
    use libp2p::swarm::dummy;
    use std::time::Duration;

    /// A burst passes, then a steady rate; the rest is dropped and told now and then.
    #[test]
    fn floods_are_told() {
        let start = Instant::now();
        let peer = Keypair::ed25519_from_bytes([1; 32]).unwrap().public().to_peer_id();
        let rate = Rate { per_second: 2_000.0, burst: 8_000.0, dropped_per_flood: 4_000 };
        let mut metered = Metered::new(dummy::Behaviour, rate);
        let passed = (0..20_000).filter(|_| metered.take(peer, start)).count();
        assert_eq!((passed, metered.take_floods().len()), (8_000, 3));
        let second = (0..20_000).filter(|_| metered.take(peer, start + Duration::from_secs(1))).count();
        assert_eq!(second, 2_000);
        let steady = (2..100)
            .all(|second| (0..2_000).all(|_| metered.take(peer, start + Duration::from_secs(second))));
        assert!(steady);
    }
}
