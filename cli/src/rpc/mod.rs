//! The JSON-RPC server of a node and of the development chain: HTTP and WebSocket on one port, with `/metrics`,
//! `/health` and `/ready` beside it.
//!
//! ```text
//! request -> http (plain paths) -> methods | dev_methods -> calls (blocking) -> ChainReader
//!                                  subscriptions        -> Backend::committed
//! before the node has a chain: request -> joining
//! ```
//!
//! *Invariants*: nothing here writes to the chain but by handing a transaction's bytes over; queries run on
//! blocking threads, at most `server::QUERIES_MAX` at a time; bodies, batches and subscriptions are bounded.

pub mod action;
mod backend;
mod block_types;
mod calls;
mod dev_methods;
pub mod error;
mod evidence;
mod http;
mod interfaces;
mod joining;
mod methods;
mod params;
mod server;
mod set_types;
mod subscriptions;
pub mod text;
mod trace;
pub mod types;

#[cfg(test)]
mod tests;

pub use backend::{Backend, Network, SubmitError};
pub(crate) use joining::JoiningServer;
pub(crate) use server::serve_on;
pub use server::{RpcConfig, RpcServer, serve};
