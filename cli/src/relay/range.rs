//! A single byte range of a GET (RFC 9110, section 14).

/// What a `Range` header asks of a body of known size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RangeAnswer {
    /// All of it: no header, another unit, several ranges, or a malformed one (which must be ignored).
    Whole,
    /// From `start` up to, not including, `end`.
    Part {
        /// First byte.
        start: u64,
        /// One past the last byte.
        end: u64,
    },
    /// Nothing of the body lies in it: 416.
    Unsatisfiable,
}

/// Reads the header for a body of `size` bytes.
#[must_use]
pub(crate) fn parse_range(header: Option<&str>, size: u64) -> RangeAnswer {
    let Some(spec) = header.and_then(|text| text.trim().strip_prefix("bytes=")) else {
        return RangeAnswer::Whole;
    };
    let Some((first, last)) = spec.trim().split_once('-') else { return RangeAnswer::Whole };
    match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(start), Ok(last)) if start > last => RangeAnswer::Whole,
        (Ok(start), _) if start >= size && (last.trim().is_empty() || last.trim().parse::<u64>().is_ok()) => {
            RangeAnswer::Unsatisfiable
        }
        (Ok(start), Ok(last)) => RangeAnswer::Part { start, end: last.saturating_add(1).min(size) },
        (Ok(start), Err(_)) if last.trim().is_empty() => RangeAnswer::Part { start, end: size },
        (Err(_), Ok(0)) if first.trim().is_empty() => RangeAnswer::Unsatisfiable,
        (Err(_), Ok(count)) if first.trim().is_empty() && size > 0 => {
            RangeAnswer::Part { start: size.saturating_sub(count), end: size }
        }
        _ => RangeAnswer::Whole,
    }
}
