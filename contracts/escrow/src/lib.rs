//! An escrow: holds a buyer's tokens until the trade is settled. It calls another contract, the token, through the client
//! in `token.rs`, which `hydrogen contract abi token.wasm --client rust` wrote.
#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(test)]
mod tests;
mod token;

use hydrogen_sdk::error::CallError;
use hydrogen_sdk::prelude::*;
use token::Token;

#[storage]
const NEXT: Item<u64> = Item::new("next");
#[storage]
const TRADES: Map<u64, Trade> = Map::new("trades");

/// A trade under way.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Abi)]
pub struct Trade {
    /// The token's contract.
    pub token: Address,
    /// Who paid in.
    pub buyer: Address,
    /// Who is to be paid.
    pub seller: Address,
    /// Who decides if the two do not agree.
    pub arbiter: Address,
    /// Base units of the token.
    pub amount: u128,
    /// The chain's uptime in ms after which the buyer may take the tokens back.
    pub expires_ms: u64,
}

/// A trade began.
#[derive(Debug, Event)]
pub struct Opened {
    /// Its number.
    pub trade: u64,
    /// Who paid in.
    pub buyer: Address,
    /// Who is to be paid.
    pub seller: Address,
    /// Base units of the token.
    pub amount: u128,
}

/// A trade ended.
#[derive(Debug, Event)]
pub struct Settled {
    /// Its number.
    pub trade: u64,
    /// Who got the tokens.
    pub to: Address,
}

/// Refusals.
#[derive(Debug, PartialEq, Eq, ContractError)]
pub enum EscrowError {
    /// The token's contract refused; nothing has happened.
    #[error(1000, "the token refused: {reason}")]
    Token {
        /// Its words.
        reason: CallError,
    },
    /// No such trade, or it is settled.
    #[error(1001, "there is no open trade {trade}")]
    NoTrade {
        /// Its number.
        trade: u64,
    },
    /// Somebody else's right.
    #[error(1002, "{caller} may not do this")]
    NotAllowed {
        /// Who tried.
        caller: Address,
    },
}

fn settle(trade: u64, to: Address, token: Address, amount: u128) -> Result<(), EscrowError> {
    // First the state, then the call: whatever the token does, this trade is settled once.
    TRADES.remove(&trade);
    Token::new(token).transfer(&to, amount).map_err(|reason| EscrowError::Token { reason })?;
    Settled { trade, to }.emit();
    Ok(())
}

fn open_trade(trade: u64) -> Result<Trade, EscrowError> {
    TRADES.load(&trade).ok_or(EscrowError::NoTrade { trade })
}

/// Holds tokens until a trade is settled.
#[contract]
pub mod escrow {
    use super::*;

    /// Starts without trades.
    #[init]
    pub(crate) fn init() {
        NEXT.save(&1);
    }

    /// Opens a trade: takes the caller's tokens, within an allowance for this contract.
    #[call]
    pub(crate) fn open(
        /// The token's contract.
        token: Address,
        /// Who is to be paid.
        seller: Address,
        /// Who decides if the two do not agree.
        arbiter: Address,
        /// Base units of the token.
        amount: u128,
        /// Ms of the chain's uptime until the buyer may take the tokens back.
        lasts_ms: u64,
    ) -> Result<u64, EscrowError> {
        let buyer = env::caller();
        let pulled = Token::new(token).transfer_from(&buyer, &env::contract(), amount);
        pulled.map_err(|reason| EscrowError::Token { reason })?;
        let trade = NEXT.load().unwrap_or(1);
        NEXT.save(&(trade + 1));
        let expires_ms = env::uptime_ms().saturating_add(lasts_ms);
        TRADES.save(&trade, &Trade { token, buyer, seller, arbiter, amount, expires_ms });
        Opened { trade, buyer, seller, amount }.emit();
        Ok(trade)
    }

    /// Pays the seller; the buyer's or the arbiter's right.
    #[call]
    pub(crate) fn release(
        /// The trade's number.
        trade: u64,
    ) -> Result<(), EscrowError> {
        let Trade { token, buyer, seller, arbiter, amount, .. } = open_trade(trade)?;
        let caller = env::caller();
        if caller != buyer && caller != arbiter {
            return Err(EscrowError::NotAllowed { caller });
        }
        settle(trade, seller, token, amount)
    }

    /// Gives the tokens back; the seller's or the arbiter's right, and after its end the buyer's.
    #[call]
    pub(crate) fn refund(
        /// The trade's number.
        trade: u64,
    ) -> Result<(), EscrowError> {
        let Trade { token, buyer, seller, arbiter, amount, expires_ms } = open_trade(trade)?;
        let caller = env::caller();
        let expired = caller == buyer && env::uptime_ms() >= expires_ms;
        if caller != seller && caller != arbiter && !expired {
            return Err(EscrowError::NotAllowed { caller });
        }
        settle(trade, buyer, token, amount)
    }

    /// A trade that is not settled.
    #[query]
    pub(crate) fn trade(
        /// Its number.
        trade: u64,
    ) -> Option<Trade> {
        TRADES.load(&trade)
    }
}
