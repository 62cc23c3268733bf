//! The development chain: one process, memory only, a block as soon as there is a transaction.
//!
//! ```text
//! DevHandle -> commands (bounded) -> Driver on its own thread: Mempool, Chain, clock -> broadcast
//! ```
//!
//! *Invariants*: one thread writes; blocks are made and certified by the one validator's real keys, so that a block
//! of this chain is as valid as any. *Absent on purpose*: a network, a disk, secrets.

mod clock;
mod driver;
mod genesis;
mod handle;
mod start;

pub use genesis::{CHAIN_ID, DevAccount, accounts, genesis};
pub use handle::{DevError, DevHandle};
pub use start::{DevChain, start};
