//! Contract interfaces by code hash, parsed once.

use hydrogen_core::ChainReader;
use hydrogen_core::abi::Interface;
use hydrogen_core::reader::ReadError;
use hydrogen_types::{Address, Hash};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Interfaces kept; a parsed one takes a few KiB. When full, all are dropped: they are cheap to make again.
const INTERFACES_MAX: usize = 128;

/// The cache.
#[derive(Default)]
pub(super) struct Interfaces(Mutex<BTreeMap<Hash, Option<Arc<Interface>>>>);

impl Interfaces {
    /// The interface of a contract; `None` without a contract there, or if its module carries none.
    pub(super) fn of_contract(
        &self,
        reader: &ChainReader,
        contract: &Address,
    ) -> Result<Option<Arc<Interface>>, ReadError> {
        match reader.contract(contract)? {
            Some(info) => self.of_code(reader, &info.code),
            None => Ok(None),
        }
    }

    fn of_code(&self, reader: &ChainReader, hash: &Hash) -> Result<Option<Arc<Interface>>, ReadError> {
        if let Some(known) = self.map().get(hash) {
            return Ok(known.clone());
        }
        let parsed = reader.code(hash)?.and_then(|code| Interface::parse(&code).ok()).map(Arc::new);
        let mut map = self.map();
        if map.len() >= INTERFACES_MAX {
            map.clear();
        }
        map.insert(*hash, parsed.clone());
        Ok(parsed)
    }

    fn map(&self) -> std::sync::MutexGuard<'_, BTreeMap<Hash, Option<Arc<Interface>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
