//! From 32 x 32 means to 64 bits: the lowest frequencies against their median.

use crate::shrink::{CELLS, Cells};

/// Frequencies along a side: 1 to 8.
const FREQUENCIES: usize = 8;
/// 2^14 cos(k pi / 64), rounded: a quarter of a wave.
const COSINE: [i64; 33] = [
    16384, 16364, 16305, 16207, 16069, 15893, 15679, 15426, 15137, 14811, 14449, 14053, 13623, 13160, 12665,
    12140, 11585, 11003, 10394, 9760, 9102, 8423, 7723, 7005, 6270, 5520, 4756, 3981, 3196, 2404, 1606, 804,
    0,
];
/// How far above the median a coefficient must lie to set its bit: two grey levels of 255 in the orthonormal
/// transform, which is the sum below over 16 and over the two factors of 2^14. Noise of 2 levels in every mean would
/// be needed to reach it, photographs have coefficients of tens of levels.
const DEAD_ZONE: i64 = (2 * 257 * 16) << 28;

/// The hash. Its first bit is the lowest frequency of both sides, its last the highest; rows of frequencies along y.
pub(crate) fn hash(cells: &Cells) -> u64 {
    let coefficients = coefficients(cells);
    let mut sorted = coefficients;
    sorted.sort_unstable();
    let median = (sorted[31] + sorted[32]) / 2;
    coefficients.iter().fold(0, |bits, value| bits << 1 | u64::from(value - median > DEAD_ZONE))
}

/// Sums over all cells of mean times cosine times cosine, first along x, then along y; below 2^54.
fn coefficients(cells: &Cells) -> [i64; FREQUENCIES * FREQUENCIES] {
    let waves: [[i64; CELLS]; FREQUENCIES] =
        std::array::from_fn(|index| std::array::from_fn(|place| wave(index + 1, place)));
    let sum =
        |line: &[i64; CELLS], wave: &[i64; CELLS]| line.iter().zip(wave).map(|(a, b)| a * b).sum::<i64>();
    // By frequency along x, then by y.
    let columns: [[i64; CELLS]; FREQUENCIES] = waves.map(|wave| cells.map(|row| sum(&row, &wave)));
    std::array::from_fn(|index| sum(&columns[index % FREQUENCIES], &waves[index / FREQUENCIES]))
}

/// 2^14 cos(frequency (2 place + 1) pi / 64).
pub(crate) fn wave(frequency: usize, place: usize) -> i64 {
    let angle = frequency * (2 * place + 1) % (4 * CELLS);
    match angle {
        0..=32 => COSINE[angle],
        33..=64 => -COSINE[64 - angle],
        65..=96 => -COSINE[angle - 64],
        _ => COSINE[128 - angle],
    }
}
