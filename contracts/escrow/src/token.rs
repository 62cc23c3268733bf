//! Calls of the contract `token`: A fungible token with allowances.
//!
//! Written from its interface by `hydrogen contract abi --client rust`: change the contract instead.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "written by a program, for every use")]

use hydrogen_sdk::client::Callee;
use hydrogen_sdk::error::CallError;
use hydrogen_sdk::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TokenInfo {
    /// Name for people.
    pub name: String,
    /// Short name.
    pub symbol: String,
    /// How many decimals a person is shown; amounts here are always base units.
    pub decimals: u8,
    /// All tokens there are.
    pub supply: u128,
    /// Who may mint; nobody for `None`.
    pub owner: Option<Address>,
}

/// A contract `token`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token(pub Callee);

impl Token {
    /// At an address; sends no CNX along.
    #[must_use]
    pub const fn new(address: Address) -> Self {
        Self(Callee::new(address))
    }

    /// Lets another take up to `amount` of the caller's tokens; replaces what was allowed before.
    ///
    /// # Errors
    /// The contract's code and sentence; what it did is undone then.
    pub fn approve(&self, spender: &Address, amount: u128) -> Result<(), CallError> {
        self.0.call("approve", &(spender, amount))
    }

    /// Destroys tokens of the caller.
    ///
    /// # Errors
    /// The contract's code and sentence; what it did is undone then.
    pub fn burn(&self, amount: u128) -> Result<(), CallError> {
        self.0.call("burn", &(amount,))
    }

    /// Makes new tokens; the owner's right.
    ///
    /// # Errors
    /// The contract's code and sentence; what it did is undone then.
    pub fn mint(&self, to: &Address, amount: u128) -> Result<(), CallError> {
        self.0.call("mint", &(to, amount))
    }

    /// Moves tokens of the caller.
    ///
    /// # Errors
    /// The contract's code and sentence; what it did is undone then.
    pub fn transfer(&self, to: &Address, amount: u128) -> Result<(), CallError> {
        self.0.call("transfer", &(to, amount))
    }

    /// Moves tokens of another within its allowance for the caller.
    ///
    /// # Errors
    /// The contract's code and sentence; what it did is undone then.
    pub fn transfer_from(&self, from: &Address, to: &Address, amount: u128) -> Result<(), CallError> {
        self.0.call("transfer_from", &(from, to, amount))
    }

    /// What one may take from another, in base units.
    ///
    /// # Errors
    /// The contract's code and sentence; what it did is undone then.
    pub fn allowance(&self, owner: &Address, spender: &Address) -> Result<u128, CallError> {
        self.0.call("allowance", &(owner, spender))
    }

    /// Tokens of an address in base units.
    ///
    /// # Errors
    /// The contract's code and sentence; what it did is undone then.
    pub fn balance(&self, of: &Address) -> Result<u128, CallError> {
        self.0.call("balance", &(of,))
    }

    /// What the token is.
    ///
    /// # Errors
    /// The contract's code and sentence; what it did is undone then.
    pub fn describe(&self) -> Result<TokenInfo, CallError> {
        self.0.call("describe", &())
    }

    /// Holders and their balances by address, at most 100 a page.
    ///
    /// # Errors
    /// The contract's code and sentence; what it did is undone then.
    pub fn holders(&self, after: &Option<Address>, limit: u32) -> Result<Vec<(Address, u128)>, CallError> {
        self.0.call("holders", &(after, limit))
    }
}

/// Codes that it refuses with.
pub mod code {
    /// the balance is {balance}, {amount} are needed
    pub const BALANCE_TOO_LOW: u32 = 1000;

    /// the allowance is {allowance}, {amount} are needed
    pub const ALLOWANCE_TOO_LOW: u32 = 1001;

    /// only the owner may mint
    pub const NOT_OWNER: u32 = 1002;

    /// the supply would be more than 2^128 - 1
    pub const SUPPLY_TOO_LARGE: u32 = 1003;

    /// a name has 1 to 64 bytes and a symbol 1 to 16
    pub const BAD_NAME: u32 = 1004;
}
