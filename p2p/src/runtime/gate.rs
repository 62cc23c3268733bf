//! Who is let in: banned peers are kept out, and no address takes more than its share.
//!
//! ```text
//! TCP accepted -> address: rate, half-open, connected -> handshake -> peer id: banned? -> connected
//! ```
//!
//! *Invariants*: an address that used up its allowance is refused before the handshake, so it costs next to nothing
//! whatever identities it makes up; connections that this node dials are never refused for an address; the table of
//! addresses is bounded.

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{
    CloseConnection, ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::net::IpAddr;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Connections that one address may have open: a local network of thirty nodes, or as many behind one router.
const ADDRESS_CONNECTIONS_MAX: usize = 64;
/// Connections of one address whose handshake is not finished.
const ADDRESS_HALF_OPEN_MAX: usize = 16;
/// Connections that one address may begin at once.
const ADDRESS_BURST: f64 = 64.0;
/// And in a second, averaged.
const ADDRESS_PER_SECOND: f64 = 2.0;
/// What the attempt of a banned peer costs its address, beyond the connection itself.
const BANNED_COST: f64 = 7.0;
/// Addresses remembered.
const ADDRESSES_MAX: usize = 4_096;

/// A machine, or a network that gets addresses by the billion: an IPv4 address, or the first half of an IPv6 one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Origin(u64, bool);

fn origin_of(address: &Multiaddr) -> Option<Origin> {
    let ip = address.iter().find_map(|part| match part {
        Protocol::Ip4(ip) => Some(IpAddr::from(ip)),
        Protocol::Ip6(ip) => Some(IpAddr::from(ip).to_canonical()),
        _ => None,
    })?;
    Some(match ip {
        IpAddr::V4(ip) => Origin(u64::from(u32::from(ip)), false),
        IpAddr::V6(ip) => Origin(u64::try_from(u128::from(ip) >> 64).unwrap_or(u64::MAX), true),
    })
}

/// Why a connection is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the peer is banned")]
    Banned,
    #[error("its address opens more than {ADDRESS_PER_SECOND} connections a second")]
    TooOften,
    #[error("its address has {ADDRESS_HALF_OPEN_MAX} connections without a finished handshake")]
    HalfOpen,
    #[error("its address has {ADDRESS_CONNECTIONS_MAX} connections")]
    TooMany,
}

struct Visitor {
    tokens: f64,
    filled_at: Instant,
    half_open: usize,
    connected: usize,
}

/// See the module.
pub(crate) struct Gate {
    visitors: BTreeMap<Origin, Visitor>,
    /// Whom an inbound connection counts against, and whether its handshake is done.
    origins: HashMap<ConnectionId, (Origin, bool)>,
    banned: HashSet<PeerId>,
    /// Peers that no limit of an address keeps out once they have shown who they are.
    reserved: HashSet<PeerId>,
    closing: VecDeque<PeerId>,
    waker: Option<Waker>,
    refused: u64,
}

impl Gate {
    pub(crate) fn new(reserved: impl IntoIterator<Item = PeerId>) -> Self {
        Self {
            visitors: BTreeMap::new(),
            origins: HashMap::new(),
            banned: HashSet::new(),
            reserved: reserved.into_iter().collect(),
            closing: VecDeque::new(),
            waker: None,
            refused: 0,
        }
    }

    /// Keeps a peer out from now on, and closes its connections.
    pub(crate) fn ban(&mut self, id: PeerId) {
        self.banned.insert(id);
        self.close(id);
    }

    /// Lets it in again.
    pub(crate) fn unban(&mut self, id: &PeerId) {
        self.banned.remove(id);
    }

