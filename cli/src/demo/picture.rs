//! A result for the eye: the first lines of a text, or a PGM image in letters.

/// Lines of a text that are shown.
const LINES_MAX: usize = 12;
/// Longest line shown.
const COLUMNS_MAX: usize = 72;
/// Letters of an image, from dark to bright, as ink on paper.
const SHADES: &[u8] = b"@%#*+=-:. ";
/// Rows of letters of an image; letters are twice as high as wide.
const ROWS: usize = 24;

/// What to show of a result.
pub(super) fn show(bytes: &[u8]) -> Vec<String> {
    if let Some(lines) = image(bytes) {
        return lines;
    }
    let text = String::from_utf8_lossy(bytes);
    let total = text.lines().count();
    let cut = |line: &str| line.chars().take(COLUMNS_MAX).collect::<String>();
    let mut lines: Vec<String> = text.lines().take(LINES_MAX).map(cut).collect();
    if total > LINES_MAX {
        lines.push(format!("... and {} more lines", total - LINES_MAX));
    }
    lines
}

/// A binary PGM (P5) with one byte a pixel.
fn image(bytes: &[u8]) -> Option<Vec<String>> {
    let mut at = 0;
    let mut word = || {
        let rest = bytes.get(at..)?;
        let start = rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let length = rest[start..].iter().position(u8::is_ascii_whitespace)?;
        at += start + length;
        std::str::from_utf8(&rest[start..start + length]).ok()
    };
    if word()? != "P5" {
        return None;
    }
    let width: usize = word()?.parse().ok()?;
    let height: usize = word()?.parse().ok()?;
    let depth: usize = word()?.parse().ok()?;
    let pixels = bytes.get(at + 1..)?;
    if width == 0 || height == 0 || depth == 0 || depth > 255 || pixels.len() != width.checked_mul(height)? {
        return None;
    }
    let rows = ROWS.min(height);
    let columns = (2 * rows * width / height).clamp(1, COLUMNS_MAX);
    let shade = |row: usize, column: usize| {
        let (y, x) = (row * height / rows, column * width / columns);
        let bright = usize::from(pixels[y * width + x]);
        char::from(SHADES[bright * (SHADES.len() - 1) / depth.max(bright)])
    };
    let line = |row| (0..columns).map(|column| shade(row, column)).collect();
    Some((0..rows).map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::show;

    #[test]
    fn an_image_is_drawn_and_a_text_is_cut() {
        let mut image = b"P5\n4 2\n255\n".to_vec();
        image.extend([0, 255, 0, 255, 255, 0, 255, 0]);
        assert_eq!(show(&image), ["@@  @@  ", "  @@  @@"]);
        assert_eq!(show(b"3 the\n1 node\n"), ["3 the", "1 node"]);
        assert_eq!(show(&b"line\n".repeat(20)).last().map(String::as_str), Some("... and 8 more lines"));
    }
}
