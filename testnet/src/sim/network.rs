//! What happens to messages on their way: time, loss, repetition, partitions.

use super::rng::Rng;

/// The state of the network between the nodes. Times in ms of virtual time, chances in thousandths.
#[derive(Debug, Clone)]
pub struct Network {
    /// Least and greatest time of a message.
    pub delay_ms: (u64, u64),
    /// Chance that a message takes [`Self::late_ms`] more, and so comes after later ones.
    pub late_permille: u64,
    /// See [`Self::late_permille`].
    pub late_ms: u64,
    /// Chance that a message is lost.
    pub loss_permille: u64,
    /// Chance that a message comes twice.
    pub duplicate_permille: u64,
    /// The side of a partition each node is on.
    pub sides: Vec<u8>,
    /// What each node's messages take longer.
    pub slow_ms: Vec<u64>,
    /// Messages that were lost, to chance or to a partition.
    pub lost: u64,
    /// Messages that came twice.
    pub duplicated: u64,
}

impl Network {
    /// A good network of `count` nodes.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self {
            delay_ms: (2, 30),
            late_permille: 0,
            late_ms: 0,
            loss_permille: 0,
            duplicate_permille: 0,
            sides: vec![0; count],
            slow_ms: vec![0; count],
            lost: 0,
            duplicated: 0,
        }
    }

    /// Takes a node off the network, or puts it back.
    pub fn cut_off(&mut self, node: usize, off: bool) {
        self.sides[node] = if off { u8::MAX } else { 0 };
    }

    /// Whether two nodes reach each other.
    #[must_use]
    pub fn connected(&self, one: usize, other: usize) -> bool {
        self.sides[one] == self.sides[other] && self.sides[one] != u8::MAX
    }

    /// When a message arrives, counted from now: never, once or twice. A `reliable` one is not lost to chance: it
    /// stands for a request, an answer or a connection, which a real network repeats or fails.
    pub(crate) fn arrivals(&mut self, from: usize, to: usize, reliable: bool, rng: &mut Rng) -> Vec<u64> {
        let first_ms = self.time(from, to, rng);
        if !self.connected(from, to) || (!reliable && rng.chance(self.loss_permille)) {
            self.lost += 1;
            return Vec::new();
        }
        if !reliable && rng.chance(self.duplicate_permille) {
            self.duplicated += 1;
            return vec![first_ms, first_ms + self.time(from, to, rng)];
        }
        vec![first_ms]
    }

    fn time(&self, from: usize, to: usize, rng: &mut Rng) -> u64 {
        let late_ms = if rng.chance(self.late_permille) { rng.below(self.late_ms + 1) } else { 0 };
        rng.within(self.delay_ms.0, self.delay_ms.1) + late_ms + self.slow_ms[from] + self.slow_ms[to]
    }
}
