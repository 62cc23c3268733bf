//! What others hold of a development chain.

use crate::dev::driver::{Command, Shared};
use crate::rpc::SubmitError;
use hydrogen_core::{ChainReader, Committed, Tip, check_tx};
use hydrogen_types::{Address, Amount, Hash};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use tokio::sync::{broadcast, oneshot};

/// Why a `dev_*` request cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevError {
    /// The chain's thread has ended.
    #[error("the chain has stopped; the log says why")]
    Stopped,
    /// Commands wait already.
    #[error("too many requests are waiting; try again")]
    Busy,
    /// No snapshot has this number.
    #[error("there is no snapshot {id}; taken and kept: {kept}")]
    NoSnapshot {
        /// Asked for.
        id: u64,
        /// Numbers that exist.
        kept: String,
    },
    /// More at once than one request may ask for.
    #[error("{asked} blocks in one request, at most {allowed} allowed")]
    TooMany {
        /// Asked for.
        asked: u64,
        /// Allowed.
        allowed: u64,
    },
    /// The faucet's transaction was refused.
    #[error("the faucet cannot pay: {reason}")]
    Faucet {
        /// Why.
        reason: String,
    },
}

/// A handle; cheap to clone.
#[derive(Clone)]
pub struct DevHandle {
    pub(super) commands: SyncSender<Command>,
    pub(super) shared: Arc<Shared>,
}

impl DevHandle {
    /// Reads the chain; after a revert, ask again for another reader.
    #[must_use]
    pub fn reader(&self) -> ChainReader {
        self.shared.reader()
    }

    /// Every block from now on.
    #[must_use]
    pub fn committed(&self) -> broadcast::Receiver<Arc<Committed>> {
        self.shared.committed.subscribe()
    }

    /// Transactions waiting.
    #[must_use]
    pub fn mempool_size(&self) -> usize {
        self.shared.mempool_size.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Hands a transaction over.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit(&self, bytes: Vec<u8>) -> Result<Hash, SubmitError> {
        let genesis = self.shared.genesis.clone();
        let checked = Box::new(check_tx(&bytes, &genesis.chain_id, &genesis.params)?);
        let (reply, answer) = oneshot::channel();
        self.commands.try_send(Command::Submit { checked, reply }).map_err(|error| match error {
            TrySendError::Full(_) => SubmitError::Busy,
            TrySendError::Disconnected(_) => SubmitError::Stopping,
        })?;
        answer.await.map_err(|_| SubmitError::Stopping)?.map_err(SubmitError::from)
    }

    /// Makes `count` blocks.
    ///
    /// # Errors
    /// See [`DevError`].
    pub async fn mine(&self, count: u64) -> Result<Tip, DevError> {
        self.ask(|reply| Command::Mine { count, reply }).await?
    }

    /// Moves the clock forward and makes the blocks that are due by then.
    ///
    /// # Errors
    /// See [`DevError`].
    pub async fn advance_time(&self, ms: u64) -> Result<Tip, DevError> {
        self.ask(|reply| Command::AdvanceTime { ms, reply }).await?
    }

    /// Gives CNX from the faucet.
    ///
    /// # Errors
    /// See [`DevError`].
    pub async fn fund(&self, address: Address, amount: Amount) -> Result<Hash, DevError> {
        self.ask(|reply| Command::Fund { address, amount, reply }).await?
    }

    /// Keeps the state; its number.
    ///
    /// # Errors
    /// See [`DevError`].
    pub async fn snapshot(&self) -> Result<u64, DevError> {
        self.ask(|reply| Command::Snapshot { reply }).await
    }

    /// Goes back to a snapshot, and forgets it and all later ones.
    ///
    /// # Errors
    /// See [`DevError`].
    pub async fn revert(&self, id: u64) -> Result<Tip, DevError> {
        self.ask(|reply| Command::Revert { id, reply }).await?
    }

    /// Whether a transaction makes a block at once.
    ///
    /// # Errors
    /// See [`DevError`].
    pub async fn set_automine(&self, on: bool) -> Result<(), DevError> {
        self.ask(|reply| Command::SetAutomine { on, reply }).await
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, DevError> {
        let (reply, answer) = oneshot::channel();
        self.commands.try_send(command(reply)).map_err(|error| match error {
            TrySendError::Full(_) => DevError::Busy,
            TrySendError::Disconnected(_) => DevError::Stopped,
        })?;
        answer.await.map_err(|_| DevError::Stopped)
    }
}
