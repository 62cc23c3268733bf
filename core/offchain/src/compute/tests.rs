#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;
use hydrogen_types::task::{
    BlobKind, Comparison, NodeState, NodeView, Outcome, Penalty, PenaltyReason, RelayReceipt,
    RelayReceiptBody, Seat, TaskConfig, TaskState, TaskView,
};
use hydrogen_types::{Address, Amount, ChainId, Hash, Height, Signature};

const ME: Address = Address::new([1; 20]);
const DEADLINE_MS: u64 = 100_000;

fn me() -> Me {
    Me { chain_id: ChainId::new("testnet").unwrap(), address: ME, salt_secret: [7; 32], margin_ms: 30_000 }
}

fn at(uptime_ms: u64) -> Now {
    Now { height: Height::new(50), uptime_ms }
}

fn result(byte: u8) -> Outcome {
    Outcome::Result { digest: Hash::new([byte; 32]), fingerprint: Vec::new() }
}

fn empty_seat(node: u8) -> Seat {
    Seat {
        node: Address::new([node; 20]),
        index: 0,
        commitment: None,
        committed_ms: None,
        outcome: None,
        settled: false,
        paid: Amount::ZERO,
        fined: Amount::ZERO,
    }
}

pub(crate) fn task(state: TaskState) -> TaskView {
    TaskView {
        id: 5,
        creator: Address::new([9; 20]),
        state,
        abort_reason: None,
        program: Some(Hash::new([3; 32])),
        external: None,
        args_hash: Hash::new([4; 32]),
        args_bytes_max: 100,
        comparison: Comparison::Exact,
        fee: Amount::cnx(30),
        deposit: Amount::cnx(1),
        timeout_ms: 60_000,
        memory_bytes_max: 1 << 20,
        fuel_max: 1_000,
        output_bytes_max: 200,
        config: 0,
        created_height: Height::new(1),
        created_ms: 0,
        deadline_ms: Some(DEADLINE_MS),
        draw_height: Some(Height::new(2)),
        draw_time_ms: Some(1_000_000),
        draw_seed: Some(Hash::new([8; 32])),
        candidates: Some(5),
        seats: vec![empty_seat(1), empty_seat(2), empty_seat(3)],
        relay: Some(Address::new([6; 20])),
        uploader: None,
        upload_open: false,
        result: None,
        result_relay: None,
    }
}

fn saved() -> Saved {
    Saved::new(5, result(1), me().salt(&task(TaskState::Executing)))
}

fn committed(mut task: TaskView) -> TaskView {
    task.seats[0].commitment = Some(saved().commitment(&me().chain_id, &ME));
    task
}

fn validated(uploader: u8, open: bool) -> TaskView {
    let mut task = committed(task(TaskState::Validated));
    for seat in &mut task.seats {
        seat.outcome = Some(result(1));
    }
    task.uploader = Some(Address::new([uploader; 20]));
    task.upload_open = open;
    task
}

fn receipt(valid_until: u64) -> RelayReceipt {
    RelayReceipt {
        body: RelayReceiptBody {
            version: 1,
            chain_id: me().chain_id,
            relay: Address::new([6; 20]),
            task: 5,
            kind: BlobKind::Result,
            digest: Hash::new([1; 32]),
            size: 10,
            uploader: ME,
            issued: Height::new(40),
            valid_until: Height::new(valid_until),
            kept_ms: 1,
        },
        signature: Signature([0; 64]),
    }
}

#[track_caller]
fn check(task: &TaskView, saved: Option<&Saved>, attempt: Attempt, now_ms: u64, expected: &str) {
    let duty = reconcile(at(now_ms), &me(), Some(task), saved, &attempt);
    let name = match &duty {
        Duty::WaitUntil { ms } => format!("wait {ms}"),
        Duty::FetchAndRun(work) => format!("run until {}", work.give_up_ms),
        Duty::Persist(saved) => format!("persist {:?}", saved.outcome),
        other => format!("{other:?}").split([' ', '{']).next().unwrap().to_string(),
    };
    assert_eq!(name, expected);
}

#[test]
fn executing_runs_then_persists_then_commits() {
    let open = task(TaskState::Executing);
    check(&open, None, Attempt::NotBegun, 10, "run until 70000");
    check(&open, None, Attempt::Running, 10, "wait 70000");
    check(&open, None, Attempt::NotFetched, 69_999, "run until 70000");
    check(&open, None, Attempt::HostShort, 69_999, "run until 70000");
    check(&open, None, Attempt::CommandFailed, 69_999, "run until 70000");
    check(&open, None, Attempt::Finished(Outcome::Error { code: 2 }), 10, "persist Error { code: 2 }");
    check(&open, Some(&saved()), Attempt::NotBegun, 10, "Commit");
    check(&committed(open), Some(&saved()), Attempt::NotBegun, 10, "wait 100000");
}

