//! Starts a development chain.

use crate::dev::driver::{Command, Driver, Shared};
use crate::dev::handle::DevHandle;
use crate::failure::{Failure, Outcome};
use hydrogen_core::{Chain, ContractVm, Genesis, MemStore};
use hydrogen_vm::{Vm, VmConfig};
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use tokio::sync::broadcast;

/// Commands waiting for the chain's thread.
const COMMANDS_MAX: usize = 8_192;
/// Blocks a slow listener may be behind before it is told to read them from the store.
const COMMITTED_QUEUE: usize = 256;

/// A running development chain.
pub struct DevChain {
    /// For requests.
    pub handle: DevHandle,
    thread: JoinHandle<()>,
}

impl DevChain {
    /// Ends the chain's thread and waits for it. Blocks.
    pub fn stop(self) {
        // A thread that has ended takes no command, which is as good.
        drop(self.handle.commands.send(Command::Stop));
        drop(self.handle);
        if self.thread.join().is_err() {
            tracing::error!("the chain's thread had panicked");
        }
    }
}

/// Starts a chain in memory.
///
/// # Errors
/// When the sandbox or the genesis does not do.
pub fn start(genesis: Genesis) -> Outcome<DevChain> {
    let vm = Vm::new(VmConfig::default()).map_err(|error| Failure::of("sandbox", &error))?;
    let vm: Arc<dyn ContractVm> = Arc::new(vm);
    let store = Arc::new(MemStore::new());
    let chain = Chain::open(store.clone(), vm.clone(), genesis)?;
    let (committed, _) = broadcast::channel(COMMITTED_QUEUE);
    let shared = Arc::new(Shared {
        genesis: chain.genesis().clone(),
        committed,
        mempool_size: AtomicUsize::new(0),
        reader: RwLock::new(chain.reader()),
    });
    let (sender, receiver) = sync_channel(COMMANDS_MAX);
    let driver = Driver::new(chain, store, vm, shared.clone());
    let run = move || {
        if let Err(error) = driver.run(&receiver) {
            tracing::error!(error = &error as &dyn std::error::Error, "the development chain stopped");
        }
    };
    let thread = std::thread::Builder::new().name("dev-chain".into()).spawn(run)?;
    Ok(DevChain { handle: DevHandle { commands: sender, shared }, thread })
}
