//! The world: nodes, the network between them, and virtual time. One thread; everything follows from the seed.
//!
//! ```text
//! next event --> node.step --> outputs --(bent, if the node lies)--> network --> events
//!                     '--------------> invariants, digest
//! ```

use super::byzantine::{Behaviour, Bender, FUTURE_MS};
use super::faults::SKEW_MS;
use super::ledger::{GENESIS_MS, genesis};
use super::network::Network;
use super::node::Node;
use super::power::Power;
use super::report::Tally;
use super::rng::Rng;
use crate::invariant::{Invariant, Seen, all};
use hydrogen_core::{ChainReader, Committed, ContractVm, Genesis, Params};
use hydrogen_p2p::consensus::{HostLimits, Input, Now, Output, Peer, PeerState};
use hydrogen_types::{Hash, Height};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

/// Longest a node that lost its power stays down by itself, in ms.
const DOWN_MS: u64 = 400;

/// A message on its way.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    /// To whom.
    pub(crate) to: usize,
    /// Whether chance cannot lose it: see [`Network::arrivals`].
    pub(crate) reliable: bool,
    /// What it is to the receiver.
    pub(crate) input: Input,
}

enum Event {
    Deliver { to: usize, incarnation: u64, input: Input },
    Wake { node: usize, incarnation: u64 },
    Boot { node: usize },
}

/// A broken invariant.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{invariant} is broken after {at_ms} ms: {what}")]
pub struct Violation {
    /// Which.
    pub invariant: &'static str,
    /// Virtual time.
    pub at_ms: u64,
    /// How.
    pub what: String,
}

/// What may be done to a message before it is sent: from, to, the message. `false` loses it.
pub type Filter = Box<dyn FnMut(usize, usize, &Input) -> bool>;

/// See the module.
pub struct World {
    /// The nodes; validators first.
    pub nodes: Vec<Node>,
    /// Virtual time since the start.
    pub now_ms: u64,
    /// What was decided.
    pub chain: BTreeMap<Height, Arc<Committed>>,
    /// Over every event, everything said and everything decided.
    pub digest: Hash,
    /// The network.
    pub network: Network,
    /// Looks at every message.
    pub filter: Filter,
    /// One of how many outputs of a node is followed by a loss of power; 0 for none.
    pub crash_one_in: u64,
    /// A node that starts loses its power within so many operations of its log and store; 0 for never.
    pub cut_within: u64,
    /// What happened.
    pub tally: Tally,
    /// Random numbers of the world.
    pub rng: Rng,
    /// Validators of genesis.
    pub(crate) validators: usize,
    pub(crate) genesis: Genesis,
    vm: Arc<dyn ContractVm>,
    pub(crate) benders: Vec<Bender>,
    invariants: Vec<Box<dyn Invariant>>,
    violation: Option<Violation>,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    sequence: u64,
}

impl World {
    /// `validators` nodes that vote and `followers` that do not, all started.
    ///
    /// # Panics
    /// If a chain cannot be opened in memory.
    #[must_use]
    pub fn new(
        vm: Arc<dyn ContractVm>,
        params: Params,
        validators: usize,
        followers: usize,
        seed: u64,
    ) -> Self {
        Self::with_limits(vm, params, validators, followers, seed, HostLimits::default())
    }

    /// As [`World::new`], of nodes with other sizes than the usual.
    ///
    /// # Panics
    /// As [`World::new`].
    #[must_use]
    pub fn with_limits(
        vm: Arc<dyn ContractVm>,
        params: Params,
        validators: usize,
        followers: usize,
        seed: u64,
        limits: HostLimits,
    ) -> Self {
        let genesis = genesis(validators, params);
        let count = validators + followers;
        let mut world = Self {
            // The first follower votes once it is taken into the set.
            nodes: (0..count).map(|index| Node::new(index <= validators, limits)).collect(),
            validators,
            now_ms: 0,
            chain: BTreeMap::new(),
            digest: Hash::ZERO,
            network: Network::new(count),
            filter: Box::new(|_, _, _| true),
            crash_one_in: 0,
            cut_within: 0,
            tally: Tally::default(),
            rng: Rng::new(seed),
            invariants: all(&genesis),
            genesis,
            vm,
            benders: (0..count).map(|_| Bender::default()).collect(),
            violation: None,
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            sequence: 0,
        };
        (0..count).for_each(|index| world.boot(index));
        world
    }