/// A killed process comes back without an attempt; what it finds on disk decides.
#[test]
fn restart_never_runs_again_what_is_saved() {
    let open = task(TaskState::Executing);
    for attempt in [Attempt::NotBegun, Attempt::Finished(result(2)), Attempt::NotFetched] {
        check(&open, Some(&saved()), attempt, 99_999, "Commit");
    }
}

/// Whoever does not know the secret cannot guess an outcome behind its commitment, and no salt serves twice.
#[test]
fn a_salt_follows_from_the_secret_the_chain_the_task_and_its_draw() {
    let salt = me().salt(&task(TaskState::Executing));
    assert_eq!(salt, me().salt(&task(TaskState::Revealing)));
    let others = [
        Me { salt_secret: [8; 32], ..me() }.salt(&task(TaskState::Executing)),
        Me { chain_id: ChainId::new("other").unwrap(), ..me() }.salt(&task(TaskState::Executing)),
        me().salt(&TaskView { id: 6, ..task(TaskState::Executing) }),
        me().salt(&TaskView { draw_seed: Some(Hash::ZERO), ..task(TaskState::Executing) }),
    ];
    assert!(others.iter().all(|other| *other != salt));
}

/// A record of the same task number on an earlier chain of the same name must not be committed to.
#[test]
fn a_record_of_another_chain_is_thrown_away() {
    let mut again = task(TaskState::Executing);
    again.draw_seed = Some(Hash::new([88; 32]));
    check(&again, Some(&saved()), Attempt::NotBegun, 10, "CleanUp");
    check(&again, None, Attempt::NotBegun, 10, "run until 70000");
}

#[test]
fn near_the_deadline_it_says_unavailable_or_abstains() {
    let open = task(TaskState::Executing);
    check(&open, None, Attempt::NotFetched, 70_000, "persist Unavailable");
    check(&open, None, Attempt::CommandFailed, 70_000, "persist Unavailable");
    check(&open, None, Attempt::HostShort, 70_000, "wait 100000");
    check(&open, None, Attempt::NotBegun, 70_000, "wait 100000");
    check(&open, Some(&saved()), Attempt::NotBegun, DEADLINE_MS, "wait 100000");
}

#[test]
fn reveals_only_what_was_committed_and_only_once() {
    let open = committed(task(TaskState::Revealing));
    check(&open, Some(&saved()), Attempt::NotBegun, 10, "Reveal");
    check(&open, Some(&Saved::new(5, result(2), saved().salt)), Attempt::NotBegun, 10, "wait 100000");
    check(&open, Some(&saved()), Attempt::NotBegun, DEADLINE_MS, "wait 100000");
    check(&task(TaskState::Revealing), Some(&saved()), Attempt::NotBegun, 10, "wait 100000");
    let mut revealed = open;
    revealed.seats[0].outcome = Some(result(1));
    check(&revealed, Some(&saved()), Attempt::NotBegun, 10, "wait 100000");
}

/// The disk is lost after the commitment: the same outcome gives the same commitment again.
#[test]
fn a_lost_record_is_made_again() {
    let open = committed(task(TaskState::Revealing));
    check(&open, None, Attempt::NotBegun, 10, "run until 70000");
    let Duty::Persist(again) = reconcile(at(10), &me(), Some(&open), None, &Attempt::Finished(result(1)))
    else {
        panic!("the outcome is not persisted");
    };
    assert_eq!(again, saved());
    check(&open, Some(&again), Attempt::NotBegun, 10, "Reveal");
}

#[test]
fn uploads_when_it_is_the_uploader_or_the_upload_is_open() {
    check(&validated(1, false), Some(&saved()), Attempt::NotBegun, 10, "Upload");
    check(&validated(2, false), Some(&saved()), Attempt::NotBegun, 10, "wait 100000");
    check(&validated(2, true), Some(&saved()), Attempt::NotBegun, 10, "Upload");
    let with_receipt = saved().with_receipt(receipt(50));
    check(&validated(1, false), Some(&with_receipt), Attempt::NotBegun, 10, "ReportUploaded");
    let expired = saved().with_receipt(receipt(49));
    check(&validated(1, false), Some(&expired), Attempt::NotBegun, 10, "Upload");
    let mut cheat = validated(1, true);
    cheat.seats[0].outcome = Some(result(2));
    check(&cheat, Some(&saved()), Attempt::NotBegun, 10, "wait 100000");
}

