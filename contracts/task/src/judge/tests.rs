//! Every multiset of outcomes in every order against the rows of section 6, written down here once more as patterns.

use super::{Finding, Pay, Ruling, SeatRuling, Verdict, judge};
use hydrogen_types::Hash;
use hydrogen_types::task::{AbortReason, Comparison, PenaltyReason};
use std::vec;
use std::vec::Vec;

/// Letters of the patterns: `a b c` results, `1 2 3` errors by code, `U`, `C` missed commit, `R` missed reveal.
const LETTERS: [char; 9] = ['a', 'b', 'c', '1', '2', '3', 'U', 'C', 'R'];
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
const ALONE: [u8; 8] = [0b0000_1111, 0, 0, 0, 0, 0, 0, 0];
const MIDDLE: [u8; 8] = [0; 8];
const OTHER: [u8; 8] = [0b1111_0000, 0, 0, 0, 0, 0, 0, 0];

/// A row of section 6: what is judged, how it ends, and for each letter what is paid (`s` share, `h` half, `f` from the
/// fines, `-` nothing) and fined (`P Q X`, `!` paused only, `-` nothing). Results are N where they agree, else X.
struct Row {
    outcomes: &'static [&'static str],
    ends: Option<AbortReason>,
    paid_and_fined: &'static [(char, char, char)],
}

/// `N N`: two equal results, `X Y`: two different, `E E`: two equal errors, `D D`: two errors with another code.
const ROWS: &[Row] = &[
    Row { outcomes: &["N N N"], ends: None, paid_and_fined: &[('N', 's', '-')] },
    Row { outcomes: &["N N X"], ends: None, paid_and_fined: &[('N', 's', '-'), ('X', '-', 'X')] },
    Row { outcomes: &["N N D"], ends: None, paid_and_fined: &[('N', 's', '-'), ('D', '-', 'X')] },
    Row {
        outcomes: &["N N U", "N N C", "N N R"],
        ends: None,
        paid_and_fined: &[('N', 's', '-'), ('U', '-', 'P'), ('C', '-', 'P'), ('R', '-', 'Q')],
    },
    Row { outcomes: &["X X X"], ends: Some(AbortReason::ResultsDiffer), paid_and_fined: &[('X', '-', '-')] },
    Row {
        outcomes: &["X X D", "X X U", "X X C", "X X R"],
        ends: Some(AbortReason::ResultsDiffer),
        paid_and_fined: &[
            ('X', '-', '-'),
            ('D', '-', '-'),
            ('U', '-', 'P'),
            ('C', '-', 'P'),
            ('R', '-', 'Q'),
        ],
    },
    Row {
        outcomes: &["E E E", "E E D", "E E X", "E E U", "E E C", "E E R"],
        ends: Some(AbortReason::TaskError),
        paid_and_fined: &[
            ('E', 'h', '-'),
            ('D', '-', '-'),
            ('X', '-', '-'),
            ('U', '-', 'P'),
            ('C', '-', 'P'),
            ('R', '-', 'Q'),
        ],
    },
    Row {
        outcomes: &["D D D", "D D X", "D D U", "D D C", "D D R"],
        ends: Some(AbortReason::TaskError),
        paid_and_fined: &[
            ('D', '-', '-'),
            ('X', '-', '-'),
            ('U', '-', 'P'),
            ('C', '-', 'P'),
            ('R', '-', 'Q'),
        ],
    },
    Row {
        outcomes: &["U U U", "U U C", "U U R"],
        ends: Some(AbortReason::Unavailable),
        paid_and_fined: &[('U', '-', '-'), ('C', '-', 'P'), ('R', '-', 'Q')],
    },
    Row {
        outcomes: &["X U U"],
        ends: Some(AbortReason::Unavailable),
        paid_and_fined: &[('X', 'f', '-'), ('U', '-', 'P')],
    },
    Row {
        outcomes: &["D U U"],
        ends: Some(AbortReason::Unavailable),
        paid_and_fined: &[('D', '-', '-'), ('U', '-', 'P')],
    },
    Row {
        outcomes: &["X D U", "X D C", "X D R", "X U C", "X U R", "X C C", "X C R", "X R R"],
        ends: Some(AbortReason::NoQuorum),
        paid_and_fined: &[
            ('X', 'f', '-'),
            ('D', '-', '-'),
            ('U', '-', 'P'),
            ('C', '-', 'P'),
            ('R', '-', 'Q'),
        ],
    },
    Row {
        outcomes: &["D U C", "D U R", "D C C", "D C R", "D R R"],
        ends: Some(AbortReason::NoQuorum),
        paid_and_fined: &[('D', '-', '-'), ('U', '-', 'P'), ('C', '-', 'P'), ('R', '-', 'Q')],
    },
    Row {
        outcomes: &["U C C", "U C R", "U R R", "C C R", "C R R", "R R R"],
        ends: Some(AbortReason::NoQuorum),
        paid_and_fined: &[('U', '-', '-'), ('C', '-', 'P'), ('R', '-', 'Q')],
    },
    Row { outcomes: &["C C C"], ends: Some(AbortReason::NodesTimedOut), paid_and_fined: &[('C', '-', '!')] },
];

