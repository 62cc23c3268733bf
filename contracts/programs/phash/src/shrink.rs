//! An image of any size as 32 x 32 means, exactly: every pixel counts with the area it covers.

use crate::refusal::Refusal;

/// Longest side, in pixels. With it no sum below overflows.
pub(crate) const SIDE_MAX: u32 = 65_535;
/// Cells along a side.
pub(crate) const CELLS: usize = 32;
/// Parts of a pixel along a side: as many as there are cells.
const PARTS: u32 = 32;

/// Means of grey, 0 to 65,535, by row and column.
pub(crate) type Cells = [[i64; CELLS]; CELLS];

/// Sums under way. A pixel is a square of 32 x 32 parts, a cell one of width x height parts.
#[derive(Debug)]
pub(crate) struct Shrink {
    width: u32,
    height: u32,
    /// For each column of pixels the first cell it touches, and whether that is the only one.
    columns: Vec<(u8, bool)>,
    sums: [[u64; CELLS]; CELLS],
}

impl Shrink {
    pub(crate) fn new(width: u32, height: u32) -> Result<Self, Refusal> {
        if [width, height].iter().any(|side| *side == 0 || *side > SIDE_MAX) {
            return Err(Refusal::BadSize { width, height });
        }
        let column = |place| {
            let (first, last) = (place * PARTS / width, (place * PARTS + PARTS - 1) / width);
            (u8::try_from(first).unwrap_or(0), first == last)
        };
        Ok(Self { width, height, columns: (0..width).map(column).collect(), sums: [[0; CELLS]; CELLS] })
    }

    /// Adds pixels of row `y`, 0 to 65,535 each, that lie at `x`, `x + step`, `x + 2 * step`, ... Those beyond the
    /// image count for nothing.
    pub(crate) fn row(&mut self, y: u32, x: u32, step: u32, pixels: impl Iterator<Item = u32>) {
        // A cell of a line takes `width` parts of at most 65,535: below 2^32.
        let mut line = [0u32; CELLS];
        let places = (x..self.width).step_by(usize::try_from(step).unwrap_or(1));
        for (place, pixel) in places.zip(pixels) {
            let (cell, only) = self.columns[usize::try_from(place).unwrap_or(0)];
            if only {
                line[usize::from(cell)] += PARTS * pixel;
            } else {
                spread(place, self.width, |column, weight| line[column] += weight * pixel);
            }
        }
        if y < self.height {
            spread(y, self.height, |row, weight| {
                let parts = self.sums[row].iter_mut().zip(&line);
                parts.for_each(|(sum, part)| *sum += u64::from(weight) * u64::from(*part));
            });
        }
    }

    /// The means.
    pub(crate) fn cells(&self) -> Cells {
        let area = u64::from(self.width) * u64::from(self.height);
        self.sums.map(|row| row.map(|sum| i64::try_from((sum + area / 2) / area).unwrap_or(i64::MAX)))
    }
}

/// Splits a pixel of a side among the cells that it touches.
fn spread(place: u32, side: u32, mut add: impl FnMut(usize, u32)) {
    let (mut start, end) = (place * PARTS, (place + 1) * PARTS);
    let mut cell = start / side;
    while start < end {
        let stop = end.min((cell + 1) * side);
        add(usize::try_from(cell).unwrap_or(0), stop - start);
        start = stop;
        cell += 1;
    }
}
