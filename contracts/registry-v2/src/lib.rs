//! Names and who owns them, second version: names can be given away, an owner's names can be listed, and each has an end.
//!
//! What an upgrade must mind: the state is the first version's. `migrate` sets what all names share, which costs the same
//! for a thousand names as for one; a name itself moves to its new form when it is next touched, or when anybody calls
//! `convert` for a few more. Until then it is read in its old form.
#![cfg_attr(target_arch = "wasm32", no_std)]

use hydrogen_sdk::prelude::*;

/// Longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// Most names that one call converts.
pub const CONVERT_MAX: u32 = 100;

/// The first version's names: each goes once its record is written.
#[storage]
const OLD_NAMES: Map<String, Address> = Map::new("names");
/// Saved by `init` and `migrate`: how long a name lasts, in ms of the chain's uptime.
#[storage]
const LASTS_MS: Item<u64> = Item::new("lasts");
/// When names of the first version end.
#[storage]
const OLD_END_MS: Item<u64> = Item::new("old-end");
#[storage]
const RECORDS: IndexedMap<String, Record, Address> =
    IndexedMap::new("records", "records.owner", |record| record.owner);

/// A name's owner and end.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Abi)]
pub struct Record {
    /// Who owns it.
    pub owner: Address,
    /// The chain's uptime in ms at which it is free again.
    pub ends_ms: u64,
}

/// A name was taken or given away.
#[derive(Debug, Event)]
pub struct Registered {
    /// The name.
    pub name: String,
    /// Who owns it.
    pub owner: Address,
}

/// Refusals. The first version's codes keep their meaning.
#[derive(Debug, PartialEq, Eq, ContractError)]
pub enum RegistryError {
    /// Somebody has it.
    #[error(1000, "`{name}` belongs to {owner}")]
    Taken {
        /// The name.
        name: String,
        /// Who owns it.
        owner: Address,
    },
    /// Empty or too long.
    #[error(1001, "a name has 1 to 64 bytes, this one {bytes}")]
    BadName {
        /// Its length.
        bytes: u64,
    },
    /// Somebody else's right.
    #[error(1002, "`{name}` is not {caller}'s")]
    NotOwner {
        /// The name.
        name: String,
        /// Who tried.
        caller: Address,
    },
}

/// A name's record in whichever form it lies, if it has not ended.
fn record(name: &String) -> Option<Record> {
    let old = || {
        let owner = OLD_NAMES.load(name)?;
        Some(Record { owner, ends_ms: OLD_END_MS.load().unwrap_or_default() })
    };
    RECORDS.load(name).or_else(old).filter(|record| record.ends_ms > env::uptime_ms())
}

fn save(name: String, record: &Record) {
    OLD_NAMES.remove(&name);
    RECORDS.save(&name, record);
    Registered { name, owner: record.owner }.emit();
}

fn end_ms() -> u64 {
    env::uptime_ms().saturating_add(LASTS_MS.load().unwrap_or_default())
}

/// Names, who owns them and until when.
#[contract(name = "registry")]
pub mod registry {
    use super::*;

    /// Starts without names.
    #[init]
    pub(crate) fn init(
        /// How long a name lasts, in ms.
        lasts_ms: u64,
    ) {
        LASTS_MS.save(&lasts_ms);
    }

    /// Follows the first version: its names last from now on.
    #[migrate]
    pub(crate) fn migrate(
        /// How long a name lasts, in ms.
        lasts_ms: u64,
    ) {
        LASTS_MS.save(&lasts_ms);
        OLD_END_MS.save(&end_ms());
        // The first version counted names here; nobody reads it any more.
        env::storage_remove(b"count\0");
    }

    /// Takes a free name, or makes one's own last longer.
    #[call]
    pub(crate) fn register(
        /// The name, 1 to 64 bytes.
        name: String,
    ) -> Result<(), RegistryError> {
        if !(1..=NAME_BYTES_MAX).contains(&name.len()) {
            return Err(RegistryError::BadName { bytes: name.len() as u64 });
        }
        let caller = env::caller();
        if let Some(Record { owner, .. }) = record(&name).filter(|record| record.owner != caller) {
            return Err(RegistryError::Taken { name, owner });
        }
        save(name, &Record { owner: caller, ends_ms: end_ms() });
        Ok(())
    }

    /// Gives a name of the caller to another.
    #[call]
    pub(crate) fn give(
        /// The name.
        name: String,
        /// Who gets it.
        to: Address,
    ) -> Result<(), RegistryError> {
        let caller = env::caller();
        match record(&name) {
            Some(record) if record.owner == caller => {
                save(name, &Record { owner: to, ..record });
                Ok(())
            }
            _ => Err(RegistryError::NotOwner { name, caller }),
        }
    }

    /// Moves up to 100 of the first version's names to their new form; says how many. Anybody may help.
    #[call]
    pub(crate) fn convert(
        /// How many.
        limit: u32,
    ) -> u32 {
        let ends_ms = OLD_END_MS.load().unwrap_or_default();
        let names = OLD_NAMES.range(None, limit.min(CONVERT_MAX));
        for (name, owner) in &names {
            OLD_NAMES.remove(name);
            RECORDS.save(name, &Record { owner: *owner, ends_ms });
        }
        u32::try_from(names.len()).unwrap_or(u32::MAX)
    }

    /// Who owns a name.
    #[query]
    pub(crate) fn owner(
        /// The name.
        name: String,
    ) -> Option<Address> {
        record(&name).map(|record| record.owner)
    }

    /// A name's owner and end.
    #[query]
    pub(crate) fn lookup(
        /// The name.
        name: String,
    ) -> Option<Record> {
        record(&name)
    }

    /// An owner's names in their new form, in order, at most 100 a page.
    #[query]
    pub(crate) fn names_of(
        /// Whose.
        owner: Address,
        /// The last of the page before; the first page for none.
        after: Option<String>,
    ) -> Vec<String> {
        RECORDS.keys_of(&owner, after.as_ref(), 100)
    }
}
