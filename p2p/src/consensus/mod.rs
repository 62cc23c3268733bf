//! Agreement on blocks: a synchronous host around the engine `malachite`, and the only place that knows that engine.
//!
//! ```text
//! inputs (messages, blocks, transactions, time) -> Host::step -> outputs (send, commit, announce)
//!                                                    |  |  |
//!                                         engine  chain  write-ahead log
//! ```
//!
//! *Invariants*: the host reads no clock and does no I/O but the log's and the store's; a vote or proposal leaves it
//! only after the log that holds it is on the disk; a height begins only after the one before is stored, and its log
//! is begun anew; a block is executed before it is voted for, and the outcome is kept for the commit.

mod arrivals;
mod blocks;
pub(crate) mod codec;
pub(crate) mod context;
mod effects;
mod error;
mod evidence;
mod follow;
pub mod forge;
mod heard;
mod height;
mod host;
mod listen;
mod messages;
mod pace;
mod parts;
mod proposals;
mod queues;
mod replay;
mod rounds;
mod timers;
mod txs;
pub(crate) mod verify;

mod wal;

#[cfg(test)]
mod tests;

pub use codec::MESSAGE_BYTES_MAX;
pub(crate) use codec::Record;
pub use error::HostError;
pub(crate) use error::causes;
pub use forge::Said;
pub use host::HostLimits;
pub use host::{Host, HostConfig};
pub use messages::{Input, Now, Output, Peer, PeerState, SubmitError, TxOrigin, Verdict};
pub use parts::{Manifest, Offer, PART_BYTES, part_range};
pub use queues::Queue;
pub use wal::{Disk, FileDisk, LogDisk, LogFile, MemDisk, WAL_FILE, WalFile};