/// The disk is lost after the reveal: the uploader computes the bytes again, and uses them only if they are the same.
#[test]
fn a_lost_result_is_computed_again_by_whoever_may_upload() {
    let ours = validated(1, false);
    check(&ours, None, Attempt::NotBegun, 10, "run until 70000");
    check(&ours, None, Attempt::Running, 10, "wait 70000");
    check(&ours, None, Attempt::NotFetched, 10, "run until 70000");
    check(&ours, None, Attempt::Finished(result(2)), 10, "wait 100000");
    let Duty::Persist(again) = reconcile(at(10), &me(), Some(&ours), None, &Attempt::Finished(result(1)))
    else {
        panic!("the same result is not kept");
    };
    check(&ours, Some(&again), Attempt::NotBegun, 10, "Upload");
    for attempt in [Attempt::NotFetched, Attempt::HostShort, Attempt::CommandFailed] {
        check(&ours, None, attempt, 70_000, "wait 100000");
    }
    check(&validated(2, false), None, Attempt::NotBegun, 10, "wait 100000");
}

/// What a node shows that is behind must not cost the record that a commitment rests on.
#[test]
fn a_task_that_has_no_panel_yet_keeps_its_record() {
    let mut behind = task(TaskState::Created);
    behind.seats.clear();
    check(&behind, Some(&saved()), Attempt::NotBegun, 10, "Idle");
    let lagging = reconcile(at(10), &me(), None, None, &Attempt::NotBegun);
    assert_eq!(lagging, Duty::Idle);
}

