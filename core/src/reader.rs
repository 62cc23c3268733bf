//! Questions to a chain, from any thread, while blocks are made.

mod run;
mod storage;
mod trace;

pub use run::QueryResult;
pub use storage::{STORAGE_PAGE_BYTES_MAX, STORAGE_PAGE_MAX, StoragePage};
pub use trace::TracedReceipt;

use crate::block::{Committed, Tip};
use crate::chain::{META_BASE, block_key, receipt_key};
use crate::error::TxError;
use crate::evidence::{Evidence, read_all};
use crate::execute::intrinsic_gas;
use crate::genesis::Genesis;
use crate::prune::Earliest;
use crate::sets::{self, ValidatorChange};
use crate::snapshot::{Manifest, SnapshotError};
use crate::state::{History, Overlay, StateRead, StoreState, keys, prove};
use crate::store::{Store, StoreError, Table};
use crate::validate::{CheckedTx, Moment, check_waiting};
use crate::vm::{ContractVm, VmError};
use borsh::BorshDeserialize;
use hydrogen_proof::StateProof;
use hydrogen_types::block::{Account, ContractInfo};
use hydrogen_types::receipt::SideData;
use hydrogen_types::{Address, Amount, Hash, Height, Receipt, ValidatorSet};
use std::sync::Arc;

/// Most accounts one page of [`ChainReader::accounts`] holds.
pub const ACCOUNTS_PAGE_MAX: usize = 1_000;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The store failed.
    #[error("store failed")]
    Store(#[from] StoreError),
    /// The sandbox failed.
    #[error("sandbox failed")]
    Vm(#[from] VmError),
    /// In the future, or forgotten.
    #[error("no state at height {height}: heights {earliest} to {tip} are kept")]
    NoSuchHeight {
        /// Asked for.
        height: Height,
        /// Where the chain stands.
        tip: Height,
        /// The lowest height whose state is kept.
        earliest: Height,
    },
    /// Too far ahead to know who decides.
    #[error(
        "who decides height {height} is not known yet: the tip is {tip}, sets are known for two heights more"
    )]
    SetUnknown {
        /// Asked for.
        height: Height,
        /// Where the chain stands.
        tip: Height,
    },
    /// Below the snapshot that the chain started from.
    #[error(
        "no state at height {height}: this node started from a snapshot of height {base}, and its history begins there"
    )]
    BelowBase {
        /// Asked for.
        height: Height,
        /// Of the snapshot.
        base: Height,
    },
    /// Executed again, it did something else: this node's store or program is not what made the block.
    #[error("executing {hash} again gave another receipt than block {height} has")]
    Diverged {
        /// The transaction or scheduled call.
        hash: Hash,
        /// Its block.
        height: Height,
    },
    /// The transaction to simulate may not enter a block.
    #[error("transaction is refused")]
    Refused(#[from] TxError),
}

/// A handle for questions.
#[derive(Clone)]
pub struct ChainReader {
    store: Arc<dyn Store>,
    vm: Arc<dyn ContractVm>,
    genesis: Arc<Genesis>,
    history: Arc<History>,
}

