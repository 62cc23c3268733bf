//! Every row of the table of verdicts (`task-protocol`, section 6), played: all panels of six kinds of nodes.
//!
//! The table is stated here a second time, over kinds of nodes, so that contract and test can only agree by both
//! being right. With a fee of 30: share 10, P 15, Q 40, a cheat's stake 400.

use crate::{INPUT, check_books, penalties, program, reason};
use hydrogen_harness::{Net, Persona, TaskReport};
use hydrogen_types::Amount;
use hydrogen_types::task::{AbortReason, PenaltyReason};

const KINDS: [Persona; 6] = [
    Persona::Honest,
    Persona::Fakes,
    Persona::ErrorReporter,
    Persona::ClaimsUnavailable,
    Persona::Lazy,
    Persona::NeverReveals,
];

/// What the table says for a panel, in whole CNX.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    abort: Option<AbortReason>,
    paid: Vec<u64>,
    fines: Vec<Option<(PenaltyReason, u64)>>,
    /// What the creator is out of pocket, gas aside.
    creator_pays: u64,
    burned: u64,
}

fn row(panel: &[Persona; 3]) -> Row {
    use Persona::{ClaimsUnavailable, ErrorReporter, Fakes, Honest, Lazy, NeverReveals};
    let count = |kinds: &[Persona]| panel.iter().filter(|kind| kinds.contains(kind)).count();
    let honest = count(&[Honest]);
    let (results, errors, unavailable) =
        (count(&[Honest, Fakes]), count(&[ErrorReporter]), count(&[ClaimsUnavailable]));
    let abort = match (results, errors, unavailable) {
        _ if honest >= 2 => None,
        (2.., _, _) => Some(AbortReason::ResultsDiffer),
        (_, 2.., _) => Some(AbortReason::TaskError),
        (_, _, 2..) => Some(AbortReason::Unavailable),
        _ if count(&[Lazy]) == 3 => Some(AbortReason::NodesTimedOut),
        _ => Some(AbortReason::NoQuorum),
    };
    let excused = results + errors == 0;
    let fines: Vec<Option<(PenaltyReason, u64)>> = panel
        .iter()
        .map(|kind| match kind {
            Fakes | ErrorReporter if abort.is_none() => Some((PenaltyReason::Cheat, 400)),
            ClaimsUnavailable if !excused => Some((PenaltyReason::InexcusableUnavailable, 15)),
            Lazy if abort == Some(AbortReason::NodesTimedOut) => Some((PenaltyReason::PanelTimedOut, 0)),
            Lazy => Some((PenaltyReason::MissedCommit, 15)),
            NeverReveals => Some((PenaltyReason::MissedReveal, 40)),
            _ => None,
        })
        .collect();
    let fined: u64 = fines.iter().flatten().map(|(_, amount)| amount).sum();
    let lone_result = results == 1 && errors < 2;
    let paid: Vec<u64> = panel
        .iter()
        .map(|kind| match kind {
            Honest if abort.is_none() => 10,
            Honest | Fakes if lone_result => fined.min(10),
            ErrorReporter if abort == Some(AbortReason::TaskError) => 5,
            _ => 0,
        })
        .collect();
    let total: u64 = paid.iter().sum();
    let from_fines = if lone_result { total } else { 0 };
    let cancel_fee = if abort == Some(AbortReason::NodesTimedOut) { 3 } else { 0 };
    Row {
        abort,
        paid,
        fines,
        creator_pays: total - from_fines + cancel_fee,
        burned: fined - from_fines + cancel_fee,
    }
}

/// What came of it, in the order of the panel's kinds.
fn played(net: &Net, report: &TaskReport) -> Row {
    let round = |index: usize| {
        let address = net.node_key(index).address();
        report.task.seats.iter().position(|seat| seat.node == address).expect("three nodes make the panel")
    };
    let whole = |amount: Amount| u64::try_from(amount.get() / Amount::cnx(1).get()).expect("fits");
    let found = penalties(report);
    let fine = |index: usize| {
        let (_, why, amount) = found.iter().find(|(seat, ..)| *seat == round(index))?;
        let reasons = [
            PenaltyReason::Cheat,
            PenaltyReason::InexcusableUnavailable,
            PenaltyReason::MissedCommit,
            PenaltyReason::MissedReveal,
            PenaltyReason::PanelTimedOut,
        ];
        let why = reasons.into_iter().find(|known| reason(*known) == *why).expect("a known reason");
        Some((why, whole(*amount)))
    };
    let difference = |name: &str| {
        let change = report.balances.iter().find(|change| change.name == name);
        change.map_or(0, hydrogen_harness::BalanceChange::difference)
    };
    // Gas is far below a tenth of a CNX, so whole CNX are what is left after rounding.
    let tenth = i128::try_from(Amount::cnx(1).get() / 10).expect("fits");
    let rounded = |base: i128| u64::try_from((base + tenth) / (10 * tenth)).expect("not negative");
    Row {
        abort: report.task.abort_reason,
        paid: (0..3).map(|index| whole(report.task.seats[round(index)].paid)).collect(),
        fines: (0..3).map(fine).collect(),
        creator_pays: rounded(-difference("application")),
        burned: rounded(difference("burned")),
    }
}

#[test]
fn every_panel_of_six_kinds() {
    let wordcount = program("wordcount");
    let mut rows = 0;
    for (first, &a) in KINDS.iter().enumerate() {
        for (second, &b) in KINDS.iter().enumerate().skip(first) {
            for &c in &KINDS[second..] {
                let panel = [a, b, c];
                let mut net = Net::builder().personas(panel.to_vec()).seed(rows).start().unwrap();
                let report = net.run_task(&wordcount, INPUT).unwrap();
                check_books(&report);
                assert_eq!(played(&net, &report), row(&panel), "{panel:?}\n{report}");
                rows += 1;
            }
        }
    }
    assert_eq!(rows, 56);
}

/// Eight nodes, one of each kind and more, task after task until too few are left: nothing hangs, nothing leaks.
#[test]
fn a_mixed_crowd_leaves_nothing_in_escrow() {
    let wordcount = program("wordcount");
    for seed in 60..64 {
        let mut crowd = KINDS.to_vec();
        crowd.extend([Persona::Honest, Persona::Copies, Persona::NeverUploads]);
        let mut net = Net::builder().personas(crowd).seed(seed).start().unwrap();
        let mut ended = 0;
        while let Ok(report) = net.run_task(&wordcount, INPUT) {
            check_books(&report);
            ended += 1;
            if ended == 20 {
                break;
            }
        }
        let stats = net.stats().unwrap();
        assert_eq!((stats.tasks, stats.tasks_open), (ended, 0));
        assert!(ended >= 2, "seed {seed}");
        let escrow = net.chain().balance(&hydrogen_offchain::calls::task_contract()).unwrap();
        assert_eq!(escrow, stats.staked, "seed {seed}: {stats:?}");
        let burned = net.chain().balance(&hydrogen_types::Address::of_name("burned")).unwrap();
        assert_eq!(burned, stats.burned, "seed {seed}");
    }
}