    fn now(&self, index: usize) -> Now {
        let node = &self.nodes[index];
        let wall_ms = (GENESIS_MS + self.now_ms).saturating_add_signed(node.skew_ms);
        let ahead = node.behaviour == Behaviour::ProposesInvalid && index % 2 == 1;
        let ahead_ms = if ahead { FUTURE_MS } else { 0 };
        Now { mono_ms: self.now_ms, wall_ms: wall_ms.saturating_add(ahead_ms) }
    }

    /// The latest time that a clock of an honest node may show.
    pub(crate) fn latest_wall_ms(&self) -> u64 {
        GENESIS_MS + self.now_ms + SKEW_MS
    }

    /// Starts a node that is down, from its store and its log, and connects it to all that run.
    pub fn boot(&mut self, index: usize) {
        if self.nodes[index].host.is_some() {
            return;
        }
        let power = match self.cut_within {
            0 => Power::steady(),
            within => Power::cut_at(self.rng.within(1, within), self.rng.chance(500)),
        };
        let now = self.now(index);
        let (vm, genesis) = (Arc::clone(&self.vm), self.genesis.clone());
        if let Err(why) = self.nodes[index].boot(index, power, &vm, &genesis, now) {
            if self.nodes[index].power.is_cut() {
                self.tally.cuts += 1;
                self.crash_for_a_while(index);
            } else {
                self.violate("liveness", format!("node {index} does not start: {why}"));
            }
            return;
        }
        if let Some(reader) = self.reader(index) {
            self.see(index, &Seen::Booted { node: index, reader: &reader });
        }
        (0..self.nodes.len()).filter(|other| *other != index).for_each(|other| self.connect(index, other));
        self.wake(index, self.now_ms);
    }

    /// Both learn of each other, if both run.
    pub(crate) fn connect(&mut self, one: usize, other: usize) {
        for (to, about) in [(one, other), (other, one)] {
            let Some(reader) = self.reader(about) else { continue };
            let state = PeerState { height: reader.tip().height, validator: self.nodes[about].validator };
            self.send(about, Post { to, reliable: true, input: Input::Status(Peer(about as u64), state) });
        }
    }

    /// Both lose each other.
    pub(crate) fn disconnect(&mut self, one: usize, other: usize) {
        for (to, about) in [(one, other), (other, one)] {
            // Not a message: each side notices by itself.
            self.push(
                self.now_ms,
                |incarnation| Event::Deliver { to, incarnation, input: Input::Gone(Peer(about as u64)) },
                to,
            );
        }
    }

    /// Takes a node's power away; what it has not synced may be lost.
    pub fn crash(&mut self, index: usize) {
        let mut rng = self.rng.fork();
        self.tally.crashes += 1;
        let lost = self.nodes[index].lose_power(&mut rng);
        self.tally.torn += u64::from(lost.torn);
        if lost.blocks {
            self.tally.taken_back += 1;
            self.see(index, &Seen::BlocksLost { node: index });
        }
        for other in 0..self.nodes.len() {
            if other != index {
                let input = Input::Gone(Peer(index as u64));
                self.push(
                    self.now_ms + 1,
                    |incarnation| Event::Deliver { to: other, incarnation, input },
                    other,
                );
            }
        }
    }

    /// Takes its store away too.
    pub fn lose_store(&mut self, index: usize) {
        self.nodes[index].store = Arc::default();
        self.see(index, &Seen::StoreLost { node: index });
    }

    fn crash_for_a_while(&mut self, index: usize) {
        self.crash(index);
        let at_ms = self.now_ms + self.rng.below(DOWN_MS);
        self.push(at_ms, |_| Event::Boot { node: index }, index);
    }

    pub(crate) fn reader(&self, index: usize) -> Option<ChainReader> {
        Some(self.nodes[index].host.as_ref()?.reader())
    }

    fn push(&mut self, at_ms: u64, event: impl FnOnce(u64) -> Event, to: usize) {
        self.sequence += 1;
        self.queue.push(Reverse((at_ms, self.sequence)));
        self.events.insert(self.sequence, event(self.nodes[to].incarnation));
    }

    fn wake(&mut self, node: usize, at_ms: u64) {
        if self.nodes[node].wake_at_ms.is_none_or(|pending_ms| at_ms < pending_ms) {
            self.nodes[node].wake_at_ms = Some(at_ms);
            self.push(at_ms, |incarnation| Event::Wake { node, incarnation }, node);
        }
    }

