//! The dearest scheduled calls against the gas that is bought for them: every panel of three out of all that a node can do.

use super::bench::{Bench, Does};
use super::lap;
use super::table::{self, Column, thousands};
use hydrogen_types::task::Comparison;
use hydrogen_types::{Hash, Value};

const KINDS: [Does; 8] = [
    Does::Result(0),
    Does::Result(1),
    Does::Result(2),
    Does::Error(2),
    Does::Error(3),
    Does::Unavailable,
    Does::NoCommit,
    Does::NoReveal,
];
/// Each scheduled call may use this part of what was bought for it: the rest is for the engine's next price list.
const PART: u64 = 2;
/// Calls that a deposit buys.
const CALLS: u64 = 5;

/// Fines that fill the record of a node, and more.
const FINES: usize = 20;

#[test]
fn no_scheduled_call_uses_more_than_half_of_the_gas_bought_for_it() {
    let mut columns = Vec::new();
    for (name, comparison) in comparisons() {
        let mut bench = Bench::open(200);
        bench.comparison = comparison.clone();
        bench.join(200);
        every_panel(&mut bench, |_| true);
        columns.push(column(name, "fresh nodes", bench));
        // Three nodes make every panel, each with as many fines on record as are kept.
        let mut bench = Bench::open(3);
        bench.comparison = comparison;
        bench.join(3);
        (0..FINES).for_each(|_| play(&mut bench, [Does::NoReveal; 3]));
        every_panel(&mut bench, |panel| !has_cheat(panel));
        play(&mut bench, [Does::Result(0), Does::Result(0), Does::Result(1)]);
        columns.push(column(name, "nodes often fined", bench));
    }
    table::check("worst scheduled calls", &columns);
}

fn comparisons() -> [(&'static str, Comparison); 2] {
    let similar = Comparison::Similar { threshold: 32, fingerprint: Hash::ZERO };
    [("exact", Comparison::Exact), ("similar", similar)]
}

fn every_panel(bench: &mut Bench, wanted: impl Fn(&[Does; 3]) -> bool) {
    for (first, a) in KINDS.into_iter().enumerate() {
        for (second, b) in KINDS.into_iter().enumerate().skip(first) {
            for c in KINDS.into_iter().skip(second) {
                if wanted(&[a, b, c]) {
                    play(bench, [a, b, c]);
                }
            }
        }
    }
}

/// Two results agree, and somebody says otherwise.
fn has_cheat(panel: &[Does; 3]) -> bool {
    let results: Vec<&Does> = panel.iter().filter(|does| matches!(does, Does::Result(_))).collect();
    let agree = (1..results.len()).any(|index| results[..index].contains(&results[index]));
    let differ = results.iter().any(|does| *does != results[0]);
    agree && (differ || panel.iter().any(|does| matches!(does, Does::Error(_))))
}

fn play(bench: &mut Bench, panel: [Does; 3]) {
    let id = bench.create();
    bench.args(id);
    bench.panel(id, panel);
    // Nobody uploads, where there is something to.
    bench.block(300_000);
    bench.block(300_000);
    assert!(bench.task(id).seats.iter().all(|seat| seat.settled), "{panel:?}");
    lap::resume(bench, id);
}

fn column(name: &str, nodes: &str, mut bench: Bench) -> Column {
    bench.most.retain(|name, _| name.starts_with("scheduled"));
    let bought = bought(&bench);
    println!(
        "{name}, {nodes}: of {} at most {}",
        thousands(bought),
        thousands(*bench.most.values().max().unwrap())
    );
    for (call, gas) in &bench.most {
        assert!(gas * PART <= bought, "{call} uses {gas} of {bought} ({name}, {nodes})");
    }
    (format!("{name}, {nodes}"), bench.most)
}

/// Gas bought for one scheduled call, from the deposit that the contract took.
fn bought(bench: &Bench) -> u64 {
    let events = bench.chain.events(hydrogen_types::Height::new(1)).unwrap();
    let (_, created) = events.iter().find(|(_, event)| event.name == "TaskCreated").expect("a task");
    let Some(Value::Amount(deposit)) = created.get("deposit") else { panic!("no deposit: {created:?}") };
    let price = u128::from(bench.chain.genesis().params.gas_price_min);
    u64::try_from(deposit.get() / price / u128::from(CALLS)).unwrap()
}
