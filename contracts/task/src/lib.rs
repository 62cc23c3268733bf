//! The task contract (`task-protocol`): from creation to a paid result.
//!
//! ```text
//! create --> draw --> args --> commit --> reveal --> judge --> upload
//!    |         |        |        |          |          |         |
//!    `---------+--------+-- fsm, schedule, settle, money, nodes -'
//! ```
//!
//! One file a verb. `fsm` decides which step applies, `judge` and `penalties` who gets and loses what, `settle` moves
//! it, `schedule` keeps the deadlines, `candidates` the lists that nodes are drawn from.
//!
//! *Invariants*: every change of a state passes through `fsm`; a call costs the same at any number of nodes and
//! tasks; when a task ends, fee + fines = paid + refunded + compensated + burned.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod args;
mod candidates;
mod commit;
mod config;
mod contract;
mod create;
mod deadline;
mod draw;
mod error;
pub mod event;
mod fsm;
mod init;
mod judge;
mod money;
mod nodes;
mod owner;
mod penalties;
mod relays;
mod reveal;
mod schedule;
mod settle;
mod state;
mod upload;
mod views;

pub use contract::task;
pub use error::TaskError;
pub use schedule::Stage;

#[cfg(test)]
mod tests;