/// Every state of the task with every state of disk and work: what a process that was killed there does next. A
/// commitment is sent only from a record that was read back, and never once the chain has one.
#[test]
fn each_state_of_chain_disk_and_work_has_one_duty() {
    use TaskState::{Aborted, Created, Executing, Revealing, Started, Success, Validated};
    let records = [None, Some(saved()), Some(saved().with_receipt(receipt(60)))];
    let attempts = [
        Attempt::NotBegun,
        Attempt::Running,
        Attempt::NotFetched,
        Attempt::HostShort,
        Attempt::CommandFailed,
        Attempt::Finished(result(1)),
    ];
    let waits = Duty::WaitUntil { ms: DEADLINE_MS };
    let mut seen = 0;
    for state in [Created, Started, Executing, Revealing, Validated, Success, Aborted] {
        for (has_committed, record) in
            [false, true].into_iter().flat_map(|done| records.iter().map(move |record| (done, record)))
        {
            let view = match (state, has_committed) {
                (Validated, _) => validated(1, false),
                (_, true) => committed(task(state)),
                (_, false) => task(state),
            };
            for attempt in &attempts {
                let duty = reconcile(at(10), &me(), Some(&view), record.as_ref(), attempt);
                let works = matches!(duty, Duty::FetchAndRun(_) | Duty::Persist(_));
                let idles = *attempt == Attempt::Running && duty == Duty::WaitUntil { ms: 70_000 };
                let right = match (state, has_committed, record) {
                    (Created, ..) => duty == Duty::Idle,
                    (Started, ..) | (Executing, true, _) | (Revealing, false, _) => duty == waits,
                    (Executing, false, Some(_)) => matches!(duty, Duty::Commit { .. }),
                    (Revealing, true, Some(_)) => matches!(duty, Duty::Reveal { .. }),
                    (Validated, _, Some(Saved { receipt: Some(_), .. })) => {
                        matches!(duty, Duty::ReportUploaded { .. })
                    }
                    (Validated, _, Some(_)) => matches!(duty, Duty::Upload { .. }),
                    (Executing | Revealing | Validated, _, None) => works || idles,
                    (Success | Aborted, _, Some(_)) => duty == Duty::CleanUp { task: 5 },
                    (Success | Aborted, _, None) => duty == Duty::Idle,
                };
                assert!(right, "{state:?} {has_committed} {record:?} {attempt:?}: {duty:?}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 7 * 2 * 3 * 6);
}

#[test]
fn cleans_up_at_the_end_and_for_tasks_that_are_gone() {
    for state in [TaskState::Success, TaskState::Aborted] {
        check(&task(state), Some(&saved()), Attempt::NotBegun, 10, "CleanUp");
        check(&task(state), None, Attempt::NotBegun, 10, "Idle");
    }
    let gone = reconcile(at(10), &me(), None, Some(&saved()), &Attempt::NotBegun);
    assert_eq!(gone, Duty::CleanUp { task: 5 });
}

#[test]
fn a_record_survives_its_bytes_and_refuses_others() {
    let record = saved().with_receipt(receipt(60));
    let bytes = record.to_bytes();
    assert_eq!(Saved::from_bytes(&bytes), Ok(record));
    assert_eq!(Saved::from_bytes(&[]), Err(SavedError::Empty));
    assert_eq!(Saved::from_bytes(&[9, 0]), Err(SavedError::Version(9)));
    for torn in 1..bytes.len() {
        assert!(matches!(Saved::from_bytes(&bytes[..torn]), Err(SavedError::Malformed(_))), "{torn} bytes");
    }
}

fn paused(reason: PenaltyReason, at_ms: u64) -> NodeView {
    NodeView {
        address: ME,
        state: NodeState::Paused,
        stake: Amount::cnx(400),
        task: None,
        withdraw_ms: None,
        types: Vec::new(),
        tasks_paid: 0,
        earned: Amount::ZERO,
        penalties: vec![Penalty { task: 5, reason, amount: Amount::ZERO, at_ms }],
    }
}

#[test]
fn resumes_after_a_missed_commit_three_times_a_day() {
    let mut resumes = Resumes::default();
    let stake_min = Amount::cnx(400);
    for penalty_ms in [10, 20, 30] {
        let node = paused(PenaltyReason::MissedCommit, penalty_ms);
        assert_eq!(node_duty(at(40), &node, &resumes, stake_min), Duty::Resume);
        resumes.note(penalty_ms, 40);
        assert_eq!(node_duty(at(40), &node, &resumes, stake_min), Duty::Idle, "the operator paused it since");
    }
    let fourth = paused(PenaltyReason::MissedCommit, 45);
    assert_eq!(node_duty(at(50), &fourth, &resumes, stake_min), Duty::Idle);
    assert_eq!(node_duty(at(24 * 3_600_000 + 40), &fourth, &resumes, stake_min), Duty::Resume);
    let fresh = Resumes::default();
    assert_eq!(node_duty(at(50), &fourth, &fresh, Amount::cnx(401)), Duty::Idle, "stake too low");
    assert_eq!(node_duty(at(50), &paused(PenaltyReason::MissedReveal, 45), &fresh, stake_min), Duty::Idle);
}

/// A node that paused itself because its process was stopped comes back by itself, once, and keeps its count.
#[test]
fn resumes_after_a_stop() {
    let mut node = paused(PenaltyReason::MissedReveal, 1);
    let mut resumes = Resumes::default();
    resumes.paused_at_stop = true;
    let stake_min = Amount::cnx(400);
    assert_eq!(node_duty(at(40), &node, &resumes, stake_min), Duty::Resume);
    assert_eq!(resumes.left(40), RESUMES_PER_DAY);
    assert_eq!(node_duty(at(40), &node, &resumes, Amount::cnx(401)), Duty::Idle, "stake too low");
    resumes.paused_at_stop = false;
    node.penalties.clear();
    assert_eq!(node_duty(at(40), &node, &resumes, stake_min), Duty::Idle, "the operator paused it");
}

#[test]
fn a_stop_pauses_or_quits_then_finishes_then_ends() {
    use NodeState::{Available, Busy, Paused, PendingPause, PendingQuit, Unbonding};
    use StopStep::{End, Finish, Pause, Quit};
    let states = [Available, Busy, PendingPause, PendingQuit, Paused, Unbonding];
    let steps = |on_stop: OnStop| {
        states.map(|state| {
            let node = NodeView { state, ..paused(PenaltyReason::MissedUpload, 1) };
            stop_step(on_stop, Some(&node))
        })
    };
    assert_eq!(steps(OnStop::Pause), [Pause, Pause, Finish, Finish, End, End]);
    assert_eq!(steps(OnStop::Quit), [Quit, Quit, Quit, Finish, Quit, End]);
    assert_eq!(steps(OnStop::Nothing), [End; 6]);
    for on_stop in [OnStop::Pause, OnStop::Quit, OnStop::Nothing] {
        assert_eq!(stop_step(on_stop, None), End);
    }
}

#[test]
fn fitness_and_gas_price() {
    let config = TaskConfig::default();
    let stake = Amount::cnx(400);
    assert_eq!(check_fitness(&config, 200_000, Amount::cnx(401), stake), Ok(()));
    assert!(matches!(check_fitness(&config, 199_999, Amount::cnx(401), stake), Err(Unfit::TooSlow { .. })));
    assert!(matches!(
        check_fitness(&config, 200_000, Amount::cnx(400), stake),
        Err(Unfit::BalanceTooLow { .. })
    ));
    let foreign = TaskConfig { program_abi: 2, ..config };
    assert_eq!(
        check_fitness(&foreign, 200_000, Amount::cnx(401), stake),
        Err(Unfit::ProgramAbi { asked: 2 })
    );
    let prices: Vec<u64> =
        [0, 40_001, 70_001, 90_001].map(|now| gas_price(10, now, Some(DEADLINE_MS))).into();
    assert_eq!(prices, [10, 20, 40, 80]);
}
