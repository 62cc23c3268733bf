use super::clock::Clock;
use super::faults::{Bounds, Fault, FaultKind, Kills};
use super::stats::{Series, slope};
use super::{audit, load, watch};
use crate::sim::Rng;

#[test]
fn percentiles_are_values_that_were_measured() {
    let mut series = Series::default();
    assert_eq!(series.percentile(50), 0.0);
    (1..=10).rev().for_each(|value| series.push(f64::from(value)));
    assert_eq!((series.percentile(50), series.percentile(90), series.percentile(99)), (5.0, 9.0, 10.0));
}

#[test]
fn the_slope_is_that_of_the_line() {
    let points: Vec<(f64, f64)> = (0..50).map(|x| (f64::from(x), 7.0 + 3.0 * f64::from(x))).collect();
    assert!((slope(&points) - 3.0).abs() < 1e-9);
    assert_eq!(slope(&points[..1]), 0.0);
}

/// Victims are different nodes; two are killed where two are asked for; faults that are not cuts stay below a third.
#[test]
fn faults_are_what_was_asked_for() {
    let mut rng = Rng::new(3);
    let bounds = |kills| Bounds { kills, partition_ms: 5_000 };
    for _ in 0..1_000 {
        let two = Fault::draw(FaultKind::Kill, bounds(Kills::Two), 7, &mut rng);
        assert_eq!(two.victims.len(), 2);
        assert_ne!(two.victims[0], two.victims[1]);
        assert!(two.leaves_quorum(7));
        let pause = Fault::draw(FaultKind::Pause, bounds(Kills::One), 7, &mut rng);
        assert!((1..=2).contains(&pause.victims.len()) && pause.leaves_quorum(7));
        let split = Fault::draw(FaultKind::Partition, bounds(Kills::One), 7, &mut rng);
        assert!((1..=3).contains(&split.victims.len()));
        assert_eq!(split.leaves_quorum(7), split.victims.len() < 3);
        assert!((2_000..=5_000).contains(&split.lasts.as_millis()));
    }
}

/// A clock whose library or folder is missing says which.
#[test]
fn a_clock_that_cannot_be_set_says_why() {
    let home = std::env::temp_dir().join("a folder that does not exist");
    let text = Clock::new(&home).expect_err("no such folder").to_string();
    assert!(
        text.contains("apt-get install faketime") || text.contains("a folder that does not exist/clock"),
        "{text}"
    );
}

/// The look-out sees a fork in ids, a fork in roots alone, and a node that falls back; it does not see any in what all
/// show alike.
#[test]
fn a_fork_and_a_step_back_are_seen() {
    let block = |hash: &str, root: &str| (String::from(hash), String::from(root));
    let seen = |shown: &[(usize, u64, &str, &str)]| {
        let mut seen = watch::Seen::of(3);
        for (node, height, hash, root) in shown {
            seen.height(*node, *height);
            seen.block(*node, *height, block(hash, root));
        }
        seen.violation
    };
    assert_eq!(seen(&[(0, 1, "a", "r"), (1, 1, "a", "r"), (1, 2, "b", "s"), (2, 2, "b", "s")]), None);
    let text = seen(&[(0, 1, "a", "r"), (1, 1, "b", "r")]).expect("a fork");
    assert!(text.contains("fork at height 1: node 0 has a"), "{text}");
    assert!(seen(&[(0, 1, "a", "r"), (2, 1, "a", "q")]).is_some());
    let text = seen(&[(0, 2, "b", "s"), (0, 1, "a", "r")]).expect("a step back");
    assert!(text.contains("node 0 fell back from height 2 to 1"), "{text}");
}

/// A final transaction that is not in the chain, is elsewhere, or is there twice, and one that nobody sent.
#[test]
fn what_is_lost_is_missed() {
    let check = |chain: &[(u64, &[&str])], finals: &[(&str, u64)]| {
        let chain = chain.iter().map(|(height, txs)| (*height, audit::Shown::of(txs))).collect();
        let mut ledger = load::Ledger::of(hydrogen_types::Address::of_name("a"), 1);
        for (hash, height) in finals {
            ledger.finals.push(load::Final { hash: String::from(*hash), height: *height, ms: 1.0 });
        }
        audit::nothing_lost(&chain, &[ledger]).map_err(|error| error.to_string())
    };
    assert_eq!(check(&[(1, &["x"]), (2, &["y", "z"])], &[("x", 1), ("y", 2), ("z", 2)]), Ok(3));
    let lost = check(&[(1, &["x"])], &[("x", 1), ("y", 2)]).expect_err("lost");
    assert!(lost.contains("y was called final at 2, the chain has it at None"), "{lost}");
    assert!(check(&[(1, &["x"])], &[("x", 2)]).is_err());
    assert!(check(&[(1, &["x"]), (2, &["x"])], &[("x", 1)]).is_err());
    assert!(check(&[(1, &["x", "w"])], &[("x", 1)]).is_err());
}
