//! One file a command group: what a person types, and what it does.

pub mod account;
pub mod block;
pub mod compute;
pub mod contract;
pub mod demo;
pub mod dev;
pub mod evidence;
pub mod init;
pub mod keys;
pub mod node;
pub mod peers;
pub mod program;
pub mod relay;
pub mod store;
pub mod task;
pub mod testnet;
pub mod tx;
pub mod validators;
pub mod verify_proof;

mod name;
mod print;
mod violations;
