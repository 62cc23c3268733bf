//! PGM, binary (`P5`) and plain (`P2`), as netpbm defines it.

use crate::refusal::Refusal;
use crate::shrink::{Cells, Shrink};

const GREY_MAX: u64 = 65_535;

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
        let values =
            || row.chunks_exact(size).map(|pixel| pixel.iter().fold(0, |v, b| v << 8 | u64::from(*b)));
        if let Some(value) = values().find(|value| *value > maximum) {
            return Err(Refusal::PixelTooLarge { value, maximum });
        }
        shrink.row(y, 0, 1, values().map(|value| grey(value, maximum)));
    }
    let raster_bytes = usize::try_from(height).unwrap_or(usize::MAX).saturating_mul(row_bytes);
    Ok((shrink.cells(), text.at + 1 + raster_bytes))
}

fn plain(
    shrink: &mut Shrink,
    text: &mut Text<'_>,
    (width, height): (u64, u64),
    maximum: u64,
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

fn grey(value: u64, maximum: u64) -> u64 {
    if maximum == 255 { value * 257 } else { (value * GREY_MAX + maximum / 2) / maximum }
}

/// Decimal numbers apart by white space and comments.
struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Text<'_> {
    fn number(&mut self, what: &'static str) -> Result<u64, Refusal> {
        self.skip();
        let start = self.at;
        let mut value = 0u64;
        while let Some(digit) = self.bytes.get(self.at).filter(|byte| byte.is_ascii_digit()) {
            value = value * 10 + u64::from(digit - b'0');
            if value > u64::from(u32::MAX) {
                return Err(Refusal::BadNumber { what, at: start });
            }
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
