#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;
use hydrogen_types::Hash;

fn result(byte: u8, fingerprint: &[u8]) -> Outcome {
    Outcome::Result { digest: Hash::new([byte; 32]), fingerprint: fingerprint.to_vec() }
}

#[track_caller]
fn check(comparison: &Comparison, left: &Outcome, right: &Outcome, expected: bool) {
    assert_eq!(agree(comparison, left, right), expected);
    assert_eq!(agree(comparison, right, left), expected, "not symmetric");
}

#[test]
fn exact_results_agree_by_digest_alone() {
    let exact = Comparison::Exact;
    check(&exact, &result(1, &[]), &result(1, &[]), true);
    check(&exact, &result(1, &[]), &result(2, &[]), false);
    check(&exact, &Outcome::Error { code: 2 }, &Outcome::Error { code: 2 }, false);
    check(&exact, &Outcome::Unavailable, &Outcome::Unavailable, false);
}

#[test]
fn similar_results_agree_below_the_threshold_in_every_block() {
    let similar = Comparison::Similar { threshold: 5, fingerprint: Hash::ZERO };
    let zero = result(1, &[0; 16]);
    let four = [0b1111, 0, 0, 0, 0, 0, 0, 0, 0b1_1110, 0, 0, 0, 0, 0, 0, 0];
    check(&similar, &zero, &result(2, &four), true);
    let five = [0, 0, 0, 0, 0, 0, 0, 0, 0b1_1111, 0, 0, 0, 0, 0, 0, 0];
    check(&similar, &zero, &result(2, &five), false);
    check(&similar, &zero, &result(1, &[0; 8]), false);
}
