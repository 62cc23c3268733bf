//! An image of any size as 32 x 32 means, exactly: every pixel counts with the area it covers.

use crate::refusal::Refusal;

/// Longest side, in pixels. With it no sum below leaves 64 bits.
pub(crate) const SIDE_MAX: u64 = 65_535;
/// Cells along a side.
pub(crate) const CELLS: usize = 32;
/// The same, in the arithmetic of areas.
const CELLS_WIDE: u64 = 32;

/// Means of grey, 0 to 65,535, by row and column.
pub(crate) type Cells = [[i64; CELLS]; CELLS];

/// Sums under way. A pixel is a square of 32 x 32 parts, a cell one of width x height parts.
#[derive(Debug)]
pub(crate) struct Shrink {
    width: u64,
    height: u64,
    sums: [[u64; CELLS]; CELLS],
}

impl Shrink {
    pub(crate) fn new(width: u64, height: u64) -> Result<Self, Refusal> {
        if [width, height].iter().any(|side| *side == 0 || *side > SIDE_MAX) {
            return Err(Refusal::BadSize { width, height });
        }
        Ok(Self { width, height, sums: [[0; CELLS]; CELLS] })
    }

    /// Adds pixels of row `y`, 0 to 65,535 each, that lie at `x`, `x + step`, `x + 2 * step`, ... Those beyond the
    /// image count for nothing.
    pub(crate) fn row(&mut self, y: u64, x: u64, step: u64, pixels: impl Iterator<Item = u64>) {
        let mut line = [0u64; CELLS];
        let places = (x..self.width).step_by(usize::try_from(step).unwrap_or(1));
        for (place, pixel) in places.zip(pixels) {
            spread(place, self.width, |column, weight| line[column] += weight * pixel);
        }
        if y < self.height {
            spread(y, self.height, |row, weight| {
                self.sums[row].iter_mut().zip(&line).for_each(|(sum, part)| *sum += weight * part);
            });
        }
    }

    /// The means.
    pub(crate) fn cells(&self) -> Cells {
        let area = self.width * self.height;
        self.sums.map(|row| row.map(|sum| i64::try_from((sum + area / 2) / area).unwrap_or(i64::MAX)))
    }
}

/// Splits a pixel of a side among the cells that it touches.
fn spread(place: u64, side: u64, mut add: impl FnMut(usize, u64)) {
    let (mut start, end) = (place * CELLS_WIDE, (place + 1) * CELLS_WIDE);
    let mut cell = start / side;
    while start < end {
        let stop = end.min((cell + 1) * side);
        add(usize::try_from(cell).unwrap_or(0), stop - start);
        start = stop;
        cell += 1;
    }
}
