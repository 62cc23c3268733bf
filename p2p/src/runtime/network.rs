//! The network loop: drives libp2p, carries the host's outputs out and peers' messages in.
//!
//! *Invariants*: it never waits for the host (a full queue drops messages, which agreement survives, and keeps the few
//! inputs that must arrive), so the two cannot block each other.

use super::behaviour::{Behaviour, Topics};
use super::dialling::Dialling;
use super::peers::{Allowance, PeerBook};
use super::snapshots::Shelf;
use super::standing::Weight;
use super::thread::ToHost;
use super::wire::{Limits, Request, Response, Status};
use crate::consensus::{Input, Output};
use crate::runtime::{PeerInfo, Shared};
use futures::StreamExt;
use hydrogen_core::ChainReader;
use hydrogen_types::Hash;
use libp2p::core::transport::ListenerId;
use libp2p::gossipsub::MessageId;
use libp2p::request_response::{InboundRequestId, OutboundRequestId, ResponseChannel};
use libp2p::{Multiaddr, PeerId, Swarm};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

/// Between two looks at who is to be dialled, unbanned, told again.
const TICK: Duration = Duration::from_millis(100);
/// Between two exchanges of state with every peer.
const STATUS_EVERY: Duration = Duration::from_secs(1);
/// Sends of one message, the first included.
pub(super) const SENDS_MAX: u32 = 3;
/// Inputs kept for the host while its queue is full.
const BACKLOG_MAX: usize = 1_024;
/// Answers that wait for the host, and gossip that waits for its verdict.
pub(super) const WAITING_MAX: usize = 4_096;
/// Transactions kept until a peer subscribes.
pub(super) const UNSENT_MAX: usize = 1_024;
/// Outputs handled before the swarm has its turn.
const OUTPUT_BATCH: usize = 64;

/// A request under way.
pub(super) enum Sent {
    /// Re-sent if it fails.
    Message(Arc<[u8]>, u32),
    /// Re-sent if it fails.
    Block(Arc<[u8]>, u32),
    GetBlock(Hash),
    GetPart(Hash, u32),
    GetBlocks,
    GetEvidence,
    Status,
}

/// A gossiped message that waits for its verdict.
pub(super) struct Gossiped {
    pub(super) message: MessageId,
    pub(super) source: PeerId,
    pub(super) bytes: usize,
}

/// The loop's state.
pub(crate) struct Network {
    pub(crate) swarm: Swarm<Behaviour>,
    pub(crate) listeners: Vec<(ListenerId, Option<Multiaddr>)>,
    pub(crate) topics: Topics,
    pub(crate) limits: Limits,
    pub(crate) peers: PeerBook,
    pub(crate) reader: ChainReader,
    pub(crate) genesis: Hash,
    pub(crate) validator: bool,
    pub(crate) to_host: SyncSender<ToHost>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) shelf: Option<Arc<Shelf>>,
    pub(super) sent: HashMap<OutboundRequestId, Sent>,
    pub(super) waiting: BTreeMap<u64, ResponseChannel<Response>>,
    /// Large answers that are not sent yet, and to whom they go.
    pub(super) heavy: HashMap<InboundRequestId, PeerId>,
    pub(super) judged: BTreeMap<u64, Gossiped>,
    pub(super) next_token: u64,
    dialling: Dialling,
    backlog: VecDeque<Input>,
    pub(super) unsent_txs: VecDeque<Vec<u8>>,
    status_at: Instant,
}

/// What a loop is made of.
pub(crate) struct NetworkParts {
    pub(crate) swarm: Swarm<Behaviour>,
    pub(crate) listeners: Vec<(ListenerId, Option<Multiaddr>)>,
    pub(crate) topics: Topics,
    pub(crate) limits: Limits,
    pub(crate) peers: PeerBook,
    pub(crate) reader: ChainReader,
    pub(crate) genesis: Hash,
    pub(crate) validator: bool,
    pub(crate) to_host: SyncSender<ToHost>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) shelf: Option<Arc<Shelf>>,
}

impl Network {
    pub(crate) fn new(parts: NetworkParts) -> Self {
        let NetworkParts {
            swarm,
            listeners,
            topics,
            limits,
            peers,
            reader,
            genesis,
            validator,
            to_host,
            shared,
            shelf,
        } = parts;
        Self {
            swarm,
            listeners,
            topics,
            limits,
            peers,
            reader,
            genesis,
            validator,
            to_host,
            shared,
            shelf,
            sent: HashMap::new(),
            waiting: BTreeMap::new(),
            heavy: HashMap::new(),
            judged: BTreeMap::new(),
            next_token: 0,
            dialling: Dialling::default(),
            backlog: VecDeque::new(),
            unsent_txs: VecDeque::new(),
            status_at: Instant::now(),
        }
    }

