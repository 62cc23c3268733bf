//! The relay: carries task arguments and results, too large for the chain, over HTTP and disk.
//!
//! ```text
//! request -> auth (signature, nonce) -> offchain::relay (may it?) -> blobs (stream, hash, sync) -> index (receipt)
//!               head (final blocks by RPC) ----^                                              -> answer
//! ```
//!
//! *Invariants*: nothing is decided but from final blocks; a receipt is synced after its blob and before its answer,
//! so after a `kill -9` all that was promised is served; a body is never whole in memory (a program's check aside);
//! a stored blob is never replaced.
//!
//! *Provided*: only who may brings and takes; what the chain holds the hash of is what is served. *Not provided*:
//! secrecy on the wire, which a proxy with TLS brings. *Requires*: a node whose RPC tells the truth.

mod answer;
mod auth;
mod blobs;
mod config;
mod context;
mod download;
mod error;
mod head;
mod index;
mod metrics;
mod programs;
mod range;
mod server;
mod sweep;
#[cfg(test)]
mod tests;
mod upload;

pub use config::{RelayConfig, RelayLimits};
pub use error::RelayError;
pub use index::IndexError;
pub use server::{Relay, run};
