//! One call in a fresh instance, and what it cost.

use crate::gas::{FUEL_TO_INSTANTIATE, GAS_PER_FUEL, fuel_for};
use crate::host::Host;
use crate::limits::CONTRACT_STACK_MAX;
use crate::module::Linked;
use crate::stop::Stop;
use hydrogen_core::{Context, Ending, VmError, VmResult};
use hydrogen_types::Gas;
use wasmtime::{Global, Instance, Store, Trap, Val, WasmBacktrace};

/// How the instance ended, before gas is counted.
struct Ended {
    ending: Ending,
    charge: Charge,
    backtrace: Vec<String>,
}

/// What a call pays.
enum Charge {
    /// What the meter says.
    Metered,
    /// All its gas: the meter is not exact after a trap.
    All,
}

impl Ended {
    fn metered(ending: Ending) -> Self {
        Self { ending, charge: Charge::Metered, backtrace: Vec::new() }
    }

    fn all(ending: Ending) -> Self {
        Self { ending, charge: Charge::All, backtrace: Vec::new() }
    }
}

/// Runs `export` with `gas`. The context comes back, whatever happened.
pub(crate) fn run(
    linked: &Linked,
    export: &str,
    gas: u64,
    context: Box<Context>,
) -> (Box<Context>, Result<VmResult, VmError>) {
    let Some(gas_after_instance) = gas.checked_sub(linked.instance_gas) else {
        return (context, Ok(result(Ended::all(Ending::OutOfGas), gas, gas)));
    };
    if linked.pre.module().get_export_index(export).is_none() {
        return (context, Ok(result(Ended::metered(Ending::MethodNotFound), gas, linked.instance_gas)));
    }
    let stack_left = context.stack_left;
    let host = Host { context: Some(context), memory: None, stack: None, owed: 0, gas };
    let mut store = Store::new(linked.pre.module().engine(), host);
    store.limiter(|host| host);
    let fuel = gas_after_instance / GAS_PER_FUEL;
    let ended = execute(&mut store, linked, export, fuel, stack_left);
    let used = match &ended {
        Ok(Ended { charge: Charge::Metered, .. }) => metered(&store, linked.instance_gas, fuel, gas),
        _ => Ok(Some(gas)),
    };
    let outcome = ended.and_then(|ended| match used? {
        Some(used) => Ok(result(ended, gas, used)),
        // It grew its memory for more gas than was left, and ended before a host function could say so.
        None => Ok(result(Ended::all(Ending::OutOfGas), gas, gas)),
    });
    match store.into_data().context {
        Some(mut context) => {
            context.stack_left = stack_left;
            (context, outcome)
        }
        None => unreachable!("a nested call always gives the context back"),
    }
}

fn result(ended: Ended, gas: u64, used: u64) -> VmResult {
    VmResult { ending: ended.ending, gas_used: Gas::new(used.min(gas)), backtrace: ended.backtrace }
}

/// Gas used by the meter, with what is owed; `None` if that is more than the call had.
fn metered(store: &Store<Host>, instance_gas: u64, fuel: u64, gas: u64) -> Result<Option<u64>, VmError> {
    let left = store.get_fuel().map_err(host)?;
    let used = fuel.saturating_sub(left).saturating_add(fuel_for(store.data().owed));
    if used > fuel {
        return Ok(None);
    }
    Ok(Some(instance_gas.saturating_add(used.saturating_mul(GAS_PER_FUEL)).min(gas)))
}

fn execute(
    store: &mut Store<Host>,
    linked: &Linked,
    export: &str,
    fuel: u64,
    stack_left: Option<u32>,
) -> Result<Ended, VmError> {
    store.set_fuel(FUEL_TO_INSTANTIATE).map_err(host)?;
    let instance = linked.pre.instantiate(&mut *store).map_err(host)?;
    let counter = prepare(store, linked, &instance, stack_left)?;
    store.set_fuel(fuel).map_err(host)?;
    if let Some(context) = store.data_mut().context.as_deref_mut() {
        context.trace_ready(linked.instance_gas, fuel.saturating_mul(GAS_PER_FUEL));
    }
    let Ok(method) = instance.get_typed_func::<(), ()>(&mut *store, export) else {
        return Ok(Ended::metered(Ending::MethodNotFound));
    };
    match method.call(&mut *store, ()) {
        Ok(()) => Ok(Ended::metered(Ending::Returned)),
        Err(error) => explain(store, counter, error),
    }
}

/// Finds memory and counter, and sets the counter to what the calls above have left.
fn prepare(
    store: &mut Store<Host>,
    linked: &Linked,
    instance: &Instance,
    stack_left: Option<u32>,
) -> Result<Global, VmError> {
    let missing = || VmError::Host(String::from("a linked module lost an export"));
    let memory =
        instance.get_module_export(&mut *store, &linked.memory).and_then(wasmtime::Extern::into_memory);
    let counter =
        instance.get_module_export(&mut *store, &linked.stack).and_then(wasmtime::Extern::into_global);
    let (memory, counter) = (memory.ok_or_else(missing)?, counter.ok_or_else(missing)?);
    if let Some(left) = stack_left {
        let left = i32::try_from(left).unwrap_or(CONTRACT_STACK_MAX).min(CONTRACT_STACK_MAX);
        counter.set(&mut *store, Val::I32(left)).map_err(host)?;
    }
    let data = store.data_mut();
    data.memory = Some(memory);
    data.stack = Some(counter);
    Ok(counter)
}

fn explain(store: &mut Store<Host>, counter: Global, error: wasmtime::Error) -> Result<Ended, VmError> {
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
    let ended = match error.downcast::<Stop>() {
        Ok(Stop::OutOfGas) => Ended::all(Ending::OutOfGas),
        Ok(Stop::Reverted { code, message }) => {
            return Ok(Ended::metered(Ending::Reverted { code, message }));
        }
        Ok(Stop::Panicked { message, location }) => Ended::metered(Ending::Panicked { message, location }),
        Ok(Stop::Forbidden(message)) => Ended::metered(Ending::Forbidden(message)),
        Ok(Stop::Trap(message)) => Ended::all(Ending::Trapped(message)),
        Ok(Stop::Fault(error)) => return Err(error),
        Err(error) => Ended::all(match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Ending::OutOfGas,
            Some(Trap::StackOverflow) => Ending::StackExhausted,
            Some(Trap::UnreachableCodeReached) if exhausted(store, counter) => Ending::StackExhausted,
            Some(trap) => Ending::Trapped(trap.to_string()),
            None => return Err(host(error)),
        }),
    };
    Ok(Ended { backtrace, ..ended })
}

fn exhausted(store: &mut Store<Host>, counter: Global) -> bool {
    matches!(counter.get(&mut *store), Val::I32(left) if left < 0)
}

/// Frames as a person reads them; the index and the name are those of the module as it was uploaded.
fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let show = |frame: &wasmtime::FrameInfo| match frame.func_name() {
        Some(name) => format!("function {} {name}", frame.func_index()),
        None => format!("function {}", frame.func_index()),
    };
    backtrace.frames().iter().map(show).collect()
}

fn host(error: wasmtime::Error) -> VmError {
    VmError::Host(format!("{error:#}"))
}
