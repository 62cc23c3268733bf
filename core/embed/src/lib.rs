//! A whole chain in a variable: ledger and sandbox in one dependency, without a network, a disk or a clock.
//!
//! ```
//! use hydrogen_embed::{EmbeddedChain, json};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut chain = EmbeddedChain::open(7)?;
//! let alice = chain.funded_key();
//! # let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/wasm/counter.wasm");
//! # let counter_wasm = std::fs::read(file)?;
//! let code = chain.upload(&alice, counter_wasm)?;
//! let counter = chain.deploy(&alice, &code, &json!({ "start": "0" }))?;
//! chain.call(&alice, &counter, "increment", &json!({ "by": "1" }))?;
//! assert_eq!(chain.query(&counter, "get", &json!({}))?, json!("1"));
//! # Ok(())
//! # }
//! ```
//!
//! # Details
//!
//! - One validator, whose keys come from the seed, makes a block for every transaction; its certificates are as real
//!   as any network's. The same seed and the same calls give the same blocks, byte for byte.
//! - Time stands still unless a block is made ([`EmbeddedChain::produce`]) or it is moved on
//!   ([`EmbeddedChain::advance_time`]). Deadlines run on the chain's uptime, which follows.
//! - A failed call is an [`EmbedError::Failed`] that carries the receipt and what the sandbox remembers beside it.
//! - [`EmbeddedChain::snapshot`] and [`EmbeddedChain::revert`] go back in time as often as wanted.
//! - [`EmbeddedChain::export`] and [`EmbeddedChain::import`] exchange blocks with any chain of the same genesis.
//!
//! *Absent on purpose*: sockets, threads to join, files. For a node with peers see `hydrogen-p2p`.
#![forbid(unsafe_code)]

mod builder;
mod chain;
mod error;
mod history;
mod interface;

pub use builder::{Builder, FUNDED_BALANCE};
pub use chain::EmbeddedChain;
pub use error::EmbedError;
pub use history::Snapshot;
pub use hydrogen_core::execute::{Datum, Step, Trace, TracedCall, Usage};
pub use hydrogen_core::reader::TracedReceipt;
pub use hydrogen_core::{
    ChainReader, Committed, Genesis, GenesisContract, NextDue, NodeKeys, Params, QueryResult, SecretKey, Tip,
};
pub use hydrogen_types as types;
pub use serde_json::{Value as Json, json};

/// The module of `contracts/counter`: something small to try a chain with.
pub const COUNTER: &[u8] = include_bytes!("../../../contracts/wasm/counter.wasm");

/// The first example of the README is compiled and run with the other examples.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
