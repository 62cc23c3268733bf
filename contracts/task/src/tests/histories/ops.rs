//! What may happen next, as small values that mean something in every world: a history stays one when parts are cut out.

/// One happening. Numbers are taken modulo whatever there is to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// A creator pays for a task.
    Create { by: u8, kind: u8 },
    /// An open task takes a step that its state allows, or nearly.
    Act { task: u8, seat: u8, say: u8 },
    /// Anybody calls anything.
    Any { by: u8, what: u8, task: u8, say: u8 },
    /// A node moves.
    Node { node: u8, what: u8 },
    /// The owner, or who would be.
    Owner { by: u8, what: u8, say: u8 },
    /// Somebody changes its allowance.
    Allow { by: u8, cnx: u16 },
    /// Blocks pass.
    Time { task: u8, what: u8, ms: u16 },
}

/// A seeded source of numbers; the same seed, the same history.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 8
    }

    fn byte(&mut self) -> u8 {
        (self.next() % 256) as u8
    }

    fn wide(&mut self) -> u16 {
        (self.next() % 65_536) as u16
    }
}

/// A history of this many happenings.
pub(super) fn history(seed: u64, length: usize) -> Vec<Op> {
    let mut dice = Dice::new(seed);
    (0..length).map(|_| op(&mut dice)).collect()
}

fn op(dice: &mut Dice) -> Op {
    match dice.next() % 100 {
        0..=5 => Op::Create { by: dice.byte(), kind: dice.byte() },
        6..=67 => Op::Act { task: dice.byte(), seat: dice.byte(), say: dice.byte() },
        68..=74 => Op::Any { by: dice.byte(), what: dice.byte(), task: dice.byte(), say: dice.byte() },
        75..=84 => Op::Node { node: dice.byte(), what: dice.byte() },
        85..=89 => Op::Owner { by: dice.byte(), what: dice.byte(), say: dice.byte() },
        90 => Op::Allow { by: dice.byte(), cnx: dice.wide() },
        _ => Op::Time { task: dice.byte(), what: dice.byte(), ms: dice.wide() },
    }
}
