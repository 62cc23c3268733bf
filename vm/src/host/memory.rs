//! Pointers of a guest, checked.

use crate::stop::Stop;

/// A length within its limit.
pub(crate) fn length(len: i32, len_max: usize, what: &str) -> Result<usize, Stop> {
    let len = usize::try_from(len.cast_unsigned()).unwrap_or(usize::MAX);
    if len > len_max {
        return Err(Stop::Trap(format!("{what} of {len} bytes, at most {len_max} are allowed")));
    }
    Ok(len)
}

fn range(memory_len: usize, ptr: i32, len: usize, what: &str) -> Result<std::ops::Range<usize>, Stop> {
    let start = usize::try_from(ptr.cast_unsigned()).unwrap_or(usize::MAX);
    match start.checked_add(len) {
        Some(end) if end <= memory_len => Ok(start..end),
        _ => Err(Stop::Trap(format!(
            "{what} at {start:#x} with {len} bytes lies outside memory ({memory_len} bytes)"
        ))),
    }
}

/// Bytes of the guest.
pub(crate) fn slice<'m>(memory: &'m [u8], ptr: i32, len: usize, what: &str) -> Result<&'m [u8], Stop> {
    Ok(&memory[range(memory.len(), ptr, len, what)?])
}

/// Room in the guest's memory.
pub(crate) fn slice_mut<'m>(
    memory: &'m mut [u8],
    ptr: i32,
    len: usize,
    what: &str,
) -> Result<&'m mut [u8], Stop> {
    let range = range(memory.len(), ptr, len, what)?;
    Ok(&mut memory[range])
}

/// A fixed number of bytes of the guest.
pub(crate) fn array<const N: usize>(memory: &[u8], ptr: i32, what: &str) -> Result<[u8; N], Stop> {
    let mut out = [0; N];
    out.copy_from_slice(slice(memory, ptr, N, what)?);
    Ok(out)
}

/// What of these bytes is text: up to the first that is not UTF-8. Scanning is all it costs.
pub(crate) fn text(bytes: &[u8]) -> String {
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(error) => error.valid_up_to(),
    };
    String::from_utf8_lossy(&bytes[..valid]).into_owned()
}
