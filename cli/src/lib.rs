//! The command line and the processes behind it: node, relay, compute node, development chain, local testnet.
//!
//! ```text
//! args -> cmd -> client -> (HTTP) -> rpc -> node | dev -> hydrogen_p2p | hydrogen_core
//! ```
//!
//! *Absent on purpose*: consensus rules. This crate wires, serves and prints.

pub mod application;
pub mod args;
pub mod client;
pub mod cmd;
pub mod compute;
pub mod demo;
pub mod dev;
pub mod failure;
pub mod keys;
pub mod node;
pub mod output;
pub mod relay;
pub mod rpc;
pub mod session;
pub mod shutdown;
pub mod testnet;

pub use failure::{Exit, Failure, Outcome};
pub use session::Session;
