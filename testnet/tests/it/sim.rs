//! The simulator in the gate: fifty seeds of everything that may go wrong, the same digest for the same seed, and
//! proof that it notices what it is there to notice.

use crate::support::vm;
use hydrogen_testnet::sim::{Fault, Options, run};

/// Every invariant holds under every fault, and the faults really happen.
#[test]
fn fifty_seeds_hold() {
    let vm = vm();
    let (mut blocks, mut crashes, mut torn, mut bent) = (0, 0, 0, 0);
    for seed in 0..50 {
        let report = run(&vm, &Options { storm_ms: 8_000, ..Options::new(seed) })
            .unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
        blocks += report.stormy_blocks;
        crashes += report.tally.crashes;
        torn += report.tally.torn;
        bent += report.tally.bent;
    }
    assert!(blocks > 500 && crashes > 200 && torn > 10 && bent > 1_000, "{blocks} {crashes} {torn} {bent}");
}

#[test]
fn a_seed_is_a_history() {
    let vm = vm();
    let digest =
        |seed| run(&vm, &Options { storm_ms: 3_000, ..Options::new(seed) }).expect("it holds").digest;
    assert_eq!(digest(77), digest(77));
    assert_ne!(digest(77), digest(78));
}

/// Disks that promise to sync and do not: sooner or later a validator forgets a vote, and votes otherwise.
#[test]
fn lying_disks_are_noticed() {
    let vm = vm();
    let faults = vec![Fault::Crash, Fault::Delay, Fault::Loss];
    let noticed = (0..40).any(|seed| {
        let options =
            Options { lying_disks: true, faults: faults.clone(), storm_ms: 8_000, ..Options::new(seed) };
        run(&vm, &options).is_err_and(|violation| violation.invariant == "no double vote")
    });
    assert!(noticed, "forty seeds hold on lying disks");
}
