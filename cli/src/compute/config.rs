//! What a compute node is started with.

use crate::compute::executor::Executors;
use hydrogen_core::SecretKey;
use hydrogen_offchain::compute::{Me, OnStop};
use hydrogen_offchain::personas::{Actor, Persona};
use hydrogen_types::Amount;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

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
    /// Commands of external types; it joins with these types.
    pub executors: Executors,
    /// What it does before it ends when asked to stop.
    pub on_stop: OnStop,
    /// Longest time it goes on after it was asked to stop, to finish what is due.
    pub stop_within: Duration,
    /// Where `/status`, `/health` and `/metrics` listen.
    pub listen: Option<SocketAddr>,
    /// Most bytes of programs kept on disk; the longest unused go first.
    pub program_bytes_max: u64,
}

impl ComputeConfig {
    /// Most bytes of programs kept when nothing else is configured: 1 GiB.
    pub const PROGRAM_BYTES_MAX: u64 = 1 << 30;
    /// Time to finish after a stop when nothing else is configured.
    pub const STOP_WITHIN: Duration = Duration::from_secs(120);

    /// An honest node that does not join by itself, runs programs alone, and ends at once when asked to.
    #[must_use]
    pub fn new(rpc: Vec<String>, home: PathBuf, key: SecretKey) -> Self {
        Self {
            rpc,
            home,
            key,
            actor: Actor::from(Persona::Honest),
            stake: None,
            margin_ms: Me::MARGIN_MS,
            executors: Executors::default(),
            on_stop: OnStop::Nothing,
            stop_within: Self::STOP_WITHIN,
            listen: None,
            program_bytes_max: Self::PROGRAM_BYTES_MAX,
        }
    }
}