fn digests() -> Vec<Hash> {
    ["a", "b", "c"].iter().map(|name| Hash::sha256(name.as_bytes())).collect()
}

fn finding(digests: &[Hash], letter: char) -> Finding<'_> {
    match letter {
        'a' => Finding::Result { digest: &digests[0], fingerprint: &[] },
        'b' => Finding::Result { digest: &digests[1], fingerprint: &[] },
        'c' => Finding::Result { digest: &digests[2], fingerprint: &[] },
        '1' => Finding::Error(1),
        '2' => Finding::Error(2),
        '3' => Finding::Error(3),
        'U' => Finding::Unavailable,
        'C' => Finding::MissedCommit,
        'R' => Finding::MissedReveal,
        other => unreachable!("`{other}` is no letter"),
    }
}

/// Concrete letters as the rows write them: N or X for a result with or without an equal, E or D for an error.
fn generic(letters: [char; 3]) -> [char; 3] {
    letters.map(|letter| {
        let equals = letters.iter().filter(|other| **other == letter).count();
        match letter {
            'a'..='c' if equals > 1 => 'N',
            'a'..='c' => 'X',
            '1'..='3' if equals > 1 => 'E',
            '1'..='3' => 'D',
            other => other,
        }
    })
}

fn sorted(mut letters: [char; 3]) -> [char; 3] {
    letters.sort_unstable();
    letters
}

/// The letters of `N N X`.
fn letters_of(pattern: &str) -> [char; 3] {
    let letters: Vec<char> = pattern.split(' ').flat_map(str::chars).collect();
    letters.try_into().expect("a pattern has three letters")
}

fn ruling_of(verdict: &Verdict, place: usize) -> (char, char) {
    let SeatRuling { pay, fine } = verdict.seats[place];
    let paid = match pay {
        Pay::Nothing => '-',
        Pay::Share => 's',
        Pay::HalfShare => 'h',
        Pay::FromFines => 'f',
    };
    let fined = match fine {
        None => '-',
        Some(PenaltyReason::MissedCommit | PenaltyReason::InexcusableUnavailable) => 'P',
        Some(PenaltyReason::MissedReveal) => 'Q',
        Some(PenaltyReason::Cheat) => 'X',
        Some(PenaltyReason::PanelTimedOut) => '!',
        Some(PenaltyReason::MissedUpload) => 'L',
    };
    (paid, fined)
}

