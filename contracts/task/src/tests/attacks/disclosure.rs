//! Learning what others found, or choosing what to show.

use super::super::net::*;
use super::old::{OldTask, equal};
use super::{Row, SHARE, STAKE, cnx, gain, plain};
use crate::{TaskError, task as contract};
use hydrogen_types::task::{Comparison, CreateTask, Outcome, TaskState, commitment};
use hydrogen_types::{Address, Amount, Hash};
use std::collections::BTreeSet;

attacks!(
    a_short_answer_is_guessed_from_a_commitment,
    a_commitment_is_copied,
    the_last_discloser_picks_whom_to_match,
    an_outvoted_result_is_revealed_again,
    an_outvoted_result_is_hidden,
);

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// With the nonce in clear beside it, a commitment to one of 256 answers takes 256 hashes to open.
fn a_short_answer_is_guessed_from_a_commitment() -> Row {
    let old_commitment = |answer: u8, nonce: &[u8; 32]| Hash::sha256(&[&[answer], nonce.as_slice()].concat());
    let seen = old_commitment(b'y', &SALT);
    let opened = (0..=u8::MAX).find(|answer| old_commitment(*answer, &SALT) == seen);
    let mut old = OldTask::new();
    for node in 0..2 {
        old.disclose(node, u64::from(b'y'), equal);
    }
    old.disclose(2, u64::from(opened.expect("one of 256")), equal);
    let old = old.nodes[2];

    start(5);
    let (task, panel) = executing();
    let answer = |answer: u8| Outcome::Result { digest: Hash::sha256(&[answer]), fingerprint: Vec::new() };
    let ours = gain(&panel[2..], || {
        for node in &panel[..2] {
            commit(task, *node, &answer(b'y')).expect("in time");
        }
        let seats = view(task).seats;
        let (seen, chain_id) = (seats[0].commitment.expect("it committed"), world().context.chain_id);
        // It knows everything that is hashed but the salt: no guess of that leads anywhere.
        for guess in 0..64u8 {
            for candidate in 0..=u8::MAX {
                let tried = commitment(
                    &chain_id,
                    task,
                    &panel[0],
                    &answer(candidate),
                    &[guess.wrapping_add(128); 32],
                );
                assert_ne!(tried, seen);
            }
        }
        assert_ne!(seats[0].commitment, seats[1].commitment, "equal answers do not even look equal");
        block(600_000);
        for node in &panel[..2] {
            reveal(task, *node, &answer(b'y')).expect("in time");
        }
        block(100);
    });
    Row::money(old, ours)
}

/// Where a commitment does not name its node, whoever repeats it may repeat the reveal.
fn a_commitment_is_copied() -> Row {
    let old_commitment = |outcome: &[u8], salt: &[u8; 32]| Hash::sha256(&[outcome, salt.as_slice()].concat());
    let (victim, copy) = (old_commitment(b"true", &SALT), old_commitment(b"true", &SALT));
    assert_eq!(victim, copy, "the copier opens it with what the victim revealed");
    let mut old = OldTask::new();
    for node in 0..3 {
        old.disclose(node, 7, equal);
    }
    let old = old.nodes[2];

    start(5);
    let (task, panel) = executing();
    let ours = gain(&panel[2..], || {
        commit(task, panel[0], &result("true")).expect("in time");
        commit(task, panel[1], &result("true")).expect("in time");
        let copied = view(task).seats[0].commitment.expect("it committed");
        call(panel[2], || contract::commit(task, copied)).expect("nobody sees what is inside");
        reveal(task, panel[0], &result("true")).expect("in time");
        reveal(task, panel[1], &result("true")).expect("in time");
        assert_eq!(reveal(task, panel[2], &result("true")), Err(TaskError::CommitmentMismatch { task }));
        block(120_000);
    });
    assert_eq!(view(task).state, TaskState::Validated);
    Row::money(old, ours)
}

/// A fingerprint of 64 bits with this many of them set.
fn print(bits: u32) -> Vec<u8> {
    (u64::MAX >> (64 - bits)).to_le_bytes().to_vec()
}

