//! A fungible token: balances, allowances, a fixed supply that its owner may mint to and anybody may burn from.
#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(test)]
mod tests;

use hydrogen_sdk::prelude::*;

/// Longest name of a token, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// Longest symbol, in bytes.
pub const SYMBOL_BYTES_MAX: usize = 16;
/// Most balances on one page.
pub const PAGE_MAX: u32 = 100;

#[storage]
const INFO: Item<TokenInfo> = Item::new("info");
#[storage]
const BALANCES: Map<Address, u128> = Map::new("balances");
#[storage]
const ALLOWANCES: Map<(Address, Address), u128> = Map::new("allowances");

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Abi)]
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

/// Tokens moved. Minted ones come from nobody, burned ones go to nobody.
#[derive(Debug, Event)]
pub struct Transferred {
    /// Whose they were.
    pub from: Option<Address>,
    /// Whose they are.
    pub to: Option<Address>,
    /// How many base units.
    pub amount: u128,
}

/// An allowance was set.
#[derive(Debug, Event)]
pub struct Approved {
    /// Whose tokens.
    pub owner: Address,
    /// Who may take them.
    pub spender: Address,
    /// How many base units.
    pub amount: u128,
}

/// Refusals.
#[derive(Debug, PartialEq, Eq, ContractError)]
pub enum TokenError {
    /// The payer has less.
    #[error(1000, "the balance is {balance}, {amount} are needed")]
    BalanceTooLow {
        /// What there is.
        balance: u128,
        /// What was asked for.
        amount: u128,
    },
    /// The owner allows less.
    #[error(1001, "the allowance is {allowance}, {amount} are needed")]
    AllowanceTooLow {
        /// What there is.
        allowance: u128,
        /// What was asked for.
        amount: u128,
    },
    /// Somebody else's right.
    #[error(1002, "only the owner may mint")]
    NotOwner,
    /// More than a number holds.
    #[error(1003, "the supply would be more than 2^128 - 1")]
    SupplyTooLarge,
    /// A name or symbol of the wrong length.
    #[error(1004, "a name has 1 to 64 bytes and a symbol 1 to 16")]
    BadName,
}

fn info() -> TokenInfo {
    INFO.load().expect("init saves it")
}

fn take(from: &Address, amount: u128) -> Result<(), TokenError> {
    let balance = BALANCES.load(from).unwrap_or_default();
    let left = balance.checked_sub(amount).ok_or(TokenError::BalanceTooLow { balance, amount })?;
    // An empty balance is not kept: storage grows with holders, not with everybody who ever held.
    if left == 0 {
        BALANCES.remove(from);
    } else {
        BALANCES.save(from, &left);
    }
    Ok(())
}

/// The sum of all balances is the supply, so no balance overflows where the supply does not.
fn give(to: &Address, amount: u128) {
    if amount > 0 {
        let balance = BALANCES.load(to).unwrap_or_default();
        BALANCES.save(to, &(balance + amount));
    }
}

fn move_tokens(from: Address, to: Address, amount: u128) -> Result<(), TokenError> {
    take(&from, amount)?;
    give(&to, amount);
    Transferred { from: Some(from), to: Some(to), amount }.emit();
    Ok(())
}

fn add_supply(info: &mut TokenInfo, to: Address, amount: u128) -> Result<(), TokenError> {
    info.supply = info.supply.checked_add(amount).ok_or(TokenError::SupplyTooLarge)?;
    give(&to, amount);
    Transferred { from: None, to: Some(to), amount }.emit();
    Ok(())
}

/// A fungible token with allowances.
#[contract]
pub mod token {
    use super::*;

