//! The thread that writes the development chain.

use crate::dev::clock::Clock;
use crate::dev::genesis;
use crate::dev::handle::DevError;
use hydrogen_core::block::certify;
use hydrogen_core::reader::ReadError;
use hydrogen_core::{
    Chain, ChainError, ChainReader, CheckedTx, Committed, ContractVm, Genesis, MemStore, Mempool, NextDue,
    NodeKeys, Tip, TxError, check_tx, sign_tx,
};
use hydrogen_types::{Action, Address, Amount, Gas, Hash, Height, TxBody, codec};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{broadcast, oneshot};

/// Commands taken together before a block is made of what they brought.
const COMMANDS_PER_ROUND: usize = 1_000;
/// Snapshots kept; each shares what it can with its neighbours, but blocks made since are its own.
const SNAPSHOTS_MAX: usize = 64;
/// Blocks one request may ask for.
const MINE_MAX: u64 = 10_000;
/// Blocks made in a row because scheduled calls are due at the next height.
const PULLED_MAX: u32 = 64;
/// How often the thread looks up without a command or a due call.
const IDLE: Duration = Duration::from_secs(3_600);
/// Gas of the faucet's transfer.
const FUND_GAS: Gas = Gas::new(1_000_000_000);

/// What a request asks of the thread.
pub(super) enum Command {
    Submit { checked: Box<CheckedTx>, reply: oneshot::Sender<Result<Hash, TxError>> },
    Mine { count: u64, reply: oneshot::Sender<Result<Tip, DevError>> },
    AdvanceTime { ms: u64, reply: oneshot::Sender<Result<Tip, DevError>> },
    Fund { address: Address, amount: Amount, reply: oneshot::Sender<Result<Hash, DevError>> },
    Snapshot { reply: oneshot::Sender<u64> },
    Revert { id: u64, reply: oneshot::Sender<Result<Tip, DevError>> },
    SetAutomine { on: bool, reply: oneshot::Sender<()> },
    Stop,
}

/// What the thread shows to everybody.
pub(super) struct Shared {
    pub(super) genesis: Arc<Genesis>,
    pub(super) committed: broadcast::Sender<Arc<Committed>>,
    pub(super) mempool_size: AtomicUsize,
    /// Replaced by a revert alone.
    pub(super) reader: RwLock<ChainReader>,
}

