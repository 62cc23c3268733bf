//! A whole network on this machine: validators, relays, compute nodes, funded accounts.
//!
//! ```text
//! options -> build: keys, genesis, homes, plan (testnet.json) -> Supervisor -> role (task | child process)
//!                                                     control socket -^
//! ```
//!
//! *Invariants*: roles share no memory and know each other by addresses alone, whether they run in one process or
//! in several: a role is started from the folder, by the same function. Keys are in clear, and say so.

mod build;
mod control;
mod network;
mod options;
mod plan;
mod ports;
mod role;
pub mod samples;
mod supervisor;
#[cfg(test)]
mod tests;

pub use control::{Request, ask};
pub use network::Network;
pub use options::UpOptions;
pub use plan::{Plan, Role, RoleKind, RoleStatus};
pub use role::run as run_role;
