use crate::error::{ScheduleError, TransferError};
use crate::prelude::*;
use crate::{env, mock};
use alloc::collections::BTreeMap;
use hydrogen_types::event::Value;
use hydrogen_types::host::{CallContext, Origin};
use hydrogen_types::task::AbortReason;
use hydrogen_types::{CallKind, ChainId, Due, ScheduleRequest};
use std::fmt::Debug;

/// Encodings are ordered as the values are, and read back.
#[track_caller]
fn check_order<K: Key + Debug + PartialEq>(ordered: &[K]) {
    let encoded: Vec<Vec<u8>> = ordered
        .iter()
        .map(|key| {
            let mut bytes = Vec::new();
            key.write(&mut bytes);
            let mut rest = bytes.as_slice();
            assert_eq!(K::read(&mut rest).as_ref(), Some(key));
            assert!(rest.is_empty(), "{key:?} reads all it wrote");
            bytes
        })
        .collect();
    assert!(encoded.windows(2).all(|pair| pair[0] < pair[1]), "{encoded:x?}");
    for (index, one) in encoded.iter().enumerate() {
        for other in &encoded[index + 1..] {
            assert!(!other.starts_with(one), "{one:x?} begins {other:x?}");
        }
    }
}

#[test]
fn keys_are_ordered_as_their_values() {
    check_order(&[0u64, 1, 255, 256, u64::MAX]);
    check_order(&[i64::MIN, -256, -1, 0, 1, i64::MAX]);
    check_order(&[Amount::ZERO, Amount::new(1), Amount::cnx(1)]);
    check_order(&[false, true]);
    check_order(&["", "\0", "a", "a\0", "a\0b", "a\u{1}", "ab", "b"].map(String::from));
    check_order(&[(String::from("a"), 9u8), (String::from("ab"), 0), (String::from("ab"), 1)]);
    check_order(&[(1u8, 2u16, [0u8; 3]), (1, 3, [0; 3]), (2, 0, [0; 3])]);
}

#[test]
fn a_malformed_key_is_none() {
    assert_eq!(u64::read(&mut [1, 2].as_slice()), None);
    assert_eq!(bool::read(&mut [2].as_slice()), None);
    assert_eq!(String::read(&mut [b'a', 0, 7].as_slice()), None);
    assert_eq!(String::read(&mut [b'a'].as_slice()), None);
}

const ITEM: Item<u64> = Item::new("entry");
const MAP: Map<(u8, u64), String> = Map::new("entries");

#[test]
fn an_item_is_what_was_saved_last() {
    mock::reset();
    assert_eq!(ITEM.load(), None);
    ITEM.save(&1);
    ITEM.save(&2);
    assert_eq!((ITEM.load(), ITEM.exists()), (Some(2), true));
    assert_eq!((ITEM.remove(), ITEM.remove(), ITEM.exists()), (true, false, false));
}

#[test]
fn a_map_is_walked_in_order_by_page_and_by_prefix() {
    mock::reset();
    // Neighbours in raw storage that must not show up.
    ITEM.save(&7);
    Map::<u8, u8>::new("entriesx").save(&0, &0);
    let mut model = BTreeMap::new();
    for key in [(2u8, 5u64), (1, 300), (1, 2), (255, 0), (1, u64::MAX), (0, 0)] {
        let value = format!("{key:?}");
        MAP.save(&key, &value);
        model.insert(key, value);
    }
    let all: Vec<_> = model.clone().into_iter().collect();
    assert_eq!(MAP.range(None, 100), all);
    assert_eq!(MAP.range(Some(&(1, 3)), 2), all[2..4]);
    assert_eq!(MAP.range_after(&(1, 300), 100), all[3..]);
    assert_eq!(MAP.range_prefix(&1u8, 100), all[1..4]);
    assert_eq!(MAP.range_prefix(&255u8, 100), all[5..]);
    assert_eq!(MAP.range(None, 0), []);
    assert!(MAP.remove(&(1, 2)) && !MAP.remove(&(1, 2)) && !MAP.contains(&(1, 2)));
    assert_eq!(MAP.load(&(2, 5)), Some("(2, 5)".into()));
}

