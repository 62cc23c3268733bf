//! The network loop: drives libp2p, carries the host's outputs out and peers' messages in.
//!
//! *Invariants*: it never waits for the host (a full queue drops messages, which agreement survives, and keeps the few
//! inputs that must arrive), so the two cannot block each other.

use super::behaviour::{Behaviour, BehaviourEvent, Topics};
use super::peers::PeerBook;
use super::thread::ToHost;
use super::wire::{ANNOUNCEMENT_BYTES, Limits, Request, Response, SYNC_BLOCKS_MAX, SYNC_BYTES, Status};
use crate::consensus::{Input, Output, Peer, PeerState, TxOrigin, Verdict};
use crate::runtime::{PeerInfo, Shared};
use futures::StreamExt;
use hydrogen_core::ChainReader;
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::{Hash, Height};
use libp2p::core::ConnectedPoint;
use libp2p::gossipsub::{self, MessageAcceptance, MessageId, PublishError};
use libp2p::request_response::{self, InboundFailure, OutboundRequestId, ResponseChannel};
use libp2p::swarm::{SwarmEvent, dial_opts::DialOpts, dial_opts::PeerCondition};
use libp2p::{PeerId, Swarm};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
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
const SENDS_MAX: u32 = 3;
/// Inputs kept for the host while its queue is full.
const BACKLOG_MAX: usize = 1_024;
/// Answers that wait for the host, and gossip that waits for its verdict.
const WAITING_MAX: usize = 4_096;
/// Transactions kept until a peer subscribes.
const UNSENT_MAX: usize = 1_024;
/// Outputs handled before the swarm has its turn.
const OUTPUT_BATCH: usize = 64;

/// A request under way.
enum Sent {
    /// Re-sent if it fails.
    Message(Arc<[u8]>, u32),
    /// Re-sent if it fails.
    Block(Arc<[u8]>, u32),
    GetBlock(Hash),
    GetBlocks,
    Status,
}

/// The loop's state.
pub(crate) struct Network {
    pub(crate) swarm: Swarm<Behaviour>,
    pub(crate) topics: Topics,
    pub(crate) limits: Limits,
    pub(crate) peers: PeerBook,
    pub(crate) reader: ChainReader,
    pub(crate) genesis: Hash,
    pub(crate) validator: bool,
    pub(crate) to_host: SyncSender<ToHost>,
    pub(crate) shared: Arc<Shared>,
    sent: HashMap<OutboundRequestId, Sent>,
    waiting: BTreeMap<u64, ResponseChannel<Response>>,
    judged: BTreeMap<u64, (MessageId, PeerId)>,
    next_token: u64,
    backlog: VecDeque<Input>,
    unsent_txs: VecDeque<Vec<u8>>,
    status_at: Instant,
}

/// What a loop is made of.
pub(crate) struct NetworkParts {
    pub(crate) swarm: Swarm<Behaviour>,
    pub(crate) topics: Topics,
    pub(crate) limits: Limits,
    pub(crate) peers: PeerBook,
    pub(crate) reader: ChainReader,
    pub(crate) genesis: Hash,
    pub(crate) validator: bool,
    pub(crate) to_host: SyncSender<ToHost>,
    pub(crate) shared: Arc<Shared>,
}

