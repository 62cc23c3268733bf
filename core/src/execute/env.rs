//! What is fixed while a block is executed.

use crate::genesis::Params;
use crate::store::{Store, StoreError, Table};
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::{Address, ChainId, Hash, Height, PublicKey};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the state knows of a module.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CodeInfo {
    /// Bytes of the module.
    pub size: u32,
    /// First height at which it may run.
    pub active_from: Height,
}

/// The running block, as far as execution needs it.
pub struct BlockEnv {
    /// The chain.
    pub chain_id: ChainId,
    /// Height of the running block.
    pub height: Height,
    /// Its time in ms since 1970.
    pub time_ms: u64,
    /// The chain's uptime in ms, this block included.
    pub uptime_ms: u64,
    /// Its beacon.
    pub beacon: Hash,
    /// Who receives the fees.
    pub fee_account: Address,
    /// The chain's parameters.
    pub params: Params,
    /// Who may change the validator set.
    pub governance: Option<PublicKey>,
    /// Modules on disk.
    pub store: Arc<dyn Store>,
    /// Modules that are not on disk yet: those of genesis.
    pub fresh_code: BTreeMap<Hash, Arc<[u8]>>,
}

impl BlockEnv {
    /// The bytes of a module.
    ///
    /// # Errors
    /// When the store fails.
    pub fn code(&self, hash: &Hash) -> Result<Option<Arc<[u8]>>, StoreError> {
        if let Some(code) = self.fresh_code.get(hash) {
            return Ok(Some(code.clone()));
        }
        Ok(self.store.get(Table::Code, hash.as_bytes())?.map(Arc::from))
    }
}