impl Shared {
    pub(super) fn reader(&self) -> ChainReader {
        self.reader.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Snapshot {
    store: MemStore,
    clock: Clock,
}

/// The writer.
pub(super) struct Driver {
    pub(super) chain: Chain,
    pub(super) store: Arc<MemStore>,
    pub(super) vm: Arc<dyn ContractVm>,
    pub(super) keys: NodeKeys,
    pub(super) shared: Arc<Shared>,
    pool: Mempool,
    clock: Clock,
    automine: bool,
    snapshots: BTreeMap<u64, Snapshot>,
    snapshots_taken: u64,
}

impl Driver {
    pub(super) fn new(
        chain: Chain,
        store: Arc<MemStore>,
        vm: Arc<dyn ContractVm>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            chain,
            store,
            vm,
            keys: genesis::validator(),
            shared,
            pool: Mempool::new(),
            clock: Clock::default(),
            automine: true,
            snapshots: BTreeMap::new(),
            snapshots_taken: 0,
        }
    }

    /// Serves commands until told to stop or the chain fails.
    pub(super) fn run(mut self, commands: &Receiver<Command>) -> Result<(), ChainError> {
        loop {
            let first = match commands.recv_timeout(self.until_due()?) {
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            for command in first.into_iter().chain(commands.try_iter()).take(COMMANDS_PER_ROUND) {
                if matches!(command, Command::Stop) {
                    return Ok(());
                }
                self.obey(command)?;
            }
            if self.automine {
                self.mine_ready()?;
            }
            self.shared.mempool_size.store(self.pool.len(), Ordering::Relaxed);
        }
    }

    /// How long nothing has to be done.
    fn until_due(&self) -> Result<Duration, ChainError> {
        if !self.automine {
            return Ok(IDLE);
        }
        Ok(match self.chain.next_due()? {
            None => IDLE,
            Some(NextDue::NextBlock) => Duration::ZERO,
            Some(NextDue::UptimeMs(due)) => Duration::from_millis(due.saturating_sub(self.uptime_ms())),
        })
    }

    /// The uptime that a block made now would have.
    fn uptime_ms(&self) -> u64 {
        let tip = self.chain.tip();
        tip.uptime_ms.saturating_add(self.clock.now_ms().saturating_sub(tip.time_ms))
    }

    fn is_due(&self) -> Result<bool, ChainError> {
        Ok(match self.chain.next_due()? {
            None => false,
            Some(NextDue::NextBlock) => true,
            Some(NextDue::UptimeMs(due)) => due <= self.uptime_ms(),
        })
    }

    fn mine_ready(&mut self) -> Result<(), ChainError> {
        for _ in 0..PULLED_MAX {
            if !self.pool.has_ready() && !self.is_due()? {
                break;
            }
            self.mine()?;
        }
        Ok(())
    }

    fn mine(&mut self) -> Result<(), ChainError> {
        let params = &self.shared.genesis.params;
        let bytes_max = usize::try_from(params.block_bytes_max / 2).unwrap_or(usize::MAX);
        let txs = self.pool.take(params.block_gas_max, bytes_max);
        let offered: Vec<CheckedTx> = txs.clone();
        let executed = self.chain.build(&self.keys, 0, self.clock.now_ms(), txs)?;
        let chain_id = &self.shared.genesis.chain_id;
        let certificate = certify(chain_id, &executed.block, &[&self.keys.consensus]);
        let committed = self.chain.commit(executed, certificate)?;
        self.pool.committed(&committed);
        self.drop_impossible(&offered);
        // Nobody listening is no error.
        drop(self.shared.committed.send(committed));
        Ok(())
    }

    /// What was offered and left out may wait for room, but not if it can no longer apply.
    fn drop_impossible(&mut self, offered: &[CheckedTx]) {
        let reader = self.chain.reader();
        for checked in offered {
            if self.pool.contains(&checked.hash()) && reader.check_waiting(checked).is_err() {
                self.pool.remove(&checked.hash());
            }
        }
    }

    /// Asker gone is no error: the answers below are dropped then.
    fn obey(&mut self, command: Command) -> Result<(), ChainError> {
        match command {
            Command::Submit { checked, reply } => drop(reply.send(self.insert(*checked)?)),
            Command::Mine { count, reply } => {
                let answer = self.mine_many(count)?;
                drop(reply.send(answer));
            }
            Command::AdvanceTime { ms, reply } => {
                self.clock.advance(ms);
                self.mine()?;
                self.mine_ready()?;
                drop(reply.send(Ok(self.chain.tip())));
            }
            Command::Fund { address, amount, reply } => drop(reply.send(self.fund(address, amount)?)),
            Command::Snapshot { reply } => drop(reply.send(self.snapshot())),
            Command::Revert { id, reply } => {
                let answer = self.revert(id)?;
                drop(reply.send(answer));
            }
            Command::SetAutomine { on, reply } => {
                self.automine = on;
                reply.send(()).ok();
            }
            Command::Stop => {}
        }
        Ok(())
    }

    fn insert(&mut self, checked: CheckedTx) -> Result<Result<Hash, TxError>, ChainError> {
        let hash = checked.hash();
        let nonce = match self.chain.reader().check_waiting(&checked) {
            Ok(nonce) => nonce,
            Err(ReadError::Refused(error)) => return Ok(Err(error)),
            Err(ReadError::Store(error)) => return Err(error.into()),
            Err(ReadError::Vm(error)) => return Err(error.into()),
            // The tip is always kept, and it is what was asked for; any other reason is for the sender to try again.
            Err(_) => return Ok(Err(TxError::PoolFull)),
        };
        Ok(self.pool.insert(checked, nonce).map(|_| hash))
    }

    fn mine_many(&mut self, count: u64) -> Result<Result<Tip, DevError>, ChainError> {
        if count > MINE_MAX {
            return Ok(Err(DevError::TooMany { asked: count, allowed: MINE_MAX }));
        }
        for _ in 0..count {
            self.mine()?;
        }
        Ok(Ok(self.chain.tip()))
    }

    fn fund(&mut self, to: Address, amount: Amount) -> Result<Result<Hash, DevError>, ChainError> {
        let keys = genesis::faucet();
        let reader = self.chain.reader();
        let params = &self.shared.genesis.params;
        let refused = |reason: String| Ok(Err(DevError::Faucet { reason }));
        let nonce = match reader.account(&keys.account.address(), None) {
            Ok(account) => account.nonce,
            Err(error) => return refused(error.to_string()),
        };
        let body = TxBody {
            chain_id: self.shared.genesis.chain_id.clone(),
            sender: keys.account.public(),
            nonce,
            valid_until: Height::new(u64::MAX),
            gas_limit: FUND_GAS,
            gas_price: params.gas_price_min,
            action: Action::Transfer { to, amount },
        };
        let bytes = codec::encode(&sign_tx(body, &keys.account));
        let checked = match check_tx(&bytes, &self.shared.genesis.chain_id, params) {
            Ok(checked) => checked,
            Err(error) => return refused(error.to_string()),
        };
        if let Err(error) = self.insert(checked.clone())? {
            return refused(error.to_string());
        }
        self.mine()?;
        match reader.receipt(&checked.hash()) {
            Ok(Some((receipt, side))) if !receipt.is_success() => refused(side.message),
            Ok(_) => Ok(Ok(checked.hash())),
            Err(error) => refused(error.to_string()),
        }
    }

    fn snapshot(&mut self) -> u64 {
        self.snapshots_taken += 1;
        let snapshot = Snapshot { store: self.store.fork(), clock: self.clock };
        self.snapshots.insert(self.snapshots_taken, snapshot);
        while self.snapshots.len() > SNAPSHOTS_MAX {
            self.snapshots.pop_first();
        }
        self.snapshots_taken
    }

    fn revert(&mut self, id: u64) -> Result<Result<Tip, DevError>, ChainError> {
        let Some(snapshot) = self.snapshots.remove(&id) else {
            let kept: Vec<String> = self.snapshots.keys().map(u64::to_string).collect();
            return Ok(Err(DevError::NoSnapshot { id, kept: kept.join(", ") }));
        };
        self.snapshots.split_off(&id);
        let store = Arc::new(snapshot.store);
        let genesis = (*self.shared.genesis).clone();
        self.chain = Chain::open(store.clone(), self.vm.clone(), genesis)?;
        self.store = store;
        self.clock = snapshot.clock;
        self.pool = Mempool::new();
        *self.shared.reader.write().unwrap_or_else(PoisonError::into_inner) = self.chain.reader();
        Ok(Ok(self.chain.tip()))
    }
}
