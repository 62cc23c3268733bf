//! The host: owns the chain, the engine's state, the pool and the log, and turns inputs into outputs.
//!
//! ```text
//! waiting --(work, heartbeat or a valid message: pace)--> started --(decided or synced)--> waiting at the next height
//! ```

use super::blocks::BlockPool;
use super::codec::{Message, Record};
use super::context::{At, EngineInput, Ledger, Members, SignedProposal, Voter, engine, malachite};
use super::error::HostError;
use super::follow::Followed;
use super::heard::Heard;
use super::listen::Listening;
use super::messages::{Input, Now, Output, Peer};
use super::pace::Pace;
use super::parts::{PART_BYTES, Parts};
use super::proposals::{Verdict, Want};
use super::timers::Timers;
use super::verify::Verifier;
use super::wal::Disk;
use crate::metrics::Counters;
use engine::{State, ThresholdParams};
use hydrogen_core::{Chain, ChainReader, Committed, EvidenceBook, Executed, Mempool, NodeKeys, Params};
use hydrogen_types::{Certificate, Hash, Height};
use malachite::{LinearTimeouts, Round, ValuePayload};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// Longest any timeout of the engine grows to.
const TIMEOUT_MAX: Duration = Duration::from_secs(60);
/// Room of the engine's own queue for later heights. The host gives it none: it keeps its own, checked, queue.
const ENGINE_QUEUE: usize = 1;
/// Timers handled before other inputs have their turn.
const TIMERS_PER_STEP_MAX: usize = 16;

/// What a host is made of, besides the chain.
pub struct HostConfig {
    /// The node's keys.
    pub keys: NodeKeys,
    /// Whether the node votes when its key is in the validator set.
    pub validator: bool,
    /// The vote log.
    pub disk: Box<dyn Disk>,
    /// Counters to write.
    pub counters: Arc<Counters>,
    /// The pool.
    pub mempool: Mempool,
    /// Sizes that only simulators change.
    pub limits: HostLimits,
}

/// Sizes of a host, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostLimits {
    /// Of a part, and of the largest block sent whole: the same on all nodes of a chain.
    pub part_bytes: usize,
    /// By which the vote log of one height may grow before blocks that are of no use any more are taken out of it.
    pub log_growth_bytes: u64,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self { part_bytes: PART_BYTES, log_growth_bytes: 64 << 20 }
    }
}

/// Work that must wait until the engine has returned.
#[derive(Debug)]
pub(crate) enum Followup {
    /// The engine asks for a block in this round.
    Propose(u32),
}

fn timeouts(params: &Params) -> LinearTimeouts {
    let delta = Duration::from_millis(params.timeout_delta_ms);
    LinearTimeouts {
        propose: Duration::from_millis(params.timeout_propose_ms),
        propose_delta: delta,
        prevote: Duration::from_millis(params.timeout_prevote_ms),
        prevote_delta: delta,
        precommit: Duration::from_millis(params.timeout_precommit_ms),
        precommit_delta: delta,
        rebroadcast: Duration::from_millis(params.timeout_rebroadcast_ms),
        max_timeout: TIMEOUT_MAX,
    }
}

/// See the module.
pub struct Host {
    pub(crate) chain: Chain,
    pub(crate) reader: ChainReader,
    pub(crate) genesis: Hash,
    pub(crate) keys: NodeKeys,
    pub(crate) validator: bool,
    pub(crate) me: Voter,
    pub(crate) counters: Arc<Counters>,
    pub(crate) mempool: Mempool,
    pub(crate) verifier: Verifier,
    pub(crate) now: Now,
    pub(crate) out: Vec<Output>,
    pub(crate) error: Option<HostError>,
    stopped: bool,

    // The log: the height it is about, and what it held when the node started.
    pub(crate) disk: Box<dyn Disk>,
    pub(crate) log_height: Option<Height>,
    pub(crate) log_records: Vec<Record>,
    pub(crate) logged: BTreeSet<Vec<u8>>,

    // The height being worked on: one above the tip.
    pub(crate) height: Height,
    pub(crate) members: Members,
    pub(crate) started: bool,
    pub(crate) round: u32,
    pub(crate) engine: Option<State<Ledger>>,
    pub(crate) timers: Timers,
    pub(crate) timeouts: LinearTimeouts,
    pub(crate) followups: VecDeque<Followup>,
    pub(crate) decided: Option<Arc<Committed>>,
    pub(crate) early: BTreeMap<(Height, Voter), Vec<Message>>,
    pub(crate) published: Vec<Arc<[u8]>>,
    pub(crate) certificates: BTreeMap<Peer, u32>,

