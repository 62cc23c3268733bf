//! A network of hosts in one thread: virtual clock, delay and loss from a seed, crashes that lose what is not durable.
//!
//! The world checks at every step that no two nodes commit different blocks at one height, and that no validator
//! signs two different votes or proposals for one height, round and kind.

use crate::fixture::{chain, keys};
use hydrogen_core::{Committed, Genesis, MemStore, Mempool};
use hydrogen_p2p::Counters;
use hydrogen_p2p::consensus::{
    Disk, Host, HostConfig, HostError, Input, MemDisk, Now, Output, Peer, PeerState, TxOrigin,
};
use hydrogen_types::codec::encode;
use hydrogen_types::{Hash, Height};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::sync::Arc;

/// How long a message takes, in ms.
const DELAY_MS: std::ops::Range<u64> = 2..30;
/// Blocks in one answer to a request.
const SYNC_BLOCKS: usize = 4;

/// A small generator of numbers, the same on every machine.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// A log whose power is cut at one of its next operations: before it takes effect, or after.
struct CutDisk {
    disk: MemDisk,
    left: u64,
    takes_effect: bool,
}

impl CutDisk {
    fn operate(&mut self, operation: impl FnOnce(&mut MemDisk) -> io::Result<()>) -> io::Result<()> {
        self.left = self.left.saturating_sub(1);
        if self.left > 0 || self.takes_effect {
            operation(&mut self.disk)?;
        }
        if self.left == 0 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }
}

impl Disk for CutDisk {
    fn load(&mut self) -> io::Result<Vec<Vec<u8>>> {
        self.disk.load()
    }
    fn append(&mut self, record: &[u8]) -> io::Result<()> {
        self.disk.append(record)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.operate(MemDisk::flush)
    }
    fn reset(&mut self, record: &[u8]) -> io::Result<()> {
        self.operate(|disk| disk.reset(record))
    }
}

/// One node of the world.
pub(crate) struct Node {
    pub(crate) host: Option<Host>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) disk: MemDisk,
    pub(crate) store: Arc<MemStore>,
    validator: bool,
    incarnation: u64,
    /// How far its wall clock is ahead, in ms.
    pub(crate) skew_ms: i64,
    /// Messages to and from it are lost.
    pub(crate) cut_off: bool,
}

enum Event {
    Deliver { to: usize, incarnation: u64, input: Input },
    Tick { to: usize, incarnation: u64 },
}

/// What a test may do to a message on its way.
pub(crate) type Filter = Box<dyn FnMut(usize, usize, &Wire) -> bool>;

/// A message as the network sees it.
pub(crate) enum Wire {
    Message(Arc<[u8]>),
    Block,
    Other,
}

