//! What a host holds for later, each with its bound, for metrics and for simulators that check it.

use super::blocks::BLOCKS_MAX;
use super::context::malachite::ValidatorSet as _;
use super::effects::PUBLISHED_MAX;
use super::follow::ANNOUNCED_MAX;
use super::heard::HEARD_MAX;
use super::height::EARLY_PER_VOTER_MAX;
use super::host::Host;
use super::parts::{ASSEMBLIES_MAX, IN_FLIGHT_MAX};
use super::proposals::{EXECUTED_MAX, HELD_MAX, OWN_MAX, SEEN_MAX, WANTED_MAX};
use hydrogen_core::limits::{EVIDENCE_MAX, POOL_TXS_MAX};

/// Heights for which early messages are kept: the current one and the next.
const EARLY_HEIGHTS: usize = 2;

/// A queue's name, its length, and the length it never exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// What it holds.
    pub name: &'static str,
    /// How many of it.
    pub length: usize,
    /// At most.
    pub length_max: usize,
}

impl Host {
    /// All queues of this host.
    #[must_use]
    pub fn queues(&self) -> Vec<Queue> {
        let voters = self.members.count();
        let early = self.early.values().map(Vec::len).sum();
        let queue = |name, length, length_max| Queue { name, length, length_max };
        vec![
            queue("transactions", self.mempool.len(), POOL_TXS_MAX),
            queue("early messages", early, EARLY_PER_VOTER_MAX * EARLY_HEIGHTS * voters),
            queue("published messages", self.published.len(), PUBLISHED_MAX),
            queue("undecided blocks", self.blocks.len(), BLOCKS_MAX),
            queue("executed blocks", self.executed.len(), EXECUTED_MAX),
            queue("verdicts", self.verdicts.len(), BLOCKS_MAX),
            queue("own blocks", self.own.len(), OWN_MAX),
            queue("held proposals", self.held.len(), HELD_MAX),
            queue("proposals seen", self.proposals_seen.len(), SEEN_MAX),
            queue("wanted blocks", self.wanted.len(), WANTED_MAX),
            queue("blocks in parts", self.parts.len(), ASSEMBLIES_MAX),
            queue("parts in flight", self.parts.in_flight(), IN_FLIGHT_MAX),
            queue("statements of validators", self.heard.len(), HEARD_MAX),
            queue("records of equivocation", self.evidence.len(), EVIDENCE_MAX),
            queue("announcements", self.followed.announced(), ANNOUNCED_MAX),
        ]
    }
}
