use super::clock::Clock;
use super::faults::{Fault, FaultKind, Kills};
use super::stats::{Series, slope};
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
    for _ in 0..1_000 {
        let two = Fault::draw(FaultKind::Kill, Kills::Two, 7, &mut rng);
        assert_eq!(two.victims.len(), 2);
        assert_ne!(two.victims[0], two.victims[1]);
        assert!(two.leaves_quorum(7));
        let pause = Fault::draw(FaultKind::Pause, Kills::One, 7, &mut rng);
        assert!((1..=2).contains(&pause.victims.len()) && pause.leaves_quorum(7));
        let split = Fault::draw(FaultKind::Partition, Kills::One, 7, &mut rng);
        assert!((1..=3).contains(&split.victims.len()));
        assert_eq!(split.leaves_quorum(7), split.victims.len() < 3);
    }
}

/// A clock that is not there is said to be missing, with what to do.
#[test]
fn a_clock_needs_its_library_or_says_so() {
    let home = std::env::temp_dir();
    if let Err(error) = Clock::new(&home.join("a folder that does not exist")) {
        let text = error.to_string();
        assert!(text.contains("libfaketime") || text.contains("clock"), "{text}");
    }
}
