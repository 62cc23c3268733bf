//! What a contract tells the world and its author.

use super::frame::Frame;
use super::memory;
use crate::stop::Stop;
use hydrogen_core::limits::{EVENT_BYTES_MAX, LOG_LINE_BYTES_MAX};
use hydrogen_types::codec::decode;
use hydrogen_types::event::Attribute;

pub(crate) fn emit(frame: &mut Frame<'_>, event_ptr: i32, event_len: i32) -> Result<(), Stop> {
    let bytes = frame.read(event_ptr, event_len, EVENT_BYTES_MAX, "event")?;
    let (name, attributes): (String, Vec<Attribute>) =
        decode(&bytes, EVENT_BYTES_MAX).map_err(|error| Stop::Trap(format!("event: {error}")))?;
    Ok(frame.context()?.emit(name, attributes)?)
}

pub(crate) fn log(frame: &mut Frame<'_>, ptr: i32, len: i32) -> Result<(), Stop> {
    let kept = memory::length(len, usize::MAX, "log line")?.min(LOG_LINE_BYTES_MAX);
    frame.charge_bytes(kept)?;
    let (bytes, context) = frame.parts()?;
    let line = memory::text(memory::slice(bytes, ptr, kept, "log line")?);
    context.log(line);
    Ok(())
}
