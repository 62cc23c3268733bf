//! What a relay is started with.

use hydrogen_core::SecretKey;
use hydrogen_offchain::relay::ReceiptTerms;
use hydrogen_types::Amount;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Bounds of one relay, each with its reason.
#[derive(Debug, Clone)]
pub struct RelayLimits {
    /// Most bytes of one body: arguments, result or program. A task may ask for less, never for more.
    pub body_bytes_max: u64,
    /// Most bytes that one account may have stored at a time, so that nobody fills the disk alone.
    pub account_bytes_max: u64,
    /// Most bytes of programs kept; the least recently used go first.
    pub program_bytes_max: u64,
    /// Uploads and downloads served at a time: each holds a file and a socket.
    pub transfers_max: usize,
    /// What every receipt promises.
    pub terms: ReceiptTerms,
    /// CNX that an account must hold to publish a program: free accounts could fill the byte budget.
    pub program_deposit: Amount,
}

impl Default for RelayLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 32 << 20,
            account_bytes_max: 1 << 30,
            program_bytes_max: 1 << 30,
            transfers_max: 256,
            terms: ReceiptTerms::default(),
            program_deposit: Amount::cnx(1),
        }
    }
}

/// Everything a relay needs to run.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The URL under which clients reach it, when that is not the address it listens on (behind a proxy, say).
    pub public_url: Option<String>,
    /// RPC endpoints of nodes, tried in turn.
    pub rpc: Vec<String>,
    /// Its folder: blobs, index.
    pub home: PathBuf,
    /// Signs receipts; its address is the relay's id.
    pub key: SecretKey,
    /// Bounds.
    pub limits: RelayLimits,
}
