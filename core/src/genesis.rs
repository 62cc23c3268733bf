//! Genesis: what a chain starts from, and its identity.

mod params;

#[cfg(test)]
mod tests;

pub use params::{PARAM_RANGES, ParamRange, Params};

use crate::limits::{CODE_BYTES_MAX, TIME_MS_MAX};
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::codec::encode;
use hydrogen_types::{Address, Amount, ChainId, Hash, PublicKey, Tag, Validator, ValidatorSet};
use serde::{Deserialize, Serialize};

/// Largest genesis document, in bytes: modules in hex, thousands of accounts.
pub const GENESIS_BYTES_MAX: usize = 32 << 20;

/// A contract that exists from the start, at [`Address::of_name`] of its name.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisContract {
    /// Name such as `task`.
    pub name: String,
    /// Module.
    pub code: Vec<u8>,
    /// Borsh arguments of its `init`.
    pub init: Vec<u8>,
    /// Who may upgrade it.
    pub admin: Option<Address>,
}

/// What a chain starts from. Its hash is the chain's identity.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Genesis {
    /// Name of the chain.
    pub chain_id: ChainId,
    /// Time of height 0 in ms since 1970.
    pub time_ms: u64,
    /// Parameters.
    pub params: Params,
    /// First validators.
    pub validators: Vec<Validator>,
    /// Key that changes the validator set.
    pub governance: Option<PublicKey>,
    /// First balances.
    pub accounts: Vec<(Address, Amount)>,
    /// First contracts.
    pub contracts: Vec<GenesisContract>,
}

impl Genesis {
    /// The chain's identity, and the parent of its first block.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(Tag::GENESIS, &[&encode(self)])
    }

    /// The first validator set.
    ///
    /// # Errors
    /// A sentence when it is empty, too large, or has a key twice or a power of 0.
    pub fn validator_set(&self) -> Result<ValidatorSet, String> {
        ValidatorSet::new(self.validators.clone()).ok_or_else(|| {
            String::from("validators must be 1 to 128, each key once, powers from 1 and not absurdly large")
        })
    }

    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// A sentence for the author of the document.
    pub fn check(&self) -> Result<(), String> {
        // Read from bytes it may hold anything.
        ChainId::new(self.chain_id.as_str())?;
        self.validator_set()?;
        let mut supply = Amount::ZERO;
        let mut seen = std::collections::BTreeSet::new();
        for (address, balance) in &self.accounts {
            if !seen.insert(address) {
                return Err(format!("account {address} stands twice"));
            }
            supply = supply.checked_add(*balance).ok_or("balances add up to more than 2^128 base units")?;
        }
        let mut names = std::collections::BTreeSet::new();
        for contract in &self.contracts {
            if !names.insert(&contract.name) {
                return Err(format!("contract `{}` stands twice", contract.name));
            }
            if contract.code.len() > CODE_BYTES_MAX {
                return Err(format!("contract `{}` has more than {CODE_BYTES_MAX} bytes", contract.name));
            }
        }
        if self.time_ms >= TIME_MS_MAX {
            return Err(format!("time_ms is {}, it must be below {TIME_MS_MAX}", self.time_ms));
        }
        self.params.check()
    }

    /// Reads the JSON document.
    ///
    /// # Errors
    /// A sentence that names the offending field.
    pub fn from_json(text: &str) -> Result<Self, String> {
        if text.len() > GENESIS_BYTES_MAX {
            return Err(format!("document of {} bytes, at most {GENESIS_BYTES_MAX} allowed", text.len()));
        }
        let document: Document = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let genesis = document.into_genesis()?;
        genesis.check()?;
        Ok(genesis)
    }

    /// Writes the JSON document.
    ///
    /// # Panics
    /// Never: strings and numbers always encode.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(&Document::of(self)).expect("strings and numbers encode")
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    chain_id: String,
    time_ms: u64,
    #[serde(default)]
    params: Params,
    validators: Vec<ValidatorDocument>,
    #[serde(default)]
    governance: Option<String>,
    accounts: Vec<AccountDocument>,
    #[serde(default)]
    contracts: Vec<ContractDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidatorDocument {
    consensus_key: String,
    vrf_key: String,
    power: u64,
    account: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountDocument {
    address: String,
    /// Base units, decimal.
    balance: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContractDocument {
    name: String,
    code: String,
    init: String,
    admin: Option<String>,
}

fn key(field: &str, text: &str) -> Result<PublicKey, String> {
    PublicKey::from_hex(text).ok_or_else(|| format!("{field}: `{text}` is not a 0x-hex key of 32 bytes"))
}

fn address(field: &str, text: &str) -> Result<Address, String> {
    Address::parse(text).map_err(|error| format!("{field}: `{text}`: {error}"))
}

fn bytes(field: &str, text: &str) -> Result<Vec<u8>, String> {
    let digits = text.strip_prefix("0x").ok_or_else(|| format!("{field}: hex must start with 0x"))?;
    hex::decode(digits).map_err(|error| format!("{field}: {error}"))
}

impl Document {
    fn of(genesis: &Genesis) -> Self {
        let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
        Self {
            chain_id: genesis.chain_id.to_string(),
            time_ms: genesis.time_ms,
            params: genesis.params.clone(),
            validators: genesis
                .validators
                .iter()
                .map(|validator| ValidatorDocument {
                    consensus_key: validator.consensus_key.to_string(),
                    vrf_key: validator.vrf_key.to_string(),
                    power: validator.power,
                    account: validator.account.to_string(),
                })
                .collect(),
            governance: genesis.governance.map(|key| key.to_string()),
            accounts: genesis
                .accounts
                .iter()
                .map(|(address, balance)| AccountDocument {
                    address: address.to_string(),
                    balance: balance.get().to_string(),
                })
                .collect(),
            contracts: genesis
                .contracts
                .iter()
                .map(|contract| ContractDocument {
                    name: contract.name.clone(),
                    code: hex(&contract.code),
                    init: hex(&contract.init),
                    admin: contract.admin.map(|admin| admin.to_string()),
                })
                .collect(),
        }
    }

    fn into_genesis(self) -> Result<Genesis, String> {
        let validators = self.validators.iter().map(|validator| {
            Ok(Validator {
                consensus_key: key("consensus_key", &validator.consensus_key)?,
                vrf_key: key("vrf_key", &validator.vrf_key)?,
                power: validator.power,
                account: address("validator account", &validator.account)?,
            })
        });
        let accounts = self.accounts.iter().map(|account| {
            let balance = account.balance.parse().map_err(|_| {
                format!("balance of {}: `{}` is not a decimal number", account.address, account.balance)
            })?;
            Ok((address("account", &account.address)?, Amount::new(balance)))
        });
        let contracts = self.contracts.into_iter().map(|contract| {
            let admin = contract.admin.map(|text| address("admin", &text)).transpose()?;
            let code = bytes("code", &contract.code)?;
            let init = bytes("init", &contract.init)?;
            Ok(GenesisContract { name: contract.name, code, init, admin })
        });
        Ok(Genesis {
            chain_id: ChainId::new(&self.chain_id)?,
            time_ms: self.time_ms,
            params: self.params,
            validators: validators.collect::<Result<_, String>>()?,
            governance: self.governance.map(|text| key("governance", &text)).transpose()?,
            accounts: accounts.collect::<Result<_, String>>()?,
            contracts: contracts.collect::<Result<_, String>>()?,
        })
    }
}
