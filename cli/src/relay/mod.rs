//! The relay: carries task arguments and results, too large for the chain, over HTTP and disk.
//!
//! ```text
//! listener (bounds, timeouts) -> routes -> auth (signature, nonce) -> offchain::relay (may it?) <- nodes (final blocks)
//!     upload  (quota, room, stream, hash) -> store (fingerprint, synced file, synced entry) -> receipt
//!     download (file, range)                 sweep (what ended tasks leave, programs, nonces)
//! ```
//!
//! *Invariants*: nothing is decided but from final blocks, and never from an older one than was seen before; a receipt is
//! synced after its blob and before its answer, so after a `kill -9` all that was promised is served; a body is never
//! whole in memory (a program's check and a fingerprint's run aside); a stored blob is never replaced.
//!
//! *Provided*: only who may brings and takes; what the chain holds the hash of is what is served. *Not provided*:
//! secrecy on the wire, which a proxy with TLS brings. *Requires*: nodes whose RPC tells the truth.
//!
//! [`Relay::start`] runs one beside its owner; `docs/relay.md` is for who runs one for others.

mod answer;
mod auth;
mod blobs;
mod check;
mod config;
mod context;
mod download;
mod error;
mod handle;
mod head;
mod index;
mod listener;
mod locks;
mod metrics;
mod nodes;
mod pace;
mod programs;
mod quota;
mod range;
mod routes;
mod server;
mod store;
mod sweep;
#[cfg(test)]
mod tests;
mod upload;

pub use config::{RelayConfig, RelayLimits};
pub use error::RelayError;
pub use handle::RelayHandle;
pub use index::IndexError;
pub use server::Relay;
