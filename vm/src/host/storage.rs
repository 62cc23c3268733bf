//! Storage of the running contract.

use super::frame::Frame;
use super::memory;
use crate::stop::Stop;
use hydrogen_core::limits::{STORAGE_KEY_BYTES_MAX, STORAGE_RANGE_MAX, STORAGE_VALUE_BYTES_MAX};
use hydrogen_types::codec::encode;
use hydrogen_types::host::refusal;

/// Gas of each entry that a range reads, beside its bytes: a look-up in the store.
const RANGE_ENTRY_GAS: u64 = 500_000;

fn key(frame: &mut Frame<'_>, ptr: i32, len: i32) -> Result<Vec<u8>, Stop> {
    frame.read(ptr, len, STORAGE_KEY_BYTES_MAX, "storage key")
}

pub(crate) fn storage_get(
    frame: &mut Frame<'_>,
    key_ptr: i32,
    key_len: i32,
    out_ptr: i32,
    out_cap: i32,
) -> Result<i64, Stop> {
    let key = key(frame, key_ptr, key_len)?;
    let Some(value) = frame.context()?.storage_get(&key)? else { return Ok(i64::from(refusal::ABSENT)) };
    frame.charge_bytes(value.len())?;
    let room = memory::length(out_cap, usize::MAX, "room")?;
    frame.write(out_ptr, &value[..value.len().min(room)], "room for a value")?;
    Ok(length(value.len()))
}

pub(crate) fn storage_set(
    frame: &mut Frame<'_>,
    key_ptr: i32,
    key_len: i32,
    value_ptr: i32,
    value_len: i32,
) -> Result<(), Stop> {
    let key = key(frame, key_ptr, key_len)?;
    let value = frame.read(value_ptr, value_len, STORAGE_VALUE_BYTES_MAX, "storage value")?;
    Ok(frame.context()?.storage_set(&key, value)?)
}

pub(crate) fn storage_remove(frame: &mut Frame<'_>, key_ptr: i32, key_len: i32) -> Result<i32, Stop> {
    let key = key(frame, key_ptr, key_len)?;
    Ok(i32::from(frame.context()?.storage_remove(&key)?))
}

#[expect(clippy::too_many_arguments, reason = "the table of host functions has them")]
pub(crate) fn storage_range(
    frame: &mut Frame<'_>,
    start_ptr: i32,
    start_len: i32,
    end_ptr: i32,
    end_len: i32,
    limit: i32,
    out_ptr: i32,
    out_cap: i32,
) -> Result<i64, Stop> {
    let start = key(frame, start_ptr, start_len)?;
    let end = key(frame, end_ptr, end_len)?;
    let room = memory::length(out_cap, usize::MAX, "room")?;
    let limit = memory::length(limit, usize::MAX, "limit")?.min(STORAGE_RANGE_MAX);
    let mut fitting: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut size = 4usize;
    let mut from = start;
    // Small steps: what does not fit was read in vain, so little may be read ahead of the meter.
    'steps: while fitting.len() < limit {
        let step = (limit - fitting.len()).min(RANGE_STEP);
        let end = (!end.is_empty()).then_some(end.as_slice());
        let entries = frame.context()?.storage_range(&from, end, step)?;
        let exhausted = entries.len() < step;
        for (key, value) in entries {
            frame.charge(RANGE_ENTRY_GAS)?;
            frame.charge_bytes(key.len() + value.len())?;
            size += 8 + key.len() + value.len();
            if size > room {
                break 'steps;
            }
            from = successor(&key);
            fitting.push((key, value));
        }
        if exhausted {
            break;
        }
    }
    let encoded = encode(&fitting);
    if encoded.len() > room {
        return Err(Stop::Trap(format!(
            "room of {room} bytes cannot hold even an empty range, which takes 4"
        )));
    }
    frame.write(out_ptr, &encoded, "room for a range")?;
    Ok(length(encoded.len()))
}

/// Entries read between two looks at the meter.
const RANGE_STEP: usize = 32;

/// The least key above `key`.
fn successor(key: &[u8]) -> Vec<u8> {
    let mut next = key.to_vec();
    next.push(0);
    next
}

fn length(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}
