//! The verdict once more: section 6's table with each row as a predicate of its own, and what it says of each seat.
//! Nothing here is shared with `judge`.

use hydrogen_types::task::AbortReason;

/// What one seat brought. Results have letters; which of them agree is the panel's affair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Brought {
    /// A result.
    Result(char),
    /// An error's code.
    Error(u32),
    /// Nothing to work on.
    Unavailable,
    /// No commitment.
    MissedCommit,
    /// No reveal.
    MissedReveal,
}

use Brought::{Error, MissedCommit, MissedReveal, Unavailable};

/// Three seats, in rounds 0, 1, 2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Panel {
    /// What each brought.
    pub(crate) seats: [Brought; 3],
    /// Pairs of different letters that agree; equal letters always do.
    pub(crate) near: &'static [(char, char)],
}

impl Panel {
    fn agree(&self, one: usize, other: usize) -> bool {
        let (Brought::Result(one), Brought::Result(other)) = (self.seats[one], self.seats[other]) else {
            return false;
        };
        one == other || self.near.contains(&(one, other)) || self.near.contains(&(other, one))
    }

    /// Others that a seat agrees with.
    fn friends(&self, seat: usize) -> usize {
        (0..3).filter(|other| *other != seat && self.agree(seat, *other)).count()
    }

    fn pairs(&self) -> usize {
        (0..3).map(|seat| self.friends(seat)).sum::<usize>() / 2
    }

    fn count(&self, wanted: fn(Brought) -> bool) -> usize {
        self.seats.iter().filter(|seat| wanted(**seat)).count()
    }

    fn results(&self) -> usize {
        self.count(|seat| matches!(seat, Brought::Result(_)))
    }

    fn errors(&self) -> usize {
        self.count(|seat| matches!(seat, Error(_)))
    }

    fn unavailable(&self) -> usize {
        self.count(|seat| seat == Unavailable)
    }

    fn missed_commits(&self) -> usize {
        self.count(|seat| seat == MissedCommit)
    }

    fn missed(&self) -> usize {
        self.count(|seat| matches!(seat, MissedCommit | MissedReveal))
    }

    fn has_twin(&self, seat: usize) -> bool {
        (0..3).any(|other| other != seat && self.seats[other] == self.seats[seat])
    }

    fn equal_errors(&self) -> bool {
        (0..3).any(|seat| matches!(self.seats[seat], Error(_)) && self.has_twin(seat))
    }

    /// How the table calls a seat: `N` agrees with another and `X` does not; `E` reports what another reports and `D`
    /// does not; `U`, `C` missed commit, `R` missed reveal.
    fn letter(&self, seat: usize) -> char {
        match self.seats[seat] {
            Brought::Result(_) if self.friends(seat) > 0 => 'N',
            Brought::Result(_) => 'X',
            Error(_) if self.has_twin(seat) => 'E',
            Error(_) => 'D',
            Unavailable => 'U',
            MissedCommit => 'C',
            MissedReveal => 'R',
        }
    }
}

/// What a seat gets: from the fee, or from the fines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gain {
    None,
    Share,
    Half,
    Fines,
}

/// What a seat loses: the section's `P` and `Q`, a cheat's fine, or a pause alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    None,
    P,
    Q,
    Cheat,
    Pause,
}

/// What the creator gets back of the fee, remainders of divisions aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    Nothing,
    Share,
    All,
    /// What the halves left.
    Rest,
    AllButCancelFee,
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// As the table writes it.
    pub(crate) name: &'static str,
    applies: fn(&Panel) -> bool,
    /// Why the task is aborted; `None`: it is valid.
    pub(crate) ends: Option<AbortReason>,
    seats: &'static [(char, Gain, Loss)],
    /// What the creator gets back.
    pub(crate) back: Back,
}

/// What becomes of a panel.
#[derive(Debug)]
pub(crate) struct Expected {
    /// The row.
    pub(crate) row: &'static Row,
    /// Of each seat.
    pub(crate) seats: [(Gain, Loss); 3],
    /// Who uploads, if it is valid.
    pub(crate) uploader: Option<usize>,
}

