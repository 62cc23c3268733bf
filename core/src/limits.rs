//! Every bound of the ledger, with its unit and its reason.

/// Longest key of a contract's storage, in bytes: keys are held in memory while a block runs.
pub const STORAGE_KEY_BYTES_MAX: usize = 256;
/// Longest value of a contract's storage, in bytes.
pub const STORAGE_VALUE_BYTES_MAX: usize = 64 * 1024;
/// Most entries one range returns.
pub const STORAGE_RANGE_MAX: usize = 1024;
/// Longest return value of a call, in bytes: it stands in the receipt.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;
/// Longest arguments of a call, in bytes.
pub const ARGS_BYTES_MAX: usize = 256 * 1024;
/// Most events of one receipt.
pub const EVENTS_MAX: usize = 256;
/// Longest event, in bytes.
pub const EVENT_BYTES_MAX: usize = 4096;
/// Most lines one receipt's log keeps; the rest is dropped, since a log enters no hash.
pub const LOG_LINES_MAX: usize = 100;
/// Longest line of a log, in bytes.
pub const LOG_LINE_BYTES_MAX: usize = 1024;
/// Contracts that may call each other in a chain.
pub const CALL_DEPTH_MAX: usize = 16;
/// Scheduled calls one contract may have outstanding.
pub const SCHEDULED_PER_CONTRACT_MAX: u32 = 1 << 20;
/// Longest arguments of a scheduled call, in bytes: they stand in the state.
pub const SCHEDULED_ARGS_BYTES_MAX: usize = 4096;
/// Calls one block takes from the schedule, beside the gas limit: bounds the look-up.
pub const SCHEDULED_PER_BLOCK_MAX: usize = 4096;
/// How far a block's time may be ahead of a validator's clock, in ms.
pub const CLOCK_AHEAD_MS_MAX: u64 = 2_000;
/// Latest time a genesis or a block may have, in ms since 1970 (the year 287,396): sums of times never overflow.
pub const TIME_MS_MAX: u64 = 1 << 53;
/// Heartbeats that one block may add to the uptime.
pub const UPTIME_HEARTBEATS_MAX: u64 = 3;
/// Heights whose state can be queried, unless a node is told otherwise.
pub const HISTORY_HEIGHTS: u64 = 1_000;
/// Least number of blocks a node keeps: peers that were away for a moment catch up from them.
pub const KEEP_BLOCKS_MIN: u64 = 128;
/// Heights that one block's batch forgets: more than one, so that a horizon that came nearer is reached.
pub const PRUNE_HEIGHTS_MAX: u64 = 4;
/// Heights that one batch forgets while a chain is opened.
pub const PRUNE_HEIGHTS_AT_ONCE_MAX: u64 = 256;
/// Entries after which a batch forgets no further block.
pub const PRUNE_ENTRIES_MAX: usize = 4_096;
/// Heights forgotten between two requests to give their space back.
pub const RECLAIM_HEIGHTS: u64 = 512;
/// Undo records held in memory, for queries near the tip.
pub const UNDO_IN_MEMORY_MAX: usize = 128;
/// A draw at most this many heights ahead makes blocks come at once.
pub const DRAW_PULL_HEIGHTS: u64 = 16;
/// Largest module of a contract, in bytes: its worst compilation takes about a second.
pub const CODE_BYTES_MAX: usize = 512 * 1024;

/// Gas of a transaction's signature check and book-keeping.
pub const TX_GAS: u64 = 60_000_000;
/// Gas of one byte of a transaction.
pub const TX_BYTE_GAS: u64 = 2_000;
/// Gas of one byte of an uploaded module: compiling takes about 1.5 ms for each KiB.
pub const UPLOAD_BYTE_GAS: u64 = 1_500_000;
/// Gas of creating or replacing a contract, without its `init` or `migrate`.
pub const DEPLOY_GAS: u64 = 50_000_000;
/// Gas of a change of the validator set: two sets of up to 128 are read and one is written.
pub const VALIDATORS_GAS: u64 = 50_000_000;

/// Transactions the pool holds.
pub const POOL_TXS_MAX: usize = 10_000;
/// Bytes the pool holds.
pub const POOL_BYTES_MAX: usize = 64 << 20;
/// Transactions the pool holds of one sender.
pub const POOL_PER_SENDER_MAX: usize = 256;
/// How far ahead of the account a nonce may be.
pub const POOL_NONCE_AHEAD_MAX: u64 = 256;
/// A replacement must pay this much more for its gas, in percent.
pub const POOL_REPLACE_PERCENT: u64 = 10;

/// Records of equivocation that a node keeps: some 300 KiB.
pub const EVIDENCE_MAX: usize = 1_000;
/// Records of equivocation that a node keeps of one validator.
pub const EVIDENCE_PER_VALIDATOR_MAX: usize = 100;
