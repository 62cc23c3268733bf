//! Fetches a snapshot from several peers, before the node has a chain.
//!
//! ```text
//! connect -> status: who is far ahead -> manifests, each checked from genesis on -> the one that most peers offer
//!         -> chunks from all of these, each checked -> a whole folder
//! ```
//!
//! *Invariants*: a chunk that is on the disk with the right hash is not fetched again, whatever ended the last attempt,
//! unless peers are far beyond it; a peer that sends a wrong chunk or manifest is blocked; requests under way are bounded
//! for each peer and in all.
//!
//! *Not provided*: anything for others; whoever asks is told that this node is at height 0, or busy.

use super::NodeError;
use super::behaviour::{Behaviour, BehaviourEvent, Topics, swarm};
use super::bootstrap::BEHIND_MIN;
use super::dialling::Dialling;
use super::fetching::Fetching;
pub(super) use super::fetching::Joined;
use super::joining::Joining;
use super::peers::PeerBook;
use super::wire::{Limits, Request, Response, Status};
use crate::config::{NodeConfig, Snapshots, SyncMode};
use futures::StreamExt;
use hydrogen_core::Genesis;
use hydrogen_core::snapshot::Manifest;
use hydrogen_types::{Hash, Height};
use libp2p::core::ConnectedPoint;
use libp2p::request_response::{self, OutboundRequestId};
use libp2p::swarm::SwarmEvent;
use libp2p::{PeerId, Swarm};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(50);
/// Time for peers to connect and to offer, from the first answer on.
const CHOICE: Duration = Duration::from_secs(2);
/// Time for the first answer of anybody.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// The same where a snapshot is required.
const FIRST_ANSWER_REQUIRED: Duration = Duration::from_secs(60);
/// Time without a new chunk after which a fetch is given up.
const STALLED: Duration = Duration::from_secs(30);
/// Chunks asked of one peer at once.
const CHUNKS_PER_PEER: usize = 2;
/// How long a peer that was busy or did not answer is left alone.
const PAUSE: Duration = Duration::from_millis(500);

enum Sent {
    Status,
    Manifest,
    Chunk(usize),
}

#[derive(Default)]
struct Source {
    /// What it says of its height.
    height: Option<u64>,
    /// What it answered when it was asked for a manifest; the inner `None` for none.
    offer: Option<Option<Hash>>,
    /// Chunks asked of it that have not come.
    asked: usize,
    /// It does not have the snapshot that is being fetched.
    lacks: bool,
    paused_until: Option<Instant>,
}

/// What a join comes to.
enum Choice {
    /// Blocks are taken.
    Nothing,
    /// What is here already.
    Here,
    Fetch(Box<Manifest>),
}

struct Join<'a> {
    genesis: &'a Genesis,
    required: bool,
    refused: &'a BTreeSet<Hash>,
    snapshots: &'a Snapshots,
    swarm: Swarm<Behaviour>,
    book: PeerBook,
    joining: &'a Joining,
    dialling: Dialling,
    sent: HashMap<OutboundRequestId, Sent>,
    sources: BTreeMap<PeerId, Source>,
    offers: BTreeMap<Hash, Manifest>,
    fetching: Option<Fetching>,
    /// What an earlier run fetched whole, and did not come to restore.
    here: Option<Joined>,
    peers_expected: usize,
    started: Instant,
    first_answer: Option<Instant>,
}

/// Fetches a snapshot; `None` if nobody is far ahead or nobody offers one that is not among `refused`.
pub(super) async fn join(
    genesis: &Genesis,
    (config, snapshots): (&NodeConfig, &Snapshots),
    refused: &BTreeSet<Hash>,
    joining: &Joining,
) -> Result<Option<Joined>, NodeError> {
    let topics = Topics::new(genesis);
    let made = swarm(config, genesis, Limits::new(&genesis.params), &topics);
    let swarm = made.map_err(|error| NodeError::Network(error.to_string()))?;
    let now = Instant::now();
    let join = Join {
        genesis,
        required: config.sync == SyncMode::Snapshot,
        refused,
        snapshots,
        book: PeerBook::new(*swarm.local_peer_id(), config.peers.clone(), now),
        swarm,
        joining,
        dialling: Dialling::default(),
        sent: HashMap::new(),
        sources: BTreeMap::new(),
        offers: BTreeMap::new(),
        fetching: Fetching::left(&snapshots.folder, genesis, refused, joining),
        here: Joined::left(&snapshots.folder, genesis, refused),
        peers_expected: config.peers.len(),
        started: now,
        first_answer: None,
    };
    join.run().await
}