#[test]
fn every_outcome_falls_under_one_row_and_is_judged_as_it_says() {
    let digests = digests();
    let mut seen = vec![0; ROWS.iter().map(|row| row.outcomes.len()).sum()];
    let patterns: Vec<(&str, &Row)> =
        ROWS.iter().flat_map(|row| row.outcomes.iter().map(move |pattern| (*pattern, row))).collect();
    for first in LETTERS {
        for second in LETTERS {
            for third in LETTERS {
                let letters = [first, second, third];
                let names = generic(letters);
                let pattern = sorted(names);
                let rows: Vec<usize> =
                    (0..patterns.len()).filter(|at| sorted(letters_of(patterns[*at].0)) == pattern).collect();
                assert_eq!(rows.len(), 1, "{letters:?} is {pattern:?}");
                seen[rows[0]] += 1;
                let row = patterns[rows[0]].1;
                let findings = letters.map(|letter| finding(&digests, letter));
                let verdict = judge(&Comparison::Exact, &findings);
                match (verdict.ruling, row.ends) {
                    (Ruling::Aborted(reason), Some(expected)) => assert_eq!(reason, expected, "{letters:?}"),
                    (Ruling::Validated { uploader }, None) => {
                        assert_eq!(Some(uploader), names.iter().position(|name| *name == 'N'), "{letters:?}");
                    }
                    other => panic!("{letters:?}: {other:?}"),
                }
                for (place, name) in names.iter().enumerate() {
                    let expected =
                        row.paid_and_fined.iter().find(|entry| entry.0 == *name).expect("complete");
                    assert_eq!(ruling_of(&verdict, place), (expected.1, expected.2), "{letters:?} {place}");
                }
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "a row was never met: {seen:?}");
}

#[test]
fn the_order_of_the_outcomes_changes_nothing() {
    let digests = digests();
    for first in LETTERS {
        for second in LETTERS {
            for third in LETTERS {
                let letters = [first, second, third];
                let straight = judge(&Comparison::Exact, &letters.map(|letter| finding(&digests, letter)));
                for order in ORDERS {
                    let turned =
                        judge(&Comparison::Exact, &order.map(|place| finding(&digests, letters[place])));
                    for (place, from) in order.into_iter().enumerate() {
                        assert_eq!(turned.seats[place], straight.seats[from], "{letters:?} {order:?}");
                    }
                    match (straight.ruling, turned.ruling) {
                        (Ruling::Aborted(one), Ruling::Aborted(other)) => assert_eq!(one, other),
                        (Ruling::Validated { .. }, Ruling::Validated { .. }) => {}
                        other => panic!("{letters:?} {order:?}: {other:?}"),
                    }
                }
            }
        }
    }
}

/// A~B~C with A and C apart: all three are paid, and B, which agrees with both, uploads wherever it sits.
#[test]
fn a_chain_of_similar_results_is_valid_as_a_whole() {
    let digests = digests();
    let similar = Comparison::Similar { threshold: 5, fingerprint: Hash::ZERO };
    let prints = [ALONE.as_slice(), MIDDLE.as_slice(), OTHER.as_slice()];
    for order in ORDERS {
        let findings =
            order.map(|place| Finding::Result { digest: &digests[place], fingerprint: prints[place] });
        let verdict = judge(&similar, &findings);
        let middle = order.iter().position(|place| *place == 1).expect("an order has all places");
        assert_eq!(verdict.ruling, Ruling::Validated { uploader: middle }, "{order:?}");
        assert_eq!(verdict.seats, [SeatRuling { pay: Pay::Share, fine: None }; 3]);
    }
    // One bit more between them, and nobody agrees with anybody.
    let far = [[0b0001_1111, 0, 0, 0, 0, 0, 0, 0], [0; 8], [0b1111_1000, 0, 0, 0, 0, 0, 0, 0]];
    let findings = [0, 1, 2].map(|at| Finding::Result { digest: &digests[at], fingerprint: &far[at] });
    assert_eq!(judge(&similar, &findings).ruling, Ruling::Aborted(AbortReason::ResultsDiffer));
}
