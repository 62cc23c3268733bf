//! The libp2p protocols of a node and their settings.

#[cfg(feature = "kad")]
use super::discovery::{self, Discovery};
use super::frames::Frames;
use super::gate::Gate;
use super::metered::{Metered, Rate};
use super::peers::id_of;
use super::transport;
use super::wire::{Limits, protocol_name};
use crate::config::{NodeConfig, peer_keypair};
use hydrogen_core::Genesis;
use hydrogen_types::{Hash, Tag};
use libp2p::allow_block_list::AllowedPeers;
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity, ValidationMode};
use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{PeerId, StreamProtocol, Swarm, allow_block_list, identify, ping, request_response};
use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

/// Connections of one peer: both sides may dial at once.
const CONNECTIONS_PER_PEER_MAX: u32 = 2;
/// Connections in all.
const CONNECTIONS_MAX: u32 = 256;
/// Of these, connections that others opened: the rest is for the validators that this node dials.
const INCOMING_MAX: u32 = 192;
/// Incoming connections that have not finished their handshake.
const PENDING_INCOMING_MAX: u32 = 64;
/// Streams of one connection at a time.
const STREAMS_MAX: usize = 128;
/// Time for an answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);
/// Between two pings of a connection.
const PING_EVERY: Duration = Duration::from_secs(2);
/// Time for the answer to a ping; without one the connection is closed and the peer dialled anew. On a broken line TCP
/// itself waits for a quarter of an hour, and after the line is whole again for as long as it was broken, up to two
/// minutes.
const PING_ANSWERED_WITHIN: Duration = Duration::from_secs(4);
/// Beat of the gossip mesh; a message must be judged within ten.
const GOSSIP_HEARTBEAT: Duration = Duration::from_millis(500);
/// Messages of one gossip frame that are looked at.
const MESSAGES_PER_FRAME_MAX: usize = 64;
/// What a transaction's frame adds to it.
const GOSSIP_OVERHEAD_BYTES: usize = 1_024;

/// Gossip frames of one peer: one message is one, so is a beat of the mesh. All messages of a network may come from every
/// peer of the mesh: this is eight times what it was seen to decide.
const GOSSIP_RATE: Rate = Rate { per_second: 4_000.0, burst: 8_000.0, dropped_per_flood: 2_000 };

/// All protocols of a node.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    // First: whom it refuses costs nothing more.
    pub(crate) gate: Gate,
    limits: connection_limits::Behaviour,
    allowed: Toggle<allow_block_list::Behaviour<AllowedPeers>>,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    pub(crate) requests: request_response::Behaviour<Frames>,
    pub(crate) gossip: Metered<gossipsub::Behaviour>,
    #[cfg(feature = "kad")]
    pub(crate) discovery: Metered<Discovery>,
}

/// The topics of one chain.
pub(crate) struct Topics {
    pub(crate) txs: IdentTopic,
    pub(crate) blocks: IdentTopic,
    pub(crate) votes: IdentTopic,
    pub(crate) evidence: IdentTopic,
}

impl Topics {
    pub(crate) fn new(genesis: &Genesis) -> Self {
        let topic = |what| IdentTopic::new(protocol_name(genesis, what));
        Self {
            txs: topic("txs"),
            blocks: topic("blocks"),
            votes: topic("votes"),
            evidence: topic("evidence"),
        }
    }

    pub(crate) fn all(&self) -> [&IdentTopic; 4] {
        [&self.txs, &self.blocks, &self.votes, &self.evidence]
    }
}

type Failure = Box<dyn Error + Send + Sync>;

/// Builds the swarm; to be called inside the runtime that will drive it.
pub(crate) fn swarm(
    config: &NodeConfig,
    genesis: &Genesis,
    limits: Limits,
    topics: &Topics,
) -> Result<Swarm<Behaviour>, Failure> {
    // Silence is looked after by `peers`.
    let idle = Duration::from_secs(u64::from(u32::MAX));
    transport::swarm(peer_keypair(&config.keys), idle, |keypair| {
        behaviour(keypair, config, genesis, limits, topics)
    })
}