impl Join<'_> {
    async fn run(mut self) -> Result<Option<Joined>, NodeError> {
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                () = self.joining.stopped() => return Err(NodeError::Stopped),
                event = self.swarm.select_next_some() => self.on_event(event)?,
                Some(options) = self.dialling.next() => {
                    // A dial that cannot even start is tried again after its pause.
                    self.swarm.dial(options).ok();
                }
                _ = tick.tick() => {}
            }
            for (id, address) in self.book.due_dials(Instant::now()) {
                self.dialling.begin(id, address);
            }
            if self.fetching.is_none() {
                match self.choose() {
                    None => continue,
                    Some(Choice::Nothing) => return Ok(None),
                    Some(Choice::Here) => return Ok(self.here),
                    Some(Choice::Fetch(manifest)) => {
                        let fetching = Fetching::begin(&self.snapshots.folder, *manifest, self.joining);
                        self.fetching = Some(fetching.map_err(NodeError::SnapshotFiles)?);
                    }
                }
            }
            if let Some(joined) = self.fetch()? {
                return Ok(Some(joined));
            }
        }
    }

    fn ask(&mut self, id: &PeerId, request: Request, sent: Sent) {
        let request_id = self.swarm.behaviour_mut().requests.send_request(id, Ok(request));
        self.sent.insert(request_id, sent);
    }

    fn status(&self) -> Status {
        let genesis = self.genesis.hash();
        Status { genesis, height: Height::GENESIS, validator: false, known: Vec::new() }
    }

    /// Decides, once enough is known.
    fn choose(&self) -> Option<Choice> {
        let first = if self.required { FIRST_ANSWER_REQUIRED } else { FIRST_ANSWER };
        let late = self.started.elapsed() > first;
        let without = || if self.here.is_some() { Choice::Here } else { Choice::Nothing };
        let Some(answered) = self.first_answer else { return late.then(without) };
        let settled = |source: &&Source| {
            source.height.is_some_and(|height| height < BEHIND_MIN && !self.required)
                || source.offer.is_some()
        };
        let all = self.sources.values().filter(settled).count() >= self.peers_expected;
        if !all && answered.elapsed() < CHOICE {
            return None;
        }
        let offered =
            |id: &Hash| self.sources.values().filter(|source| source.offer == Some(Some(*id))).count();
        let best = self.offers.iter().max_by_key(|(id, manifest)| (offered(id), manifest.height()));
        let Some((_, manifest)) = best else {
            // Where a snapshot is required, somebody may still make one.
            return (self.here.is_some() || !self.required || late).then(without);
        };
        let highest = self.sources.values().filter_map(|source| source.height).max().unwrap_or_default();
        let near = |here: &Joined| {
            highest < here.height.get().saturating_add(BEHIND_MIN) || manifest.height() <= here.height
        };
        if self.here.as_ref().is_some_and(near) {
            return Some(Choice::Here);
        }
        Some(Choice::Fetch(Box::new(manifest.clone())))
    }

    /// Asks for what is missing; says where the snapshot is once it is whole.
    fn fetch(&mut self) -> Result<Option<Joined>, NodeError> {
        let Some(fetching) = self.fetching.as_mut() else { return Ok(None) };
        if let Some(folder) = fetching.finish().map_err(NodeError::SnapshotFiles)? {
            return Ok(Some(Joined { id: fetching.id(), height: fetching.height(), folder }));
        }
        self.joining.set(fetching.stage());
        if fetching.idle() > STALLED {
            tracing::warn!(height = %fetching.height(), "nobody sends this snapshot any more: another is looked for");
            fetching.drop_files().map_err(NodeError::SnapshotFiles)?;
            self.fetching = None;
            self.offers.clear();
            self.first_answer = None;
            self.started = Instant::now();
            for (id, source) in &mut self.sources {
                *source = Source { asked: source.asked, ..Source::default() };
                let status = Status {
                    genesis: self.genesis.hash(),
                    height: Height::GENESIS,
                    validator: false,
                    known: Vec::new(),
                };
                let request_id =
                    self.swarm.behaviour_mut().requests.send_request(id, Ok(Request::Status(status)));
                self.sent.insert(request_id, Sent::Status);
            }
            return Ok(None);
        }
        let (now, id) = (Instant::now(), fetching.id());
        for (peer, source) in &mut self.sources {
            let paused = source.paused_until.is_some_and(|until| until > now);
            while !source.lacks && !paused && source.asked < CHUNKS_PER_PEER {
                let Some(index) = fetching.next() else { return Ok(None) };
                source.asked += 1;
                let wire = u32::try_from(index).unwrap_or(u32::MAX);
                let request = Request::GetChunk(id, wire);
                let request_id = self.swarm.behaviour_mut().requests.send_request(peer, Ok(request));
                self.sent.insert(request_id, Sent::Chunk(index));
            }
        }
        Ok(None)
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) -> Result<(), NodeError> {
        use request_response::{Event, Message};
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, endpoint, .. } => {
                let dialled = matches!(endpoint, ConnectedPoint::Dialer { .. });
                if self.book.connected(peer_id, endpoint.get_remote_address(), dialled, Instant::now()) {
                    self.sources.insert(peer_id, Source::default());
                    self.ask(&peer_id, Request::Status(self.status()), Sent::Status);
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => {
                self.book.disconnected(&peer_id);
                self.sources.remove(&peer_id);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Requests(event)) => match event {
                Event::Message { message: Message::Request { request, channel, .. }, .. } => {
                    let answer = match request {
                        Ok(Request::Status(_)) => Response::Status(self.status()),
                        _ => Response::Busy,
                    };
                    self.swarm.behaviour_mut().requests.send_response(channel, answer).ok();
                }
                Event::Message { peer, message: Message::Response { request_id, response }, .. } => {
                    if let Some(sent) = self.sent.remove(&request_id) {
                        self.on_response(peer, sent, response)?;
                    }
                }
                Event::OutboundFailure { peer, request_id, .. } => {
                    if let Some(sent) = self.sent.remove(&request_id) {
                        self.on_nothing(peer, &sent);
                    }
                }
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    /// The peer was busy or did not answer.
    fn on_nothing(&mut self, peer: PeerId, sent: &Sent) {
        let source = self.sources.entry(peer).or_default();
        source.paused_until = Some(Instant::now() + PAUSE);
        match sent {
            Sent::Chunk(index) => {
                source.asked = source.asked.saturating_sub(1);
                if let Some(fetching) = &mut self.fetching {
                    fetching.give_back(*index);
                }
            }
            Sent::Status => self.ask(&peer, Request::Status(self.status()), Sent::Status),
            Sent::Manifest => source.offer = Some(None),
        }
        if !self.swarm.is_connected(&peer) {
            self.sources.remove(&peer);
        }
    }

    fn on_response(&mut self, peer: PeerId, sent: Sent, response: Response) -> Result<(), NodeError> {
        match (sent, response) {
            (Sent::Status, Response::Status(status)) => self.on_status(peer, &status),
            (Sent::Manifest, Response::Manifest(offer)) => self.on_offer(peer, offer),
            (Sent::Chunk(index), Response::Chunk(bytes)) => return self.on_chunk(peer, index, bytes),
            (sent, _) => self.on_nothing(peer, &sent),
        }
        Ok(())
    }

    fn on_status(&mut self, peer: PeerId, status: &Status) {
        if status.genesis != self.genesis.hash() {
            return self.block(peer, "belongs to another chain");
        }
        self.first_answer.get_or_insert_with(Instant::now);
        let height = status.height.get();
        self.sources.entry(peer).or_default().height = Some(height);
        if height >= BEHIND_MIN || self.required {
            self.ask(&peer, Request::GetManifest, Sent::Manifest);
        }
    }

    fn on_offer(&mut self, peer: PeerId, offer: Option<Vec<u8>>) {
        let manifest = offer.map(|bytes| {
            let manifest = Manifest::from_bytes(&bytes)?;
            manifest.check(self.genesis).map(|()| manifest)
        });
        let source = self.sources.entry(peer).or_default();
        match manifest {
            None => source.offer = Some(None),
            Some(Ok(manifest)) => {
                let id = manifest.id();
                if self.refused.contains(&id) {
                    return self.block(peer, "offers a snapshot that proved false");
                }
                source.offer = Some(Some(id));
                self.offers.insert(id, manifest);
            }
            Some(Err(error)) => {
                let reason = crate::consensus::causes(&error);
                self.block(peer, &format!("offers a false snapshot: {reason}"));
            }
        }
    }

    fn on_chunk(&mut self, peer: PeerId, index: usize, bytes: Option<Vec<u8>>) -> Result<(), NodeError> {
        let source = self.sources.entry(peer).or_default();
        source.asked = source.asked.saturating_sub(1);
        let Some(fetching) = &mut self.fetching else { return Ok(()) };
        let Some(bytes) = bytes else {
            source.lacks = true;
            fetching.give_back(index);
            return Ok(());
        };
        if !fetching.take(index, &bytes).map_err(NodeError::SnapshotFiles)? {
            self.block(peer, &format!("sent a wrong chunk {index} of a snapshot"));
        }
        Ok(())
    }

    fn block(&mut self, peer: PeerId, reason: &str) {
        tracing::warn!(%peer, reason, "a peer misbehaves: it is not asked again");
        self.sources.remove(&peer);
        self.swarm.behaviour_mut().gate.ban(peer);
    }
}
