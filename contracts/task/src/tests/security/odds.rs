//! How many seats of a panel one party gets: exact counts.

/// Panels of three from `honest` and `dishonest` nodes, by how many of the dishonest are in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tests) struct Panels(pub(in crate::tests) [i128; 4]);

impl Panels {
    pub(in crate::tests) fn new(nodes: u64, dishonest: u64) -> Self {
        let choose = |of: u64, picked: u64| -> i128 {
            (0..picked).fold(1, |product, step| {
                product * (i128::from(of) - i128::from(step)).max(0) / (i128::from(step) + 1)
            })
        };
        Self([0, 1, 2, 3].map(|seats| choose(dishonest, seats) * choose(nodes - dishonest, 3 - seats)))
    }

    /// All panels there are.
    pub(in crate::tests) fn total(&self) -> i128 {
        self.0.iter().sum()
    }

    /// Chance of two or three seats, in hundredths of a per cent, rounded.
    pub(in crate::tests) fn paired_basis_points(&self) -> i128 {
        (20_000 * (self.0[2] + self.0[3]) + self.total()) / (2 * self.total())
    }
}

#[test]
fn the_counts_are_those_of_an_urn() {
    assert_eq!(Panels::new(5, 2), Panels([1, 6, 3, 0]));
    assert_eq!(Panels::new(7, 0), Panels([35, 0, 0, 0]));
    assert_eq!(Panels::new(3, 3), Panels([0, 0, 0, 1]));
    for (nodes, dishonest, expected) in [(100, 10, 258), (99, 33, 2570)] {
        let panels = Panels::new(nodes, dishonest);
        let total = i128::from(nodes) * i128::from(nodes - 1) * i128::from(nodes - 2) / 6;
        assert_eq!((panels.total(), panels.paired_basis_points()), (total, expected));
    }
}
