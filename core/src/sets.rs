//! The validator sets of all heights: one record a change, kept for ever, whatever else is pruned.
//!
//! ```text
//! block h:       a change is made               (state: `next validators`)
//! block h + 1:   decided by the old set, its header names the new one: the record is written with it
//! block h + 2:   decided by the new set
//! ```
//!
//! A record holds what proves it, too: the header that names the set, with its certificate. So the records are the
//! hops of a light client. Each lies in [`Table::Index`] under two keys: by height, to go on from one, and by the
//! complement of the height, so that the last one up to a height is the first of a range.

use crate::store::{Batch, Store, StoreError, Table};
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_proof::Hop;
use hydrogen_types::codec::encode;
use hydrogen_types::{Certificate, Header, Height, ValidatorSet};

/// Most changes that one look-up gives: a set and a certificate take up to 25 KiB.
pub const VALIDATOR_CHANGES_PAGE_MAX: usize = 64;

const BY_HEIGHT: u8 = b'v';
const BACKWARDS: u8 = b'w';

/// A set that differs from the one before it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ValidatorChange {
    /// The first height that it decides.
    pub height: Height,
    /// The set.
    pub validators: ValidatorSet,
    /// The last header that the set before it decided, which names this one, and its certificate; `None` for the set
    /// of genesis, at height 1.
    pub proof: Option<(Header, Certificate)>,
}

impl ValidatorChange {
    /// The set of genesis.
    #[must_use]
    pub fn of_genesis(validators: ValidatorSet) -> Self {
        Self { height: Height::GENESIS.next(), validators, proof: None }
    }

    /// The step of a light client to this set; `None` for the set of genesis, which it has to trust.
    #[must_use]
    pub fn into_hop(self) -> Option<Hop> {
        let (header, certificate) = self.proof?;
        Some(Hop { header, certificate, next: self.validators })
    }

    /// Adds its record to a batch.
    pub(crate) fn put(&self, batch: &mut Batch) {
        batch.put(Table::Index, by_height(self.height), encode(self));
        batch.put(Table::Index, backwards(self.height), encode(&self.height));
    }
}

fn by_height(height: Height) -> Vec<u8> {
    [[BY_HEIGHT].as_slice(), &height.get().to_be_bytes()].concat()
}

fn backwards(height: Height) -> Vec<u8> {
    [[BACKWARDS].as_slice(), &(!height.get()).to_be_bytes()].concat()
}

fn read(bytes: &[u8]) -> Result<ValidatorChange, StoreError> {
    ValidatorChange::try_from_slice(bytes).map_err(|_| damaged())
}

fn damaged() -> StoreError {
    StoreError::Damaged { what: "record of a validator set" }
}

/// Changes that hold from `from` or later, in order, at most `limit` and [`VALIDATOR_CHANGES_PAGE_MAX`].
pub(crate) fn from_height(
    store: &dyn Store,
    from: Height,
    limit: usize,
) -> Result<Vec<ValidatorChange>, StoreError> {
    let limit = limit.min(VALIDATOR_CHANGES_PAGE_MAX);
    let entries = store.range(Table::Index, &by_height(from), Some(&[BY_HEIGHT + 1]), limit)?;
    entries.iter().map(|(_, bytes)| read(bytes)).collect()
}

/// The set in force at `height`, as far as the records go.
pub(crate) fn at(store: &dyn Store, height: Height) -> Result<ValidatorSet, StoreError> {
    let height = height.max(Height::GENESIS.next());
    let found = store.range(Table::Index, &backwards(height), Some(&[BACKWARDS + 1]), 1)?;
    let (_, change) = found.first().ok_or_else(damaged)?;
    let change = Height::try_from_slice(change).map_err(|_| damaged())?;
    let bytes = store.get(Table::Index, &by_height(change))?.ok_or_else(damaged)?;
    Ok(read(&bytes)?.validators)
}