    pub(crate) fn send(&mut self, from: usize, post: Post) {
        let Post { to, reliable, input } = post;
        if from == to || !(self.filter)(from, to, &input) {
            return;
        }
        for after_ms in self.network.arrivals(from, to, reliable, &mut self.rng) {
            let input = input.clone();
            self.push(self.now_ms + after_ms, |incarnation| Event::Deliver { to, incarnation, input }, to);
        }
    }

    /// Gives a node an input now; a node that is down does not hear of it.
    pub fn give(&mut self, index: usize, input: Input) {
        let now = self.now(index);
        let fetched = self.nodes[index].counters.blocks_synced.get();
        let Some(host) = self.nodes[index].host.as_mut() else { return };
        self.tally.steps += 1;
        let outputs = host.step(now, input);
        let wake_ms = host.next_wake();
        self.nodes[index].fetches = self.nodes[index].counters.blocks_synced.get() > fetched;
        self.check_step(index);
        if let Some(wake_ms) = wake_ms {
            self.wake(index, wake_ms.max(self.now_ms + 1));
        }
        for output in outputs {
            if self.crash_one_in > 0 && self.rng.below(self.crash_one_in) == 0 {
                return self.crash_for_a_while(index);
            }
            if matches!(output, Output::Fatal(_)) && self.nodes[index].power.is_cut() {
                self.tally.cuts += 1;
                return self.crash_for_a_while(index);
            }
            self.perform(index, output);
        }
    }

    fn check_step(&mut self, index: usize) {
        let Some(host) = self.nodes[index].host.take() else { return };
        self.see(index, &Seen::Stepped { node: index, host: &host });
        self.nodes[index].host = Some(host);
    }

    /// Tells the invariants what an honest node did.
    pub(crate) fn see(&mut self, node: usize, seen: &Seen<'_>) {
        if !self.nodes[node].is_honest() {
            return;
        }
        let broken = self.invariants.iter_mut().find_map(|invariant| {
            let broken = invariant.see(seen).err()?;
            Some((invariant.name(), broken))
        });
        if let Some((invariant, what)) = broken {
            self.violate(invariant, what);
        }
    }

    pub(crate) fn violate(&mut self, invariant: &'static str, what: String) {
        let at_ms = self.now_ms;
        self.violation.get_or_insert(Violation { invariant, at_ms, what });
    }

    /// Lets time pass until `done` or the limit; says whether it was done.
    ///
    /// # Errors
    /// The first broken invariant.
    pub fn advance(&mut self, limit_ms: u64, mut done: impl FnMut(&Self) -> bool) -> Result<bool, Violation> {
        let end_ms = self.now_ms + limit_ms;
        loop {
            if let Some(violation) = &self.violation {
                return Err(violation.clone());
            }
            if done(self) {
                return Ok(true);
            }
            let Some(&Reverse((at_ms, sequence))) = self.queue.peek() else { return Ok(false) };
            if at_ms > end_ms {
                self.now_ms = end_ms;
                return Ok(false);
            }
            self.queue.pop();
            self.now_ms = self.now_ms.max(at_ms);
            if let Some(event) = self.events.remove(&sequence) {
                self.happen(event);
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Boot { node } => self.boot(node),
            Event::Wake { node, incarnation } if incarnation == self.nodes[node].incarnation => {
                if self.nodes[node].wake_at_ms.is_some_and(|at_ms| at_ms <= self.now_ms) {
                    self.nodes[node].wake_at_ms = None;
                }
                self.give(node, Input::Tick);
            }
            Event::Deliver { to, incarnation, input } if incarnation == self.nodes[to].incarnation => {
                self.give(to, input);
            }
            Event::Wake { .. } | Event::Deliver { .. } => {}
        }
    }

    /// [`World::advance`] for tests.
    ///
    /// # Panics
    /// If an invariant breaks.
    pub fn run(&mut self, limit_ms: u64, done: impl FnMut(&Self) -> bool) -> bool {
        self.advance(limit_ms, done).unwrap_or_else(|violation| panic!("{violation}"))
    }

    /// The height that a node has committed; 0 while it is down.
    #[must_use]
    pub fn height(&self, index: usize) -> u64 {
        self.nodes[index].height()
    }

    /// Whether every node runs and has committed `height`.
    #[must_use]
    pub fn all_at(&self, height: u64) -> bool {
        self.nodes.iter().all(|node| node.height() >= height)
    }
}