/// Row by row in the table's order.
pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "N N N; A~B~C with A apart from C",
        applies: |panel| panel.results() == 3 && panel.pairs() >= 2,
        ends: None,
        seats: &[('N', Gain::Share, Loss::None)],
        back: Back::Nothing,
    },
    Row {
        name: "N N X",
        applies: |panel| panel.results() == 3 && panel.pairs() == 1,
        ends: None,
        seats: &[('N', Gain::Share, Loss::None), ('X', Gain::None, Loss::Cheat)],
        back: Back::Share,
    },
    Row {
        name: "N N E",
        applies: |panel| panel.results() == 2 && panel.pairs() == 1 && panel.errors() == 1,
        ends: None,
        seats: &[('N', Gain::Share, Loss::None), ('D', Gain::None, Loss::Cheat)],
        back: Back::Share,
    },
    Row {
        name: "N N U, N N MC, N N MR",
        applies: |panel| {
            panel.results() == 2 && panel.pairs() == 1 && panel.unavailable() + panel.missed() == 1
        },
        ends: None,
        seats: &[
            ('N', Gain::Share, Loss::None),
            ('U', Gain::None, Loss::P),
            ('C', Gain::None, Loss::P),
            ('R', Gain::None, Loss::Q),
        ],
        back: Back::Share,
    },
    Row {
        name: "X Y Z",
        applies: |panel| panel.results() == 3 && panel.pairs() == 0,
        ends: Some(AbortReason::ResultsDiffer),
        seats: &[('X', Gain::None, Loss::None)],
        back: Back::All,
    },
    Row {
        name: "X Y with E, U, MC or MR",
        applies: |panel| panel.results() == 2 && panel.pairs() == 0,
        ends: Some(AbortReason::ResultsDiffer),
        seats: &[
            ('X', Gain::None, Loss::None),
            ('D', Gain::None, Loss::None),
            ('U', Gain::None, Loss::P),
            ('C', Gain::None, Loss::P),
            ('R', Gain::None, Loss::Q),
        ],
        back: Back::All,
    },
    Row {
        name: "E E with equal codes, and any",
        applies: Panel::equal_errors,
        ends: Some(AbortReason::TaskError),
        seats: &[
            ('E', Gain::Half, Loss::None),
            ('D', Gain::None, Loss::None),
            ('X', Gain::None, Loss::None),
            ('U', Gain::None, Loss::P),
            ('C', Gain::None, Loss::P),
            ('R', Gain::None, Loss::Q),
        ],
        back: Back::Rest,
    },
    Row {
        name: "E E unequal, and any but a third equal to one",
        applies: |panel| panel.errors() >= 2 && !panel.equal_errors(),
        ends: Some(AbortReason::TaskError),
        seats: &[
            ('D', Gain::None, Loss::None),
            ('X', Gain::None, Loss::None),
            ('U', Gain::None, Loss::P),
            ('C', Gain::None, Loss::P),
            ('R', Gain::None, Loss::Q),
        ],
        back: Back::All,
    },
    Row {
        name: "U U U; U U M",
        applies: |panel| panel.unavailable() == 3 || panel.unavailable() == 2 && panel.missed() == 1,
        ends: Some(AbortReason::Unavailable),
        seats: &[('U', Gain::None, Loss::None), ('C', Gain::None, Loss::P), ('R', Gain::None, Loss::Q)],
        back: Back::All,
    },
    Row {
        name: "N U U",
        applies: |panel| panel.results() == 1 && panel.unavailable() == 2,
        ends: Some(AbortReason::Unavailable),
        seats: &[('X', Gain::Fines, Loss::None), ('U', Gain::None, Loss::P)],
        back: Back::All,
    },
    Row {
        name: "E U U",
        applies: |panel| panel.errors() == 1 && panel.unavailable() == 2,
        ends: Some(AbortReason::Unavailable),
        seats: &[('D', Gain::None, Loss::None), ('U', Gain::None, Loss::P)],
        back: Back::All,
    },
    Row {
        name: "N E U, N E M, N U M, N M M",
        applies: |panel| {
            let (errors, unavailable, missed) = (panel.errors(), panel.unavailable(), panel.missed());
            panel.results() == 1
                && matches!((errors, unavailable, missed), (1, 1, 0) | (1, 0, 1) | (0, 1, 1) | (0, 0, 2))
        },
        ends: Some(AbortReason::NoQuorum),
        seats: &[
            ('X', Gain::Fines, Loss::None),
            ('D', Gain::None, Loss::None),
            ('U', Gain::None, Loss::P),
            ('C', Gain::None, Loss::P),
            ('R', Gain::None, Loss::Q),
        ],
        back: Back::All,
    },
    Row {
        name: "E U M, E M M (the U beside an E is fined)",
        applies: |panel| {
            panel.errors() == 1 && panel.unavailable() <= 1 && panel.missed() == 2 - panel.unavailable()
        },
        ends: Some(AbortReason::NoQuorum),
        seats: &[
            ('D', Gain::None, Loss::None),
            ('U', Gain::None, Loss::P),
            ('C', Gain::None, Loss::P),
            ('R', Gain::None, Loss::Q),
        ],
        back: Back::All,
    },
    Row {
        name: "U M M, M M M (at least one committed)",
        applies: |panel| {
            matches!((panel.unavailable(), panel.missed()), (1, 2) | (0, 3)) && panel.missed_commits() < 3
        },
        ends: Some(AbortReason::NoQuorum),
        seats: &[('U', Gain::None, Loss::None), ('C', Gain::None, Loss::P), ('R', Gain::None, Loss::Q)],
        back: Back::All,
    },
    Row {
        name: "MC MC MC",
        applies: |panel| panel.missed_commits() == 3,
        ends: Some(AbortReason::NodesTimedOut),
        seats: &[('C', Gain::None, Loss::Pause)],
        back: Back::AllButCancelFee,
    },
];

