//! A contract's storage, page by page.

use super::{ChainReader, ReadError};
use crate::state::keys;
use crate::store::Entry;
use hydrogen_types::{Address, Height};

/// Most entries of one page of [`ChainReader::storage`].
pub const STORAGE_PAGE_MAX: usize = 256;
/// Bytes of keys and values after which a page ends: an answer holds them in hex.
pub const STORAGE_PAGE_BYTES_MAX: usize = 1 << 20;
/// Entries read at once: each may be as long as a value may be.
const STEP: usize = 16;

/// A page of a contract's keys with their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoragePage {
    /// The height it is of.
    pub height: Height,
    /// The contract's own keys, in order, and their values.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Vec<u8>>,
}

impl ChainReader {
    /// Keys of a contract that begin with `prefix`, from `start` on (or from the first), at most `limit` and
    /// [`STORAGE_PAGE_MAX`]; at the tip or a height of the past.
    ///
    /// # Errors
    /// When the store fails or the height is not kept.
    pub fn storage(
        &self,
        contract: &Address,
        prefix: &[u8],
        start: Option<&[u8]>,
        limit: usize,
        at: Option<Height>,
    ) -> Result<StoragePage, ReadError> {
        let height = at.unwrap_or(self.tip().height);
        let view = self.view(Some(height))?;
        let end = keys::after_prefix(prefix);
        let (mut lower, upper) =
            keys::storage_range(contract, start.unwrap_or(prefix).max(prefix), end.as_deref());
        let limit = limit.clamp(1, STORAGE_PAGE_MAX);
        let (mut entries, mut bytes): (Vec<Entry>, usize) = (Vec::new(), 0);
        loop {
            let page = view.range(&lower, Some(&upper), STEP)?;
            let exhausted = page.len() < STEP;
            for (key, value) in page {
                let own = key[keys::STORAGE_PREFIX_BYTES..].to_vec();
                if entries.len() == limit || bytes >= STORAGE_PAGE_BYTES_MAX {
                    return Ok(StoragePage { height, entries, next: Some(own) });
                }
                bytes = bytes.saturating_add(own.len()).saturating_add(value.len());
                lower = [key.as_slice(), &[0]].concat();
                entries.push((own, value));
            }
            if exhausted {
                return Ok(StoragePage { height, entries, next: None });
            }
        }
    }
}
