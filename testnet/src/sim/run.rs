//! One run: a storm, then calm, in which the chain must go on and everybody must meet.

use super::faults::{Fault, Storm};
use super::ledger::{open, params};
use super::load::{Load, stuck};
use super::report::Report;
use super::world::{Violation, World};
use hydrogen_core::{ChainReader, ContractVm, MemStore};
use hydrogen_p2p::consensus::HostLimits;
use std::sync::Arc;

/// Least and most ms between two things that accounts or faults do.
const PAUSE_MS: (u64, u64) = (5, 80);
/// Blocks that must follow the end of the storm.
const CALM_BLOCKS: u64 = 4;
/// Longest time for them, in ms: rounds that began in the storm have grown long timeouts.
const CALM_MS: u64 = 120_000;

/// What to simulate.
#[derive(Debug, Clone)]
pub struct Options {
    /// Everything follows from it.
    pub seed: u64,
    /// Nodes that vote.
    pub validators: usize,
    /// Nodes that follow.
    pub followers: usize,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How long it does, in ms of virtual time.
    pub storm_ms: u64,
    /// Nodes whose syncs do nothing, to see that the simulator notices.
    pub lying_disks: bool,
}

impl Options {
    /// Seven validators and a follower, fifteen virtual seconds of all faults.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            validators: 7,
            followers: 1,
            faults: Fault::ALL.to_vec(),
            storm_ms: 15_000,
            lying_disks: false,
        }
    }
}

/// Runs it.
///
/// # Errors
/// The first broken invariant.
pub fn run(vm: &Arc<dyn ContractVm>, options: &Options) -> Result<Report, Violation> {
    let (validators, followers, seed) = (options.validators, options.followers, options.seed);
    let mut world = World::with_limits(Arc::clone(vm), params(), validators, followers, seed, limits(seed));
    world.nodes.iter_mut().for_each(|node| node.sync_lies = options.lying_disks);
    if options.lying_disks {
        // They were started with honest disks.
        for node in 0..world.nodes.len() {
            world.crash(node);
            world.boot(node);
        }
    }
    let rng = world.rng.fork();
    let mut storm = Storm::begin(&options.faults, &mut world, rng);
    let mut load = Load::new(world.rng.fork());
    let mut pauses = world.rng.fork();
    while world.now_ms < options.storm_ms {
        world.advance(pauses.within(PAUSE_MS.0, PAUSE_MS.1), |_| false)?;
        load.act(&mut world);
        storm.act(&mut world);
    }
    let stormy_blocks = world.chain.len() as u64;
    storm.end(&mut world);
    calm(&mut world, &mut load)?;
    replay(vm, &mut world)?;
    Ok(Report::new(options, &world, &storm, &load, stormy_blocks))
}

/// Two seeds of three send every block in parts, and take old blocks out of their logs after a few rounds.
fn limits(seed: u64) -> HostLimits {
    match seed % 3 {
        0 => HostLimits::default(),
        1 => HostLimits { part_bytes: 256, log_growth_bytes: 4_096 },
        _ => HostLimits { part_bytes: 100, log_growth_bytes: 16_384 },
    }
}

/// Liveness: with the faults gone, blocks come, every honest node has them, and what accounts send is decided.
fn calm(world: &mut World, load: &mut Load) -> Result<(), Violation> {
    // Time for starts and for catching up, so that probes are not refused for old nonces.
    world.advance(CALM_MS, |world| together(world, 1))?;
    let target = world.chain.len() as u64 + CALM_BLOCKS;
    let probed = load.probe(world);
    let waiting = |world: &World| match first_honest(world) {
        Some(reader) => stuck(&reader, &probed),
        None => probed.len(),
    };
    let done = world.advance(CALM_MS, |world| together(world, target) && waiting(world) == 0)?;
    if !done {
        let heights: Vec<u64> = world.nodes.iter().map(|node| node.height()).collect();
        let what = format!(
            "{CALM_MS} ms after the last fault the nodes are at heights {heights:?}, expected {target}, and {} of {} \
             accounts wait for a transaction",
            waiting(world),
            probed.len()
        );
        world.violate("liveness", what);
        world.advance(0, |_| false)?;
    }
    Ok(())
}

fn first_honest(world: &World) -> Option<ChainReader> {
    let node = world.nodes.iter().position(|node| node.is_honest())?;
    world.reader(node)
}

/// Whether all honest nodes are at the tip or one behind, and at least at `height`.
fn together(world: &World, height: u64) -> bool {
    let tip = world.chain.len() as u64;
    tip >= height
        && world.nodes.iter().filter(|node| node.is_honest()).all(|node| node.height() + 1 >= tip.max(height))
}

/// A node that executes everything anew comes to the same roots.
fn replay(vm: &Arc<dyn ContractVm>, world: &mut World) -> Result<(), Violation> {
    let fresh = open(Arc::new(MemStore::new()), vm, &world.genesis).map_err(|error| error.to_string());
    let blocks: Vec<_> = world.chain.values().cloned().collect();
    let result = fresh.and_then(|mut chain| {
        for committed in &blocks {
            let height = committed.block.header.height;
            let imported = chain.import(committed.block.clone(), committed.certificate.clone());
            imported.map_err(|error| format!("block {height} cannot be imported: {error}"))?;
        }
        Ok(())
    });
    if let Err(what) = result {
        world.violate("roots", what);
        world.advance(0, |_| false)?;
    }
    Ok(())
}
