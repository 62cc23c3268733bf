//! The call's arguments and surroundings.

use super::frame::Frame;
use super::memory;
use crate::stop::Stop;
use hydrogen_types::codec::encode;

pub(crate) fn input_len(frame: &mut Frame<'_>) -> Result<i32, Stop> {
    length(frame.context()?.input().len())
}

pub(crate) fn input_read(frame: &mut Frame<'_>, out_ptr: i32) -> Result<(), Stop> {
    let len = frame.context()?.input().len();
    frame.charge_bytes(len)?;
    let (bytes, context) = frame.parts()?;
    memory::slice_mut(bytes, out_ptr, len, "room for the arguments")?.copy_from_slice(context.input());
    Ok(())
}

pub(crate) fn context_len(frame: &mut Frame<'_>) -> Result<i32, Stop> {
    length(encode(frame.context()?.call_context()).len())
}

pub(crate) fn context_read(frame: &mut Frame<'_>, out_ptr: i32) -> Result<(), Stop> {
    let encoded = encode(frame.context()?.call_context());
    frame.charge_bytes(encoded.len())?;
    frame.write(out_ptr, &encoded, "room for the context")
}

pub(crate) fn beacon(frame: &mut Frame<'_>, out_ptr: i32) -> Result<(), Stop> {
    let beacon = frame.context()?.beacon()?;
    frame.write(out_ptr, beacon.as_bytes(), "room for the beacon")
}

/// A length as the guest takes it; every such value is bounded far below 2 GiB.
pub(super) fn length(len: usize) -> Result<i32, Stop> {
    i32::try_from(len).map_err(|_| Stop::Trap(format!("{len} bytes do not fit a 32-bit memory")))
}