    /// Closes a peer's connections; it may come back.
    pub(crate) fn close(&mut self, id: PeerId) {
        self.closing.push_back(id);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Connections refused since this was last asked.
    pub(crate) fn take_refused(&mut self) -> u64 {
        std::mem::take(&mut self.refused)
    }

    /// A connection begins: whether its address may.
    fn knock(&mut self, connection: ConnectionId, from: &Multiaddr, now: Instant) -> Result<(), Refused> {
        let Some(origin) = origin_of(from) else { return Ok(()) };
        if self.visitors.len() >= ADDRESSES_MAX && !self.visitors.contains_key(&origin) {
            self.forget_idle(now);
        }
        let fresh = Visitor { tokens: ADDRESS_BURST, filled_at: now, half_open: 0, connected: 0 };
        let visitor = self.visitors.entry(origin).or_insert(fresh);
        visitor.fill(now);
        let refusal = if visitor.tokens < 1.0 {
            Err(Refused::TooOften)
        } else if visitor.half_open >= ADDRESS_HALF_OPEN_MAX {
            Err(Refused::HalfOpen)
        } else {
            visitor.tokens -= 1.0;
            visitor.half_open += 1;
            self.origins.insert(connection, (origin, false));
            Ok(())
        };
        self.refused += u64::from(refusal.is_err());
        refusal
    }

    /// The handshake is done: whether this peer may come in.
    fn enter(&mut self, connection: ConnectionId, peer: &PeerId) -> Result<(), Refused> {
        let mut entry = self.origins.get_mut(&connection);
        let visitor = entry.as_ref().and_then(|(origin, _)| self.visitors.get_mut(origin));
        if self.banned.contains(peer) {
            self.refused += 1;
            if let Some(visitor) = visitor {
                visitor.tokens = (visitor.tokens - BANNED_COST).max(0.0);
            }
            return Err(Refused::Banned);
        }
        let Some(visitor) = visitor else { return Ok(()) };
        if visitor.connected >= ADDRESS_CONNECTIONS_MAX && !self.reserved.contains(peer) {
            self.refused += 1;
            return Err(Refused::TooMany);
        }
        visitor.half_open = visitor.half_open.saturating_sub(1);
        visitor.connected += 1;
        if let Some((_, entered)) = &mut entry {
            *entered = true;
        }
        Ok(())
    }

    /// A connection is gone, whether it ever got in or not.
    fn gone(&mut self, connection: ConnectionId) {
        let Some((origin, entered)) = self.origins.remove(&connection) else { return };
        let Some(visitor) = self.visitors.get_mut(&origin) else { return };
        let open = if entered { &mut visitor.connected } else { &mut visitor.half_open };
        *open = open.saturating_sub(1);
    }

    /// Makes room: addresses with nothing open and their allowance full again are like new ones; if all have used
    /// some of it, those with nothing open go.
    fn forget_idle(&mut self, now: Instant) {
        self.visitors.retain(|_, visitor| {
            visitor.fill(now);
            visitor.half_open + visitor.connected > 0 || visitor.tokens < ADDRESS_BURST
        });
        if self.visitors.len() >= ADDRESSES_MAX {
            self.visitors.retain(|_, visitor| visitor.half_open + visitor.connected > 0);
        }
    }
}

impl Visitor {
    fn fill(&mut self, now: Instant) {
        let passed = now.duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * ADDRESS_PER_SECOND).min(ADDRESS_BURST);
        self.filled_at = now;
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        from: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.knock(connection, from, Instant::now()).map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.enter(connection, &peer).map(|()| dummy::ConnectionHandler).map_err(ConnectionDenied::new)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.enter(connection, &peer).map(|()| dummy::ConnectionHandler).map_err(ConnectionDenied::new)
    }

