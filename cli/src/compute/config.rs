//! What a compute node is started with.

use hydrogen_core::SecretKey;
use hydrogen_offchain::compute::Me;
use hydrogen_offchain::personas::{Actor, Persona};
use hydrogen_types::Amount;
use std::path::PathBuf;

/// Everything a compute node needs to run.
#[derive(Debug, Clone)]
pub struct ComputeConfig {
    /// RPC endpoints of nodes, tried in turn.
    pub rpc: Vec<String>,
    /// Its folder: records, cache, status.
    pub home: PathBuf,
    /// Its account: stakes, signs, is paid.
    pub key: SecretKey,
    /// Honest, or one of the ways to misbehave that test networks need.
    pub actor: Actor,
    /// Joins with this stake at the start, if it has not joined.
    pub stake: Option<Amount>,
    /// How long before a deadline it stops trying: time for a transaction to be included.
    pub margin_ms: u64,
}

impl ComputeConfig {
    /// An honest node that does not join by itself.
    #[must_use]
    pub fn new(rpc: Vec<String>, home: PathBuf, key: SecretKey) -> Self {
        Self { rpc, home, key, actor: Actor::from(Persona::Honest), stake: None, margin_ms: Me::MARGIN_MS }
    }
}
