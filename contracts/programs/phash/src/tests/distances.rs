//! What distances mean, measured: differing bits of 64, over pictures of 256 x 256 with a natural spectrum.
//!
//! The tables below are the measurement; a hash that does worse fails, one that does better too.

use super::pictures::Picture;
use crate::images::fingerprint;
use std::fmt::Write;

/// Pictures in each measurement.
const PICTURES: u64 = 24;
/// The usual threshold of similar tasks: distances below it agree.
const THRESHOLD: u32 = 5;

/// What happened to the picture: the mean distance, the largest, and how many of 24 agree.
const CHANGES: &str = "\
every pixel off by up to 2: 0.0, 1, 24
every pixel off by up to 8: 0.3, 2, 24
every pixel off by up to 32: 1.1, 3, 24
JPEG of quality 90: 0.1, 1, 24
JPEG of quality 50: 0.6, 1, 24
JPEG of quality 10: 2.4, 6, 22
20 levels brighter: 0.0, 0, 24
contrast of 0.8: 0.4, 1, 24
contrast of 1.2, clipped: 0.2, 2, 24
gamma of 0.8: 1.3, 3, 24
half the size: 0.1, 1, 24
two thirds of the size: 0.0, 0, 24
twice the size: 0.0, 1, 24
300 x 200: 0.1, 1, 24
1 pixel to the right: 1.0, 3, 24
4 pixels to the right: 4.1, 9, 16
16 pixels to the right: 17.5, 24, 0
";

fn hash(picture: &Picture) -> u64 {
    let fingerprint = fingerprint(&picture.pgm()).expect("an image");
    u64::from_be_bytes(fingerprint.try_into().expect("one image"))
}

#[test]
fn small_changes_stay_below_the_threshold_and_others_do_not() {
    type Change = fn(&Picture) -> Picture;
    let changes: [Change; 17] = [
        |p| p.noisy(2.0, 1),
        |p| p.noisy(8.0, 1),
        |p| p.noisy(32.0, 1),
        |p| p.jpeg(90),
        |p| p.jpeg(50),
        |p| p.jpeg(10),
        |p| p.brighter(20.0),
        |p| p.contrasted(0.8),
        |p| p.contrasted(1.2),
        |p| p.map(|grey| 255.0 * (grey / 255.0).powf(0.8)),
        |p| p.resized(128, 128),
        |p| p.resized(171, 171),
        |p| p.resized(512, 512),
        |p| p.resized(300, 200),
        |p| p.shifted(1),
        |p| p.shifted(4),
        |p| p.shifted(16),
    ];
    let pictures: Vec<(u64, Picture)> = (0..PICTURES)
        .map(|seed| {
            let picture = Picture::natural(seed, 256, 256);
            (hash(&picture), picture)
        })
        .collect();
    let mut seen = String::new();
    for (change, row) in changes.iter().zip(CHANGES.lines()) {
        let distances: Vec<u32> =
            pictures.iter().map(|(before, picture)| (before ^ hash(&change(picture))).count_ones()).collect();
        let mean = f64::from(distances.iter().sum::<u32>()) / distances.len() as f64;
        let most = distances.iter().max().expect("some");
        let agree = distances.iter().filter(|distance| **distance < THRESHOLD).count();
        let name = row.split(':').next().expect("a name");
        writeln!(seen, "{name}: {mean:.1}, {most}, {agree}").expect("a string takes it");
    }
    assert_eq!(seen, CHANGES, "the first is what is measured now");
}

#[test]
fn unrelated_pictures_differ_in_half_of_the_bits() {
    let hashes: Vec<u64> = (0..PICTURES).map(|seed| hash(&Picture::natural(seed, 256, 256))).collect();
    let pairs = (0..hashes.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let distances: Vec<u32> = pairs.map(|(i, j)| (hashes[i] ^ hashes[j]).count_ones()).collect();
    let mean = f64::from(distances.iter().sum::<u32>()) / distances.len() as f64;
    assert!((31.0..33.0).contains(&mean), "mean {mean}");
    let least = distances.iter().min().expect("some");
    assert_eq!(*least, 19, "of {} pairs", distances.len());
}

/// Coefficients that vanish do not follow the noise: without the dead zone half of their bits would.
#[test]
fn flat_and_symmetric_pictures_are_as_steady_as_others() {
    let disc = Picture::of(256, 256, |x, y| {
        let (x, y) = (x as f64 - 127.5, y as f64 - 127.5);
        if x * x + y * y < 6400.0 { 200.0 } else { 40.0 }
    });
    let ramp = Picture::of(256, 256, |x, _| x as f64);
    let flat = Picture::of(256, 256, |_, _| 90.0);
    for picture in [disc, ramp, flat] {
        for seed in 0..10 {
            assert_eq!(hash(&picture.noisy(4.0, seed)), hash(&picture));
        }
    }
}