fn behaviour(
    keypair: &Keypair,
    config: &NodeConfig,
    genesis: &Genesis,
    limits: Limits,
    topics: &Topics,
) -> Result<Behaviour, Failure> {
    let allowed = config.allow.as_ref().map(|peers| {
        let mut list = allow_block_list::Behaviour::<AllowedPeers>::default();
        for peer in peers {
            list.allow_peer(*peer);
        }
        list
    });
    let connections = ConnectionLimits::default()
        .with_max_established(Some(CONNECTIONS_MAX))
        .with_max_established_incoming(Some(INCOMING_MAX))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX))
        .with_max_pending_incoming(Some(PENDING_INCOMING_MAX));
    let mut connections = connection_limits::Behaviour::new(connections);
    // However many strangers there are, the configured peers get in.
    let reserved: BTreeSet<PeerId> =
        config.peers.iter().filter_map(id_of).chain(config.allow.iter().flatten().copied()).collect();
    reserved.iter().for_each(|id| connections.bypass_peer_id(id));
    let protocol = StreamProtocol::try_from_owned(protocol_name(genesis, "direct"))?;
    let requests = request_response::Config::default()
        .with_request_timeout(REQUEST_TIMEOUT)
        .with_max_concurrent_streams(STREAMS_MAX);
    let identity = identify::Config::new(protocol_name(genesis, "node"), keypair.public());
    Ok(Behaviour {
        gate: Gate::new(reserved),
        limits: connections,
        allowed: Toggle::from(allowed),
        identify: identify::Behaviour::new(identity),
        ping: ping::Behaviour::new(
            ping::Config::new().with_interval(PING_EVERY).with_timeout(PING_ANSWERED_WITHIN),
        ),
        requests: request_response::Behaviour::with_codec(
            Frames::new(limits),
            [(protocol, request_response::ProtocolSupport::Full)],
            requests,
        ),
        gossip: Metered::new(gossip(limits, topics)?, GOSSIP_RATE),
        #[cfg(feature = "kad")]
        discovery: Metered::new(Discovery::new(keypair.public().to_peer_id(), genesis)?, discovery::RATE),
    })
}

/// Gossip without signatures (what is sent is signed inside), validated by us, with a peer score that punishes.
fn gossip(limits: Limits, topics: &Topics) -> Result<gossipsub::Behaviour, Failure> {
    let config = gossipsub::ConfigBuilder::default()
        .heartbeat_interval(GOSSIP_HEARTBEAT)
        .heartbeat_initial_delay(Duration::from_millis(100))
        .history_length(10)
        .mesh_n_low(3)
        .mesh_n(5)
        .mesh_n_high(8)
        .mesh_outbound_min(1)
        .flood_publish(true)
        .validate_messages()
        .validation_mode(ValidationMode::Anonymous)
        .max_publish_messages(MESSAGES_PER_FRAME_MAX)
        .max_transmit_size(limits.tx_max.saturating_add(GOSSIP_OVERHEAD_BYTES))
        .message_id_fn(|message| {
            let id = Hash::of(Tag::GOSSIP, &[message.topic.as_str().as_bytes(), &[0], &message.data]);
            gossipsub::MessageId::from(id.as_bytes()[..20].to_vec())
        })
        .build()?;
    let mut gossip = gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, config)?;
    let mut score = gossipsub::PeerScoreParams { ip_colocation_factor_weight: 0.0, ..Default::default() };
    for topic in topics.all() {
        score.topics.insert(topic.hash(), topic_score());
    }
    gossip.with_peer_score(score, gossipsub::PeerScoreThresholds::default())?;
    for topic in topics.all() {
        gossip.subscribe(topic)?;
    }
    Ok(gossip)
}

/// The defaults reward mere presence so much that no misbehaviour counts; these take four bad messages to exclude a
/// peer, and about a minute to forgive one.
fn topic_score() -> gossipsub::TopicScoreParams {
    gossipsub::TopicScoreParams {
        time_in_mesh_weight: 0.01,
        time_in_mesh_quantum: Duration::from_secs(1),
        time_in_mesh_cap: 300.0,
        first_message_deliveries_cap: 50.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -20.0,
        invalid_message_deliveries_decay: 0.99,
        ..Default::default()
    }
}