    fn on_swarm_event(&mut self, event: FromSwarm) {
        match event {
            FromSwarm::ListenFailure(failure) => self.gone(failure.connection_id),
            FromSwarm::ConnectionClosed(ConnectionClosed { connection_id, .. }) => self.gone(connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        if let Some(peer_id) = self.closing.pop_front() {
            return Poll::Ready(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::All });
        }
        self.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libp2p::identity::Keypair;
    use std::time::Duration;

    fn id(seed: u8) -> PeerId {
        Keypair::ed25519_from_bytes([seed; 32]).unwrap().public().to_peer_id()
    }

    fn at(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    fn connection(number: usize) -> ConnectionId {
        ConnectionId::new_unchecked(number)
    }

    /// An address may begin a burst and then a few a second, whoever it says it is; another address is not concerned.
    #[test]
    fn an_address_has_a_rate() {
        let start = Instant::now();
        let mut gate = Gate::new([]);
        let from = at("/ip4/10.0.0.1/tcp/1");
        let mut taken = 0;
        for number in 0..200 {
            if gate.knock(connection(number), &from, start).is_ok() {
                taken += 1;
                gate.gone(connection(number));
            }
        }
        assert_eq!((taken, gate.take_refused()), (64, 136));
        assert_eq!(gate.knock(connection(500), &from, start), Err(Refused::TooOften));
        assert_eq!(gate.knock(connection(501), &at("/ip4/10.0.0.2/tcp/1"), start), Ok(()));
        assert_eq!(gate.knock(connection(502), &from, start + Duration::from_secs(1)), Ok(()));
    }

    /// Connections that never finish their handshake are few, and one that ends makes room.
    #[test]
    fn half_open_connections_are_few() {
        let now = Instant::now();
        let mut gate = Gate::new([]);
        let from = at("/ip6/2001:db8::1/tcp/1");
        let neighbour = at("/ip6/2001:db8::2/tcp/1");
        for number in 0..ADDRESS_HALF_OPEN_MAX {
            gate.knock(connection(number), if number % 2 == 0 { &from } else { &neighbour }, now).unwrap();
        }
        assert_eq!(gate.knock(connection(99), &from, now), Err(Refused::HalfOpen));
        gate.gone(connection(0));
        assert_eq!(gate.knock(connection(100), &neighbour, now), Ok(()));
    }

    /// A banned peer is refused, and the address that it tries from soon is, too; reserved peers pass the limit.
    #[test]
    fn banned_peers_tire_their_address_and_reserved_ones_have_room() {
        let now = Instant::now();
        let mut gate = Gate::new([id(9)]);
        gate.ban(id(1));
        let from = at("/ip4/10.0.0.1/tcp/1");
        let mut tries = 0;
        while gate.knock(connection(tries), &from, now).is_ok() {
            assert_eq!(gate.enter(connection(tries), &id(1)), Err(Refused::Banned));
            gate.gone(connection(tries));
            tries += 1;
        }
        assert_eq!(tries, 8);
        gate.unban(&id(1));
        let other = at("/ip4/10.0.0.2/tcp/1");
        for number in 100..100 + ADDRESS_CONNECTIONS_MAX {
            let later = now + Duration::from_secs(number as u64);
            gate.knock(connection(number), &other, later).unwrap();
            gate.enter(connection(number), &id(1)).unwrap();
        }
        let later = now + Duration::from_secs(1_000);
        gate.knock(connection(900), &other, later).unwrap();
        assert_eq!(gate.enter(connection(900), &id(2)), Err(Refused::TooMany));
        assert_eq!(gate.enter(connection(900), &id(9)), Ok(()));
        gate.gone(connection(100));
        gate.gone(connection(101));
        gate.knock(connection(901), &other, later).unwrap();
        assert_eq!(gate.enter(connection(901), &id(2)), Ok(()));
    }

    /// However many addresses there are, the table keeps its size, and forgets none that has a connection.
    #[test]
    fn the_table_is_bounded() {
        let now = Instant::now();
        let mut gate = Gate::new([]);
        gate.knock(connection(0), &at("/ip4/10.1.0.0/tcp/1"), now).unwrap();
        for number in 1..3 * ADDRESSES_MAX {
            let from = at(&format!("/ip4/10.2.{}.{}/tcp/1", number / 256, number % 256));
            gate.knock(connection(number), &from, now).unwrap();
            gate.gone(connection(number));
        }
        assert!(gate.visitors.len() <= ADDRESSES_MAX);
        assert!(gate.visitors.contains_key(&origin_of(&at("/ip4/10.1.0.0/tcp/9")).unwrap()));
        assert_eq!(gate.origins.len(), 1);
    }
}
