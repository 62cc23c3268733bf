//! The typed client of a node's JSON-RPC, and a wallet on top of it.
//!
//! ```text
//! Wallet (nonce, gas, signature) -> Client (typed calls) -> Transport (URLs in turn, retries) -> node
//! ```
//!
//! *Invariants*: reads are tried on every URL and again with backoff; a transaction is only ever repeated as
//! the same bytes, so a lost answer never sends it twice.

mod caller;
mod error;
pub mod light;
pub mod relay;
pub mod task;
mod transport;
mod types;
mod wallet;

pub use caller::Client;
pub use error::ClientError;
pub use types::{Account, BlockView, ErrorName, GenesisView, Peers, Status, TxReceipt};
pub use wallet::{Prepared, Settled, Wallet};