#[test]
fn the_context_is_read_field_by_field_as_borsh_lays_it_out() {
    mock::reset();
    let context = CallContext {
        chain_id: ChainId::new("a-longer-name-of-a-chain").expect("legal"),
        caller: Address::new([1; 20]),
        contract: Address::new([2; 20]),
        signer: Address::new([3; 20]),
        value: Amount::new(u128::MAX - 4),
        height: Height::new(5),
        time_ms: 6,
        uptime_ms: 7,
        gas_price: 8,
        origin: Origin::Draw,
    };
    mock::with(|world| world.context = context.clone());
    let read = CallContext {
        chain_id: env::chain_id(),
        caller: env::caller(),
        contract: env::contract(),
        signer: env::signer(),
        value: env::value(),
        height: env::height(),
        time_ms: env::time_ms(),
        uptime_ms: env::uptime_ms(),
        gas_price: env::gas_price(),
        origin: env::origin(),
    };
    assert_eq!(read, context);
}

#[test]
fn money_moves_within_balance_and_allowance() {
    mock::reset();
    let (owner, other) = (Address::new([8; 20]), Address::new([9; 20]));
    let contract = env::contract();
    mock::with(|world| {
        world.balances.insert(owner, Amount::new(10));
        world.allowances.insert((owner, contract), Amount::new(6));
    });
    let take = |amount| env::transfer_from(&owner, &contract, Amount::new(amount));
    assert_eq!(take(7), Err(TransferError::AllowanceTooLow));
    assert_eq!(take(4), Ok(()));
    assert_eq!(env::allowance(&owner, &contract), Amount::new(2));
    assert_eq!(env::transfer(&other, Amount::new(5)), Err(TransferError::BalanceTooLow));
    assert_eq!(env::transfer(&other, Amount::new(3)), Ok(()));
    assert_eq!([owner, contract, other].map(|who| env::balance(&who).get()), [6, 1, 3]);
}

#[test]
fn a_scheduled_call_is_paid_for_and_refunded() {
    mock::reset();
    let contract = env::contract();
    let request = ScheduleRequest {
        kind: CallKind::Ordinary,
        due: Due::UptimeMs(9),
        method: "tick".into(),
        args: vec![],
        gas: Gas::new(5),
        gas_price: 2,
        refund_to: contract,
    };
    assert_eq!(env::schedule(&request), Err(ScheduleError::BalanceTooLow));
    mock::with(|world| world.balances.insert(contract, Amount::new(12)));
    let id = env::schedule(&request).expect("the contract can pay");
    assert_eq!(env::balance(&contract), Amount::new(2));
    assert_eq!((env::unschedule(id), env::unschedule(id)), (Some(Amount::new(10)), None));
    assert_eq!(env::balance(&contract), Amount::new(12));
}

/// Something happened.
#[derive(Event)]
struct Happened {
    count: u32,
    reason: Option<AbortReason>,
    mode: Mode,
}

#[derive(Debug, Clone, Copy, Abi)]
enum Mode {
    VeryFast,
}

#[test]
fn an_event_has_its_fields_as_attributes_and_leaves_out_what_is_not_there() {
    mock::reset();
    Happened { count: 3, reason: Some(AbortReason::NotEnoughNodes), mode: Mode::VeryFast }.emit();
    Happened { count: 4, reason: None, mode: Mode::VeryFast }.emit();
    let events = mock::with(|world| world.events.clone());
    let shown: Vec<Vec<(&str, &Value)>> = events
        .iter()
        .map(|(name, attributes)| {
            assert_eq!(name, "Happened");
            attributes.iter().map(|attribute| (attribute.name.as_str(), &attribute.value)).collect()
        })
        .collect();
    let fast = Value::Text("very_fast".into());
    let reason = Value::Text("not_enough_nodes".into());
    assert_eq!(shown[0], [("count", &Value::U64(3)), ("reason", &reason), ("mode", &fast)]);
    assert_eq!(shown[1], [("count", &Value::U64(4)), ("mode", &fast)]);
}

#[derive(Debug, ContractError)]
enum Refused {
    #[error(1000, "{found} is not {{{wanted}}}")]
    Wrong { found: u8, wanted: u8 },
    #[error(999_999, "no")]
    Never,
}

#[test]
fn a_refusal_has_a_code_and_a_sentence() {
    let revert = Revert::from(Refused::Wrong { found: 1, wanted: 2 });
    assert_eq!(revert, Revert::new(1000, "1 is not {2}"));
    assert_eq!(Revert::from(Refused::Never), Revert::new(999_999, "no"));
}