/// The world.
pub(crate) struct World {
    pub(crate) nodes: Vec<Node>,
    pub(crate) now_ms: u64,
    pub(crate) chain: BTreeMap<Height, Arc<Committed>>,
    pub(crate) digest: Hash,
    pub(crate) loss_percent: u64,
    pub(crate) filter: Filter,
    /// Outputs until a random crash of the node that says them; 0 for none.
    pub(crate) crash_within: u64,
    pub(crate) crashes: u64,
    /// Operations of a log until its power is cut, in the middle of a step; 0 for none.
    pub(crate) cut_within: u64,
    /// Peers that hosts blamed; `None` fails the test at the first.
    pub(crate) faults: Option<u64>,
    genesis: Genesis,
    rng: Rng,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    sequence: u64,
    signed: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl World {
    /// `validators` hosts that vote and `followers` that do not.
    pub(crate) fn new(genesis: Genesis, validators: usize, followers: usize, seed: u64) -> Self {
        let node = |index: usize| Node {
            host: None,
            counters: Arc::default(),
            disk: MemDisk::default(),
            store: Arc::new(MemStore::default()),
            validator: index < validators,
            incarnation: 0,
            skew_ms: 0,
            cut_off: false,
        };
        let mut world = Self {
            nodes: (0..validators + followers).map(node).collect(),
            now_ms: 0,
            chain: BTreeMap::new(),
            digest: Hash::ZERO,
            loss_percent: 0,
            filter: Box::new(|_, _, _| true),
            crash_within: 0,
            crashes: 0,
            cut_within: 0,
            faults: None,
            genesis,
            rng: Rng::new(seed),
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            sequence: 0,
            signed: BTreeMap::new(),
        };
        for index in 0..world.nodes.len() {
            world.boot(index);
        }
        world
    }

    fn now(&self, index: usize) -> Now {
        let wall_ms = crate::fixture::GENESIS_MS + self.now_ms;
        Now { mono_ms: self.now_ms, wall_ms: wall_ms.saturating_add_signed(self.nodes[index].skew_ms) }
    }

    /// Starts a node from its store and its durable log, and connects it to all that run.
    pub(crate) fn boot(&mut self, index: usize) {
        let now = self.now(index);
        let left = if self.cut_within > 0 { 1 + self.rng.below(self.cut_within) } else { u64::MAX };
        let takes_effect = self.cut_within > 0 && self.rng.below(2) == 0;
        let node = &mut self.nodes[index];
        node.incarnation += 1;
        node.disk = node.disk.after_crash();
        let config = HostConfig {
            keys: keys(index),
            validator: node.validator,
            disk: Box::new(CutDisk { disk: node.disk.after_crash(), left, takes_effect }),
            counters: Arc::clone(&node.counters),
            mempool: Mempool::new(),
        };
        node.host = Some(Host::new(chain(&node.store, &self.genesis), config, now).unwrap());
        for other in 0..self.nodes.len() {
            if other != index {
                self.introduce(index, other);
                self.introduce(other, index);
            }
        }
        self.push(self.now_ms, |incarnation| Event::Tick { to: index, incarnation }, index);
    }

    fn introduce(&mut self, to: usize, about: usize) {
        let Some(host) = &self.nodes[about].host else { return };
        let height = host.reader().tip().height;
        let state = PeerState { height, validator: self.nodes[about].validator };
        self.send(about, to, &Wire::Other, Input::Status(Peer(about as u64), state));
    }

    /// Stops a node; what it has not made durable is gone.
    pub(crate) fn crash(&mut self, index: usize) {
        self.crashes += 1;
        self.nodes[index].host = None;
        self.nodes[index].incarnation += 1;
        for other in 0..self.nodes.len() {
            if other != index {
                self.send(index, other, &Wire::Other, Input::Gone(Peer(index as u64)));
            }
        }
    }

    fn push(&mut self, at_ms: u64, event: impl FnOnce(u64) -> Event, to: usize) {
        self.sequence += 1;
        self.queue.push(Reverse((at_ms, self.sequence)));
        self.events.insert(self.sequence, event(self.nodes[to].incarnation));
    }

    fn send(&mut self, from: usize, to: usize, wire: &Wire, input: Input) {
        let delay_ms = DELAY_MS.start + self.rng.below(DELAY_MS.end - DELAY_MS.start);
        let lost = self.rng.below(100) < self.loss_percent && !matches!(wire, Wire::Other);
        let cut_off = self.nodes[from].cut_off || self.nodes[to].cut_off;
        if from == to || lost || cut_off || !(self.filter)(from, to, wire) {
            return;
        }
        self.push(self.now_ms + delay_ms, |incarnation| Event::Deliver { to, incarnation, input }, to);
    }

    /// Gives a node an input now.
    pub(crate) fn give(&mut self, index: usize, input: Input) {
        let now = self.now(index);
        let Some(host) = self.nodes[index].host.as_mut() else { return };
        let outputs = host.step(now, input);
        let wake_ms = host.next_wake();
        if let Some(wake_ms) = wake_ms {
            let at_ms = wake_ms.max(self.now_ms + 1);
            self.push(at_ms, |incarnation| Event::Tick { to: index, incarnation }, index);
        }
        for output in outputs {
            if self.crash_within > 0 && self.rng.below(self.crash_within) == 0 {
                return self.crash_for_a_while(index);
            }
            if self.cut_within > 0 && matches!(output, Output::Fatal(HostError::Wal(_))) {
                return self.crash_for_a_while(index);
            }
            self.perform(index, output);
        }
    }

    fn crash_for_a_while(&mut self, index: usize) {
        self.crash(index);
        let at_ms = self.now_ms + self.rng.below(400);
        self.push(at_ms, |_| Event::Tick { to: index, incarnation: u64::MAX }, index);
    }

    fn others(&self, index: usize) -> Vec<usize> {
        (0..self.nodes.len()).filter(|other| *other != index).collect()
    }

    fn perform(&mut self, from: usize, output: Output) {
        let me = Peer(from as u64);
        match output {
            Output::Broadcast(bytes) => {
                self.check_signed(&bytes);
                for to in self.others(from) {
                    self.send(from, to, &Wire::Message(bytes.clone()), Input::Message(me, bytes.to_vec()));
                }
            }
            Output::BroadcastBlock(bytes) => {
                for to in self.others(from) {
                    self.send(from, to, &Wire::Block, Input::Block(me, bytes.to_vec()));
                }
            }
            Output::Send(Peer(to), bytes) => {
                let to = usize::try_from(to).unwrap();
                self.send(from, to, &Wire::Message(bytes.clone()), Input::Message(me, bytes.to_vec()));
            }
            Output::SendBlock(Peer(to), bytes) => {
                let to = usize::try_from(to).unwrap();
                self.send(from, to, &Wire::Block, Input::Block(me, bytes.to_vec()));
            }
            Output::AskBlock(Peer(to), id) => {
                self.send(
                    from,
                    usize::try_from(to).unwrap(),
                    &Wire::Other,
                    Input::BlockWanted(from as u64, id),
                );
            }
            Output::BlockReply(to, Some(bytes)) => {
                let to = usize::try_from(to).unwrap();
                self.send(from, to, &Wire::Block, Input::Block(me, bytes.to_vec()));
            }
            Output::BlockReply(_, None) | Output::Verdict(..) | Output::Admitted(..) => {}
            Output::AskSync(peer, height) => self.answer_sync(from, peer, height),
            Output::Announce(height, id) => {
                for to in self.others(from) {
                    self.send(from, to, &Wire::Other, Input::Announced(me, 0, height, id));
                }
            }
            Output::GossipTx(bytes) => {
                for to in self.others(from) {
                    self.send(from, to, &Wire::Other, Input::Tx(bytes.clone(), TxOrigin::Gossip(me, 0)));
                }
            }
            Output::Committed(committed) => self.check_committed(from, committed),
            Output::Fault(peer, reason) => match &mut self.faults {
                Some(faults) => *faults += 1,
                None => panic!("node {from} blames {peer:?}: {reason}"),
            },
            Output::Fatal(error) => panic!("node {from} stopped: {error}"),
        }
    }

    fn answer_sync(&mut self, asker: usize, peer: Peer, height: Height) {
        let server = usize::try_from(peer.0).unwrap();
        let Some(host) = &self.nodes[server].host else { return };
        let reader = host.reader();
        let blocks = (0..SYNC_BLOCKS as u64).map_while(|offset| reader.block(height.plus(offset)).unwrap());
        let blocks =
            blocks.map(|committed| (encode(&committed.block), committed.certificate.clone())).collect();
        self.send(server, asker, &Wire::Other, Input::Synced(peer, blocks));
    }

    fn check_committed(&mut self, from: usize, committed: Arc<Committed>) {
        let height = committed.block.header.height;
        self.digest = Hash::sha256(&encode(&(self.digest, from as u64, self.now_ms, committed.hash)));
        let known = self.chain.entry(height).or_insert_with(|| Arc::clone(&committed));
        assert_eq!(known.hash, committed.hash, "a fork at height {height}");
    }

    /// Votes begin with 0, proposals with 1; then kind (votes alone), height, round and what is chosen.
    fn check_signed(&mut self, bytes: &[u8]) {
        let (key, rest) = match bytes[0] {
            0 => bytes.split_at(15),
            1 => bytes.split_at(14),
            _ => return,
        };
        let signer = bytes[bytes.len() - 84..bytes.len() - 64].to_vec();
        let key = [key, &signer].concat();
        let chosen = self.signed.entry(key).or_insert_with(|| rest.to_vec());
        assert_eq!(chosen, rest, "a validator signed two different messages for one height, round and kind");
    }

    /// Lets time pass until `done` or the limit; says whether it was done.
    pub(crate) fn run(&mut self, limit_ms: u64, mut done: impl FnMut(&Self) -> bool) -> bool {
        let end_ms = self.now_ms + limit_ms;
        while !done(self) {
            let Some(Reverse((at_ms, sequence))) = self.queue.pop() else { return false };
            if at_ms > end_ms {
                self.queue.push(Reverse((at_ms, sequence)));
                self.now_ms = end_ms;
                return false;
            }
            self.now_ms = self.now_ms.max(at_ms);
            match self.events.remove(&sequence).unwrap() {
                Event::Tick { to, incarnation: u64::MAX } => self.boot(to),
                Event::Tick { to, incarnation } if incarnation == self.nodes[to].incarnation => {
                    self.give(to, Input::Tick);
                }
                Event::Deliver { to, incarnation, input } if incarnation == self.nodes[to].incarnation => {
                    self.give(to, input);
                }
                Event::Tick { .. } | Event::Deliver { .. } => {}
            }
        }
        true
    }

    /// The height that a node has committed; 0 while it is down.
    pub(crate) fn height(&self, index: usize) -> u64 {
        self.nodes[index].host.as_ref().map_or(0, |host| host.reader().tip().height.get())
    }

    /// Whether every node that runs has committed `height`.
    pub(crate) fn all_at(&self, height: u64) -> bool {
        (0..self.nodes.len()).all(|index| self.height(index) >= height)
    }
}
