//! Penalties are told and counted once, whatever the order of looks and restarts.

use super::*;
use hydrogen_types::Address;
use hydrogen_types::codec;

const STAKE_MIN: Amount = Amount::cnx(400);

fn penalty(task: u64, reason: PenaltyReason) -> Penalty {
    Penalty { task, reason, amount: Amount::cnx(task), at_ms: task * 10 }
}

fn node(state: NodeState, stake: u64, penalties: &[Penalty]) -> NodeView {
    NodeView {
        address: Address::new([1; 20]),
        state,
        stake: Amount::cnx(stake),
        task: None,
        withdraw_ms: None,
        types: Vec::new(),
        tasks_paid: 0,
        earned: Amount::ZERO,
        penalties: penalties.to_vec(),
    }
}

fn kinds(notices: &[Notice]) -> Vec<NoticeKind> {
    notices.iter().map(|notice| notice.kind).collect()
}

#[test]
fn a_penalty_is_told_and_counted_once_across_restarts() {
    let mut journal = Journal::default();
    let first = penalty(1, PenaltyReason::MissedReveal);
    let view = node(NodeState::Available, 500, std::slice::from_ref(&first));
    assert_eq!(kinds(&journal.observe(5, Some(&view), STAKE_MIN)), [NoticeKind::Fined]);
    assert_eq!(journal.observe(6, Some(&view), STAKE_MIN), []);
    let bytes = codec::encode(&journal);
    let mut journal: Journal = codec::decode(&bytes, bytes.len()).expect("its own bytes");
    assert_eq!(journal.observe(7, Some(&view), STAKE_MIN), []);
    // The contract keeps the latest alone: an old one that is gone is not forgotten as counted.
    let second = penalty(2, PenaltyReason::MissedReveal);
    let view = node(NodeState::Available, 500, &[second]);
    assert_eq!(journal.observe(8, Some(&view), STAKE_MIN).len(), 1);
    let fines = journal.fines()[&PenaltyReason::MissedReveal];
    assert_eq!((fines.count, fines.amount), (2, Amount::cnx(3)));
}

#[test]
fn each_reason_has_its_kind_and_says_which_task() {
    let expected = [
        (PenaltyReason::MissedCommit, NoticeKind::Paused),
        (PenaltyReason::PanelTimedOut, NoticeKind::Paused),
        (PenaltyReason::InexcusableUnavailable, NoticeKind::Fined),
        (PenaltyReason::MissedReveal, NoticeKind::Fined),
        (PenaltyReason::MissedUpload, NoticeKind::Fined),
        (PenaltyReason::Cheat, NoticeKind::Removed),
        (PenaltyReason::StakeTooLow, NoticeKind::StakeTooLow),
    ];
    for (reason, kind) in expected {
        let view = node(NodeState::Unbonding, 500, &[penalty(7, reason)]);
        let found = Journal::default().observe(5, Some(&view), STAKE_MIN);
        assert_eq!(kinds(&found), [kind]);
        assert_eq!((found[0].task, found[0].at_ms), (Some(7), 70));
        let names_it = reason == PenaltyReason::StakeTooLow || found[0].text.contains("task 7");
        assert!(names_it, "{}", found[0].text);
    }
}

#[test]
fn a_stake_that_fell_too_low_is_told_when_it_pauses_the_node() {
    let mut journal = Journal::default();
    assert_eq!(journal.observe(5, Some(&node(NodeState::Available, 400, &[])), STAKE_MIN), []);
    let low = node(NodeState::Paused, 399, &[penalty(1, PenaltyReason::MissedUpload)]);
    let found = journal.observe(6, Some(&low), STAKE_MIN);
    assert_eq!(kinds(&found), [NoticeKind::Fined, NoticeKind::StakeTooLow]);
    assert_eq!(journal.observe(7, Some(&low), STAKE_MIN), []);
    // An operator's own pause is no news.
    let mut journal = Journal::default();
    assert_eq!(journal.observe(5, Some(&node(NodeState::Paused, 400, &[])), STAKE_MIN), []);
}

#[test]
fn what_the_node_finds_out_is_told_once_until_it_is_over() {
    let notice =
        |text: &str| Notice { at_ms: 1, kind: NoticeKind::LowBalance, task: None, text: text.into() };
    let mut journal = Journal::default();
    assert!(journal.note(notice("low")));
    assert!(!journal.note(notice("low")));
    assert!(journal.note(notice("lower")));
    assert!(journal.clear(NoticeKind::LowBalance));
    assert!(!journal.clear(NoticeKind::LowBalance));
    assert!(journal.note(notice("lower")));
}

#[test]
fn notices_are_bounded_and_the_oldest_go() {
    let mut journal = Journal::default();
    for number in 0..=NOTICES_MAX as u64 {
        let text = number.to_string();
        assert!(journal.note(Notice { at_ms: number, kind: NoticeKind::Unfit, task: None, text }));
    }
    let kept: Vec<u64> = journal.notices().map(|notice| notice.at_ms).collect();
    assert_eq!((kept.len(), kept[0]), (NOTICES_MAX, 1));
}

#[test]
fn names_of_notices_are_all_different() {
    let names: std::collections::BTreeSet<_> = NoticeKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), NoticeKind::ALL.len());
}
