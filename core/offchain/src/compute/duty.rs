//! What a compute node may have to do, and what the decision is made from.

use super::saved::Saved;
use hydrogen_types::hash::Tag;
use hydrogen_types::task::{Comparison, Outcome, RelayReceipt, TaskView};
use hydrogen_types::{Address, ChainId, Hash, Height};

/// Who the node is.
#[derive(Debug, Clone)]
pub struct Me {
    /// The chain it works on.
    pub chain_id: ChainId,
    /// Its account.
    pub address: Address,
    /// Secret of this node alone, from which salts are derived; never leaves it.
    pub salt_secret: [u8; 32],
    /// How long before a deadline it stops trying and says what it has: time for a transaction to be included.
    pub margin_ms: u64,
}

impl Me {
    /// Time a transaction is given to be included when nothing else is configured: three heartbeats.
    pub const MARGIN_MS: u64 = 30_000;

    /// The salt of this node's commitment to `task`. Derived and not drawn, so that a node which lost its disk can
    /// run the task again and still reveal; the draw's seed is in it, so that two chains of one name never share it.
    #[must_use]
    pub fn salt(&self, task: &TaskView) -> [u8; 32] {
        let seed = task.draw_seed.unwrap_or(Hash::ZERO);
        let chain = self.chain_id.as_str().as_bytes();
        let parts: [&[u8]; 5] = [&self.salt_secret, chain, &[0], &task.id.to_le_bytes(), seed.as_bytes()];
        *Hash::of(Tag::COMPUTE_SALT, &parts).as_bytes()
    }
}

/// Where the chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Height of the tip.
    pub height: Height,
    /// Uptime of the tip in ms: deadlines run on it.
    pub uptime_ms: u64,
}

/// How far the driver is with the work of [`Duty::FetchAndRun`]. Held in memory: after a start it is `NotBegun`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// Nothing runs.
    NotBegun,
    /// Fetching or running.
    Running,
    /// No relay gave arguments or program so far; it is tried again until shortly before the deadline.
    NotFetched,
    /// The host was short of memory, disk or time: never an error of the task.
    HostShort,
    /// The command of an external type failed, or there is none here: it is tried again like a fetch.
    CommandFailed,
    /// The outcome is known; its result bytes, if any, are in the driver's hands.
    Finished(Outcome),
}

/// What is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Computation {
    /// The WASI program of this hash.
    Program(Hash),
    /// A configured command.
    External(String),
}

/// All that fetching and running a task needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The task.
    pub task: u64,
    /// The relay that holds the arguments: asked first, then the others in turn.
    pub relay: Option<Address>,
    /// SHA-256 the arguments must have.
    pub args_hash: Hash,
    /// Most bytes of arguments.
    pub args_bytes_max: u64,
    /// Program or external type.
    pub computation: Computation,
    /// Whether a fingerprint of the result is asked for.
    pub comparison: Comparison,
    /// Most memory.
    pub memory_bytes_max: u64,
    /// Most fuel.
    pub fuel_max: u64,
    /// Most bytes of result.
    pub output_bytes_max: u64,
    /// The program's clock starts here, in ms since 1970.
    pub clock_ms: u64,
    /// The program's randomness.
    pub random_seed: Hash,
    /// Uptime in ms after which trying again is too late.
    pub give_up_ms: u64,
}

/// The one thing that is due for a task or a node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one duty exists at a time")]
pub enum Duty {
    /// Nothing to do until the chain shows something new.
    Idle,
    /// Look again when the chain's uptime reaches this, or when it shows something new.
    WaitUntil {
        /// Uptime in ms.
        ms: u64,
    },
    /// Fetch arguments and program (checking both hashes), run, and report by [`Attempt`]. Due again while the attempt
    /// is `NotFetched`, `HostShort` or `CommandFailed`: with backoff, until `give_up_ms`.
    FetchAndRun(Box<Work>),
    /// Write the record, and the result bytes if it has any, durably; only then ask again.
    Persist(Saved),
    /// Send `commit`.
    Commit {
        /// The task.
        task: u64,
        /// What is committed.
        commitment: Hash,
    },
    /// Send `reveal`.
    Reveal {
        /// The task.
        task: u64,
        /// What was committed to.
        outcome: Outcome,
        /// With this salt.
        salt: [u8; 32],
    },
    /// Bring the result bytes to a relay; with its receipt, put [`Saved::with_receipt`] on disk and ask again.
    Upload {
        /// The task.
        task: u64,
        /// The relay of the arguments, asked first.
        relay: Option<Address>,
        /// SHA-256 of the bytes.
        digest: Hash,
    },
    /// Send `report_uploaded`.
    ReportUploaded {
        /// The task.
        task: u64,
        /// The relay's word.
        receipt: Box<RelayReceipt>,
    },
    /// Send `resume`, and note it in [`super::Resumes`].
    Resume,
    /// Remove the record and bytes of this task.
    CleanUp {
        /// The task.
        task: u64,
    },
}
