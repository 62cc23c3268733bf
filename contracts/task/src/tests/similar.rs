//! Tasks whose results are compared by fingerprints.

use super::net::*;
use crate::TaskError;
use hydrogen_types::task::{Comparison, CreateTask, Outcome, PenaltyReason, TaskState};
use hydrogen_types::{Address, Amount, Hash};

fn similar(threshold: u8) -> CreateTask {
    CreateTask {
        comparison: Comparison::Similar { threshold, fingerprint: Hash::sha256(b"perceptual") },
        timeout_ms: Some(1_200_000),
        ..request(Amount::cnx(60))
    }
}

/// A result of which nothing but the fingerprint counts: each node has other bytes.
fn seen(text: &str, fingerprint: Vec<u8>) -> Outcome {
    Outcome::Result { digest: Hash::sha256(text.as_bytes()), fingerprint }
}

fn executing(threshold: u8) -> (u64, [Address; 3]) {
    let task = create(similar(threshold)).expect("it is paid for");
    block(100);
    upload_args(task).expect("in time");
    let panel: Vec<Address> = view(task).seats.iter().map(|seat| seat.node).collect();
    (task, panel.try_into().expect("three were drawn"))
}

fn played(threshold: u8, outcomes: &[Outcome; 3]) -> (u64, [Address; 3]) {
    let (task, panel) = executing(threshold);
    for (node, outcome) in panel.iter().zip(outcomes) {
        commit(task, *node, outcome).expect("in time");
    }
    for (node, outcome) in panel.iter().zip(outcomes) {
        reveal(task, *node, outcome).expect("in time");
    }
    block(100);
    (task, panel)
}

#[test]
fn near_results_agree_and_a_far_one_is_a_cheat() {
    start(5);
    let outcomes = [
        seen("a", vec![0xff; 16]),
        seen("b", vec![0; 16]),
        seen("c", [vec![0; 8], vec![0x0f; 1], vec![0; 7]].concat()),
    ];
    let (task, panel) = played(5, &outcomes);
    let judged = view(task);
    assert_eq!((judged.state, judged.uploader), (TaskState::Validated, Some(panel[1])));
    assert_eq!(node_view(panel[0]).penalties[0].reason, PenaltyReason::Cheat);
    report(task, panel[1], &outcomes[1]).expect("it is the uploader");
    let done = view(task);
    assert_eq!(done.result, Some(Hash::sha256(b"b")), "the uploader's own bytes");
    assert_eq!(done.seats[2].paid, Amount::cnx(20));
}

#[test]
fn in_a_chain_of_three_all_are_paid_and_the_middle_one_uploads() {
    start(3);
    // Four bits from the middle to each side, eight from side to side.
    let outcomes = [
        seen("a", vec![0x0f, 0, 0, 0, 0, 0, 0, 0]),
        seen("b", vec![0; 8]),
        seen("c", vec![0xf0, 0, 0, 0, 0, 0, 0, 0]),
    ];
    let (task, panel) = played(5, &outcomes);
    assert_eq!(view(task).uploader, Some(panel[1]));
    report(task, panel[1], &outcomes[1]).expect("it is the uploader");
    assert!(view(task).seats.iter().all(|seat| seat.paid == Amount::cnx(20)));
}

#[test]
fn a_distance_at_the_threshold_in_one_item_is_too_far() {
    start(3);
    let outcomes = [
        seen("a", vec![0; 24]),
        seen("b", [vec![0; 16], vec![0x1f; 1], vec![0; 7]].concat()),
        seen("c", vec![0xff; 24]),
    ];
    let (task, _) = played(5, &outcomes);
    assert_eq!(view(task).abort_reason, Some(hydrogen_types::task::AbortReason::ResultsDiffer));
    // One more bit is allowed: the same two agree.
    start(3);
    let (task, _) = played(6, &outcomes);
    assert_eq!(view(task).state, TaskState::Validated);
}

#[test]
fn fingerprints_of_different_lengths_never_agree() {
    start(3);
    let outcomes = [seen("a", vec![0; 8]), seen("b", vec![0; 16]), seen("c", vec![0; 512])];
    let (task, _) = played(32, &outcomes);
    assert_eq!(view(task).abort_reason, Some(hydrogen_types::task::AbortReason::ResultsDiffer));
}

#[test]
fn a_fingerprint_has_8_to_512_bytes_in_items_of_8() {
    start(3);
    let (task, panel) = executing(5);
    let bad = TaskError::BadOutcome { why: "a fingerprint is 8 to 512 bytes, a multiple of 8" };
    let lengths = [0, 4, 12, 520];
    // Whoever committed to one of these can not reveal it: it counts as a missed reveal.
    for (node, length) in panel.iter().zip(lengths) {
        commit(task, *node, &seen("a", vec![1; length])).expect("nobody sees what is inside");
    }
    for (node, length) in panel.iter().zip(lengths) {
        assert_eq!(reveal(task, *node, &seen("a", vec![1; length])), Err(bad.clone()));
    }
    assert_eq!(reveal(task, panel[2], &seen("a", vec![1; 520])), Err(bad));
    block(120_000);
    assert_eq!(node_view(panel[0]).penalties[0].reason, PenaltyReason::MissedReveal);
    start(3);
    let (task, _) = played(5, &[8, 256, 512].map(|length| seen("a", vec![1; length])));
    assert_eq!(view(task).state, TaskState::Aborted, "legal, but of three lengths");
}

#[test]
fn the_timeout_leaves_time_for_both_programs() {
    start(3);
    // 30 s, 500 s of fuel twice, 34 s for the arguments.
    let (field, least, most) = ("timeout_ms", 1_063_555, 3_600_000);
    let short = CreateTask { timeout_ms: Some(1_063_554), ..similar(5) };
    assert_eq!(create(short), Err(TaskError::BadLimits { field, value: 1_063_554, least, most }));
    let task = create(CreateTask { timeout_ms: None, ..similar(5) }).expect("it is long enough by itself");
    assert_eq!(view(task).timeout_ms, least);
}
