//! Balance sheets, the words for events, a draw that is checked, what an order comes to, what relays say, what is
//! written down.

use crate::application::carriers::{Verdict, judge};
use crate::application::record::{Record, Run};
use crate::application::verify::check_picks;
use crate::application::{
    Agreement, ApplicationError, BalanceSheet, Change, Order, Program, Work, describe, is_end, quote, refund,
    why_aborted,
};
use crate::client::Prepared;
use crate::client::relay::{RelayClientError, Upload};
use hydrogen_offchain::calls::task_contract;
use hydrogen_types::event::{Attribute, Value};
use hydrogen_types::task::{
    AbortReason, Comparison, DrawView, ExternalType, Outcome, Seat, Stats, TaskConfig, TaskState, TaskView,
    draw_picks, draw_seed,
};
use hydrogen_types::{Address, Amount, ChainId, Event, Gas, Hash, Header, Height};
use std::collections::BTreeMap;
use std::time::Duration;

fn address(byte: u8) -> Address {
    Address::new([byte; 20])
}

fn sheet(height: u64, balances: &[(u8, u128)]) -> BalanceSheet {
    let balances: BTreeMap<Address, Amount> =
        balances.iter().map(|(byte, amount)| (address(*byte), Amount::new(*amount))).collect();
    BalanceSheet { height: Height::new(height), balances }
}

#[test]
fn a_change_is_found_on_either_sheet_and_the_sum_is_that_of_the_totals() {
    let before = sheet(1, &[(1, 10), (2, 5), (3, 7)]);
    let after = sheet(2, &[(1, 4), (3, 7), (4, 11)]);
    let change = |byte, before, after| Change {
        address: address(byte),
        before: Amount::new(before),
        after: Amount::new(after),
    };
    let changes = before.changes(&after);
    assert_eq!(changes, [change(1, 10, 4), change(2, 5, 0), change(4, 0, 11)]);
    let sum: i128 = changes.iter().map(Change::difference).sum();
    assert_eq!((sum, before.total(), after.total()), (0, 22, 22));
}

fn header() -> Header {
    Header {
        chain_id: ChainId::new("dev").expect("legal"),
        height: Height::new(7),
        round: 0,
        proposer: address(0),
        parent: Hash::ZERO,
        time_ms: 0,
        uptime_ms: 0,
        tx_root: Hash::ZERO,
        state_root: Hash::ZERO,
        receipt_root: Hash::ZERO,
        beacon: Hash::new([0xbe; 32]),
        beacon_proof: [0xaf; 80],
        validators: Hash::ZERO,
        next_validators: Hash::ZERO,
        gas_used: Gas::ZERO,
    }
}

fn event(name: &str, attributes: &[(&str, Value)]) -> Event {
    let attribute = |(name, value): &(&str, Value)| Attribute { name: (*name).into(), value: value.clone() };
    Event {
        contract: task_contract(),
        name: name.into(),
        attributes: attributes.iter().map(attribute).collect(),
    }
}

#[test]
fn an_event_is_told_with_names_and_a_missing_attribute_is_no_panic() {
    let name =
        |found: &Address| if *found == address(4) { String::from("node-4") } else { found.to_string() };
    let paid = event(
        "NodePaid",
        &[
            ("node", Value::Address(address(4))),
            ("task", Value::U64(1)),
            ("amount", Value::Amount(Amount::cnx(10))),
        ],
    );
    assert_eq!(describe(&header(), &paid, &name), "paid        10 CNX to node-4");
    assert_eq!(describe(&header(), &event("NodePaid", &[]), &name), "paid        ? to ?");
    let first = event("TaskStarted", &[("round", Value::U64(0)), ("node", Value::Address(address(4)))]);
    let told = describe(&header(), &first, &name);
    assert!(
        told.contains("beacon 0xbebe") && told.contains("proof  0xafaf") && told.contains("node-4"),
        "{told}"
    );
    assert!(is_end(&event("TaskAborted", &[])) && !is_end(&paid));
}

#[test]
fn picks_that_do_not_follow_from_the_seed_are_found_out() {
    let seed = draw_seed(&Hash::new([1; 32]), 7);
    let picks = draw_picks(&seed, 5).expect("five are enough");
    let draw = |indexes: &[u64], candidates| DrawView {
        task: 7,
        height: Height::new(3),
        seed,
        candidates,
        indexes: indexes.to_vec(),
        nodes: Vec::new(),
    };
    assert_eq!(check_picks(&draw(&picks, 5), &seed).holds, Some(true));
    assert_eq!(check_picks(&draw(&picks, 6), &seed).holds, Some(draw_picks(&seed, 6) == Some(picks)));
    let mut other = picks;
    other.swap(0, 1);
    assert_eq!(check_picks(&draw(&other, 5), &seed).holds, Some(picks[0] == picks[1]));
    assert_eq!(check_picks(&draw(&picks, 2), &seed).holds, Some(false));
    assert_eq!(
        check_picks(&draw(&picks, 5), &Hash::ZERO).holds,
        Some(draw_picks(&Hash::ZERO, 5) == Some(picks))
    );
}

