//! What the measuring programs share.

use hydrogen_core::{CodeError, Context, ContractVm, VmCall, VmError, VmResult};
use hydrogen_types::Hash;
use hydrogen_vm::Vm;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A sandbox that notes the time and gas of each call.
pub(crate) struct Timed {
    vm: Vm,
    calls: Mutex<Vec<(Duration, u64)>>,
}

impl ContractVm for Timed {
    fn check(&self, code: &[u8]) -> Result<(), CodeError> {
        self.vm.check(code)
    }

    fn warm(&self, hash: Hash, code: Arc<[u8]>) {
        self.vm.warm(hash, code);
    }

    fn call(&self, call: VmCall, context: Box<Context>) -> (Box<Context>, Result<VmResult, VmError>) {
        let start = Instant::now();
        let (context, result) = self.vm.call(call, context);
        if let (Ok(result), Ok(mut calls)) = (&result, self.calls.lock()) {
            calls.push((start.elapsed(), result.gas_used.get()));
        }
        (context, result)
    }
}

impl Timed {
    pub(crate) fn new(vm: Vm) -> Self {
        Self { vm, calls: Mutex::new(Vec::new()) }
    }

    /// Time and gas of each call since the last look.
    pub(crate) fn take(&self) -> Vec<(Duration, u64)> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
