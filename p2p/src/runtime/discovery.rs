//! Finds peers by Kademlia, where not everybody knows everybody: only with the feature `kad`.
//!
//! ```text
//! connected peers with their addresses -> table -> whoever asks for peers near a key
//! lookups of this node -> names and addresses -> `peers`, which dials as it dials all others
//! ```
//!
//! *Invariants*: it stores and serves no records; its table holds connected peers alone, each with one address at the
//! host that it connected from; it never dials by itself, so the allow list, bans and limits of dialling hold for what it
//! finds; one lookup at a time, and a queue of finds that is bounded.

use super::metered::Rate;
use super::wire::protocol_name;
use hydrogen_core::Genesis;
use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::kad::store::{MemoryStore, MemoryStoreConfig};
use libp2p::kad::{self, BucketInserts, Caching, Mode, StoreInserts};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, DialError, DialFailure, FromSwarm, NetworkBehaviour, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, StreamProtocol};
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::error::Error;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Questions and answers of one peer: a lookup asks it once, and a table that has changed is looked through by some ten
/// lookups.
pub(super) const RATE: Rate = Rate { per_second: 20.0, burst: 400.0, dropped_per_flood: 400 };
/// Between two searches of a node that has few peers.
const SEARCH_EVERY: Duration = Duration::from_secs(30);
/// Time for one lookup.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest question or answer: twenty peers with an address each.
const PACKET_BYTES_MAX: usize = 16 << 10;
/// Finds that wait to be looked at; the oldest give way.
const FOUND_MAX: usize = 64;

/// See the module.
pub(crate) struct Discovery {
    kad: kad::Behaviour<MemoryStore>,
    /// What the table holds.
    known: BTreeMap<PeerId, Multiaddr>,
    found: VecDeque<(PeerId, Multiaddr)>,
    /// Peers that a lookup would have dialled: it goes on without them.
    undialled: VecDeque<PeerId>,
    search_at: Instant,
}

impl Discovery {
    pub(crate) fn new(me: PeerId, genesis: &Genesis) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let name = StreamProtocol::try_from_owned(protocol_name(genesis, "kad"))?;
        let nothing = MemoryStoreConfig {
            max_records: 0,
            max_value_bytes: 0,
            max_provided_keys: 0,
            max_providers_per_key: 0,
        };
        let mut config = kad::Config::new(name);
        config
            .set_record_filtering(StoreInserts::FilterBoth)
            .set_replication_interval(None)
            .set_publication_interval(None)
            .set_provider_publication_interval(None)
            .set_caching(Caching::Disabled)
            .set_kbucket_inserts(BucketInserts::Manual)
            // The library complains when it searches with an empty table: `search` does not.
            .set_periodic_bootstrap_interval(None)
            .set_query_timeout(LOOKUP_TIMEOUT)
            .set_max_packet_size(PACKET_BYTES_MAX);
        let mut kad = kad::Behaviour::with_config(me, MemoryStore::with_config(me, nothing), config);
        kad.set_mode(Some(Mode::Server));
        Ok(Self {
            kad,
            known: BTreeMap::new(),
            found: VecDeque::new(),
            undialled: VecDeque::new(),
            search_at: Instant::now() + SEARCH_EVERY,
        })
    }

    /// A connected peer listens there: others may be told. A new address takes the place of the old one.
    pub(crate) fn met(&mut self, id: PeerId, address: Multiaddr) {
        let old = self.known.insert(id, address.clone());
        if old.as_ref() == Some(&address) {
            return;
        }
        if old.is_some() {
            self.kad.remove_peer(&id);
        }
        // Of a peer whose bucket is full nobody is told.
        self.kad.add_address(&id, address);
    }

    /// Looks around once in a while; a new entry of a small table makes the library look around by itself.
    pub(crate) fn search(&mut self, now: Instant) {
        if now < self.search_at {
            return;
        }
        self.search_at = now + SEARCH_EVERY;
        if !self.known.is_empty() && self.kad.iter_queries().next().is_none() {
            // An empty table is the only error.
            self.kad.bootstrap().ok();
        }
    }

    /// What was found since this was last asked.
    pub(crate) fn take_found(&mut self) -> VecDeque<(PeerId, Multiaddr)> {
        std::mem::take(&mut self.found)
    }

    /// A lookup would like to ask a peer that is not connected: its address is a find.
    fn on_wish(&mut self, id: PeerId) {
        let nobody = ConnectionId::new_unchecked(usize::MAX);
        let told = self.kad.handle_pending_outbound_connection(nobody, Some(id), &[], Endpoint::Dialer);
        if !self.known.contains_key(&id)
            && let Some(address) = told.ok().and_then(|addresses| addresses.into_iter().next())
        {
            if self.found.len() >= FOUND_MAX {
                self.found.pop_front();
            }
            self.found.push_back((id, address));
        }
        self.undialled.push_back(id);
    }

    /// Lets the lookups go on without the peers that they would have dialled.
    fn settle_wishes(&mut self) {
        while let Some(id) = self.undialled.pop_front() {
            let connection_id = ConnectionId::new_unchecked(usize::MAX);
            let failure = DialFailure { peer_id: Some(id), error: &DialError::Aborted, connection_id };
            self.kad.on_swarm_event(FromSwarm::DialFailure(failure));
        }
    }
}

impl NetworkBehaviour for Discovery {
    type ConnectionHandler = <kad::Behaviour<MemoryStore> as NetworkBehaviour>::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.kad.handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.kad.handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm) {
        match &event {
            // The library would search, with an empty table.
            FromSwarm::NewListenAddr(_) => return,
            FromSwarm::ConnectionClosed(closed) if closed.remaining_established == 0 => {
                self.known.remove(&closed.peer_id);
                self.kad.remove_peer(&closed.peer_id);
            }
            _ => {}
        }
        self.kad.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.kad.on_connection_handler_event(peer, connection, event);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        loop {
            self.settle_wishes();
            match self.kad.poll(context) {
                Poll::Ready(ToSwarm::Dial { opts }) => {
                    if let Some(id) = opts.get_peer_id() {
                        self.on_wish(id);
                    }
                }
                // Tales of the table and of lookups: what counts is in the wishes.
                Poll::Ready(ToSwarm::GenerateEvent(_)) => {}
                Poll::Ready(event) => {
                    return Poll::Ready(event.map_out(|_| unreachable!("events are taken out above")));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
