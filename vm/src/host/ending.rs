//! How a call ends.

use super::frame::Frame;
use super::memory;
use crate::limits::{FILE_BYTES_MAX, MESSAGE_BYTES_MAX};
use crate::stop::Stop;
use hydrogen_core::limits::VALUE_BYTES_MAX;
use hydrogen_types::receipt::code;

pub(crate) fn return_value(frame: &mut Frame<'_>, ptr: i32, len: i32) -> Result<(), Stop> {
    let value = frame.read(ptr, len, VALUE_BYTES_MAX, "return value")?;
    frame.context()?.set_value(value);
    Ok(())
}

pub(crate) fn revert(
    frame: &mut Frame<'_>,
    code: i32,
    message_ptr: i32,
    message_len: i32,
) -> Result<(), Stop> {
    let code = code.cast_unsigned();
    let message = text(frame, message_ptr, message_len, MESSAGE_BYTES_MAX)?;
    if code < code::CONTRACT_MIN && code != code::BAD_ARGUMENTS {
        return Err(Stop::Trap(format!(
            "reverted with code {code} (`{message}`): a contract's codes start at {}",
            code::CONTRACT_MIN
        )));
    }
    Err(Stop::Reverted { code, message })
}

pub(crate) fn panic(
    frame: &mut Frame<'_>,
    message_ptr: i32,
    message_len: i32,
    file_ptr: i32,
    file_len: i32,
    line: i32,
    column: i32,
) -> Result<(), Stop> {
    let message = text(frame, message_ptr, message_len, MESSAGE_BYTES_MAX)?;
    let file = text(frame, file_ptr, file_len, FILE_BYTES_MAX)?;
    let location = format!("{file}:{}:{}", line.cast_unsigned(), column.cast_unsigned());
    Err(Stop::Panicked { message, location })
}

/// Text of the guest, cut at the limit: a long message must not hide why it was written.
fn text(frame: &mut Frame<'_>, ptr: i32, len: i32, len_max: usize) -> Result<String, Stop> {
    let kept = memory::length(len, usize::MAX, "text")?.min(len_max);
    frame.charge_bytes(kept)?;
    let (bytes, _) = frame.parts()?;
    Ok(memory::text(memory::slice(bytes, ptr, kept, "text")?))
}
