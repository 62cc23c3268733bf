//! A lottery: tickets for CNX, a draw that the chain runs by itself, a winner nobody could foresee.
//!
//! The first ticket of a round leaves a *draw* with the chain, due some blocks later. A draw alone may read the beacon,
//! and it runs before anything else in its block: nobody acts between seeing the beacon and the winner being drawn.
#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(test)]
mod tests;

use hydrogen_sdk::error::ScheduleError;
use hydrogen_sdk::prelude::*;
use hydrogen_sdk::types::{CallKind, Due, ScheduleRequest};

/// Most tickets of one round.
pub const TICKETS_MAX: u32 = 1_000;
/// Most blocks from a round's first ticket to its draw.
pub const BLOCKS_MAX: u64 = 100_000;
/// Gas bought for a draw; what it does not use comes back to whoever bought the first ticket.
pub const DRAW_GAS: Gas = Gas::new(300_000_000);

#[storage]
const TERMS: Item<Terms> = Item::new("terms");
#[storage]
const ROUND: Item<u64> = Item::new("round");
#[storage]
const SOLD: Item<u32> = Item::new("sold");
/// By number. What lies at and above the number sold is of earlier rounds, and is overwritten.
#[storage]
const TICKETS: Map<u32, Address> = Map::new("tickets");
/// What the winner gets. A draw may not ask for balances, so it is counted here.
#[storage]
const POT: Item<Amount> = Item::new("pot");
#[storage]
const LAST: Item<Drawn> = Item::new("last");

/// What a lottery is.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Abi)]
pub struct Terms {
    /// Price of a ticket.
    pub price: Amount,
    /// Blocks from a round's first ticket to its draw.
    pub blocks: u64,
}

/// How a round ended.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Abi, Event)]
pub struct Drawn {
    /// The round, from 1.
    pub round: u64,
    /// Who won.
    pub winner: Address,
    /// What was paid.
    pub prize: Amount,
    /// How many tickets there were.
    pub tickets: u32,
}

/// A ticket was sold.
#[derive(Debug, Event)]
pub struct Bought {
    /// The round, from 1.
    pub round: u64,
    /// Its number in the round, from 0.
    pub ticket: u32,
    /// Whose it is.
    pub buyer: Address,
}

/// Refusals.
#[derive(Debug, PartialEq, Eq, ContractError)]
pub enum LotteryError {
    /// Terms out of range.
    #[error(1000, "a ticket costs more than its share of the draw and a round lasts 1 to 100000 blocks")]
    BadTerms,
    /// Too much or too little CNX.
    #[error(1001, "a ticket costs {price} base units, {paid} were sent")]
    WrongPrice {
        /// The price.
        price: Amount,
        /// What came.
        paid: Amount,
    },
    /// The round is full.
    #[error(1002, "a round has at most 1000 tickets")]
    SoldOut,
    /// The chain does not take the draw.
    #[error(1003, "the draw was not scheduled: {reason}")]
    NotScheduled {
        /// Why.
        reason: ScheduleError,
    },
}

/// A number below `count` that follows from the beacon, without a bias that anybody could use: 2^64 is much larger than
/// any `count` here.
fn pick(beacon: &Hash, round: u64, count: u32) -> u32 {
    let mut bytes = Vec::from(*beacon.as_bytes());
    bytes.extend_from_slice(&round.to_be_bytes());
    let mut number = [0; 8];
    number.copy_from_slice(&env::sha256(&bytes).as_bytes()[..8]);
    u32::try_from(u64::from_be_bytes(number) % u64::from(count)).unwrap_or_default()
}

/// Leaves the draw with the chain, and says what it cost.
fn schedule_draw(terms: &Terms, buyer: Address) -> Result<Amount, LotteryError> {
    let request = ScheduleRequest {
        kind: CallKind::Draw,
        due: Due::Height(env::height().plus(terms.blocks)),
        method: "draw".into(),
        args: Vec::new(),
        gas: DRAW_GAS,
        gas_price: env::gas_price(),
        refund_to: buyer,
    };
    env::schedule(&request).map_err(|reason| LotteryError::NotScheduled { reason })?;
    Ok(DRAW_GAS.cost(env::gas_price()))
}

/// Tickets for CNX, drawn by the beacon.
#[contract]
pub mod lottery {
    use super::*;

    /// Sets the terms for ever.
    #[init]
    pub(crate) fn init(
        /// Price of a ticket; the first of a round pays for the draw, too, so it is worth more than that.
        price: Amount,
        /// Blocks from a round's first ticket to its draw.
        blocks: u64,
    ) -> Result<(), LotteryError> {
        let draw_cost = DRAW_GAS.cost(env::gas_price());
        if price <= draw_cost || !(1..=BLOCKS_MAX).contains(&blocks) {
            return Err(LotteryError::BadTerms);
        }
        TERMS.save(&Terms { price, blocks });
        ROUND.save(&1);
        Ok(())
    }

    /// Buys a ticket of the running round, or starts the next with it; returns its number.
    #[call(payable)]
    pub(crate) fn buy() -> Result<u32, LotteryError> {
        let terms = TERMS.load().expect("init saves it");
        let (price, paid) = (terms.price, env::value());
        if paid != price {
            return Err(LotteryError::WrongPrice { price, paid });
        }
        let ticket = SOLD.load().unwrap_or_default();
        if ticket >= TICKETS_MAX {
            return Err(LotteryError::SoldOut);
        }
        let buyer = env::caller();
        let cost = if ticket == 0 { schedule_draw(&terms, buyer)? } else { Amount::ZERO };
        let pot = POT.load().unwrap_or_default();
        let added = price.checked_sub(cost).and_then(|rest| pot.checked_add(rest));
        POT.save(&added.ok_or(LotteryError::BadTerms)?);
        TICKETS.save(&ticket, &buyer);
        SOLD.save(&(ticket + 1));
        Bought { round: ROUND.load().unwrap_or(1), ticket, buyer }.emit();
        Ok(ticket)
    }

    /// Draws the winner and pays the pot.
    #[scheduled]
    pub(crate) fn draw() {
        let round = ROUND.load().unwrap_or(1);
        let tickets = SOLD.load().unwrap_or_default();
        let Some(winner) = TICKETS.load(&pick(&env::beacon(), round, tickets.max(1))) else { return };
        let prize = POT.load().unwrap_or_default();
        env::transfer(&winner, prize).expect("the pot lies here");
        POT.remove();
        SOLD.remove();
        ROUND.save(&(round + 1));
        let drawn = Drawn { round, winner, prize, tickets };
        drawn.emit();
        LAST.save(&drawn);
    }

    /// Price and length of a round.
    #[query]
    pub(crate) fn terms() -> Terms {
        TERMS.load().expect("init saves it")
    }

    /// The running round's number and who bought its tickets, by number from `start` on, at most 100.
    #[query]
    pub(crate) fn tickets(
        /// The first ticket shown.
        start: u32,
    ) -> (u64, Vec<Address>) {
        let left = SOLD.load().unwrap_or_default().saturating_sub(start).min(100);
        let buyers = TICKETS.range(Some(&start), left).into_iter().map(|(_, buyer)| buyer).collect();
        (ROUND.load().unwrap_or(1), buyers)
    }

    /// How the last round ended.
    #[query]
    pub(crate) fn last() -> Option<Drawn> {
        LAST.load()
    }
}
