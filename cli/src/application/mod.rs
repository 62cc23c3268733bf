//! The side of whoever creates tasks: publish, pay, bring the arguments, follow, take the result, check all of it.
//!
//! ```text
//! publish -> approve -> create -> (draw) -> upload -> report -> follow -> download -> check the hash
//! ```
//!
//! *Invariant*: nothing that a node or relay says is taken for a result but bytes with the digest on the chain.

mod balance;
mod describe;
mod desk;
mod follow;
#[cfg(test)]
mod tests;
mod verify;

pub use balance::{BalanceSheet, Change, balances};
pub use describe::describe;
pub use desk::{Desk, Order, Program};
pub use follow::{Follower, Step, is_end};
pub use verify::{Check, DrawReport, verify_draw};
