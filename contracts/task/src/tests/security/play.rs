//! One task on the contract, with a panel of which some seats are one party's, and what everybody has of it.

use super::super::net::*;
use super::strategy::{Move, truth};
use crate::money::{self, add, sub};
use crate::state::TASKS;
use hydrogen_types::task::{Outcome, TaskState};
use hydrogen_types::{Address, Amount};

/// What a task brought, in base units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    /// Received by the dishonest seats, less their fines.
    pub(super) received: i128,
    /// The same less a share for each true result they computed: what is left is not earned.
    pub(super) unearned: i128,
    /// What honest seats are short of their shares, with their fines; more than a share is nobody's loss.
    pub(super) nodes_lost: i128,
    /// What the creator paid without getting the true result.
    pub(super) creator_lost: i128,
}

impl Ledger {
    /// What everybody else lost.
    pub(super) fn harm(&self) -> i128 {
        self.nodes_lost + self.creator_lost
    }
}

/// Who sits in each round, and whether the dishonest bring a result to a relay.
#[derive(Debug, Clone, Copy)]
pub(super) struct Play {
    /// The move of a dishonest seat; `None` is an honest one.
    pub(super) seats: [Option<Move>; 3],
    /// Whether dishonest seats upload.
    pub(super) uploads: bool,
}

impl Play {
    fn outcome(&self, round: usize) -> Option<Outcome> {
        self.seats[round].map_or_else(|| Some(truth()), Move::outcome)
    }

    fn reveals(&self, round: usize) -> bool {
        self.outcome(round).is_some() && self.seats[round] != Some(Move::FakeAndHide)
    }

    /// Plays a drawn task to its end.
    pub(super) fn run(&self, task: u64) -> Ledger {
        upload_args(task).expect("in time");
        let panel: Vec<Address> = view(task).seats.iter().map(|seat| seat.node).collect();
        for (round, node) in panel.iter().enumerate() {
            if let Some(outcome) = self.outcome(round) {
                commit(task, *node, &outcome).expect("in time");
            }
        }
        if view(task).state == TaskState::Executing {
            block(600_000);
        }
        for (round, node) in panel.iter().enumerate().filter(|(round, _)| self.reveals(*round)) {
            reveal(task, *node, &self.outcome(round).expect("it committed")).expect("in time");
        }
        block(if (0..3).all(|round| self.reveals(round) || self.outcome(round).is_none()) {
            100
        } else {
            120_000
        });
        self.upload(task, &panel);
        self.ledger(task)
    }

    /// Everybody who uploads does so when its time has come; at most both windows pass.
    fn upload(&self, task: u64, panel: &[Address]) {
        for _ in 0..2 {
            for (round, node) in panel.iter().enumerate() {
                let willing = self.seats[round].is_none() || self.uploads;
                if let (true, Some(outcome @ Outcome::Result { .. })) = (willing, self.outcome(round)) {
                    drop(report(task, *node, &outcome));
                }
            }
            if view(task).state == TaskState::Validated {
                block(300_000);
            }
        }
        assert!(matches!(view(task).state, TaskState::Success | TaskState::Aborted));
    }

    fn ledger(&self, id: u64) -> Ledger {
        let task = TASKS.load(&id).expect("it is kept");
        let share = signed(money::share(task.view.fee));
        let mut ledger = Ledger::default();
        let mut to_nodes = Amount::ZERO;
        for (seat, played) in task.view.seats.iter().zip(self.seats) {
            let net = signed(seat.paid) - signed(seat.fined);
            to_nodes = add(to_nodes, seat.paid);
            match played {
                None => ledger.nodes_lost += (share - net).max(0),
                Some(played) => {
                    ledger.received += net;
                    ledger.unearned += if played == Move::Work { net - share } else { net };
                }
            }
        }
        let to_creator = sub(task.books.compensated, sub(to_nodes, task.books.paid));
        let Outcome::Result { digest, .. } = truth() else { unreachable!("the truth is a result") };
        if task.view.result != Some(digest) {
            ledger.creator_lost = signed(task.view.fee) - signed(add(task.books.refunded, to_creator));
        }
        ledger
    }
}

pub(super) fn signed(amount: Amount) -> i128 {
    amount.get().cast_signed()
}

/// Plays a task of `fee` on a network of three.
pub(super) fn play(fee: Amount, play: &Play) -> Ledger {
    start(3);
    let task = create(request(fee)).expect("it is paid for");
    block(100);
    play.run(task)
}

const NONE: Option<Move> = None;
const FAKE: Option<Move> = Some(Move::Fake);

fn check(seats: [Option<Move>; 3], uploads: bool, expected: [u64; 2], received: i128, unearned: i128) {
    let cnx = signed(Amount::cnx(1));
    let [nodes_lost, creator_lost] = expected.map(|lost| signed(Amount::cnx(lost)));
    let ledger = Ledger { received: received * cnx, unearned: unearned * cnx, nodes_lost, creator_lost };
    assert_eq!(play(Amount::cnx(30), &Play { seats, uploads }), ledger, "{seats:?}");
}

/// By hand, so that the tables rest on something: a fee of 30, a stake of 400.
#[test]
fn a_played_task_has_the_ledger_one_would_write() {
    let work = Some(Move::Work);
    check([NONE, NONE, NONE], true, [0, 0], 0, 0);
    check([work, NONE, NONE], true, [0, 0], 10, 0);
    check([FAKE, NONE, NONE], true, [0, 0], -400, -400);
    check([NONE, Some(Move::Silent), NONE], true, [0, 0], -15, -15);
    check([NONE, Some(Move::Unavailable), NONE], true, [0, 0], -15, -15);
    check([NONE, NONE, Some(Move::FakeAndHide)], true, [0, 0], -40, -40);
    check([NONE, NONE, Some(Move::Error)], true, [0, 0], -400, -400);
    // Two lie: the third loses its share and its stake, the creator pays two shares for nothing.
    check([FAKE, NONE, FAKE], true, [410, 20], 20, 20);
    check([FAKE, FAKE, FAKE], true, [0, 30], 30, 30);
    check([Some(Move::Error), NONE, Some(Move::Error)], true, [10, 10], 10, 10);
    // Round 0 is to upload and does not: its share goes to another, and it is fined as much.
    check([work, NONE, NONE], false, [0, 0], -10, -20);
    check([NONE, work, NONE], false, [0, 0], 10, 0);
    check([work, work, work], false, [0, 10], 10, -20);
}
