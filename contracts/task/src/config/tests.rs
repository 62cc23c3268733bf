use super::{Limits, amounts, cancel_fee, check_config, fee_min, numbers};
use crate::error::TaskError;
use hydrogen_types::task::{Comparison, CreateTask, TaskConfig};
use hydrogen_types::{Amount, Hash};

fn check(change: impl FnOnce(&mut TaskConfig), expected: Option<&str>) {
    let mut config = TaskConfig::default();
    change(&mut config);
    let found = match check_config(&config) {
        Ok(()) => None,
        Err(TaskError::BadConfig { field, .. } | TaskError::BadConfigAmount { field, .. }) => Some(field),
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(found, expected);
}

#[test]
fn a_configuration_keeps_its_bounds_and_its_order() {
    check(|_| {}, None);
    check(|config| config.program_abi = 9, Some("program_abi"));
    check(|config| config.draw_delay = 0, Some("draw_delay"));
    check(|config| config.stake_min = Amount::ZERO, Some("stake_min"));
    check(|config| config.missed_commit_permille = 101, Some("missed_reveal_permille"));
    check(|config| config.missed_reveal_share_permille = 40_001, Some("cheat_share_permille"));
    // 180 s + 3600 s + 120 s + 2 * 300 s.
    check(|config| config.unbonding_ms = 4_500_000, None);
    check(|config| config.unbonding_ms = 4_499_999, Some("unbonding_ms"));
}

#[test]
fn the_readme_lists_every_field_with_its_bounds() {
    let config = TaskConfig::default();
    let numbers = numbers(&config)
        .map(|(name, value, least, most)| format!("| `{name}` | {value} | {least} | {most} |"));
    let amounts = amounts(&config)
        .map(|(name, value, least, most)| format!("| `{name}` | {value} | {least} | {most} |"));
    let rows: Vec<&str> = include_str!("../../README.md")
        .lines()
        .take_while(|line| *line != "## Gas")
        .filter(|line| line.starts_with("| `"))
        .collect();
    assert_eq!(rows.len(), numbers.len() + amounts.len());
    for (row, expected) in rows.iter().zip(numbers.iter().chain(&amounts)) {
        assert!(row.starts_with(expected), "{row} should begin {expected}");
    }
}

fn request() -> CreateTask {
    CreateTask {
        program: Some(Hash::ZERO),
        external: None,
        args_hash: Hash::ZERO,
        args_bytes_max: None,
        comparison: Comparison::Exact,
        fee: Amount::ZERO,
        timeout_ms: None,
        memory_bytes_max: None,
        fuel_max: None,
        output_bytes_max: None,
    }
}

fn check_limits(change: impl FnOnce(&mut CreateTask), expected: Option<&str>) {
    let mut request = request();
    change(&mut request);
    let found = match Limits::of(&TaskConfig::default(), &request) {
        Ok(_) => None,
        Err(TaskError::BadLimits { field, .. }) => Some(field),
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(found, expected);
}

#[test]
fn limits_are_bounded_and_a_timeout_leaves_honest_nodes_their_time() {
    check_limits(|_| {}, None);
    check_limits(|request| request.fuel_max = Some(0), Some("fuel_max"));
    check_limits(|request| request.memory_bytes_max = Some(1 << 31), Some("memory_bytes_max"));
    check_limits(|request| request.output_bytes_max = Some((32 << 20) + 1), Some("output_bytes_max"));
    // 30 s + 10^11 / 200,000 ms + 32 MiB at 1 MB/s.
    check_limits(|request| request.timeout_ms = Some(563_555), None);
    check_limits(|request| request.timeout_ms = Some(563_554), Some("timeout_ms"));
    check_limits(|request| request.timeout_ms = Some(3_600_001), Some("timeout_ms"));
}

#[test]
fn fees_follow_the_formulas() {
    let config = TaskConfig::default();
    assert_eq!(fee_min(&config, 600_000), Amount::cnx(12));
    assert_eq!(cancel_fee(&config, Amount::cnx(12)), Amount::cnx(3));
    assert_eq!(cancel_fee(&config, Amount::cnx(300)), Amount::cnx(30));
}
