//! What a genesis document may say.

use super::{Genesis, PARAM_RANGES, Params};
use crate::crypto::NodeKeys;
use hydrogen_types::{ChainId, Gas, Validator};
use serde_json::{Value, json};

fn genesis(params: Params) -> Genesis {
    let keys = NodeKeys::from_seed([1; 32]);
    let validator = Validator {
        consensus_key: keys.consensus.public(),
        vrf_key: keys.vrf.public(),
        power: 1,
        account: keys.account.address(),
    };
    Genesis {
        chain_id: ChainId::new("limits").unwrap(),
        time_ms: 0,
        params,
        validators: vec![validator],
        governance: None,
        accounts: Vec::new(),
        contracts: Vec::new(),
    }
}

/// The document with one parameter changed.
fn read_with(name: &str, value: &Value) -> Result<Genesis, String> {
    let mut document: Value = serde_json::from_str(&genesis(Params::default()).to_json()).unwrap();
    document["params"][name] = value.clone();
    Genesis::from_json(&document.to_string())
}

/// Every number has a range, and defaults lie in it.
#[test]
fn every_parameter_has_a_range() {
    let document = serde_json::to_value(Params::default()).unwrap();
    let numbers = document.as_object().unwrap().iter().filter(|(_, value)| value.is_number());
    let mut names: Vec<&str> = numbers.map(|(name, _)| name.as_str()).collect();
    let mut ranged: Vec<&str> = PARAM_RANGES.iter().map(|range| range.name).collect();
    names.sort_unstable();
    ranged.sort_unstable();
    assert_eq!(names, ranged);
    for range in PARAM_RANGES {
        assert_eq!(json!(range.of(&Params::default())), document[range.name], "{}", range.name);
    }
    assert_eq!(Params::default().check(), Ok(()));
}

/// One below the range and one above it are refused with the field, the value and the range.
#[test]
fn values_out_of_range_are_refused_by_name() {
    for range in PARAM_RANGES {
        let outside = [range.least.checked_sub(1), range.most.checked_add(1)];
        for value in outside.into_iter().flatten() {
            let error = read_with(range.name, &json!(value)).expect_err(range.name);
            let expected = format!(
                "{} is {value}, it must be {} to {} {}",
                range.name, range.least, range.most, range.unit
            );
            assert_eq!(error, expected);
        }
    }
    assert!(read_with("heartbeat_ms", &json!(-1)).is_err());
    assert!(read_with("hartbeat_ms", &json!(1_000)).is_err());
}

/// The ends of the ranges are allowed, where they fit the other values.
#[test]
fn ends_of_ranges_are_allowed() {
    let largest = Params { block_bytes_max: 16 << 20, tx_bytes_max: 4 << 20, ..Params::default() };
    assert_eq!(largest.check(), Ok(()));
    for name in ["timeout_propose_ms", "timeout_prevote_ms", "timeout_precommit_ms", "timeout_delta_ms"] {
        let range = PARAM_RANGES.iter().find(|range| range.name == name).unwrap();
        for value in [range.least, range.most] {
            assert_eq!(range.of(&read_with(name, &json!(value)).unwrap().params), value);
        }
    }
}

#[test]
fn values_must_fit_each_other() {
    let check = |params: Params, expected: &str| assert_eq!(params.check(), Err(expected.into()));
    let gas = Gas::new(1_000_000_000_001);
    check(
        Params { scheduled_gas_max: gas, ..Params::default() },
        "scheduled_gas_max is 1000000000001, it must be at most block_gas_max, which is 1000000000000",
    );
    check(
        Params { block_interval_ms: 10_001, ..Params::default() },
        "block_interval_ms is 10001, it must be at most heartbeat_ms, which is 10000",
    );
    check(
        Params { block_bytes_max: 1 << 20, ..Params::default() },
        "tx_bytes_max is 1048576, it must be at most block_bytes_max less 1024, which is 1047552",
    );
}

/// The table for people is the table of the program.
#[test]
fn the_documented_ranges_are_the_checked_ones() {
    let text = include_str!("../../../docs/genesis.md");
    let default = Params::default();
    for range in PARAM_RANGES {
        let row = format!(
            "| `{}` | {} | {} | {} to {} |",
            range.name,
            range.unit,
            range.of(&default),
            range.least,
            range.most
        );
        assert!(text.contains(&row), "docs/genesis.md lacks the row {row}");
    }
}