    /// Makes the token; the deployer owns it and all of its first supply.
    #[init]
    pub(crate) fn init(
        /// Name for people, 1 to 64 bytes.
        name: String,
        /// Short name, 1 to 16 bytes.
        symbol: String,
        /// Decimals shown to people.
        decimals: u8,
        /// First supply in base units.
        supply: u128,
    ) -> Result<(), TokenError> {
        let lengths =
            (1..=NAME_BYTES_MAX).contains(&name.len()) && (1..=SYMBOL_BYTES_MAX).contains(&symbol.len());
        if !lengths {
            return Err(TokenError::BadName);
        }
        let owner = env::caller();
        let mut info = TokenInfo { name, symbol, decimals, supply: 0, owner: Some(owner) };
        add_supply(&mut info, owner, supply)?;
        INFO.save(&info);
        Ok(())
    }

    /// Moves tokens of the caller.
    #[call]
    pub(crate) fn transfer(
        /// Who gets them.
        to: Address,
        /// Base units.
        amount: u128,
    ) -> Result<(), TokenError> {
        move_tokens(env::caller(), to, amount)
    }

    /// Lets another take up to `amount` of the caller's tokens; replaces what was allowed before.
    #[call]
    pub(crate) fn approve(
        /// Who may take them.
        spender: Address,
        /// Base units; 0 takes the allowance back.
        amount: u128,
    ) {
        let owner = env::caller();
        if amount == 0 {
            ALLOWANCES.remove(&(owner, spender));
        } else {
            ALLOWANCES.save(&(owner, spender), &amount);
        }
        Approved { owner, spender, amount }.emit();
    }

    /// Moves tokens of another within its allowance for the caller.
    #[call]
    pub(crate) fn transfer_from(
        /// Whose tokens.
        from: Address,
        /// Who gets them.
        to: Address,
        /// Base units.
        amount: u128,
    ) -> Result<(), TokenError> {
        let key = (from, env::caller());
        let allowance = ALLOWANCES.load(&key).unwrap_or_default();
        let left = allowance.checked_sub(amount).ok_or(TokenError::AllowanceTooLow { allowance, amount })?;
        if left == 0 {
            ALLOWANCES.remove(&key);
        } else {
            ALLOWANCES.save(&key, &left);
        }
        move_tokens(from, to, amount)
    }

    /// Makes new tokens; the owner's right.
    #[call]
    pub(crate) fn mint(
        /// Who gets them.
        to: Address,
        /// Base units.
        amount: u128,
    ) -> Result<(), TokenError> {
        let mut info = info();
        if info.owner != Some(env::caller()) {
            return Err(TokenError::NotOwner);
        }
        add_supply(&mut info, to, amount)?;
        INFO.save(&info);
        Ok(())
    }

    /// Destroys tokens of the caller.
    #[call]
    pub(crate) fn burn(
        /// Base units.
        amount: u128,
    ) -> Result<(), TokenError> {
        let from = env::caller();
        take(&from, amount)?;
        let mut info = info();
        info.supply -= amount;
        INFO.save(&info);
        Transferred { from: Some(from), to: None, amount }.emit();
        Ok(())
    }

    /// What the token is.
    #[query]
    pub(crate) fn describe() -> TokenInfo {
        info()
    }

    /// Tokens of an address in base units.
    #[query]
    pub(crate) fn balance(
        /// Whose.
        of: Address,
    ) -> u128 {
        BALANCES.load(&of).unwrap_or_default()
    }

    /// What one may take from another, in base units.
    #[query]
    pub(crate) fn allowance(
        /// Whose tokens.
        owner: Address,
        /// Who may take them.
        spender: Address,
    ) -> u128 {
        ALLOWANCES.load(&(owner, spender)).unwrap_or_default()
    }

    /// Holders and their balances by address, at most 100 a page.
    #[query]
    pub(crate) fn holders(
        /// The last of the page before; the first page for none.
        after: Option<Address>,
        /// How many.
        limit: u32,
    ) -> Vec<(Address, u128)> {
        let limit = limit.min(PAGE_MAX);
        match after {
            Some(last) => BALANCES.range_after(&last, limit),
            None => BALANCES.range(None, limit),
        }
    }
}
