#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;

fn stats(stake: u64) -> Stats {
    Stats { stake_min: Amount::cnx(stake), ..Stats::default() }
}

#[track_caller]
fn check(stake: u64, change: fn(&mut TaskConfig), expected: &str) {
    let mut config = TaskConfig { stake_min: Amount::cnx(stake), ..TaskConfig::default() };
    change(&mut config);
    assert_eq!(safe_fee(&stats(stake), &config), Amount::parse(expected).unwrap());
}

#[test]
fn the_safe_fee_is_bounded_by_the_stake_if_the_fine_grows_with_the_share() {
    check(400, |_| (), "960");
    check(4_000, |_| (), "9600");
    check(0, |_| (), "0");
    check(400, |config| config.missed_commit_share_permille = 1_250, "960");
    check(400, |config| config.missed_commit_permille = 0, "960");
}

#[test]
fn a_fine_that_grows_too_slowly_is_safe_only_below_its_floor() {
    // One hundredth of 400 makes up for shares of 3.2.
    check(400, |config| config.missed_commit_share_permille = 1_249, "9.6");
    check(400, |config| (config.missed_commit_permille, config.missed_commit_share_permille) = (0, 0), "0");
    check(
        400,
        |config| (config.missed_commit_permille, config.missed_commit_share_permille) = (1_000, 0),
        "960",
    );
}

/// A node admitted with less than is asked for today loses no more than it has.
#[test]
fn the_least_stake_of_any_node_counts() {
    let config = TaskConfig { missed_commit_permille: 1_000, ..TaskConfig::default() };
    assert_eq!(safe_fee(&stats(100), &config), Amount::cnx(240));
    let slow = TaskConfig { missed_commit_share_permille: 0, ..config };
    assert_eq!(safe_fee(&stats(100), &slow), Amount::cnx(240));
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let config = TaskConfig { missed_commit_permille: u64::MAX, ..TaskConfig::default() };
    let huge = Stats { stake_min: Amount::new(u128::MAX), ..Stats::default() };
    assert_eq!(safe_fee(&huge, &config).get() % PANEL as u128, 0);
    let slow = TaskConfig {
        stake_min: Amount::new(u128::MAX),
        missed_commit_share_permille: u64::MAX,
        missed_commit_permille: 0,
        ..TaskConfig::default()
    };
    assert!(safe_fee(&huge, &slow) > Amount::ZERO);
}

/// Income of leaving when alone and lying when not, times the number of panels there are, in base units.
fn income(nodes: u128, dishonest: u128, share: u128, config: &TaskConfig, stake: u128) -> i128 {
    let honest = nodes - dishonest;
    let alone = dishonest * (honest * (honest - 1) / 2);
    let paired = dishonest * (dishonest - 1) / 2 * honest;
    let whole = dishonest * (dishonest - 1) / 2 * dishonest.saturating_sub(2) / 3;
    let fine = permille(config.stake_min.get(), config.missed_commit_permille)
        .max(permille(share, config.missed_commit_share_permille))
        .min(stake);
    let (won, lost) = ((2 * paired + 3 * whole) * share, alone * fine);
    won.cast_signed() - lost.cast_signed()
}

#[test]
fn at_the_safe_fee_no_third_of_any_network_gains_and_just_above_a_large_one_does() {
    let slow = TaskConfig { missed_commit_share_permille: 700, ..TaskConfig::default() };
    for config in [TaskConfig::default(), slow] {
        // Whole CNX, small enough for exact products with all panels of a large network.
        let config = TaskConfig { stake_min: Amount::new(400_000), ..config };
        let stats = Stats { stake_min: config.stake_min, ..Stats::default() };
        let share = safe_fee(&stats, &config).get() / PANEL as u128;
        for nodes in (3u128..600).chain([9_999, 99_999, 100_000]) {
            for dishonest in [nodes / 3, nodes.div_ceil(10), 1] {
                for share in [share, share / 2, 1] {
                    let gain = income(nodes, dishonest, share, &config, stats.stake_min.get());
                    assert!(gain <= 0, "{dishonest} of {nodes} gain {gain} with shares of {share}");
                }
            }
        }
        let above = share + share / 1_000;
        assert!(income(99_999, 33_333, above, &config, stats.stake_min.get()) > 0);
    }
}

/// The contract's tests play tasks at this fee, and compare the same line of the document with where lying begins to pay.
#[test]
fn the_safe_fee_of_the_shipped_configuration_is_the_documented_one() {
    let config = TaskConfig::default();
    let stats = Stats { stake_min: config.stake_min, ..Stats::default() };
    let (stake, fee) = (config.stake_min, safe_fee(&stats, &config));
    let line = format!("\nStake {stake} CNX, shipped fines: {fee} CNX.\n");
    assert!(include_str!("../../../../docs/security.md").contains(&line), "docs/security.md lacks {line}");
}