/// A, B, C with A near B, B near C, A far from C. The first two disclosed that agree succeeded, and slashed the third.
fn the_last_discloser_picks_whom_to_match() -> Row {
    let prints = [1, 4, 8].map(print);
    let near = |one: usize, other: usize| {
        let differ: u32 = prints[one].iter().zip(&prints[other]).map(|(a, b)| (a ^ b).count_ones()).sum();
        differ < 5
    };
    assert!(near(0, 1) && near(1, 2) && !near(0, 2));
    let index = |shown: u64| usize::try_from(shown).expect("small");
    let mut old_victims = BTreeSet::new();
    for order in ORDERS {
        let mut old = OldTask::new();
        for round in order {
            old.disclose(round, round as u64, |one, other| one == other || near(index(one), index(other)));
        }
        old_victims.extend((0..3).filter(|round| old.nodes[*round] == -STAKE));
    }
    assert_eq!(old_victims, BTreeSet::from([0, 2]), "the order of disclosures decides who is slashed");

    let mut ends = BTreeSet::new();
    for order in ORDERS {
        start(5);
        let comparison = Comparison::Similar { threshold: 5, fingerprint: Hash::ZERO };
        let id = create(CreateTask { comparison, ..request(Amount::cnx(30)) }).expect("it is paid for");
        block(100);
        upload_args(id).expect("in time");
        let panel: Vec<Address> = view(id).seats.iter().map(|seat| seat.node).collect();
        let outcome = |round: usize| Outcome::Result {
            digest: Hash::sha256(&prints[round]),
            fingerprint: prints[round].clone(),
        };
        for (round, node) in panel.iter().enumerate() {
            commit(id, *node, &outcome(round)).expect("in time");
        }
        for round in order {
            reveal(id, panel[round], &outcome(round)).expect("in time");
        }
        block(100);
        let view = view(id);
        assert_eq!(view.uploader, Some(panel[1]), "who agrees with most others uploads");
        let fined: Vec<u128> = view.seats.iter().map(|seat| seat.fined.get()).collect();
        ends.insert((view.state, fined));
    }
    assert_eq!(ends, BTreeSet::from([(TaskState::Validated, vec![0; 3])]));
    Row::new(
        format!("the choice which of two rivals loses {}", plain(STAKE)),
        "none: all six orders validate and fine nobody",
    )
}

/// Where the last reveal counts, a fake that sees it is alone turns into the truth.
fn an_outvoted_result_is_revealed_again() -> Row {
    // Paid by what is shown last, when two others agree.
    let paid = |shown: &[u64]| {
        let mut old = OldTask::new();
        for node in 0..2 {
            old.disclose(node, 7, equal);
        }
        old.disclose(2, *shown.last().expect("something was shown"), equal);
        old.nodes[2]
    };
    assert_eq!(paid(&[8]), -STAKE);
    let old = paid(&[8, 7]);
    start(5);
    let (task, panel) = executing();
    let ours = gain(&panel[2..], || {
        for node in &panel[..2] {
            commit(task, *node, &result("true")).expect("in time");
        }
        commit(task, panel[2], &result("fake")).expect("in time");
        reveal(task, panel[2], &result("fake")).expect("in time");
        for node in &panel[..2] {
            reveal(task, *node, &result("true")).expect("in time");
        }
        for again in ["true", "fake"] {
            assert_eq!(reveal(task, panel[2], &result(again)), Err(TaskError::AlreadyRevealed { task }));
        }
        assert_eq!(commit(task, panel[2], &result("true")), Err(TaskError::AlreadyCommitted { task }));
        block(100);
        assert_eq!(reveal(task, panel[2], &result("true")), Err(TaskError::AlreadyRevealed { task }));
    });
    Row::money(old, ours)
}

/// Without a fine for silence at the reveal, a fake costs nothing when it fails: the try is free.
fn an_outvoted_result_is_hidden() -> Row {
    let played = |shown: &[(usize, u64)]| {
        let mut old = OldTask::new();
        for (node, shown) in shown {
            old.disclose(*node, *shown, equal);
        }
        if old.served {
            old.claim_upload();
        }
        old.nodes[1] + old.nodes[2]
    };
    let won_if_paired = played(&[(1, 8), (2, 8), (0, 7)]);
    let lost_if_alone = played(&[(0, 7), (1, 7)]) - SHARE;
    assert_eq!((won_if_paired, lost_if_alone), (2 * SHARE, 0));
    start(5);
    let (task, panel) = executing();
    let ours = gain(&panel[2..], || {
        for (node, text) in panel.iter().zip(["true", "true", "fake"]) {
            commit(task, *node, &result(text)).expect("in time");
        }
        for node in &panel[..2] {
            reveal(task, *node, &result("true")).expect("in time");
        }
        block(120_000);
    });
    assert!(ours < -SHARE);
    Row::new(
        format!("{} when paired, {} when not", cnx(won_if_paired), cnx(lost_if_alone)),
        format!("{} when not paired", cnx(ours)),
    )
}
