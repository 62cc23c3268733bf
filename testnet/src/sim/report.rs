//! What a run was like.

use super::faults::Storm;
use super::load::Load;
use super::run::Options;
use super::world::World;
use hydrogen_types::Hash;
use serde_json::{Value, json};
use std::fmt;

/// What happened so far.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Inputs that nodes took.
    pub steps: u64,
    /// Times a node lost its power.
    pub crashes: u64,
    /// Of these, in the middle of a step, at an operation of its log or store.
    pub cuts: u64,
    /// Logs that were torn by it.
    pub torn: u64,
    /// Stores of which it took blocks back.
    pub taken_back: u64,
    /// Messages bent by nodes that lie.
    pub bent: u64,
    /// Times a node was blamed.
    pub blamed: u64,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Report {
    /// The seed it follows from.
    pub seed: u64,
    /// Over everything that was said and decided: equal for equal seeds and programs.
    pub digest: Hash,
    /// Blocks decided.
    pub blocks: u64,
    /// Of these, during the storm.
    pub stormy_blocks: u64,
    /// Highest round in which a block was decided.
    pub round_max: u32,
    /// Transactions decided.
    pub txs: u64,
    /// Transactions sent.
    pub sent: u64,
    /// Virtual time it took.
    pub virtual_ms: u64,
    /// Events.
    pub tally: Tally,
    /// Messages lost.
    pub lost: u64,
    /// Messages that came twice.
    pub duplicated: u64,
    /// Partitions.
    pub partitions: u64,
    /// Liars, by kind.
    pub liars: Vec<&'static str>,
    /// Times an honest validator saw another sign two things.
    pub equivocations: u64,
}

impl Report {
    pub(crate) fn new(
        options: &Options,
        world: &World,
        storm: &Storm,
        load: &Load,
        stormy_blocks: u64,
    ) -> Self {
        let liars = world.nodes.iter().filter(|node| !node.is_honest()).map(|node| node.behaviour.name());
        Self {
            seed: options.seed,
            digest: world.digest,
            blocks: world.chain.len() as u64,
            stormy_blocks,
            round_max: world.chain.values().map(|block| block.certificate.round).max().unwrap_or(0),
            txs: world.chain.values().map(|block| block.block.txs.len() as u64).sum(),
            sent: load.sent,
            virtual_ms: world.now_ms,
            tally: world.tally.clone(),
            lost: world.network.lost,
            duplicated: world.network.duplicated,
            partitions: storm.partitions,
            liars: liars.collect(),
            equivocations: world.nodes.iter().map(|node| node.counters.equivocations.get()).sum(),
        }
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "seed": self.seed.to_string(),
            "digest": self.digest.to_string(),
            "blocks": self.blocks,
            "stormy_blocks": self.stormy_blocks,
            "round_max": self.round_max,
            "txs": self.txs,
            "sent": self.sent,
            "virtual_ms": self.virtual_ms,
            "steps": self.tally.steps,
            "crashes": self.tally.crashes,
            "cuts": self.tally.cuts,
            "torn": self.tally.torn,
            "taken_back": self.tally.taken_back,
            "lost": self.lost,
            "duplicated": self.duplicated,
            "partitions": self.partitions,
            "liars": self.liars,
            "bent": self.tally.bent,
            "blamed": self.tally.blamed,
            "equivocations": self.equivocations,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { steps, crashes, cuts, torn, taken_back, bent, blamed } = &self.tally;
        write!(
            f,
            "seed {}: {} blocks ({} in the storm, rounds to {}), {} of {} transactions, {} ms; {crashes} crashes \
             ({cuts} in a step, {torn} logs torn, {taken_back} lost blocks), {} partitions, {} lost, {} twice; {} liars, {bent} bent, \
             {blamed} blamed; {steps} steps; {}",
            self.seed,
            self.blocks,
            self.stormy_blocks,
            self.round_max,
            self.txs,
            self.sent,
            self.virtual_ms,
            self.partitions,
            self.lost,
            self.duplicated,
            self.liars.len(),
            self.digest
        )
    }
}
