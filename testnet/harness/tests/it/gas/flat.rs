//! Gas does not grow with the network: the same laps among few and many nodes, with few and many tasks open.
//!
//! 100,000 nodes take minutes: `HYDROGEN_GAS_LARGE=1 cargo test --release -p hydrogen-harness --test it gas::flat`.

use super::bench::Bench;
use super::lap::{self, JOIN_A_LAP};
use super::table::{self, Column, thousands};
use std::collections::BTreeMap;
use std::time::Instant;

/// Laps at each size: a draw that takes the last of the list is cheaper, so the dearest of several counts.
const LAPS: usize = 4;
/// Most that the dearest size may cost above the cheapest, in per cent.
const SLACK_PERCENT: u64 = 3;
/// Free nodes that a lap needs.
const FREE: usize = 12;

/// Nodes and open tasks; three nodes are bound by each, so there are never more than a third as many.
const SIZES: &[(usize, usize)] = &[(12, 0), (1_000, 0), (10_000, 0), (10_000, 1_000)];
/// The contract takes 100,000 nodes, and a few join in every lap.
const LARGE: &[(usize, usize)] = &[(12, 0), (99_990, 0), (99_990, 1_000), (99_990, 33_000)];

/// Grows one chain through the sizes and runs laps at each.
fn measure(sizes: &[(usize, usize)]) -> Vec<Column> {
    let (last, _) = sizes[sizes.len() - 1];
    let mut bench = Bench::open(last + sizes.len() * LAPS * JOIN_A_LAP);
    let (mut nodes, mut tasks) = (0, 0);
    let mut columns = Vec::new();
    for (more_nodes, more_tasks) in sizes {
        let start = Instant::now();
        bench.join(more_nodes - nodes);
        bench.fill(more_tasks - tasks);
        (nodes, tasks) = (*more_nodes, *more_tasks);
        assert!(nodes >= 3 * tasks + FREE, "too few nodes for a lap");
        let (grown, lapping) = (start.elapsed(), Instant::now());
        bench.most.clear();
        let first = bench.chain.tip().height.get();
        (0..LAPS).for_each(|_| lap::run(&mut bench));
        let blocks = bench.chain.tip().height.get() - first;
        let block_us = lapping.elapsed().as_micros() / u128::from(blocks);
        let heading = format!("{} nodes, {} tasks", thousands(size(nodes)), thousands(size(tasks)));
        println!("{heading}: grown in {} ms, then {block_us} us a block of laps", grown.as_millis());
        columns.push((heading, bench.most.clone()));
    }
    columns
}

fn size(count: usize) -> u64 {
    u64::try_from(count).unwrap()
}

fn check_flat(columns: &[Column]) {
    let mut by_name: BTreeMap<&String, Vec<u64>> = BTreeMap::new();
    for (name, gas) in columns.iter().flat_map(|(_, gas)| gas) {
        by_name.entry(name).or_default().push(*gas);
    }
    for (name, gas) in by_name {
        assert_eq!(gas.len(), columns.len(), "{name} happened at some sizes only");
        let (least, most) = (gas.iter().min().unwrap(), gas.iter().max().unwrap());
        assert!(most * 100 <= least * (100 + SLACK_PERCENT), "{name} is not flat: {gas:?}");
    }
}

#[test]
fn gas_is_what_it_was_and_flat_up_to_10_000_nodes() {
    let columns = measure(SIZES);
    check_flat(&columns);
    table::check("gas", &columns);
}

#[test]
fn gas_is_flat_up_to_100_000_nodes() {
    if std::env::var("HYDROGEN_GAS_LARGE").is_err() {
        return;
    }
    let columns = measure(LARGE);
    check_flat(&columns);
    // Nobody measures this at every change, so the table is a record and no rule.
    if table::is_refreshed() {
        table::check("gas among 100,000", &columns);
    }
}
