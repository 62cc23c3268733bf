//! What is done to a network of processes, and how it is undone.

use super::error::RealError;
use super::net::Net;
use crate::sim::Rng;
use std::time::Duration;

/// How many processes are killed at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kills {
    /// None.
    None,
    /// One.
    One,
    /// Two at once.
    Two,
}

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// SIGKILL, then a new process.
    Kill,
    /// The network falls into two parts of which the larger has more than two thirds of the power, or neither has.
    Partition,
    /// SIGSTOP, then SIGCONT.
    Pause,
    /// A line of few kbit/s.
    Slow,
    /// A line that breaks for moments.
    Flap,
    /// A clock that jumps, forward or back, and later jumps back.
    Clock,
}

impl FaultKind {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Partition => "partition",
            Self::Pause => "pause",
            Self::Slow => "slow line",
            Self::Flap => "broken line",
            Self::Clock => "clock",
        }
    }
}

/// How bad it may get.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) kills: Kills,
    /// Longest partition.
    pub(super) partition_ms: u64,
}

/// One fault that is about to happen.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    /// The nodes it happens to.
    pub(super) victims: Vec<usize>,
    /// How long it lasts.
    pub(super) lasts: Duration,
    /// Seconds by which a clock jumps.
    offset_s: i64,
}

/// How far clocks jump, in seconds.
const JUMPS_S: &[i64] = &[-86_400, -3_600, -30, -3, 3, 30, 3_600, 86_400];
/// Speed of a slow line, in kbit/s.
const SLOW_KBIT: u32 = 256;
/// A broken line is off for so long at a time, and as long on.
const FLAP: Duration = Duration::from_millis(150);

impl Fault {
    /// Draws one of `kind` for a network of `count` nodes.
    pub(super) fn draw(kind: FaultKind, bounds: Bounds, count: usize, rng: &mut Rng) -> Self {
        let tolerated = (count - 1) / 3;
        let size = match kind {
            FaultKind::Kill if bounds.kills == Kills::Two => 2,
            FaultKind::Kill => 1,
            // From one alone up to the smaller half: beyond the tolerated, neither side may decide anything.
            FaultKind::Partition => rng.index(count / 2) + 1,
            _ => rng.index(tolerated.max(1)) + 1,
        };
        let mut all: Vec<usize> = (0..count).collect();
        let victims = (0..size.min(count)).map(|_| all.swap_remove(rng.index(all.len()))).collect();
        let lasts_ms = match kind {
            FaultKind::Kill => rng.within(200, 4_000),
            FaultKind::Partition => rng.within(2_000, bounds.partition_ms),
            FaultKind::Clock => rng.within(4_000, 8_000),
            _ => rng.within(1_000, 8_000),
        };
        let offset_s = JUMPS_S[rng.index(JUMPS_S.len())];
        Self { kind, victims, lasts: Duration::from_millis(lasts_ms), offset_s }
    }

    /// Whether the rest can decide blocks meanwhile.
    pub(super) fn leaves_quorum(&self, count: usize) -> bool {
        3 * (count - self.victims.len()) > 2 * count
    }

    /// Does it, waits, undoes it.
    pub(super) async fn happen(&self, net: &mut Net, rng: &mut Rng) -> Result<(), RealError> {
        match self.kind {
            FaultKind::Kill => {
                for index in &self.victims {
                    net.nodes[*index].kill()?;
                }
                tokio::time::sleep(self.lasts).await;
                for (place, index) in self.victims.iter().enumerate() {
                    if place > 0 {
                        tokio::time::sleep(Duration::from_millis(rng.below(1_000))).await;
                    }
                    net.start_node(*index)?;
                }
            }
            FaultKind::Partition => {
                let sides: Vec<usize> =
                    (0..net.nodes.len()).map(|index| usize::from(self.victims.contains(&index))).collect();
                net.links.split(&sides)?;
                tokio::time::sleep(self.lasts).await;
                net.links.split(&vec![0; net.nodes.len()])?;
            }
            FaultKind::Pause => {
                self.victims.iter().try_for_each(|index| net.nodes[*index].pause())?;
                tokio::time::sleep(self.lasts).await;
                self.victims.iter().try_for_each(|index| net.nodes[*index].resume())?;
            }
            FaultKind::Slow => {
                self.victims.iter().try_for_each(|index| net.links.slow(*index, SLOW_KBIT))?;
                tokio::time::sleep(self.lasts).await;
                self.victims.iter().try_for_each(|index| net.links.fast(*index))?;
            }
            FaultKind::Flap => self.flap(net).await?,
            FaultKind::Clock => {
                self.set_clocks(net, self.offset_s)?;
                tokio::time::sleep(self.lasts).await;
                self.set_clocks(net, 0)?;
            }
        }
        Ok(())
    }

    async fn flap(&self, net: &Net) -> Result<(), RealError> {
        let whole = vec![0; net.nodes.len()];
        let end = tokio::time::Instant::now() + self.lasts;
        while tokio::time::Instant::now() < end {
            self.victims.iter().try_for_each(|index| net.links.unplug(*index))?;
            tokio::time::sleep(FLAP).await;
            net.links.split(&whole)?;
            tokio::time::sleep(FLAP).await;
        }
        Ok(())
    }

    fn set_clocks(&self, net: &Net, offset_s: i64) -> Result<(), RealError> {
        for index in &self.victims {
            if let Some(clock) = &net.nodes[*index].clock {
                clock.set(offset_s)?;
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, ms) = (self.kind.name(), self.lasts.as_millis());
        write!(f, "{kind} of {:?} for {ms} ms", self.victims)?;
        if self.kind == FaultKind::Clock { write!(f, " by {:+} s", self.offset_s) } else { Ok(()) }
    }
}
