//! A peer that a test moves: it speaks the chain's request protocol in bytes written by hand, and gossips whatever it is
//! told to.

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use hydrogen_core::Genesis;
use hydrogen_p2p::{Multiaddr, PeerId};
use hydrogen_types::Height;
use hydrogen_types::codec::encode;
use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity, PublishError, ValidationMode};
use libp2p::identity::Keypair;
use libp2p::request_response::{self, Codec, Config, Event, Message, ProtocolSupport};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{StreamProtocol, Swarm, SwarmBuilder, noise, tcp, yamux};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;

/// Most that is read of a request or an answer.
const READ_MAX: u64 = 8 << 20;

/// Tags of requests and answers on the wire.
const STATUS: u8 = 0;
const MESSAGE: u8 = 1;
const STATUS_ANSWER: u8 = 2;

/// How a puppet answers when it is asked for its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    /// As a node that follows.
    Follower,
    /// As a node that votes.
    Validator,
    /// With bytes that are no answer.
    Garbage,
}

enum Order {
    Request(PeerId, Vec<u8>),
    Gossip(&'static str, Vec<u8>),
}

/// See the module. It ends when it is dropped.
pub(crate) struct Puppet {
    pub(crate) id: PeerId,
    orders: mpsc::UnboundedSender<Order>,
}

/// A frame of the request protocol.
pub(crate) fn frame(content: &[u8]) -> Vec<u8> {
    [&u32::try_from(content.len()).unwrap().to_le_bytes(), content].concat()
}

fn name(genesis: &Genesis, what: &str) -> String {
    format!("/hydrogen/{}/{what}/1", &genesis.hash().to_string()[2..18])
}

impl Puppet {
    /// Connects to all of `targets`.
    pub(crate) fn start(
        identity: &Keypair,
        manners: Manners,
        genesis: &Genesis,
        targets: Vec<Multiaddr>,
    ) -> Self {
        let (orders, received) = mpsc::unbounded_channel();
        let id = identity.public().to_peer_id();
        let (identity, genesis) = (identity.clone(), genesis.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut swarm = swarm(&identity, &genesis);
                targets.into_iter().for_each(|target| swarm.dial(target).unwrap());
                play(swarm, manners, &genesis, received).await;
            });
        });
        Self { id, orders }
    }

    /// Sends bytes as a request, whatever they are.
    pub(crate) fn request(&self, to: PeerId, bytes: Vec<u8>) {
        self.orders.send(Order::Request(to, bytes)).ok().unwrap();
    }

    /// Sends what a validator says to another in person.
    pub(crate) fn say(&self, to: PeerId, message: Vec<u8>) {
        self.request(to, frame(&[&[MESSAGE], &encode(&message)[..]].concat()));
    }

    /// Gossips bytes on `txs`, `blocks`, `votes` or `evidence`, as soon as somebody listens.
    pub(crate) fn gossip(&self, what: &'static str, bytes: Vec<u8>) {
        self.orders.send(Order::Gossip(what, bytes)).ok().unwrap();
    }
}

#[derive(NetworkBehaviour)]
struct Protocols {
    direct: request_response::Behaviour<Bytes>,
    gossip: gossipsub::Behaviour,
}

fn swarm(identity: &Keypair, genesis: &Genesis) -> Swarm<Protocols> {
    let protocol = StreamProtocol::try_from_owned(name(genesis, "direct")).unwrap();
    let config = Config::default().with_request_timeout(Duration::from_secs(60));
    let direct = request_response::Behaviour::with_codec(Bytes, [(protocol, ProtocolSupport::Full)], config);
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(ValidationMode::Anonymous)
        .message_id_fn(|message| gossipsub::MessageId::from(encode(&message.data)))
        .heartbeat_initial_delay(Duration::from_millis(50))
        .build()
        .unwrap();
    let mut gossip = gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, config).unwrap();
    for what in ["txs", "blocks", "votes", "evidence"] {
        gossip.subscribe(&IdentTopic::new(name(genesis, what))).unwrap();
    }
    let builder = SwarmBuilder::with_existing_identity(identity.clone())
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .unwrap();
    #[cfg(feature = "quic")]
    let builder = builder.with_quic();
    builder
        .with_behaviour(|_| Protocols { direct, gossip })
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(3_600)))
        .build()
}

fn state(manners: Manners, genesis: &Genesis) -> Vec<u8> {
    encode(&(genesis.hash(), Height::GENESIS, manners == Manners::Validator, Vec::<Vec<u8>>::new()))
}

/// Runs until the puppet is dropped.
async fn play(
    mut swarm: Swarm<Protocols>,
    manners: Manners,
    genesis: &Genesis,
    mut orders: mpsc::UnboundedReceiver<Order>,
) {
    let mut unsaid: VecDeque<(String, Vec<u8>)> = VecDeque::new();
    let mut again = tokio::time::interval(Duration::from_millis(20));
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                None => return,
                Some(Order::Gossip(what, bytes)) => unsaid.push_back((name(genesis, what), bytes)),
                Some(Order::Request(to, bytes)) => drop(swarm.behaviour_mut().direct.send_request(&to, bytes)),
            },
            _ = again.tick() => {}
            event = swarm.select_next_some() => on_event(&mut swarm, manners, genesis, event),
        }
        for _ in 0..unsaid.len() {
            let Some((topic, bytes)) = unsaid.pop_front() else { break };
            let published = swarm.behaviour_mut().gossip.publish(IdentTopic::new(&topic), bytes.clone());
            if matches!(
                published,
                Err(PublishError::NoPeersSubscribedToTopic | PublishError::AllQueuesFull(_))
            ) {
                unsaid.push_back((topic, bytes));
            }
        }
    }
}

fn on_event(
    swarm: &mut Swarm<Protocols>,
    manners: Manners,
    genesis: &Genesis,
    event: SwarmEvent<ProtocolsEvent>,
) {
    match event {
        SwarmEvent::ConnectionEstablished { peer_id, .. } => {
            let hello = frame(&[&[STATUS], &state(manners, genesis)[..]].concat());
            swarm.behaviour_mut().direct.send_request(&peer_id, hello);
        }
        SwarmEvent::Behaviour(ProtocolsEvent::Direct(Event::Message {
            message: Message::Request { request, channel, .. },
            ..
        })) => {
            let answer = match (request.first(), manners) {
                (_, Manners::Garbage) => frame(&[250; 40]),
                (Some(&STATUS), _) => frame(&[&[STATUS_ANSWER], &state(manners, genesis)[..]].concat()),
                _ => frame(&[0]),
            };
            // The asker may have gone meanwhile.
            swarm.behaviour_mut().direct.send_response(channel, answer).ok();
        }
        _ => {}
    }
}

/// Bytes as they are, one way; the content of a frame, the other.
#[derive(Debug, Clone)]
struct Bytes;

impl Codec for Bytes {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut length = [0; 4];
        io.read_exact(&mut length).await?;
        let mut bytes = Vec::new();
        let length = u64::from(u32::from_le_bytes(length)).min(READ_MAX);
        io.take(length).read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = Vec::new();
        io.take(READ_MAX).read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, bytes: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&bytes).await?;
        io.close().await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, bytes: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&bytes).await?;
        io.close().await
    }
}
