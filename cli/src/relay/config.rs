//! What a relay is started with.

use hydrogen_core::SecretKey;
use hydrogen_offchain::relay::{ProgramBudget, ReceiptTerms};
use hydrogen_types::Amount;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Bounds of one relay, each with its reason. `docs/relay.md` has them as a table, which a test compares.
#[derive(Debug, Clone)]
pub struct RelayLimits {
    /// Most bytes of one body: arguments, result or program. A task may ask for less, never for more.
    pub body_bytes_max: u64,
    /// Most bytes that one account may have stored or under way, so that nobody fills the disk alone.
    pub account_bytes_max: u64,
    /// Most uploads of one account at a time.
    pub account_uploads_max: usize,
    /// Most bytes of programs kept; the least recently used go first.
    pub program_bytes_max: u64,
    /// Most bytes of programs that one account published; its own least recently used go first.
    pub account_program_bytes_max: u64,
    /// CNX that an account must hold to publish a program: free accounts could fill the byte budget.
    pub program_deposit: Amount,
    /// Bytes of the disk that uploads leave free, for the index and for whatever else lives there.
    pub free_bytes_min: u64,
    /// Uploads and downloads served at a time: each holds a file and a socket.
    pub transfers_max: usize,
    /// Programs run or checked at a time: each holds a core, and memory up to the task's limit.
    pub checks_max: usize,
    /// Connections at a time.
    pub connections_max: usize,
    /// Connections from one IP address at a time. Behind a proxy all come from its address.
    pub connections_per_address_max: usize,
    /// Longest time in ms until a request's head is complete, and that an idle connection is kept.
    pub head_timeout_ms: u64,
    /// Longest silence in ms within a body, in both directions: a slow link sends something, a stuck one holds a slot.
    pub idle_timeout_ms: u64,
    /// Least bytes a second over a whole body, in both directions, once it takes longer than `idle_timeout_ms`.
    pub rate_min: u64,
    /// Time in ms between two sweeps: nothing there is urgent, and each asks a node once for every open task.
    pub sweep_interval_ms: u64,
    /// What every receipt promises: blocks it is good for, and ms that the bytes are kept after the task's end.
    pub terms: ReceiptTerms,
}

impl Default for RelayLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 32 << 20,
            account_bytes_max: 1 << 30,
            account_uploads_max: 8,
            program_bytes_max: 1 << 30,
            account_program_bytes_max: 256 << 20,
            program_deposit: Amount::cnx(1),
            free_bytes_min: 256 << 20,
            transfers_max: 256,
            checks_max: 2,
            connections_max: 1_024,
            connections_per_address_max: 256,
            head_timeout_ms: 10_000,
            idle_timeout_ms: 30_000,
            rate_min: 16 << 10,
            sweep_interval_ms: 60_000,
            terms: ReceiptTerms::default(),
        }
    }
}

impl RelayLimits {
    /// Every limit that is a number by its name, with its value, in the order of the documentation.
    #[must_use]
    pub fn table(&self) -> Vec<(&'static str, String)> {
        vec![
            ("body_bytes_max", self.body_bytes_max.to_string()),
            ("account_bytes_max", self.account_bytes_max.to_string()),
            ("account_uploads_max", self.account_uploads_max.to_string()),
            ("program_bytes_max", self.program_bytes_max.to_string()),
            ("account_program_bytes_max", self.account_program_bytes_max.to_string()),
            ("program_deposit", self.program_deposit.get().to_string()),
            ("free_bytes_min", self.free_bytes_min.to_string()),
            ("transfers_max", self.transfers_max.to_string()),
            ("checks_max", self.checks_max.to_string()),
            ("connections_max", self.connections_max.to_string()),
            ("connections_per_address_max", self.connections_per_address_max.to_string()),
            ("head_timeout_ms", self.head_timeout_ms.to_string()),
            ("idle_timeout_ms", self.idle_timeout_ms.to_string()),
            ("rate_min", self.rate_min.to_string()),
            ("sweep_interval_ms", self.sweep_interval_ms.to_string()),
            ("valid_blocks", self.terms.valid_blocks.to_string()),
            ("kept_ms", self.terms.kept_ms.to_string()),
        ]
    }

    /// The byte budgets of programs.
    #[must_use]
    pub fn program_budget(&self) -> ProgramBudget {
        ProgramBudget { all: self.program_bytes_max, owner: self.account_program_bytes_max }
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