impl Network {
    pub(crate) fn new(parts: NetworkParts) -> Self {
        let NetworkParts { swarm, topics, limits, peers, reader, genesis, validator, to_host, shared } =
            parts;
        Self {
            swarm,
            topics,
            limits,
            peers,
            reader,
            genesis,
            validator,
            to_host,
            shared,
            sent: HashMap::new(),
            waiting: BTreeMap::new(),
            judged: BTreeMap::new(),
            next_token: 0,
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
                _ = tick.tick() => self.on_tick(),
            }
        }
    }

    /// Tells the host something it can do without.
    fn tell(&mut self, input: Input) -> bool {
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
    fn tell_surely(&mut self, input: Input) {
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
            self.swarm.behaviour_mut().blocked.unblock_peer(id);
        }
        for (id, address) in self.peers.to_dial(now) {
            let options = match id {
                Some(id) => DialOpts::peer_id(id)
                    .addresses(vec![address])
                    .condition(PeerCondition::DisconnectedAndNotDialing)
                    .build(),
                None => DialOpts::unknown_peer_id().address(address).build(),
            };
            // A dial that cannot even start is tried again after its pause.
            self.swarm.dial(options).ok();
        }
        if now >= self.status_at {
            self.status_at = now + STATUS_EVERY;
            let ids: Vec<PeerId> = self.peers.sessions().map(|(id, _)| *id).collect();
            for id in ids {
                self.request(&id, Request::Status(self.status()), Sent::Status);
            }
            self.publish_peers();
        }
        for _ in 0..self.unsent_txs.len() {
            if let Some(bytes) = self.unsent_txs.pop_front() {
                self.gossip_tx(bytes);
            }
        }
    }

    fn status(&self) -> Status {
        Status { genesis: self.genesis, height: self.reader.tip().height, validator: self.validator }
    }

    fn publish_peers(&self) {
        let info = |(id, session): (&PeerId, &super::peers::Session)| PeerInfo {
            id: *id,
            address: session.address.clone(),
            validator: session.validator,
            height: session.height,
        };
        self.shared.set_peers(self.peers.sessions().map(info).collect());
    }

    fn request(&mut self, id: &PeerId, request: Request, sent: Sent) {
        let request_id = self.swarm.behaviour_mut().requests.send_request(id, request);
        self.sent.insert(request_id, sent);
    }

    /// Carries out one output of the host.
    fn perform(&mut self, output: Output) {
        match output {
            Output::Broadcast(bytes) => {
                for id in self.peers.validators() {
                    self.request(&id, Request::Message(bytes.to_vec()), Sent::Message(Arc::clone(&bytes), 1));
                }
            }
            Output::BroadcastBlock(bytes) => {
                for id in self.peers.validators() {
                    self.request(&id, Request::Block(bytes.to_vec()), Sent::Block(Arc::clone(&bytes), 1));
                }
            }
            Output::Send(peer, bytes) => {
                if let Some(id) = self.peers.id(peer) {
                    self.request(&id, Request::Message(bytes.to_vec()), Sent::Message(bytes, 1));
                }
            }
            Output::SendBlock(peer, bytes) => {
                if let Some(id) = self.peers.id(peer) {
                    self.request(&id, Request::Block(bytes.to_vec()), Sent::Block(bytes, 1));
                }
            }
            Output::AskBlock(peer, hash) => {
                if let Some(id) = self.peers.id(peer) {
                    self.request(&id, Request::GetBlock(hash), Sent::GetBlock(hash));
                }
            }
            Output::AskSync(peer, from) => match self.peers.id(peer) {
                Some(id) => self.request(&id, Request::GetBlocks(from), Sent::GetBlocks),
                None => self.tell_surely(Input::SyncFailed(peer)),
            },
            Output::BlockReply(token, bytes) => self.answer_block(token, bytes),
            Output::Announce(height, id) => {
                let (topic, bytes) = (self.topics.blocks.hash(), encode(&(height, id)));
                // Others have said the same already, or nobody listens yet: states are exchanged anyway.
                self.swarm.behaviour_mut().gossip.publish(topic, bytes).ok();
            }
            Output::GossipTx(bytes) => self.gossip_tx(bytes),
            Output::Verdict(token, verdict) => self.report(token, verdict),
            Output::Fault(peer, reason) => {
                if let Some(id) = self.peers.id(peer) {
                    self.fault(id, reason);
                }
            }
            // These three are the host thread's.
            Output::Admitted(..) | Output::Committed(_) | Output::Fatal(_) => {}
        }
    }

    fn gossip_tx(&mut self, bytes: Vec<u8>) {
        let topic = self.topics.txs.hash();
        match self.swarm.behaviour_mut().gossip.publish(topic, bytes.clone()) {
            Err(PublishError::NoPeersSubscribedToTopic | PublishError::AllQueuesFull(_)) => {
                if self.unsent_txs.len() >= UNSENT_MAX {
                    self.unsent_txs.pop_front();
                }
                self.unsent_txs.push_back(bytes);
            }
            Ok(_) | Err(_) => {}
        }
    }

    fn report(&mut self, token: u64, verdict: Verdict) {
        let Some((message, source)) = self.judged.remove(&token) else { return };
        let acceptance = match verdict {
            Verdict::Accept => MessageAcceptance::Accept,
            Verdict::Reject => MessageAcceptance::Reject,
            Verdict::Ignore => MessageAcceptance::Ignore,
        };
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        gossip.report_message_validation_result(&message, &source, acceptance);
    }

    fn answer_block(&mut self, token: u64, bytes: Option<Arc<[u8]>>) {
        if let Some(channel) = self.waiting.remove(&token) {
            let bytes = bytes.map(|bytes| bytes.to_vec());
            self.swarm.behaviour_mut().requests.send_response(channel, Response::Block(bytes)).ok();
        }
    }

    fn fault(&mut self, id: PeerId, reason: &str) {
        tracing::warn!(peer = %id, reason, "a peer misbehaves");
        if self.peers.fault(id, Instant::now()) {
            self.shared.counters.peers_banned.add_one();
            self.swarm.behaviour_mut().blocked.block_peer(id);
        }
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, endpoint, .. } => {
                let dialled = matches!(endpoint, ConnectedPoint::Dialer { .. });
                let address = endpoint.get_remote_address();
                if self.peers.connected(peer_id, address, dialled, Instant::now()) {
                    self.request(&peer_id, Request::Status(self.status()), Sent::Status);
                    self.publish_peers();
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => {
                if let Some(number) = self.peers.disconnected(&peer_id) {
                    self.tell_surely(Input::Gone(number));
                    self.publish_peers();
                }
            }
            SwarmEvent::NewListenAddr { address, .. } => self.shared.set_listening(Ok(address)),
            SwarmEvent::ListenerClosed { reason: Err(error), .. } => {
                self.shared.set_listening(Err(error.to_string()));
            }
            SwarmEvent::Behaviour(BehaviourEvent::Requests(event)) => self.on_request_event(event),
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => self.on_gossip_event(event),
            _ => {}
        }
    }

    fn on_gossip_event(&mut self, event: gossipsub::Event) {
        let gossipsub::Event::Message { propagation_source, message_id, message } = event else { return };
        let allowed = self.peers.allow_message(&propagation_source, Instant::now());
        let session = self.peers.session(&propagation_source).map(|session| session.number);
        let token = self.token();
        self.judged.insert(token, (message_id, propagation_source));
        while self.judged.len() > WAITING_MAX {
            self.judged.pop_first();
        }
        let (Some(number), true) = (session, allowed) else { return self.report(token, Verdict::Ignore) };
        let input = if message.topic == self.topics.txs.hash() {
            Input::Tx(message.data, TxOrigin::Gossip(number, token))
        } else {
            match decode::<(Height, Hash)>(&message.data, ANNOUNCEMENT_BYTES) {
                Ok((height, id)) => Input::Announced(number, token, height, id),
                Err(_) => {
                    self.report(token, Verdict::Reject);
                    return self.fault(propagation_source, "gossiped a malformed announcement");
                }
            }
        };
        if !self.tell(input) {
            self.report(token, Verdict::Ignore);
        }
    }

    fn token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    fn on_request_event(&mut self, event: request_response::Event<Request, Response>) {
        use request_response::{Event, Message};
        match event {
            Event::Message { peer, message: Message::Request { request, channel, .. }, .. } => {
                self.on_request(peer, request, channel);
            }
            Event::Message { peer, message: Message::Response { request_id, response }, .. } => {
                if let Some(sent) = self.sent.remove(&request_id) {
                    self.on_response(peer, sent, response);
                }
            }
            Event::OutboundFailure { peer, request_id, .. } => {
                if let Some(sent) = self.sent.remove(&request_id) {
                    self.on_failure(peer, sent);
                }
            }
            Event::InboundFailure { peer, error: InboundFailure::Io(error), .. } => {
                if error.kind() == io::ErrorKind::InvalidData {
                    self.shared.counters.peer_faults.add_one();
                    self.fault(peer, "sent a malformed request");
                }
            }
            Event::InboundFailure { .. } | Event::ResponseSent { .. } => {}
        }
    }

    fn on_request(&mut self, id: PeerId, request: Request, channel: ResponseChannel<Response>) {
        let allowed = self.peers.allow_message(&id, Instant::now());
        let number = self.peers.session(&id).map(|session| session.number);
        let answer = match (number, request) {
            (Some(number), Request::Status(status)) if allowed => {
                self.on_status(id, number, &status);
                Response::Status(self.status())
            }
            (Some(number), Request::Message(bytes)) if allowed => {
                acknowledged(self.tell(Input::Message(number, bytes)))
            }
            (Some(number), Request::Block(bytes)) if allowed => {
                acknowledged(self.tell(Input::Block(number, bytes)))
            }
            (Some(_), Request::GetBlock(hash)) if allowed => return self.look_up_block(hash, channel),
            (Some(_), Request::GetBlocks(from)) if allowed => Response::Blocks(self.blocks_from(from)),
            _ => Response::Busy,
        };
        // The peer may be gone already.
        self.swarm.behaviour_mut().requests.send_response(channel, answer).ok();
    }

    /// Answers from the chain if the block is decided, else asks the host.
    fn look_up_block(&mut self, hash: Hash, channel: ResponseChannel<Response>) {
        let token = self.token();
        self.waiting.insert(token, channel);
        while self.waiting.len() > WAITING_MAX {
            self.waiting.pop_first();
        }
        match self.reader.block_by_hash(&hash) {
            Ok(Some(committed)) => self.answer_block(token, Some(encode(&committed.block).into())),
            _ => {
                if !self.tell(Input::BlockWanted(token, hash)) {
                    self.answer_block(token, None);
                }
            }
        }
    }

    fn blocks_from(&self, from: Height) -> Vec<(Vec<u8>, hydrogen_types::Certificate)> {
        let mut blocks = Vec::new();
        let mut bytes = 0usize;
        for offset in 0..SYNC_BLOCKS_MAX {
            let Ok(Some(committed)) = self.reader.block(from.plus(offset)) else { break };
            let block = encode(&committed.block);
            bytes = bytes.saturating_add(block.len());
            blocks.push((block, committed.certificate.clone()));
            if bytes >= SYNC_BYTES.min(self.limits.response_max) {
                break;
            }
        }
        blocks
    }

    fn on_status(&mut self, id: PeerId, number: Peer, status: &Status) {
        if status.genesis != self.genesis {
            return self.fault(id, "belongs to another chain");
        }
        if let Some(session) = self.peers.session_mut(&id) {
            session.validator = status.validator;
            session.height = status.height.get();
        }
        let state = PeerState { height: status.height, validator: status.validator };
        self.tell_surely(Input::Status(number, state));
    }

    fn on_response(&mut self, id: PeerId, sent: Sent, response: Response) {
        let Some(number) = self.peers.session(&id).map(|session| session.number) else { return };
        match (sent, response) {
            (Sent::Status, Response::Status(status)) => self.on_status(id, number, &status),
            (Sent::GetBlock(_), Response::Block(Some(bytes))) => {
                self.tell_surely(Input::Block(number, bytes))
            }
            (Sent::GetBlock(hash), _) => self.tell_surely(Input::BlockMissing(number, hash)),
            (Sent::GetBlocks, Response::Blocks(blocks)) => self.tell_surely(Input::Synced(number, blocks)),
            (Sent::GetBlocks, _) => self.tell_surely(Input::SyncFailed(number)),
            // A busy peer gets the message again with the engine's next repetition.
            (Sent::Message(..) | Sent::Block(..) | Sent::Status, _) => {}
        }
    }

    fn on_failure(&mut self, id: PeerId, sent: Sent) {
        let Some(number) = self.peers.session(&id).map(|session| session.number) else { return };
        match sent {
            Sent::Message(bytes, sends) if sends < SENDS_MAX => {
                self.request(&id, Request::Message(bytes.to_vec()), Sent::Message(bytes, sends + 1));
            }
            Sent::Block(bytes, sends) if sends < SENDS_MAX => {
                self.request(&id, Request::Block(bytes.to_vec()), Sent::Block(bytes, sends + 1));
            }
            Sent::GetBlock(hash) => self.tell_surely(Input::BlockMissing(number, hash)),
            Sent::GetBlocks => self.tell_surely(Input::SyncFailed(number)),
            Sent::Message(..) | Sent::Block(..) | Sent::Status => {}
        }
    }
}

fn acknowledged(told: bool) -> Response {
    if told { Response::Ack } else { Response::Busy }
}