impl ChainReader {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        vm: Arc<dyn ContractVm>,
        genesis: Arc<Genesis>,
        history: Arc<History>,
    ) -> Self {
        Self { store, vm, genesis, history }
    }

    /// Where the chain stands.
    #[must_use]
    pub fn tip(&self) -> Tip {
        self.history.tip()
    }

    /// The lowest heights whose block and state are still kept.
    #[must_use]
    pub fn earliest(&self) -> Earliest {
        self.history.earliest()
    }

    /// What the chain started from.
    #[must_use]
    pub fn genesis(&self) -> &Arc<Genesis> {
        &self.genesis
    }

    /// The block of a height, with certificate and receipts; `None` for genesis, the future and what is no longer
    /// kept (see [`Self::earliest`]).
    ///
    /// # Errors
    /// When the store fails.
    pub fn block(&self, height: Height) -> Result<Option<Arc<Committed>>, ReadError> {
        let Some(bytes) = self.store.get(Table::Blocks, &height.get().to_be_bytes())? else {
            return Ok(None);
        };
        let damaged = |_| StoreError::Damaged { what: "block" };
        Ok(Some(Arc::new(Committed::try_from_slice(&bytes).map_err(damaged)?)))
    }

    /// The height that the store begins at: 0, or that of the snapshot it was restored from. Blocks begin above it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn base(&self) -> Result<Height, ReadError> {
        let Some(bytes) = self.store.get(Table::Meta, META_BASE)? else { return Ok(Height::GENESIS) };
        let damaged = |_| StoreError::Damaged { what: "chain record" };
        Ok(Height::try_from_slice(&bytes).map_err(damaged)?)
    }

    /// Makes a snapshot of the state after the block of `height`; `sink` gets the chunks. Takes long, and hinders
    /// nobody.
    ///
    /// # Errors
    /// See [`crate::snapshot::make`].
    pub fn snapshot(
        &self,
        height: Height,
        sink: &mut crate::snapshot::Sink<'_>,
    ) -> Result<Manifest, SnapshotError> {
        crate::snapshot::make(&*self.store, height, sink)
    }

    /// The block of an id.
    ///
    /// # Errors
    /// When the store fails.
    pub fn block_by_hash(&self, hash: &Hash) -> Result<Option<Arc<Committed>>, ReadError> {
        match self.indexed::<Height>(&block_key(hash))? {
            Some(height) => self.block(height),
            None => Ok(None),
        }
    }

    /// The receipt of a transaction or scheduled call, with what lies beside it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn receipt(&self, hash: &Hash) -> Result<Option<(Receipt, SideData)>, ReadError> {
        let Some((height, index)) = self.indexed::<(Height, u32)>(&receipt_key(hash))? else {
            return Ok(None);
        };
        let Some(committed) = self.block(height)? else { return Ok(None) };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        Ok(committed.receipts.get(index).cloned().zip(committed.side.get(index).cloned()))
    }

    fn indexed<T: BorshDeserialize>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.store.get(Table::Index, key)? else { return Ok(None) };
        T::try_from_slice(&bytes).map(Some).map_err(|_| StoreError::Damaged { what: "index entry" })
    }

    fn view(&self, at: Option<Height>) -> Result<Arc<dyn StateRead>, ReadError> {
        loop {
            let tip = self.tip().height;
            let height = at.unwrap_or(tip);
            if let Some(view) = self.history.view(height.get())? {
                return Ok(view);
            }
            // Without a wish for a height, the tip moved between two looks: look again.
            if at.is_some() {
                let base = self.base()?;
                if height < base {
                    return Err(ReadError::BelowBase { height, base });
                }
                let earliest = self.earliest().state;
                return Err(ReadError::NoSuchHeight { height, tip, earliest });
            }
        }
    }

    fn read<T: BorshDeserialize>(&self, at: Option<Height>, key: &[u8]) -> Result<Option<T>, ReadError> {
        let Some(bytes) = self.view(at)?.get(key)? else { return Ok(None) };
        let damaged = |_| StoreError::Damaged { what: "state value" };
        Ok(Some(T::try_from_slice(&bytes).map_err(damaged)?))
    }

    /// An account; an unknown one is empty.
    ///
    /// # Errors
    /// When the store fails or the height is not kept.
    pub fn account(&self, address: &Address, at: Option<Height>) -> Result<Account, ReadError> {
        Ok(self.read(at, &keys::account(address))?.unwrap_or_default())
    }

    /// Accounts at the tip, ordered by address, after `after`, at most [`ACCOUNTS_PAGE_MAX`].
    ///
    /// # Errors
    /// When the store fails.
    pub fn accounts(
        &self,
        after: Option<&Address>,
        limit: usize,
    ) -> Result<Vec<(Address, Account)>, ReadError> {
        let (first, end) = keys::accounts();
        let start = after.map_or(first, |address| [keys::account(address), vec![0]].concat());
        let entries = self.view(None)?.range(&start, Some(&end), limit.min(ACCOUNTS_PAGE_MAX))?;
        let decode = |(key, value): (Vec<u8>, Vec<u8>)| {
            let address = keys::account_address(&key)?;
            Some((address, Account::try_from_slice(&value).ok()?))
        };
        let damaged = ReadError::Store(StoreError::Damaged { what: "account" });
        entries.into_iter().map(decode).collect::<Option<_>>().ok_or(damaged)
    }

    /// What `spender` may take from `owner`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn allowance(&self, owner: &Address, spender: &Address) -> Result<Amount, ReadError> {
        Ok(self.read(None, &keys::allowance(owner, spender))?.unwrap_or_default())
    }

    /// What others may take from `owner`, the first 1,000.
    ///
    /// # Errors
    /// When the store fails.
    pub fn allowances(&self, owner: &Address) -> Result<Vec<(Address, Amount)>, ReadError> {
        let (start, end) = keys::allowances(owner);
        let entries = self.view(None)?.range(&start, Some(&end), ACCOUNTS_PAGE_MAX)?;
        let decode = |(key, value): (Vec<u8>, Vec<u8>)| {
            let spender = keys::allowance_spender(&key)?;
            Some((spender, Amount::try_from_slice(&value).ok()?))
        };
        let damaged = ReadError::Store(StoreError::Damaged { what: "allowance" });
        entries.into_iter().map(decode).collect::<Option<_>>().ok_or(damaged)
    }

    /// A contract.
    ///
    /// # Errors
    /// When the store fails.
    pub fn contract(&self, address: &Address) -> Result<Option<ContractInfo>, ReadError> {
        self.read(None, &keys::contract(address))
    }

    /// The bytes of a module.
    ///
    /// # Errors
    /// When the store fails.
    pub fn code(&self, hash: &Hash) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.store.get(Table::Code, hash.as_bytes())?)
    }

    /// The validators that decide, or decided, `height`, however long ago; the next one if none is given. The height
    /// after next is the highest that anybody knows.
    ///
    /// # Errors
    /// When the store fails, or the height is too far ahead.
    pub fn validators(&self, height: Option<Height>) -> Result<ValidatorSet, ReadError> {
        self.history.at_rest(|tip| {
            let next = tip.height.next();
            let height = height.unwrap_or(next);
            if height <= next {
                return Ok(sets::at(&*self.store, height)?);
            }
            if height > next.next() {
                return Err(ReadError::SetUnknown { height, tip: tip.height });
            }
            let state = Overlay::new(Arc::new(StoreState(self.store.clone())));
            match state.read(&keys::next_validators())? {
                Some(set) => Ok(set),
                None => Ok(sets::at(&*self.store, next)?),
            }
        })
    }

    /// The sets that hold from the height `from` or later, as far as they are in force at the next height, in order:
    /// that of genesis, at height 1, and every one that differed from the one before. At most `limit`, and
    /// [`VALIDATOR_CHANGES_PAGE_MAX`](crate::VALIDATOR_CHANGES_PAGE_MAX).
    ///
    /// # Errors
    /// When the store fails.
    pub fn validator_changes(&self, from: Height, limit: usize) -> Result<Vec<ValidatorChange>, ReadError> {
        Ok(sets::from_height(&*self.store, from, limit)?)
    }

    /// What this node keeps of validators that equivocated, by height, validator, round and step.
    ///
    /// # Errors
    /// When the store fails.
    pub fn evidence(&self) -> Result<Vec<Evidence>, ReadError> {
        Ok(read_all(&*self.store)?)
    }

    /// The value of a raw key.
    ///
    /// # Errors
    /// When the store fails or the height is not kept.
    pub fn state_get(&self, key: &[u8], at: Option<Height>) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.view(at)?.get(key)?)
    }

    /// The value of a raw key at the tip with its proof, and the tip it is proved against.
    ///
    /// # Errors
    /// When the store fails.
    pub fn state_proof(&self, key: &[u8]) -> Result<(Tip, Option<Vec<u8>>, StateProof), ReadError> {
        self.history.at_rest(|tip| {
            let value = self.store.get(Table::State, key)?;
            Ok((tip.clone(), value, prove(&*self.store, key)?))
        })
    }

    /// Checks that a transaction may wait in a pool: at the tip, nonces before it set aside. Returns the nonce of
    /// its sender's account.
    ///
    /// # Errors
    /// [`ReadError::Refused`] with the reason.
    pub fn check_waiting(&self, checked: &CheckedTx) -> Result<u64, ReadError> {
        let account = self.account(&checked.sender(), None)?;
        let params = &self.genesis.params;
        let moment = Moment {
            height: self.tip().height.next(),
            gas_price_min: params.gas_price_min,
            gas_left: params.block_gas_max,
        };
        check_waiting(checked, &account, &moment, intrinsic_gas(checked))?;
        Ok(account.nonce)
    }
}