fn order(fee: u64) -> Order {
    let input = Upload { path: "in".into(), digest: Hash::new([1; 32]), size: 10 };
    Order::new(Program::published(Hash::new([2; 32])), input, Amount::cnx(fee))
}

fn stats() -> Stats {
    Stats { stake_min: Amount::cnx(400), ..Stats::default() }
}

/// Name of the refusal, or the time and whether it was raised.
fn quoted(order: &Order, config: &TaskConfig) -> Result<(u64, bool), String> {
    match quote(order, config, &stats()) {
        Ok(quote) => {
            assert_eq!(quote.request.timeout_ms, Some(quote.timeout_ms));
            Ok((quote.timeout_ms, quote.is_timeout_raised))
        }
        Err(error) => Err(error.name().to_owned()),
    }
}

#[test]
fn an_order_is_priced_and_a_time_that_would_be_too_short_is_raised() {
    let config = TaskConfig::default();
    assert_eq!(quoted(&order(12), &config), Ok((600_000, false)), "3 * (1 + 600 * 0.005) CNX");
    assert_eq!(quoted(&order(11), &config), Err("FeeTooLow".into()));
    let long = Order { fuel_max: Some(500_000_000_000), ..order(100) };
    // 30 s, 5 * 10^11 fuel at 200,000 a ms, 32 MiB at 1 MB/s.
    assert_eq!(quoted(&long, &config), Ok((30_000 + 2_500_000 + 33_555, true)));
    let short = Order { timeout_ms: Some(30_000), ..order(100) };
    assert_eq!(quoted(&short, &config), Err("BadLimits".into()));
    let quick = Order { timeout_ms: Some(70_000), fuel_max: Some(1), ..order(100) };
    assert_eq!(quoted(&quick, &config), Ok((70_000, false)));
    assert_eq!(quoted(&Order { fuel_max: Some(u64::MAX), ..order(100) }, &config), Err("BadLimits".into()));
    assert_eq!(quoted(&Order { output_bytes_max: Some(0), ..order(100) }, &config), Err("BadLimits".into()));
    let safe = |fee| quote(&order(fee), &config, &stats()).expect("enough").is_unsafe();
    assert_eq!((safe(960), safe(961)), (false, true), "three times 4/5 of the least stake");
}

#[test]
fn arguments_types_and_thresholds_have_bounds() {
    let config = TaskConfig::default();
    let mut large = order(100);
    large.input.size = 40 << 20;
    assert_eq!(quoted(&large, &config), Err("ArgsTooLarge".into()));
    let roomy = TaskConfig { args_bytes_max: 64 << 20, ..config.clone() };
    let quote = quote(&large, &roomy, &stats()).expect("fits");
    assert_eq!(quote.request.args_bytes_max, Some(40 << 20), "larger than the default asks for its size");

    let external = Order { work: Work::External("ffmpeg".into()), ..order(100) };
    assert_eq!(quoted(&external, &config), Err("UnknownType".into()));
    let listed = ExternalType { name: "ffmpeg".into(), timeout_ms_min: 900_000 };
    let known = TaskConfig { external_types: vec![listed], ..config.clone() };
    assert_eq!(quoted(&external, &known), Ok((900_000, true)));

    let similar = |threshold| Order {
        agreement: Agreement::Similar { threshold, fingerprint: Program::published(Hash::ZERO) },
        ..order(100)
    };
    assert_eq!(quoted(&similar(0), &config), Err("BadLimits".into()));
    assert_eq!(quoted(&similar(33), &config), Err("BadLimits".into()));
    // 30 s, 500 s of fuel for each of two programs, 34 s for the arguments.
    assert_eq!(quoted(&similar(5), &config), Ok((1_063_555, true)));
    assert_eq!(similar(5).programs().len(), 2, "both must be at a relay");
}

#[test]
fn one_computation_has_one_identity_whatever_it_pays() {
    let of = |order: &Order, byte| order.identity(&Hash::ZERO, &address(byte));
    assert_eq!(of(&order(10), 1), of(&order(99), 1));
    assert_ne!(of(&order(10), 1), of(&order(10), 2));
    let external = Order { work: Work::External("x".into()), ..order(10) };
    assert_ne!(of(&order(10), 1), of(&external, 1));
}

#[test]
fn a_refusal_says_whether_to_wait_to_go_elsewhere_or_to_give_up() {
    let refused = |status, after: Option<u64>| RelayClientError::Refused {
        url: String::new(),
        status,
        name: String::new(),
        message: String::new(),
        retry_after: after.map(Duration::from_secs),
    };
    assert_eq!(judge(&refused(404, Some(1))), Verdict::Later(Some(Duration::from_secs(1))));
    assert_eq!(judge(&refused(429, None)), Verdict::Later(None));
    assert_eq!(judge(&refused(503, None)), Verdict::Later(None));
    assert_eq!(judge(&refused(424, None)), Verdict::ProgramMissing);
    for status in [403, 409, 413, 422] {
        assert_eq!(judge(&refused(status, None)), Verdict::Never, "{status}");
    }
    assert_eq!(judge(&refused(401, None)), Verdict::Elsewhere);
    assert_eq!(judge(&RelayClientError::BadUrl { url: String::new() }), Verdict::Elsewhere);
}

