//! Names and who owns them, first version. `contracts/registry-v2` is the second, with the migration from this one.
#![cfg_attr(target_arch = "wasm32", no_std)]

use hydrogen_sdk::prelude::*;

/// Longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

#[storage]
const NAMES: Map<String, Address> = Map::new("names");
#[storage]
const COUNT: Item<u64> = Item::new("count");

/// A name was taken.
#[derive(Debug, Event)]
pub struct Registered {
    /// The name.
    pub name: String,
    /// Who owns it.
    pub owner: Address,
}

/// Refusals.
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
}

/// Names and who owns them.
#[contract]
pub mod registry {
    use super::*;

    /// Starts without names.
    #[init]
    pub(crate) fn init() {
        COUNT.save(&0);
    }

    /// Takes a free name.
    #[call]
    pub(crate) fn register(
        /// The name, 1 to 64 bytes.
        name: String,
    ) -> Result<(), RegistryError> {
        if !(1..=NAME_BYTES_MAX).contains(&name.len()) {
            return Err(RegistryError::BadName { bytes: name.len() as u64 });
        }
        if let Some(owner) = NAMES.load(&name) {
            return Err(RegistryError::Taken { name, owner });
        }
        let owner = env::caller();
        NAMES.save(&name, &owner);
        COUNT.save(&(COUNT.load().unwrap_or_default() + 1));
        Registered { name, owner }.emit();
        Ok(())
    }

    /// Who owns a name.
    #[query]
    pub(crate) fn owner(
        /// The name.
        name: String,
    ) -> Option<Address> {
        NAMES.load(&name)
    }

    /// How many names there are.
    #[query]
    pub(crate) fn count() -> u64 {
        COUNT.load().unwrap_or_default()
    }
}
