//! Finds the interface in a module: a walk over sections that reads nothing else.

use super::error::AbiError;
use hydrogen_types::schema::{Record, SECTION};

const PREAMBLE: &[u8] = b"\0asm\x01\0\0\0";
/// Most records of an interface; the task contract has about a hundred.
pub(super) const RECORDS_MAX: usize = 4096;

/// An unsigned LEB128 number of at most 32 bits.
fn number(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let byte = *bytes.get(*at)?;
        *at += 1;
        let part = u32::from(byte & 0x7f);
        if shift == 28 && part > 0x0f {
            return None;
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            return usize::try_from(value).ok();
        }
    }
    None
}

/// The contents of the sections that hold the interface: a linker may leave several.
fn contents(module: &[u8]) -> Result<Vec<&[u8]>, AbiError> {
    if !module.starts_with(PREAMBLE) {
        return Err(AbiError::NotAModule);
    }
    let mut found = Vec::new();
    let mut at = PREAMBLE.len();
    while at < module.len() {
        let offset = at;
        let cut = AbiError::CutSection { offset };
        let id = module[at];
        at += 1;
        let length = number(module, &mut at).ok_or(cut.clone())?;
        let end = at.checked_add(length).filter(|end| *end <= module.len()).ok_or(cut.clone())?;
        if id == 0 {
            let section = &module[at..end];
            let mut inner = 0;
            let name_length = number(section, &mut inner).ok_or(cut.clone())?;
            let name_end = inner.checked_add(name_length).filter(|end| *end <= section.len()).ok_or(cut)?;
            if &section[inner..name_end] == SECTION.as_bytes() {
                found.push(&section[name_end..]);
            }
        }
        at = end;
    }
    Ok(found)
}

/// The records of a module, in the order they stand.
pub(super) fn records(module: &[u8]) -> Result<Vec<Record>, AbiError> {
    let contents = contents(module)?;
    if contents.is_empty() {
        return Err(AbiError::NoInterface);
    }
    let mut records = Vec::new();
    for mut rest in contents {
        while !rest.is_empty() {
            let index = records.len();
            if index == RECORDS_MAX {
                return Err(AbiError::TooManyRecords { records_max: RECORDS_MAX });
            }
            let bad = || AbiError::BadRecord { index };
            let (length, after) = rest.split_first_chunk().ok_or_else(bad)?;
            let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| bad())?;
            let (body, after) = after.split_at_checked(length).ok_or_else(bad)?;
            records.push(hydrogen_types::decode(body, body.len()).map_err(|_| bad())?);
            rest = after;
        }
    }
    Ok(records)
}
