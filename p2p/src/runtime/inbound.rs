//! What comes in: events of libp2p, turned into inputs of the host or answered here.

use super::behaviour::BehaviourEvent;
use super::frames::Malformed;
use super::network::{Gossiped, Network, SENDS_MAX, Sent, WAITING_MAX, size};
use super::standing::Weight;
use super::transport;
use super::wire::{ANNOUNCEMENT_BYTES, KNOWN_MAX, Request, Response, SYNC_BLOCKS_MAX, SYNC_BYTES, Status};
use crate::consensus::{Input, Peer, PeerState, TxOrigin, Verdict};
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::{Certificate, Hash, Height};
use libp2p::core::ConnectedPoint;
use libp2p::core::transport::ListenerId;
use libp2p::gossipsub;
use libp2p::request_response::{self, InboundRequestId, OutboundFailure, ResponseChannel};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, identify, ping};
use std::io;
use std::time::Instant;

/// An answer that may have more bytes than this is heavy.
const HEAVY_BYTES: usize = 1 << 20;
/// Heavy answers that wait to be read by one peer.
const HEAVY_PER_PEER_MAX: usize = 8;

impl Network {
    pub(super) fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
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
            SwarmEvent::NewListenAddr { listener_id, address } => self.on_listening(listener_id, address),
            SwarmEvent::ListenerClosed { reason: Err(error), .. } => {
                self.shared.set_listening(Err(super::error::words_of(&error)));
            }
            SwarmEvent::Behaviour(BehaviourEvent::Requests(event)) => self.on_request_event(event),
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => self.on_gossip_event(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.on_ping(&event),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received {
                peer_id,
                info,
                ..
            })) => {
                self.on_identified(&peer_id, &info.listen_addrs);
            }
            _ => {}
        }
    }

    /// A listener is up; the node is when all are.
    fn on_listening(&mut self, listener: ListenerId, address: Multiaddr) {
        for (_, first) in self.listeners.iter_mut().filter(|(id, _)| *id == listener) {
            first.get_or_insert(address.clone());
        }
        let addresses: Option<Vec<Multiaddr>> =
            self.listeners.iter().map(|(_, first)| first.clone()).collect();
        if let Some(addresses) = addresses {
            self.shared.set_listening(Ok(addresses));
        }
    }

    /// Closes a connection over which no answer comes any more: the dialling begins anew.
    fn on_ping(&mut self, event: &ping::Event) {
        let Err(failure) = &event.result else { return };
        if !matches!(failure, ping::Failure::Unsupported) {
            tracing::debug!(peer = %event.peer, %failure, "a connection is dead");
            self.swarm.close_connection(event.connection);
        }
    }

    /// Remembers where a peer listens: on the host that it connected from, if it says so, and by TCP, which others can
    /// dial for certain.
    fn on_identified(&mut self, id: &PeerId, addresses: &[Multiaddr]) {
        let Some(session) = self.peers.session_mut(id) else { return };
        let host = session.address.iter().next();
        let here = || addresses.iter().filter(|address| address.iter().next() == host);
        let same = here().find(|address| transport::is_tcp(address)).or_else(|| here().next());
        let other = addresses.iter().find(|address| transport::is_tcp(address)).or(addresses.first());
        session.listens = same.or(other).cloned();
        #[cfg(feature = "kad")]
        if let Some(address) = same {
            // Others are not sent to a host that this peer only talks of.
            self.swarm.behaviour_mut().discovery.met(*id, address.clone());
        }
    }

    fn on_gossip_event(&mut self, event: gossipsub::Event) {
        let (propagation_source, message_id, message) = match event {
            gossipsub::Event::Message { propagation_source, message_id, message } => {
                (propagation_source, message_id, message)
            }
            gossipsub::Event::Subscribed { .. } => return self.send_unsent(),
            _ => return,
        };
        let bytes = message.data.len();
        let allowed = self.afford(&propagation_source, bytes, bytes);
        let session = self.peers.session(&propagation_source).map(|session| session.number);
        let token = self.token();
        let waiting = Gossiped { message: message_id, source: propagation_source, bytes };
        self.judged.insert(token, waiting);
        while self.judged.len() > WAITING_MAX {
            self.judged.pop_first();
        }
        let (Some(number), true) = (session, allowed) else { return self.set_aside(token) };
        let input = if message.topic == self.topics.txs.hash() {
            Input::Tx(message.data, TxOrigin::Gossip(number, token))
        } else if message.topic == self.topics.votes.hash() {
            Input::GossipedVote(number, token, message.data)
        } else if message.topic == self.topics.evidence.hash() {
            Input::Evidence(number, token, message.data)
        } else {
            match decode::<(Height, Hash)>(&message.data, ANNOUNCEMENT_BYTES) {
                Ok((height, id)) => Input::Announced(number, token, height, id),
                Err(_) => {
                    self.report(token, Verdict::Reject);
                    return self.fault(
                        propagation_source,
                        Weight::Malice,
                        "gossiped a malformed announcement",
                    );
                }
            }
        };
        if !self.tell(input) {
            self.set_aside(token);
        }
    }

    fn token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    fn on_request_event(&mut self, event: request_response::Event<Result<Request, Malformed>, Response>) {
        use request_response::{Event, Message};
        match event {
            Event::Message { peer, message: Message::Request { request_id, request, channel }, .. } => {
                match request {
                    Ok(request) => self.on_request(peer, request_id, request, channel),
                    Err(Malformed) => self.fault(peer, Weight::Malice, "sent a malformed request"),
                }
            }
            Event::Message { peer, message: Message::Response { request_id, response }, .. } => {
                if let Some(sent) = self.sent.remove(&request_id) {
                    self.peers.received(&peer, size(&response), Instant::now());
                    self.on_response(peer, sent, response);
                }
            }
            Event::OutboundFailure { peer, request_id, error, .. } => {
                let malformed = matches!(&error, OutboundFailure::Io(error) if error.kind() == io::ErrorKind::InvalidData);
                if malformed {
                    self.fault(peer, Weight::Malice, "sent a malformed answer");
                }
                if let Some(sent) = self.sent.remove(&request_id) {
                    self.on_failure(peer, sent);
                }
            }
            Event::InboundFailure { request_id, .. } | Event::ResponseSent { request_id, .. } => {
                self.heavy.remove(&request_id);
            }
        }
    }

    fn on_request(
        &mut self,
        id: PeerId,
        request_id: InboundRequestId,
        request: Request,
        channel: ResponseChannel<Response>,
    ) {
        if matches!(&request, Request::Status(status) if status.known.len() > KNOWN_MAX) {
            return self.fault(id, Weight::Malice, "told more addresses than a state may hold");
        }
        let allowed = self.afford(&id, size(&request), request.cost())
            && (request.cost() < HEAVY_BYTES || self.may_be_heavy(id, request_id));
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
            (Some(_), Request::GetBlock(hash)) if allowed => {
                return self
                    .ask_host(channel, Response::Block(None), |token| Input::BlockWanted(token, hash));
            }
            (Some(_), Request::GetPart(root, index)) if allowed => {
                return self.ask_host(channel, Response::Busy, |token| Input::PartWanted(token, root, index));
            }
            (Some(_), Request::GetBlocks(from)) if allowed => Response::Blocks(self.blocks_from(from)),
            (Some(_), Request::GetManifest) if allowed => {
                Response::Manifest(self.shelf.as_ref().and_then(|shelf| shelf.manifest()))
            }
            (Some(_), Request::GetChunk(id, index)) if allowed => {
                Response::Chunk(self.shelf.as_ref().and_then(|shelf| shelf.chunk(&id, index)))
            }
            (Some(_), Request::GetEvidence) if allowed => {
                let records = self.reader.evidence().unwrap_or_default();
                Response::Evidence(records.iter().map(encode).collect())
            }
            _ => Response::Busy,
        };
        self.peers.sent(&id, size(&answer));
        // The peer may be gone already.
        self.swarm.behaviour_mut().requests.send_response(channel, answer).ok();
    }

    /// Whether a peer may get one large answer more: those that it has not read yet are kept.
    fn may_be_heavy(&mut self, id: PeerId, request_id: InboundRequestId) -> bool {
        let unread = self.heavy.values().filter(|peer| **peer == id).count();
        if unread < HEAVY_PER_PEER_MAX {
            self.heavy.insert(request_id, id);
        }
        unread < HEAVY_PER_PEER_MAX
    }

    /// Lets the host answer; `busy` is the answer if it has too much to do.
    fn ask_host(
        &mut self,
        channel: ResponseChannel<Response>,
        busy: Response,
        input: impl FnOnce(u64) -> Input,
    ) {
        let token = self.token();
        self.waiting.insert(token, channel);
        while self.waiting.len() > WAITING_MAX {
            self.waiting.pop_first();
        }
        if !self.tell(input(token)) {
            self.answer(token, busy);
        }
    }

    fn blocks_from(&self, from: Height) -> Vec<(Vec<u8>, Certificate)> {
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
            return self.fault(id, Weight::Fatal, "belongs to another chain");
        }
        self.peers.greeted(&id, status.validator, status.height.get(), Instant::now());
        if self.validator {
            let now = Instant::now();
            status.known.iter().take(KNOWN_MAX).for_each(|address| self.peers.learn(address, now));
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
            (Sent::GetEvidence, Response::Evidence(records)) => {
                self.tell_surely(Input::EvidenceTold(number, records));
            }
            (Sent::GetPart(root, index), Response::Part(Some(bytes))) => {
                self.tell_surely(Input::Part(number, root, index, bytes));
            }
            (Sent::GetPart(root, _), Response::Part(None)) => {
                self.tell_surely(Input::PartMissing(number, root))
            }
            // A busy peer gets the message again with the engine's next repetition.
            (
                Sent::Message(..) | Sent::Block(..) | Sent::GetPart(..) | Sent::Status | Sent::GetEvidence,
                _,
            ) => {}
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
            // A part is asked for again when its time is over.
            Sent::Message(..) | Sent::Block(..) | Sent::GetPart(..) | Sent::Status | Sent::GetEvidence => {}
        }
    }
}

fn acknowledged(told: bool) -> Response {
    if told { Response::Ack } else { Response::Busy }
}
