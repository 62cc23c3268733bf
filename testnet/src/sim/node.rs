//! One node of the world: what survives its crashes, and its host while it runs.

use super::byzantine::Behaviour;
use super::disk::Platter;
use super::ledger::{keys, open};
use super::power::Power;
use super::rng::Rng;
use super::store::{SimStore, Unsynced};
use hydrogen_core::{ContractVm, Genesis, MemStore, Mempool};
use hydrogen_p2p::Counters;
use hydrogen_p2p::consensus::{Host, HostConfig, HostLimits, LogDisk, Now};
use std::sync::Arc;

/// See the module.
pub struct Node {
    /// The host, while the node runs.
    pub host: Option<Host>,
    /// Its counters.
    pub counters: Arc<Counters>,
    /// Its store.
    pub store: Arc<MemStore>,
    /// How far its wall clock is ahead, in ms.
    pub skew_ms: i64,
    /// Honest, or how it misbehaves.
    pub behaviour: Behaviour,
    /// Sizes of its host: of parts, and by which its log may grow.
    pub limits: HostLimits,
    pub(crate) validator: bool,
    /// Its syncs do nothing: for checking that the simulator sees what follows.
    pub(crate) sync_lies: bool,
    /// Counts starts and stops: what was meant for an earlier run does not reach a later one.
    pub(crate) incarnation: u64,
    /// Whether the blocks of its last step came from a peer, with certificates.
    pub(crate) fetches: bool,
    /// When it is to be woken.
    pub(crate) wake_at_ms: Option<u64>,
    pub(crate) power: Power,
    log: Platter,
    unsynced: Unsynced,
}

/// What a loss of power took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lost {
    /// Whether the log was torn.
    pub(crate) torn: bool,
    /// Whether blocks are gone that can be had again.
    pub(crate) blocks: bool,
}

impl Node {
    pub(crate) fn new(validator: bool, limits: HostLimits) -> Self {
        Self {
            host: None,
            counters: Arc::default(),
            store: Arc::new(MemStore::new()),
            skew_ms: 0,
            behaviour: Behaviour::Honest,
            limits,
            validator,
            sync_lies: false,
            incarnation: 0,
            fetches: false,
            wake_at_ms: None,
            power: Power::steady(),
            log: Platter::default(),
            unsynced: Unsynced::default(),
        }
    }

    /// Starts it from its store and its log.
    ///
    /// # Errors
    /// What the host said.
    pub(crate) fn boot(
        &mut self,
        index: usize,
        power: Power,
        vm: &Arc<dyn ContractVm>,
        genesis: &Genesis,
        now: Now,
    ) -> Result<(), String> {
        self.incarnation += 1;
        self.wake_at_ms = None;
        self.power = power.clone();
        let store = Arc::new(SimStore::new(Arc::clone(&self.store), self.unsynced.clone(), power.clone()));
        let chain = open(store, vm, genesis).map_err(|error| causes(&error))?;
        let config = HostConfig {
            keys: keys(index),
            validator: self.validator,
            disk: Box::new(LogDisk::over(self.log.open(power, self.sync_lies))),
            counters: Arc::clone(&self.counters),
            mempool: Mempool::new(),
            limits: self.limits,
        };
        self.host = Some(Host::new(chain, config, now).map_err(|error| causes(&error))?);
        Ok(())
    }

    /// Stops it; what was not synced may be lost.
    pub(crate) fn lose_power(&mut self, rng: &mut Rng) -> Lost {
        self.host = None;
        self.incarnation += 1;
        let torn = self.log.lose_power(rng);
        let left = self.unsynced.lose_power(rng);
        let blocks = left.is_some();
        if let Some(left) = left {
            self.store = Arc::new(left);
        }
        Lost { torn, blocks }
    }

    /// The height it has committed; 0 while it is down.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.host.as_ref().map_or(0, |host| host.reader().tip().height.get())
    }

    /// Whether it plays by the rules.
    #[must_use]
    pub fn is_honest(&self) -> bool {
        self.behaviour == Behaviour::Honest
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
