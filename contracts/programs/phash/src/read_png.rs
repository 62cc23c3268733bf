//! PNG: grey, colour, palette, with and without transparency, 1 to 16 bits, interlaced or not.

use crate::refusal::Refusal;
use crate::shrink::{Cells, Shrink};
use png::{BitDepth, ColorType, Decoder, Limits, Transformations};
use std::io::Cursor;

/// What a PNG starts with.
pub(crate) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// What the decoder may hold beside rows: far more than the chunks that matter here.
const DECODER_BYTES_MAX: usize = 16 << 20;
/// Where pixels of a pass of Adam7 lie: first column and row, steps to the next ones.
const ADAM7: [[u32; 4]; 7] =
    [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
const WHOLE: [[u32; 4]; 1] = [[0, 0, 1, 1]];

/// The image that `bytes` start with, and its length in bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<(Cells, usize), Refusal> {
    let length = length(bytes)?;
    let bad = |error: png::DecodingError| Refusal::BadPng(error.to_string());
    let (width, height) = (number(bytes, 16)?, number(bytes, 20)?);
    let mut shrink = Shrink::new(width, height)?;
    let limits = Limits { bytes: DECODER_BYTES_MAX };
    let mut decoder = Decoder::new_with_limits(Cursor::new(&bytes[..length]), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(bad)?;
    let pixel = Pixel::of(reader.output_color_type());
    let passes: &[[u32; 4]] = if reader.info().interlaced { &ADAM7 } else { &WHOLE };
    for [x, y, step_x, step_y] in passes {
        // A pass without columns has no rows.
        if *x >= width {
            continue;
        }
        for row in (*y..height).step_by(usize::try_from(*step_y).unwrap_or(1)) {
            let data = reader.next_row().map_err(bad)?.ok_or(Refusal::Truncated)?;
            shrink.row(row, *x, *step_x, data.data().chunks_exact(pixel.bytes()).map(|at| pixel.grey(at)));
        }
    }
    // To the end: the checksum of the pixels lies behind them.
    reader.finish().map_err(bad)?;
    Ok((shrink.cells(), length))
}

fn number(bytes: &[u8], at: usize) -> Result<u32, Refusal> {
    let four = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Refusal::Truncated)?;
    Ok(u32::from_be_bytes(*four))
}

/// Bytes up to and with the chunk `IEND`.
fn length(bytes: &[u8]) -> Result<usize, Refusal> {
    let mut at = SIGNATURE.len();
    loop {
        let size = usize::try_from(number(bytes, at)?).map_err(|_| Refusal::Truncated)?;
        let kind = bytes.get(at + 4..at + 8).ok_or(Refusal::Truncated)?;
        // Length, kind and checksum are four bytes each.
        let end = at.checked_add(12).and_then(|end| end.checked_add(size)).ok_or(Refusal::Truncated)?;
        if end > bytes.len() {
            return Err(Refusal::Truncated);
        }
        if kind == b"IEND" {
            return Ok(end);
        }
        at = end;
    }
}

/// How the decoder gives pixels.
#[derive(Debug, Clone, Copy)]
struct Pixel {
    colour: bool,
    alpha: bool,
    wide: bool,
}

impl Pixel {
    fn of((kind, depth): (ColorType, BitDepth)) -> Self {
        Self {
            colour: matches!(kind, ColorType::Rgb | ColorType::Rgba | ColorType::Indexed),
            alpha: matches!(kind, ColorType::GrayscaleAlpha | ColorType::Rgba),
            wide: depth == BitDepth::Sixteen,
        }
    }

    fn samples(self) -> usize {
        if self.colour { 3 } else { 1 }
    }

    fn bytes(self) -> usize {
        (self.samples() + usize::from(self.alpha)) * (1 + usize::from(self.wide))
    }

    /// Grey of 16 bits, transparency over white.
    fn grey(self, bytes: &[u8]) -> u32 {
        let sample = |index: usize| {
            if self.wide {
                u32::from(bytes[2 * index]) << 8 | u32::from(bytes[2 * index + 1])
            } else {
                u32::from(bytes[index]) * 257
            }
        };
        let grey = if self.colour {
            (299 * sample(0) + 587 * sample(1) + 114 * sample(2) + 500) / 1000
        } else {
            sample(0)
        };
        if !self.alpha {
            return grey;
        }
        let alpha = sample(self.samples());
        // A mean of two numbers of 16 bits times 65,535, and half of it: below 2^32.
        (grey * alpha + 65_535 * (65_535 - alpha) + 32_767) / 65_535
    }
}
