//! The sandbox as the ledger sees it.

use crate::cache::{Cache, CacheCounts};
use crate::config::{VmConfig, VmSetupError};
use crate::disk::Disk;
use crate::lane::{Lanes, Purpose};
use crate::{check, engine, instance, link};
use hydrogen_core::{CodeError, Context, ContractVm, VmCall, VmError, VmResult};
use hydrogen_types::Hash;
use hydrogen_types::host::Origin;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Modules that wait to be compiled ahead. Beyond, the first call compiles.
const WARM_QUEUE_MAX: usize = 64;

/// The sandbox for contracts: one engine, its cache and its lanes.
///
/// ```
/// use hydrogen_core::ContractVm;
/// use hydrogen_vm::{Vm, VmConfig};
///
/// let vm = Vm::new(VmConfig::default())?;
/// let error = vm.check(b"not wasm").unwrap_err();
/// assert!(error.message.starts_with("not a valid module"));
/// # Ok::<(), hydrogen_vm::VmSetupError>(())
/// ```
pub struct Vm {
    cache: Arc<Cache>,
    lanes: Lanes,
    warm: SyncSender<(Hash, Arc<[u8]>)>,
}

impl Vm {
    /// A sandbox. Starts its threads, which end with it.
    ///
    /// # Errors
    /// When the machine lacks address space or threads.
    pub fn new(config: VmConfig) -> Result<Self, VmSetupError> {
        let setup = |error: wasmtime::Error| VmSetupError::Engine(format!("{error:#}"));
        let lanes = Lanes::new(config.lanes)?;
        let engine = engine::contracts(&config).map_err(setup)?;
        let linker = link::linker(&engine).map_err(setup)?;
        let disk = config.disk.as_ref().map(|folder| Disk::open(folder, &engine));
        let cache = Arc::new(Cache::new(linker, disk, config.cache_bytes_max));
        let (warm, queue) = sync_channel::<(Hash, Arc<[u8]>)>(WARM_QUEUE_MAX);
        let worker = cache.clone();
        std::thread::Builder::new()
            .name(String::from("hydrogen-vm-compile"))
            .spawn(move || queue.iter().for_each(|(hash, code)| worker.work(hash, &code)))
            .map_err(VmSetupError::Thread)?;
        Ok(Self { cache, lanes, warm })
    }

    /// What its cache of compiled code did so far.
    #[must_use]
    pub fn cache_counts(&self) -> CacheCounts {
        self.cache.counts()
    }
}

impl ContractVm for Vm {
    fn check(&self, code: &[u8]) -> Result<(), CodeError> {
        check::contract(code).map(drop)
    }

    fn warm(&self, hash: Hash, code: Arc<[u8]>) {
        if self.cache.queue(hash) && self.warm.try_send((hash, code)).is_err() {
            self.cache.unqueue(&hash);
        }
    }

    fn call(&self, call: VmCall, context: Box<Context>) -> (Box<Context>, Result<VmResult, VmError>) {
        let load = || match context.code(&call.code)? {
            Some(code) => Ok(code),
            None => Err(Missing::Host(format!("code {} of a contract is not in the store", call.code))),
        };
        let linked = match self.cache.get(call.code, load) {
            Ok(linked) => linked,
            Err(missing) => return (context, Err(missing.into())),
        };
        let run = move |context| instance::run(&linked, &call.export, call.gas.get(), context);
        if context.stack_left.is_some() {
            // Below another call: its lane and its stack are ours.
            return run(context);
        }
        let purpose = match context.call_context().origin {
            Origin::Query => Purpose::Query,
            Origin::Tx | Origin::Draw | Origin::Scheduled => Purpose::Block,
        };
        self.lanes.run(purpose, move || run(context)).expect("the sandbox's own code does not panic")
    }
}

/// Why a module could not be had.
enum Missing {
    Store(hydrogen_core::StoreError),
    Host(String),
}

impl From<String> for Missing {
    fn from(message: String) -> Self {
        Self::Host(message)
    }
}

impl From<hydrogen_core::StoreError> for Missing {
    fn from(error: hydrogen_core::StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Missing> for VmError {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Store(error) => Self::Store(error),
            Missing::Host(message) => Self::Host(message),
        }
    }
}