    // Blocks of this height.
    pub(crate) blocks: BlockPool,
    pub(crate) parts: Parts,
    pub(crate) executed: VecDeque<Executed>,
    pub(crate) verdicts: BTreeMap<Hash, Verdict>,
    pub(crate) own: BTreeMap<u32, Hash>,
    pub(crate) held: Vec<SignedProposal>,
    pub(crate) proposals_seen: BTreeSet<(u32, Hash)>,
    pub(crate) wanted: BTreeMap<Hash, Want>,
    /// Decided by votes before its bytes were here.
    pub(crate) undelivered: Option<Certificate>,
    pub(crate) limits: HostLimits,
    pub(crate) compact_at_bytes: u64,
    pub(crate) tidied_round: u32,

    pub(crate) pace: Pace,
    pub(crate) followed: Followed,

    // What validators say, also to others, at this height, the one before and the next.
    pub(crate) members_before: Option<(Height, Members)>,
    pub(crate) heard: Heard,
    pub(crate) listening: Listening,
    pub(crate) evidence: EvidenceBook,
    pub(crate) evidence_incomplete: bool,
}

impl Host {
    /// Reads the log; nothing is said or done before the first [`Host::step`].
    ///
    /// # Errors
    /// The log is corrupt or of another chain, or the store failed.
    pub fn new(chain: Chain, config: HostConfig, now: Now) -> Result<Self, HostError> {
        let HostConfig { keys, validator, mut disk, counters, mempool, limits } = config;
        let genesis = chain.genesis().hash();
        let (log_height, log_records) = super::replay::read_log(disk.as_mut(), genesis)?;
        let height = chain.tip().height.next();
        let members = Members::new(&chain.validators(height)?);
        let me = Voter(keys.consensus.address());
        let params = chain.genesis().params.clone();
        let threshold_params = ThresholdParams::default();
        let value_payload = ValuePayload::ProposalAndParts;
        let engine_params =
            engine::Params { address: me, threshold_params, value_payload, enabled: validator };
        let (at, queue) = (At(height), ENGINE_QUEUE);
        let state = State::new(Ledger, at, members.clone(), engine_params, queue, queue);
        let pace = Pace::new(&params, chain.next_due()?);
        Ok(Self {
            reader: chain.reader(),
            verifier: Verifier::new(chain.genesis().chain_id.clone()),
            followed: Followed::new(&chain.tip()),
            members_before: None,
            heard: Heard::default(),
            listening: Listening::default(),
            evidence: chain.evidence()?,
            evidence_incomplete: false,
            chain,
            genesis,
            keys,
            validator,
            me,
            counters,
            mempool,
            now,
            out: Vec::new(),
            error: None,
            stopped: false,
            disk,
            log_height,
            log_records,
            logged: BTreeSet::new(),
            height,
            members,
            started: false,
            round: 0,
            engine: Some(state),
            timers: Timers::default(),
            timeouts: timeouts(&params),
            followups: VecDeque::new(),
            decided: None,
            early: BTreeMap::new(),
            published: Vec::new(),
            certificates: BTreeMap::new(),
            blocks: BlockPool::new(limits.part_bytes),
            parts: Parts::default(),
            executed: VecDeque::new(),
            verdicts: BTreeMap::new(),
            own: BTreeMap::new(),
            held: Vec::new(),
            proposals_seen: BTreeSet::new(),
            wanted: BTreeMap::new(),
            undelivered: None,
            limits,
            compact_at_bytes: limits.log_growth_bytes,
            tidied_round: 0,
            pace,
        })
    }

    /// Takes one input at a time and says what is to be done.
    pub fn step(&mut self, now: Now, input: Input) -> Vec<Output> {
        if self.stopped {
            return Vec::new();
        }
        self.now = now;
        let result = self.handle(input).and_then(|()| self.settle());
        let mut out = std::mem::take(&mut self.out);
        if let Err(error) = result {
            self.stopped = true;
            out.push(Output::Fatal(error));
        }
        out
    }

