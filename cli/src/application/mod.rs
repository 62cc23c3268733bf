//! The side of whoever creates tasks: price, publish, pay, bring the arguments, follow, take the result, check all of
//! it. And of whoever stakes: [`Stake`].
//!
//! ```text
//! quote -> publish -> approve -> create -> (draw) -> upload -> report -> follow -> download -> check the hash
//! ```
//!
//! [`run()`] does all of it, and may be killed at any moment and called again; [`Desk`] has each step. Reads that need no
//! key are in [`crate::client::task`]. `cli/examples/task.rs` is a whole application.
//!
//! *Invariants*: nothing that a node or relay says is taken for a result but bytes with the digest on the chain.
//! Nothing is paid twice for one order that is resumed.

mod balance;
mod carriers;
mod describe;
mod desk;
mod error;
mod follow;
mod order;
mod quote;
mod record;
mod refund;
mod run;
mod stake;
#[cfg(test)]
mod tests;
mod verify;

pub use balance::{BalanceSheet, Change, balances};
pub use describe::{describe, why_aborted};
pub use desk::{Desk, known};
pub use error::ApplicationError;
pub use follow::{Follower, Step, is_end};
pub use order::{Agreement, Order, Program, Work};
pub use quote::{Quote, fee_min, quote};
pub use refund::{cancel_fee, refund};
pub use run::{Begin, Delivered, Listener, Progress, RunOptions, next_steps, prepare_to_pay, run};
pub use stake::Stake;
pub use verify::{Check, DrawReport, verify_draw};