#[test]
fn what_is_written_down_is_read_back_by_one_process_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let (identity, records) = (Hash::new([3; 32]), folder.path().join("tasks"));
    let run = Run::open(&records, &identity).expect("free");
    assert_eq!(run.load().expect("readable"), None);
    let intended = Record::Intended(Prepared {
        hash: Hash::new([4; 32]),
        bytes: vec![1, 2, 3],
        nonce: 7,
        valid_until: Height::new(99),
    });
    run.save(&intended).expect("written");
    let second = Run::open(&records, &identity).map(drop).expect_err("held");
    assert_eq!(second.name(), "RunLocked");
    drop(run);
    // A child that another test starts just now holds all locks between its fork and its exec.
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let run = loop {
        match Run::open(&records, &identity) {
            Err(ApplicationError::RunLocked { .. }) if std::time::Instant::now() < patience => {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            opened => break opened.expect("free again"),
        }
    };
    assert_eq!(run.load().expect("readable"), Some(intended));
    let created = Record::Created { task: u64::MAX, height: Height::new(1) };
    run.save(&created).expect("written");
    assert_eq!(run.load().expect("readable"), Some(created));
    run.clear().expect("removed");
    assert_eq!(run.load().expect("readable"), None);
    drop(run);
    assert_eq!(std::fs::read_dir(&records).expect("readable").count(), 0, "nothing is left behind");

    let run = Run::open(&records, &identity).expect("free");
    std::fs::write(records.join(format!("{identity}.json")), "{}").expect("writes");
    let error = run.load().expect_err("no record");
    assert!(matches!(error, ApplicationError::BadRecord { .. }), "{error}");
}

fn seat(outcome: Option<Outcome>, paid: u64) -> Seat {
    Seat {
        node: Address::default(),
        index: 0,
        commitment: None,
        committed_ms: None,
        outcome,
        settled: true,
        paid: Amount::cnx(paid),
        fined: Amount::ZERO,
    }
}

fn ended(state: TaskState, abort_reason: Option<AbortReason>, seats: Vec<Seat>) -> TaskView {
    TaskView {
        id: 1,
        creator: Address::default(),
        state,
        abort_reason,
        program: None,
        external: None,
        args_hash: Hash::ZERO,
        args_bytes_max: 0,
        comparison: Comparison::Exact,
        fee: Amount::cnx(60),
        deposit: Amount::ZERO,
        timeout_ms: 0,
        memory_bytes_max: 0,
        fuel_max: 0,
        output_bytes_max: 0,
        config: 1,
        created_height: Height::new(1),
        created_ms: 0,
        deadline_ms: None,
        draw_height: None,
        draw_time_ms: None,
        draw_seed: None,
        candidates: None,
        seats,
        relay: None,
        uploader: None,
        upload_open: false,
        result: None,
        result_relay: None,
    }
}

#[test]
fn what_came_back_follows_from_why_it_ended() {
    let config = TaskConfig::default();
    let back = |state, reason, paid: &[u64]| {
        let seats = paid.iter().map(|paid| seat(None, *paid)).collect();
        refund(&ended(state, reason, seats), &config).map(|amount| amount.to_string())
    };
    let aborted = |reason, paid: &[u64]| back(TaskState::Aborted, Some(reason), paid).expect("ended");
    assert_eq!(back(TaskState::Executing, None, &[]), None);
    assert_eq!(back(TaskState::Success, None, &[20, 20, 0]), Some("20".into()), "the share of a cheat");
    assert_eq!(aborted(AbortReason::NotEnoughNodes, &[]), "60");
    assert_eq!(aborted(AbortReason::ResultsDiffer, &[0, 0, 0]), "60");
    assert_eq!(aborted(AbortReason::NoQuorum, &[7, 0, 0]), "60", "paid from fines");
    assert_eq!(aborted(AbortReason::TaskError, &[10, 10, 0]), "40");
    assert_eq!(aborted(AbortReason::Cancelled, &[2, 2, 2]), "54");
    assert_eq!(aborted(AbortReason::NodesTimedOut, &[0, 0, 0]), "54", "a tenth is burned");
}

#[test]
fn an_error_of_the_task_is_told_by_its_kind() {
    let seats = [3, 3, 2].map(|code| seat(Some(Outcome::Error { code }), 0)).to_vec();
    let view = ended(TaskState::Aborted, Some(AbortReason::TaskError), seats);
    assert_eq!(
        why_aborted(&view),
        "TaskError: 2 of three nodes report error 3, the program used all its fuel"
    );
    let view = ended(TaskState::Aborted, Some(AbortReason::ResultsDiffer), Vec::new());
    assert!(why_aborted(&view).starts_with("ResultsDiffer: no two results agree"));
}