    /// Runs until told to stop or the host is gone.
    pub(crate) async fn run(mut self, mut outputs: mpsc::Receiver<Output>, mut stop: watch::Receiver<bool>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                output = outputs.recv() => {
                    let Some(output) = output else { break };
                    self.perform(output);
                    for _ in 0..OUTPUT_BATCH {
                        let Ok(output) = outputs.try_recv() else { break };
                        self.perform(output);
                    }
                }
                event = self.swarm.select_next_some() => self.on_event(event),
                Some(options) = self.dialling.next() => {
                    // A dial that cannot even start is tried again after its pause.
                    self.swarm.dial(options).ok();
                }
                _ = tick.tick() => self.on_tick(),
            }
        }
    }

    /// Tells the host something it can do without.
    pub(super) fn tell(&mut self, input: Input) -> bool {
        if !self.backlog.is_empty() {
            return false;
        }
        let sent = self.to_host.try_send(ToHost::Input(input)).is_ok();
        if !sent {
            self.shared.counters.messages_dropped.add_one();
        }
        sent
    }

    /// Tells the host something it must hear, later if need be.
    pub(super) fn tell_surely(&mut self, input: Input) {
        if self.backlog.len() < BACKLOG_MAX {
            self.backlog.push_back(input);
        }
        self.flush_backlog();
    }

    fn flush_backlog(&mut self) {
        while let Some(input) = self.backlog.pop_front() {
            match self.to_host.try_send(ToHost::Input(input)) {
                Ok(()) => {}
                Err(TrySendError::Full(ToHost::Input(input))) => {
                    self.backlog.push_front(input);
                    return;
                }
                Err(_) => return,
            }
        }
    }

    fn on_tick(&mut self) {
        self.flush_backlog();
        let now = Instant::now();
        for id in self.peers.end_bans(now) {
            self.swarm.behaviour_mut().gate.unban(&id);
        }
        for id in self.peers.silent(now) {
            tracing::debug!(peer = %id, "a peer says nothing: its connection is closed");
            self.shared.counters.peers_silent.add_one();
            self.swarm.behaviour_mut().gate.close(id);
        }
        for id in self.swarm.behaviour_mut().gossip.take_floods() {
            self.fault(id, Weight::Flood, "gossips more than anybody can handle");
        }
        self.shared.counters.connections_refused.add(self.swarm.behaviour_mut().gate.take_refused());
        #[cfg(feature = "kad")]
        self.discover(now);
        for (id, address) in self.peers.due_dials(now) {
            self.dialling.begin(id, address);
        }
        if now >= self.status_at {
            self.status_at = now + STATUS_EVERY;
            let ids: Vec<PeerId> = self.peers.sessions().map(|(id, _)| *id).collect();
            for id in ids {
                self.request(&id, Request::Status(self.status()), Sent::Status);
            }
            self.publish_peers();
        }
        self.send_unsent();
    }

    /// Hands over what discovery has found, and lets it look on while there are few peers.
    #[cfg(feature = "kad")]
    fn discover(&mut self, now: Instant) {
        let discovery = &mut self.swarm.behaviour_mut().discovery;
        let (found, floods) = (discovery.take_found(), discovery.take_floods());
        if self.peers.sessions().count() < super::peers::PEERS_ENOUGH {
            discovery.search(now);
        }
        for (id, address) in found {
            self.peers.discovered(id, address, now);
        }
        for id in floods {
            self.fault(id, Weight::Flood, "asks for peers more often than anybody needs");
        }
    }

    /// Gossips the transactions that nobody was there to hear.
    pub(super) fn send_unsent(&mut self) {
        for _ in 0..self.unsent_txs.len() {
            if let Some(bytes) = self.unsent_txs.pop_front() {
                self.gossip_tx(bytes);
            }
        }
    }

    pub(super) fn status(&self) -> Status {
        Status {
            genesis: self.genesis,
            height: self.reader.tip().height,
            validator: self.validator,
            known: self.peers.dialable_validators(),
        }
    }

    pub(super) fn publish_peers(&self) {
        let now = Instant::now();
        let gossip = &self.swarm.behaviour().gossip;
        let info = |(id, session): (&PeerId, &super::peers::Session)| {
            let (points, faults) = self.peers.standing(id, now);
            PeerInfo {
                id: *id,
                address: session.address.clone(),
                validator: session.validator,
                height: session.height,
                outbound: session.outbound,
                score: gossip.peer_score(id).unwrap_or_default(),
                points,
                faults,
                silent_for: now.duration_since(session.seen_at),
                bytes_in: session.bytes_in,
                bytes_out: session.bytes_out,
            }
        };
        self.shared.set_peers(self.peers.sessions().map(info).collect(), self.peers.banned(now));
    }

    pub(super) fn request(&mut self, id: &PeerId, request: Request, sent: Sent) {
        self.peers.sent(id, size(&request));
        let request_id = self.swarm.behaviour_mut().requests.send_request(id, Ok(request));
        self.sent.insert(request_id, sent);
    }

    /// Answers a request that waited for the host.
    pub(super) fn answer(&mut self, token: u64, answer: Response) {
        if let Some(channel) = self.waiting.remove(&token) {
            // The peer may be gone already.
            self.swarm.behaviour_mut().requests.send_response(channel, answer).ok();
        }
    }

    /// Takes the cost of a message of `bytes`, in bytes moved, from the peer's allowance; false if it is used up.
    pub(super) fn afford(&mut self, id: &PeerId, bytes: usize, cost: usize) -> bool {
        let now = Instant::now();
        self.peers.received(id, bytes, now);
        match self.peers.take_allowance(id, cost, now) {
            Allowance::Enough => true,
            Allowance::UsedUp => false,
            Allowance::Flood => {
                self.fault(*id, Weight::Flood, "sends more than anybody can handle");
                false
            }
        }
    }

    pub(super) fn fault(&mut self, id: PeerId, weight: Weight, reason: &str) {
        self.shared.counters.peer_faults.add_one();
        self.blame(id, weight, reason);
    }

    /// As [`Self::fault`], for one that the host has counted.
    pub(super) fn blame(&mut self, id: PeerId, weight: Weight, reason: &str) {
        let banned = self.peers.fault(id, weight, reason, Instant::now());
        tracing::warn!(peer = %id, reason, banned, "a peer misbehaves");
        if banned {
            self.shared.counters.peers_banned.add_one();
            self.swarm.behaviour_mut().gate.ban(id);
            self.publish_peers();
        }
    }
}

/// Bytes of a message on the wire.
pub(super) fn size(message: &impl borsh::BorshSerialize) -> usize {
    borsh::object_length(message).unwrap_or_default()
}
