//! What becomes of a bound node when its task lets it go: section 8's rows on settling, by real lives.

use crate::task as contract;
use crate::tests::net::*;
use hydrogen_types::task::Outcome;
use hydrogen_types::{Address, Amount};

/// What round 1 does, and what it brings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Agrees,
    MissesCommit,
    MissesReveal,
    Unavailable,
    Cheats,
    TimesOut,
    Cancelled,
    /// As the uploader of its task.
    MissesUpload,
    Uploads,
}

const EVENTS: [(&str, Part, u64); 14] = [
    ("paid", Part::Agrees, 400),
    ("paid-as-uploader", Part::Uploads, 400),
    ("cancelled", Part::Cancelled, 400),
    ("panel-silent", Part::TimesOut, 400),
    ("commit-poor", Part::MissesCommit, 400),
    ("commit-rich", Part::MissesCommit, 4_000),
    ("unavailable-poor", Part::Unavailable, 400),
    ("unavailable-rich", Part::Unavailable, 4_000),
    ("reveal-poor", Part::MissesReveal, 400),
    ("reveal-rich", Part::MissesReveal, 4_000),
    ("upload-poor", Part::MissesUpload, 400),
    ("upload-rich", Part::MissesUpload, 4_000),
    ("cheat-poor", Part::Cheats, 400),
    ("cheat-rich", Part::Cheats, 4_000),
];

/// A state of a bound node, and how it gets there.
type Wish = (&'static str, fn(Address));

/// An event, and for each state before it the state after.
pub(super) type Row = (&'static str, Vec<(String, String)>);

/// Each event with the state after it, by the state before.
pub(super) fn rows() -> Vec<Row> {
    let wishes: [Wish; 3] = [
        ("Busy", |_| {}),
        ("PendingPause", |node| call(node, contract::pause).expect("it is bound")),
        ("PendingQuit", |node| call(node, contract::quit).expect("it is bound")),
    ];
    EVENTS
        .iter()
        .map(|(name, part, stake)| {
            let answers = wishes.iter().map(|(before, wish)| {
                let node = live(*part, *stake, *wish);
                let view = node_view(node);
                assert_eq!(view.task, None, "{name}");
                ((*before).to_string(), format!("{:?}", view.state))
            });
            (*name, answers.collect())
        })
        .collect()
}

/// One node's life up to where its task lets it go. Rounds 1 and 2 do as they should; round 0 uploads where all agree.
fn live(part: Part, stake: u64, wish: fn(Address)) -> Address {
    start(5);
    let (task, panel) = drawn();
    let member = panel[usize::from(part == Part::Agrees)];
    if stake > 400 {
        call(member, || contract::add_stake(Amount::cnx(stake - 400))).expect("it may");
    }
    wish(member);
    if part == Part::Cancelled {
        call(creator(), || contract::cancel(task)).expect("it has no arguments");
        return member;
    }
    upload_args(task).expect("in time");
    let brings = |node: Address| match part {
        Part::Cheats if node == member => result("b"),
        Part::Unavailable if node == member => Outcome::Unavailable,
        _ => result("a"),
    };
    let commits = |node: Address| part != Part::TimesOut && (part != Part::MissesCommit || node != member);
    let reveals = |node: Address| commits(node) && (part != Part::MissesReveal || node != member);
    for node in panel.into_iter().filter(|node| commits(*node)) {
        commit(task, node, &brings(node)).expect("in time");
    }
    if !commits(member) {
        block(600_000);
    }
    for node in panel.into_iter().filter(|node| reveals(*node)) {
        reveal(task, node, &brings(node)).expect("in time");
    }
    if part != Part::TimesOut {
        block(if reveals(member) || !commits(member) { 100 } else { 120_000 });
    }
    match part {
        Part::Uploads => report(task, member, &brings(member)).expect("it uploads"),
        Part::MissesUpload => block(300_000),
        _ => {}
    }
    member
}
