//! Small changes to bytes, the same ones on every machine: what the tests of the gate have instead of an engine.

/// SplitMix64 (Steele, Lea, Flood, 2014) and what it does to bytes.
#[derive(Debug, Clone)]
pub struct Mutator(u64);

/// Values at which sizes and counts go wrong.
const EDGES: [u64; 8] = [0, 1, 127, 255, 0x7fff_ffff, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, u64::MAX];

impl Mutator {
    /// Changes that follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).expect("below a usize")
    }

    /// `bytes` with one to four changes; some of them take a piece of `other`.
    #[must_use]
    pub fn mutate(&mut self, bytes: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.index(4) {
            self.change(&mut bytes, other);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let at = self.index(bytes.len());
        match self.index(7) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << self.index(8),
            1 if !bytes.is_empty() => bytes[at] = self.next().to_le_bytes()[0],
            2 => bytes.truncate(at),
            3 => {
                let edge = EDGES[self.index(EDGES.len())].to_le_bytes();
                let width = [1, 2, 4, 8][self.index(4)];
                bytes.iter_mut().skip(at).zip(edge.iter().take(width)).for_each(|(byte, edge)| *byte = *edge);
            }
            4 => {
                let end = (at + 1 + self.index(32)).min(bytes.len());
                let piece = bytes[at.min(end)..end].to_vec();
                let to = self.index(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            5 => {
                let end = (at + 1 + self.index(32)).min(bytes.len());
                bytes.drain(at.min(end)..end);
            }
            _ => {
                let from = self.index(other.len());
                let end = (from + 1 + self.index(64)).min(other.len());
                let piece = other[from.min(end)..end].to_vec();
                let to = (at + piece.len()).min(bytes.len());
                bytes.splice(at.min(to)..to, piece);
            }
        }
    }
}