    fn handle(&mut self, input: Input) -> Result<(), HostError> {
        match input {
            Input::Tick => Ok(()),
            Input::Status(peer, state) => self.on_status(peer, state),
            Input::Gone(peer) => self.on_gone(peer),
            Input::Message(peer, bytes) => self.on_message(peer, &bytes),
            Input::Block(peer, bytes) => self.on_offer(peer, &bytes),
            Input::BlockMissing(peer, id) => self.on_block_missing(peer, id),
            Input::BlockWanted(request, id) => self.on_block_wanted(request, id),
            Input::Announced(peer, gossip, height, id) => self.on_announced(peer, gossip, height, id),
            Input::Synced(peer, blocks) => self.on_synced(peer, blocks),
            Input::SyncFailed(peer) => self.on_sync_failed(peer),
            Input::Tx(bytes, origin) => self.on_tx(bytes, origin),
            Input::GossipedVote(peer, gossip, bytes) => self.on_gossiped_vote(peer, gossip, &bytes),
            Input::Evidence(peer, gossip, bytes) => self.on_evidence(peer, gossip, &bytes),
            Input::EvidenceTold(peer, records) => self.on_evidence_told(peer, &records),
            Input::Part(peer, root, index, bytes) => self.on_part(peer, root, index, bytes),
            Input::PartMissing(peer, root) => self.on_part_missing(peer, root),
            Input::PartWanted(request, root, index) => self.on_part_wanted(request, root, index),
        }
    }

    /// Does what has become due: timers, a new height, requests for what is missing.
    fn settle(&mut self) -> Result<(), HostError> {
        for _ in 0..TIMERS_PER_STEP_MAX {
            let Some(timeout) = self.timers.pop_due(self.now.mono_ms) else { break };
            self.feed(EngineInput::TimeoutElapsed(timeout))?;
        }
        self.follow_heard()?;
        // One height a step, also for a single validator that has work without end: others want their turn.
        if self.due_to_start() {
            self.start_height()?;
        }
        self.tidy_rounds()?;
        self.ask_for_blocks();
        self.ask_for_sync();
        self.expire_announcements();
        Ok(())
    }

    /// When [`Host::step`] should be called again if nothing happens, in ms of the clock that never goes back.
    #[must_use]
    pub fn next_wake(&self) -> Option<u64> {
        if self.stopped {
            return None;
        }
        let asks = self.wanted.iter().filter(|(id, _)| !self.parts.expects(id));
        let asks = asks.map(|(_, want)| want.ask_at_ms).min();
        let parts = self.parts.next_wake();
        let times = [self.timers.next(), self.start_at(), asks, parts, self.followed.next_wake()];
        times.into_iter().flatten().min()
    }

    /// Whether this node votes at the current height.
    #[must_use]
    pub fn is_voting(&self) -> bool {
        self.validator && self.members.key_of(&self.me).is_some()
    }

    /// The height being worked on, one above the tip.
    #[must_use]
    pub fn height(&self) -> Height {
        self.height
    }

    /// The round of the height being worked on; 0 while it has not started.
    #[must_use]
    pub fn round(&self) -> u32 {
        self.round
    }

    /// Transactions in the pool.
    #[must_use]
    pub fn mempool_len(&self) -> usize {
        self.mempool.len()
    }

    /// A reader of the chain.
    #[must_use]
    pub fn reader(&self) -> ChainReader {
        self.reader.clone()
    }

    /// Gives the engine one input, then does what it asked to be done after it returned.
    pub(crate) fn feed(&mut self, input: EngineInput) -> Result<(), HostError> {
        self.run_engine(input)?;
        if self.engine.as_ref().is_some_and(State::is_replaying_wal) {
            return Ok(());
        }
        self.follow_up()
    }

    /// Proposes if asked to, and moves on to the next height if this one is decided.
    pub(crate) fn follow_up(&mut self) -> Result<(), HostError> {
        while self.decided.is_none() {
            match self.followups.pop_front() {
                Some(Followup::Propose(round)) => self.propose(round)?,
                None => return Ok(()),
            }
        }
        match self.decided.take() {
            Some(committed) => self.enter_next_height(&committed),
            None => Ok(()),
        }
    }

    /// Runs the engine on one input; effects are performed as they come.
    pub(crate) fn run_engine(&mut self, input: EngineInput) -> Result<(), HostError> {
        let mut state = self.engine.take().expect("the engine's state is away only while it runs");
        let result: Result<(), engine::Error<Ledger>> = engine::process!(
            input: input,
            state: &mut state,
            metrics: &(),
            with: effect => Ok::<_, Infallible>(self.perform(effect))
        );
        self.engine = Some(state);
        match self.error.take() {
            Some(error) => Err(error),
            None => result.map_err(|error| HostError::Engine(error.to_string())),
        }
    }

    /// The engine's current round; it may be ahead of what a step has told so far.
    pub(crate) fn engine_round(&self) -> Round {
        self.engine.as_ref().map_or(Round::Nil, State::round)
    }
}
