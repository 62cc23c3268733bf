//! PGM, binary (`P5`) and plain (`P2`), as netpbm defines it.

use crate::refusal::Refusal;
use crate::shrink::{Cells, Shrink};

const GREY_MAX: u32 = 65_535;

/// The image that `bytes` start with, and its length in bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<(Cells, usize), Refusal> {
    let mut text = Text { bytes, at: 2 };
    let width = text.number("width")?;
    let height = text.number("height")?;
    let maximum = text.number("greatest value")?;
    if maximum == 0 || maximum > GREY_MAX {
        return Err(Refusal::BadMaximum(maximum));
    }
    let mut shrink = Shrink::new(width, height)?;
    if bytes.starts_with(b"P2") {
        plain(&mut shrink, &mut text, (width, height), maximum)?;
        return Ok((shrink.cells(), text.at));
    }
    // One byte of white space ends the header.
    let raster = bytes.get(text.at + 1..).ok_or(Refusal::Truncated)?;
    let size = if maximum < 256 { 1 } else { 2 };
    let row_bytes = usize::try_from(width).unwrap_or(usize::MAX).saturating_mul(size);
    let mut rows = raster.chunks_exact(row_bytes);
    for y in 0..height {
        let row = rows.next().ok_or(Refusal::Truncated)?;
        // Of all values there are none lies above 255 or 65,535.
        if maximum != 255 && maximum != GREY_MAX {
            let too_large = values(row, size).find(|value| *value > maximum);
            too_large.map_or(Ok(()), |value| Err(Refusal::PixelTooLarge { value, maximum }))?;
        }
        shrink.row(y, 0, 1, values(row, size).map(|value| grey(value, maximum)));
    }
    let raster_bytes = usize::try_from(height).unwrap_or(usize::MAX).saturating_mul(row_bytes);
    Ok((shrink.cells(), text.at + 1 + raster_bytes))
}

/// The pixels of a row, one or two bytes each.
fn values(row: &[u8], size: usize) -> impl Iterator<Item = u32> {
    row.chunks_exact(size).map(|pixel| pixel.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}

fn plain(
    shrink: &mut Shrink,
    text: &mut Text<'_>,
    (width, height): (u32, u32),
    maximum: u32,
) -> Result<(), Refusal> {
    for y in 0..height {
        for x in 0..width {
            let value = text.number("pixel")?;
            if value > maximum {
                return Err(Refusal::PixelTooLarge { value, maximum });
            }
            shrink.row(y, x, 1, std::iter::once(grey(value, maximum)));
        }
    }
    Ok(())
}

fn grey(value: u32, maximum: u32) -> u32 {
    match maximum {
        255 => value * 257,
        GREY_MAX => value,
        // At most 65,535 squared and half as much again of 65,535: below 2^32.
        _ => (value * GREY_MAX + maximum / 2) / maximum,
    }
}

/// Decimal numbers apart by white space and comments.
struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Text<'_> {
    fn number(&mut self, what: &'static str) -> Result<u32, Refusal> {
        self.skip();
        let start = self.at;
        let mut value = 0u32;
        while let Some(digit) = self.bytes.get(self.at).filter(|byte| byte.is_ascii_digit()) {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u32::from(digit - b'0')))
                .ok_or(Refusal::BadNumber { what, at: start })?;
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            None if self.at == start => Err(Refusal::Truncated),
            Some(byte) if self.at == start || !byte.is_ascii_whitespace() => {
                Err(Refusal::BadNumber { what, at: start })
            }
            _ => Ok(value),
        }
    }

    /// White space, and comments from `#` to the end of the line.
    fn skip(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            if *byte == b'#' {
                let rest = &self.bytes[self.at..];
                self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            } else if byte.is_ascii_whitespace() {
                self.at += 1;
            } else {
                return;
            }
        }
    }
}
