//! One attacker at one target: a libp2p peer that speaks every protocol by hand.

use super::bytes::{Channel, Forge};
use super::kinds::Kind;
use super::raw::{Raw, RawCodec};
use futures::StreamExt;
use hydrogen_core::Genesis;
use libp2p::identity::Keypair;
use libp2p::request_response::{self, Config, Event, Message, ProtocolSupport};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, noise, tcp, yamux};
use std::error::Error;
use std::time::{Duration, Instant};

/// Between two volleys.
const VOLLEY: Duration = Duration::from_millis(20);
/// Shots of a volley, when it is to be as fast as it goes.
const VOLLEY_SHOTS: usize = 150;
/// Requests under way at most: more would only fill this program's memory.
const UNDER_WAY_MAX: usize = 600;
/// Between two dials.
const REDIAL: Duration = Duration::from_millis(200);
/// Longer than any run.
const FOREVER: Duration = Duration::from_secs(24 * 60 * 60);

type Failure = Box<dyn Error + Send + Sync>;
type Raws = request_response::Behaviour<RawCodec>;

#[derive(NetworkBehaviour)]
struct Protocols {
    direct: Raws,
    foreign: Raws,
    mesh: Raws,
    ping: Raws,
    push: Raws,
}

/// See the module.
pub(super) struct Attacker {
    kind: Kind,
    target: Multiaddr,
    forge: Forge,
    swarm: Swarm<Protocols>,
    connected: Option<PeerId>,
    under_way: usize,
    shots: usize,
    dial_at: Instant,
    silent: Vec<request_response::ResponseChannel<Vec<u8>>>,
}

/// Shots a volley: some attacks are about one stream, some about many, some about as many as possible.
fn per_volley(kind: Kind) -> usize {
    match kind {
        Kind::WrongTopic
        | Kind::GossipDuplicates
        | Kind::GossipUseless
        | Kind::GossipGarbage
        | Kind::GossipForged
        | Kind::GossipAnnouncements => 0,
        Kind::StatusFlood
        | Kind::MessageFlood
        | Kind::FutureVotes
        | Kind::GetBlockFlood
        | Kind::GetBlocksFlood
        | Kind::ReplayedVotes => VOLLEY_SHOTS,
        Kind::Endless | Kind::Slowloris | Kind::SlowReader | Kind::PingFlood => 4,
        _ => 1,
    }
}

/// Shots of one connection at most: what holds its stream needs no more.
fn per_connection(kind: Kind) -> usize {
    match kind {
        Kind::Endless => 64,
        Kind::Slowloris | Kind::SlowReader => 100,
        Kind::PingFlood => 4,
        _ => usize::MAX,
    }
}

