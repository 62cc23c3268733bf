//! Balance sheets, the words for events, and a draw that is checked.

use crate::application::verify::check_picks;
use crate::application::{BalanceSheet, Change, describe, is_end};
use hydrogen_offchain::calls::task_contract;
use hydrogen_types::event::{Attribute, Value};
use hydrogen_types::task::{DrawView, draw_picks, draw_seed};
use hydrogen_types::{Address, Amount, ChainId, Event, Gas, Hash, Header, Height};
use std::collections::BTreeMap;

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