/// The one row that a panel falls under.
///
/// # Panics
/// If it is not exactly one, or the row does not speak of a seat.
pub(crate) fn expected(panel: &Panel) -> Expected {
    let rows: Vec<&Row> = ROWS.iter().filter(|row| (row.applies)(panel)).collect();
    let [row] = rows[..] else { panic!("{panel:?} falls under {rows:?}") };
    let seats = [0, 1, 2].map(|seat| {
        let letter = panel.letter(seat);
        let rule = row.seats.iter().find(|rule| rule.0 == letter);
        let rule = rule.unwrap_or_else(|| panic!("`{}` says nothing of {letter} in {panel:?}", row.name));
        (rule.1, rule.2)
    });
    // The agreeing node that agrees with most others, ties by lowest round.
    let most = (0..3).map(|seat| panel.friends(seat)).max();
    let uploader = (0..3).find(|seat| Some(panel.friends(*seat)) == most).filter(|_| row.ends.is_none());
    Expected { row, seats, uploader }
}

/// Every way to fill the three seats from `letters`: each multiset in each of its orders.
pub(crate) fn panels(letters: &[Brought], near: &'static [(char, char)]) -> Vec<Panel> {
    let mut all = Vec::new();
    for first in letters {
        for second in letters {
            for third in letters {
                all.push(Panel { seats: [*first, *second, *third], near });
            }
        }
    }
    all
}

/// What a seat may bring, with these results.
pub(crate) fn letters(results: &str) -> Vec<Brought> {
    let rest = [Error(1), Error(2), Error(3), Unavailable, MissedCommit, MissedReveal];
    results.chars().map(Brought::Result).chain(rest).collect()
}

/// Results of an exact task.
pub(crate) const EXACT: &str = "abc";
/// Results of a similar task: b is near to a and c, which are apart; d is far from all, e has another length.
pub(crate) const SIMILAR: &str = "abcde";
/// Which of them are near.
pub(crate) const NEAR: &[(char, char)] = &[('a', 'b'), ('b', 'c')];

/// Fingerprints of [`SIMILAR`] at a threshold of 5: the first item tells a, b and c apart, the second d alone.
pub(crate) fn fingerprint(letter: char) -> Vec<u8> {
    let mut print = vec![0; 16];
    match letter {
        'a' => print[0] = 0b0000_1111,
        'b' => {}
        'c' => print[7] = 0b0000_1111,
        'd' => print[8..13].fill(1),
        'e' => print.truncate(8),
        other => unreachable!("`{other}` is no result"),
    }
    print
}
