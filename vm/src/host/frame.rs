//! What a host function holds while it runs: the caller, its memory, the meter.

use super::memory;
use crate::gas::{self, GAS_PER_FUEL};
use crate::limits::{CONTRACT_PAGES_MAX, PAGE_BYTES, TABLE_ELEMENTS_MAX};
use crate::stop::Stop;
use hydrogen_core::{Context, VmError};
use wasmtime::{Caller, Global, Memory, ResourceLimiter, Val};

/// The data of a contract's store.
pub(crate) struct Host {
    /// The world. Absent only while a nested call has it.
    pub(crate) context: Option<Box<Context>>,
    /// The instance's memory, set after instantiation.
    pub(crate) memory: Option<Memory>,
    /// The instance's stack counter, set after instantiation.
    pub(crate) stack: Option<Global>,
    /// Gas of growing memory and tables that the meter has not seen yet.
    pub(crate) owed: u64,
    /// Gas the frame was given: growing may never owe more.
    pub(crate) gas: u64,
}

impl Host {
    /// Notes gas that only the next settlement can charge.
    fn owe(&mut self, gas: u64) -> wasmtime::Result<()> {
        self.owed = self.owed.saturating_add(gas);
        if self.owed > self.gas { Err(wasmtime::Error::new(Stop::OutOfGas)) } else { Ok(()) }
    }
}

impl ResourceLimiter for Host {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if self.memory.is_none() {
            return Ok(true);
        }
        let bytes_max = usize::try_from(CONTRACT_PAGES_MAX).map_or(usize::MAX, |pages| pages * PAGE_BYTES);
        let granted = desired <= maximum.map_or(bytes_max, |own| own.min(bytes_max));
        self.owe(if granted { gas::growth(desired.saturating_sub(current)) } else { gas::GROW_GAS })?;
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if self.memory.is_none() {
            return Ok(true);
        }
        self.owe(gas::GROW_GAS)?;
        let elements_max = usize::try_from(TABLE_ELEMENTS_MAX).unwrap_or(usize::MAX);
        Ok(desired <= maximum.map_or(elements_max, |own| own.min(elements_max)))
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        // Within the bounds only this machine can be the reason.
        Err(wasmtime::Error::new(Stop::Fault(VmError::Host(format!("memory of a contract: {error}")))))
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Stop::Fault(VmError::Host(format!("table of a contract: {error}")))))
    }
}

/// One running host function.
pub(crate) struct Frame<'a> {
    caller: Caller<'a, Host>,
    gas_per_byte: u64,
    /// Bytes charged for, for a trace.
    bytes: u64,
}

impl<'a> Frame<'a> {
    /// Settles what the instance owes and charges the function's base price.
    pub(crate) fn enter(
        mut caller: Caller<'a, Host>,
        name: &'static str,
        gas_base: u64,
        gas_per_byte: u64,
    ) -> Result<Self, Stop> {
        let owed = std::mem::take(&mut caller.data_mut().owed);
        let mut frame = Self { caller, gas_per_byte, bytes: 0 };
        if frame.is_traced() {
            // What is owed is the guest's doing, before this call.
            let left = frame.gas_left()?.saturating_sub(gas::fuel_for(owed).saturating_mul(GAS_PER_FUEL));
            frame.context()?.trace_begin(name, left);
        }
        let charged = frame.charge(gas_base.saturating_add(owed));
        match charged {
            Ok(()) => Ok(frame),
            Err(stop) => frame.leave(Err(stop)),
        }
    }

    /// The function ends with `result`: a trace hears of it.
    pub(crate) fn leave<T>(&mut self, result: Result<T, Stop>) -> Result<T, Stop> {
        if self.is_traced() {
            let (left, bytes) = (self.gas_left()?, self.bytes);
            self.context()?.trace_end(left, bytes);
        }
        result
    }

    fn is_traced(&self) -> bool {
        self.caller.data().context.as_deref().is_some_and(Context::is_traced)
    }

    /// Takes gas from the meter.
    pub(crate) fn charge(&mut self, gas: u64) -> Result<(), Stop> {
        let fuel = self.caller.get_fuel().map_err(broken)?;
        let left = fuel.checked_sub(gas::fuel_for(gas)).ok_or(Stop::OutOfGas)?;
        self.caller.set_fuel(left).map_err(broken)
    }

    /// Charges for bytes.
    pub(crate) fn charge_bytes(&mut self, bytes: usize) -> Result<(), Stop> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(bytes);
        self.charge(bytes.saturating_mul(self.gas_per_byte))
    }

    /// Gas that is left.
    pub(crate) fn gas_left(&self) -> Result<u64, Stop> {
        Ok(self.caller.get_fuel().map_err(broken)?.saturating_mul(GAS_PER_FUEL))
    }

    /// Memory and world at once.
    pub(crate) fn parts(&mut self) -> Result<(&mut [u8], &mut Context), Stop> {
        let memory = self.caller.data().memory.ok_or_else(|| fault("no memory"))?;
        let (bytes, host) = memory.data_and_store_mut(&mut self.caller);
        let context = host.context.as_deref_mut().ok_or_else(|| fault("no context"))?;
        Ok((bytes, context))
    }

    /// The world.
    pub(crate) fn context(&mut self) -> Result<&mut Context, Stop> {
        self.caller.data_mut().context.as_deref_mut().ok_or_else(|| fault("no context"))
    }

    /// Takes the world out, for a nested call.
    pub(crate) fn take_context(&mut self) -> Result<Box<Context>, Stop> {
        self.caller.data_mut().context.take().ok_or_else(|| fault("no context"))
    }

    /// Puts the world back.
    pub(crate) fn put_context(&mut self, context: Box<Context>) {
        self.caller.data_mut().context = Some(context);
    }

    /// What is left of the stack counter.
    pub(crate) fn stack_left(&mut self) -> Result<u32, Stop> {
        let global = self.caller.data().stack.ok_or_else(|| fault("no stack counter"))?;
        match global.get(&mut self.caller) {
            Val::I32(left) => Ok(u32::try_from(left).unwrap_or(0)),
            _ => Err(fault("a stack counter that is no i32")),
        }
    }

    /// Charges for and copies `len` bytes at `ptr`, at most `len_max`.
    pub(crate) fn read(&mut self, ptr: i32, len: i32, len_max: usize, what: &str) -> Result<Vec<u8>, Stop> {
        let len = memory::length(len, len_max, what)?;
        self.charge_bytes(len)?;
        let (bytes, _) = self.parts()?;
        Ok(memory::slice(bytes, ptr, len, what)?.to_vec())
    }

    /// Copies a fixed number of bytes, whose price is in the function's base.
    pub(crate) fn read_array<const N: usize>(&mut self, ptr: i32, what: &str) -> Result<[u8; N], Stop> {
        let (bytes, _) = self.parts()?;
        memory::array(bytes, ptr, what)
    }

    /// Writes bytes that are paid for.
    pub(crate) fn write(&mut self, ptr: i32, data: &[u8], what: &str) -> Result<(), Stop> {
        let (bytes, _) = self.parts()?;
        memory::slice_mut(bytes, ptr, data.len(), what)?.copy_from_slice(data);
        Ok(())
    }
}

fn fault(what: &str) -> Stop {
    Stop::Fault(VmError::Host(format!("a running instance has {what}")))
}

fn broken(error: wasmtime::Error) -> Stop {
    Stop::Fault(VmError::Host(format!("meter: {error}")))
}
