//! What may go wrong in a run, and when it does.

use super::byzantine::Behaviour;
use super::rng::Rng;
use super::world::World;

/// Most ms a clock is wrong by, either way.
pub(crate) const SKEW_MS: u64 = 4_000;
/// Most ms that a slow node's messages take longer.
const SLOW_MS: u64 = 400;
/// Least and most ms that a partition lasts, or a node stays down.
const LASTS_MS: (u64, u64) = (200, 4_000);

/// Kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Messages take long, some much longer: they come out of order.
    Delay,
    /// Messages are lost.
    Loss,
    /// Messages come twice.
    Duplication,
    /// The network falls apart for a while.
    Partition,
    /// Nodes lose their power, also in the middle of a write, and start again.
    Crash,
    /// Clocks are wrong.
    Skew,
    /// Nodes are slow.
    Slow,
    /// Validators lie, fewer than a third.
    Byzantine,
}

impl Fault {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Delay,
        Self::Loss,
        Self::Duplication,
        Self::Partition,
        Self::Crash,
        Self::Skew,
        Self::Slow,
        Self::Byzantine,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delay => "delay",
            Self::Loss => "loss",
            Self::Duplication => "duplication",
            Self::Partition => "partition",
            Self::Crash => "crash",
            Self::Skew => "skew",
            Self::Slow => "slow",
            Self::Byzantine => "byzantine",
        }
    }

    /// Reads `default` (all), `none`, or names separated by commas.
    ///
    /// # Errors
    /// A sentence with the names there are.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        match text {
            "default" => return Ok(Self::ALL.to_vec()),
            "none" => return Ok(Vec::new()),
            _ => {}
        }
        let one = |name: &str| {
            let names = Self::ALL.map(Self::name).join(", ");
            let found = Self::ALL.into_iter().find(|fault| fault.name() == name);
            found.ok_or(format!("no fault is named `{name}`; there are: {names}; or default, or none"))
        };
        text.split(',').map(str::trim).map(one).collect()
    }
}

/// The faults of one run.
pub(crate) struct Storm {
    faults: Vec<Fault>,
    rng: Rng,
    /// How bad it is, 0 to 3: a mild storm reaches heights that a wild one does not.
    severity: u64,
    parted_until_ms: Option<u64>,
    down: Vec<(usize, u64)>,
    /// Partitions so far.
    pub(crate) partitions: u64,
}

impl Storm {
    /// Draws from `rng` what this run suffers from the start.
    pub(crate) fn begin(faults: &[Fault], world: &mut World, mut rng: Rng) -> Self {
        let validators = world.validators;
        let severity = rng.below(4);
        for fault in faults {
            let network = &mut world.network;
            match fault {
                Fault::Delay => {
                    network.delay_ms = (1, rng.within(10, 20 * (1 + severity)));
                    network.late_permille = rng.below(5 + 15 * severity);
                    network.late_ms = rng.within(100, 2_000);
                }
                Fault::Loss => network.loss_permille = rng.below(5 + 30 * severity),
                Fault::Duplication => network.duplicate_permille = rng.below(200),
                Fault::Crash => match rng.below(3) {
                    0 => world.crash_one_in = rng.within(100, 2_000) / (1 + severity),
                    1 => world.cut_within = rng.within(100, 1_000) / (1 + severity),
                    _ => {}
                },
                Fault::Byzantine => {
                    for _ in 0..rng.below(validators.saturating_sub(1) as u64 / 3 + 1) {
                        let node = rng.index(validators);
                        world.nodes[node].behaviour = Behaviour::BAD[rng.index(Behaviour::BAD.len())];
                    }
                }
                Fault::Partition | Fault::Skew | Fault::Slow => {}
            }
        }
        if world.cut_within > 0 {
            // A start arms the cut.
            for node in 0..world.nodes.len() {
                world.crash(node);
                world.boot(node);
            }
        }
        Self {
            faults: faults.to_vec(),
            rng,
            severity,
            parted_until_ms: None,
            down: Vec::new(),
            partitions: 0,
        }
    }

    /// Something goes wrong, or right again.
    pub(crate) fn act(&mut self, world: &mut World) {
        self.mend(world);
        if self.faults.is_empty() {
            return;
        }
        let fault = self.faults[self.rng.index(self.faults.len())];
        let node = self.rng.index(world.nodes.len());
        let until_ms = world.now_ms + self.rng.within(LASTS_MS.0, LASTS_MS.1);
        match fault {
            Fault::Partition if self.parted_until_ms.is_none() && self.rng.chance(40 * self.severity) => {
                world.network.sides.iter_mut().for_each(|side| *side = u8::from(self.rng.chance(400)));
                self.parted_until_ms = Some(until_ms);
                self.partitions += 1;
            }
            Fault::Crash if world.nodes[node].host.is_some() && self.rng.chance(30 + 40 * self.severity) => {
                world.crash(node);
                self.down.push((node, until_ms));
            }
            Fault::Skew if self.rng.chance(200) => {
                let skew_ms = i64::try_from(self.rng.below(2 * SKEW_MS)).unwrap_or(0);
                world.nodes[node].skew_ms = skew_ms - i64::try_from(SKEW_MS).unwrap_or(0);
            }
            Fault::Slow if self.rng.chance(100) => {
                let most_ms = SLOW_MS * self.severity / 3 + 1;
                world.network.slow_ms[node] = if self.rng.chance(500) { 0 } else { self.rng.below(most_ms) };
            }
            _ => {}
        }
    }

    fn mend(&mut self, world: &mut World) {
        if self.parted_until_ms.is_some_and(|until_ms| until_ms <= world.now_ms) {
            self.rejoin(world);
        }
        let now_ms = world.now_ms;
        for (node, _) in self.down.extract_if(.., |(_, until_ms)| *until_ms <= now_ms) {
            world.boot(node);
        }
    }

    /// The sides of a partition meet again: their connections broke, and are made anew.
    fn rejoin(&mut self, world: &mut World) {
        self.parted_until_ms = None;
        let sides = std::mem::replace(&mut world.network.sides, vec![0; world.nodes.len()]);
        for one in 0..sides.len() {
            for other in one + 1..sides.len() {
                if sides[one] != sides[other] {
                    world.disconnect(one, other);
                    world.connect(one, other);
                }
            }
        }
    }

    /// Everything that can be mended is. Liars stay.
    pub(crate) fn end(&mut self, world: &mut World) {
        world.crash_one_in = 0;
        world.cut_within = 0;
        let network = &mut world.network;
        network.delay_ms = (2, 30);
        (network.late_permille, network.loss_permille, network.duplicate_permille) = (0, 0, 0);
        network.slow_ms.iter_mut().for_each(|slow_ms| *slow_ms = 0);
        world.nodes.iter_mut().for_each(|node| node.skew_ms = 0);
        self.rejoin(world);
        self.down.clear();
        for node in 0..world.nodes.len() {
            // Power that is still to be cut is made steady by a start.
            if world.nodes[node].host.is_some() {
                world.crash(node);
            }
            world.boot(node);
        }
    }
}