impl Attacker {
    /// An identity at an address of its own, so that what a node does about addresses can be told apart.
    pub(super) fn new(
        kind: Kind,
        identity: &Keypair,
        from: &Multiaddr,
        target: Multiaddr,
        genesis: &Genesis,
    ) -> Result<Self, Failure> {
        let forge = Forge::new(genesis, u64::try_from(target.len()).unwrap_or_default());
        let names = |channel| -> Result<Raws, Failure> {
            let name = match channel {
                Channel::Direct => forge.name("direct"),
                Channel::Foreign => String::from("/hydrogen/0000000000000000/direct/1"),
                Channel::Mesh => String::from("/meshsub/1.1.0"),
                Channel::Ping => String::from("/ipfs/ping/1.0.0"),
                Channel::Push => String::from("/ipfs/id/push/1.0.0"),
            };
            let support = match channel {
                // Gossip is not listened to from a peer that does not listen to it.
                Channel::Direct | Channel::Mesh => ProtocolSupport::Full,
                _ => ProtocolSupport::Outbound,
            };
            let config = Config::default().with_request_timeout(FOREVER).with_max_concurrent_streams(2_000);
            let protocol = StreamProtocol::try_from_owned(name)?;
            Ok(Raws::with_codec(RawCodec, [(protocol, support)], config))
        };
        let protocols = Protocols {
            direct: names(Channel::Direct)?,
            foreign: names(Channel::Foreign)?,
            mesh: names(Channel::Mesh)?,
            ping: names(Channel::Ping)?,
            push: names(Channel::Push)?,
        };
        let mut swarm = SwarmBuilder::with_existing_identity(identity.clone())
            .with_tokio()
            .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)?
            .with_behaviour(|_| protocols)?
            .with_swarm_config(|config| config.with_idle_connection_timeout(FOREVER))
            .build();
        // Dials leave from the address that is listened on.
        swarm.listen_on(from.clone())?;
        Ok(Self {
            kind,
            target,
            forge,
            swarm,
            connected: None,
            under_way: 0,
            shots: 0,
            dial_at: Instant::now() + REDIAL,
            silent: Vec::new(),
        })
    }

    /// Attacks until then; how often it got in.
    pub(super) async fn run(mut self, until: Instant) -> u64 {
        let mut entered = 0;
        let mut volley = tokio::time::interval(VOLLEY);
        volley.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let end = tokio::time::sleep_until(until.into());
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return entered,
                _ = volley.tick() => self.fire(),
                event = self.swarm.select_next_some() => match event {
                    SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                        entered += 1;
                        self.connected = Some(peer_id);
                        (self.under_way, self.shots) = (0, 0);
                        self.begin();
                    }
                    SwarmEvent::ConnectionClosed { num_established: 0, .. } => self.connected = None,
                    SwarmEvent::Behaviour(event) => self.on_event(event),
                    _ => {}
                },
            }
        }
    }

    /// What it says when it is let in.
    fn begin(&mut self) {
        if self.kind == Kind::Mute {
            return;
        }
        let hello = self.forge.hello(self.kind);
        self.send(Channel::Direct, hello);
        if per_volley(self.kind) == 0
            && let Some((channel, raw)) = self.forge.shot(self.kind)
        {
            self.send(channel, raw);
        }
    }

    fn fire(&mut self) {
        let now = Instant::now();
        if self.connected.is_none() && now >= self.dial_at {
            self.dial_at = now + REDIAL;
            let options = match self.target.iter().last() {
                Some(libp2p::multiaddr::Protocol::P2p(id)) => DialOpts::peer_id(id)
                    .addresses(vec![self.target.clone()])
                    .condition(PeerCondition::DisconnectedAndNotDialing)
                    .build(),
                _ => DialOpts::unknown_peer_id().address(self.target.clone()).build(),
            };
            // One under way already is as good.
            self.swarm.dial(options).ok();
        }
        for _ in 0..per_volley(self.kind) {
            if self.connected.is_none()
                || self.under_way >= UNDER_WAY_MAX
                || self.shots >= per_connection(self.kind)
            {
                break;
            }
            let Some((channel, raw)) = self.forge.shot(self.kind) else { break };
            self.shots += 1;
            self.send(channel, raw);
        }
    }

    fn send(&mut self, channel: Channel, raw: Raw) {
        let Some(id) = self.connected else { return };
        self.under_way += 1;
        let protocols = self.swarm.behaviour_mut();
        let protocol = match channel {
            Channel::Direct => &mut protocols.direct,
            Channel::Foreign => &mut protocols.foreign,
            Channel::Mesh => &mut protocols.mesh,
            Channel::Ping => &mut protocols.ping,
            Channel::Push => &mut protocols.push,
        };
        protocol.send_request(&id, raw);
    }

    fn on_event(&mut self, event: ProtocolsEvent) {
        if matches!(&event, ProtocolsEvent::Mesh(Event::Message { message: Message::Request { .. }, .. })) {
            return;
        }
        let (ProtocolsEvent::Direct(event)
        | ProtocolsEvent::Foreign(event)
        | ProtocolsEvent::Mesh(event)
        | ProtocolsEvent::Ping(event)
        | ProtocolsEvent::Push(event)) = event;
        match event {
            Event::Message { message: Message::Request { request, channel, .. }, .. } => {
                match self.forge.answer(self.kind, &request.bytes) {
                    // The asker may have gone meanwhile.
                    Some(answer) => drop(self.swarm.behaviour_mut().direct.send_response(channel, answer)),
                    None => self.silent.push(channel),
                }
            }
            Event::Message { .. } | Event::OutboundFailure { .. } => {
                self.under_way = self.under_way.saturating_sub(1);
            }
            Event::InboundFailure { .. } | Event::ResponseSent { .. } => {}
        }
    }
}
