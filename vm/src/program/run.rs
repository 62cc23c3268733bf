//! One run of a program, on a thread of its own.

use super::check::surveyed;
use super::host::{Halt, Host};
use super::outcome::{Asked, EXIT_BAD_ARGUMENTS, HostShortage, ProgramEnding, ProgramLimits, ProgramOutcome};
use super::wasi;
use crate::gas::FUEL_TO_INSTANTIATE;
use crate::limits::{PROGRAM_NATIVE_STACK, PROGRAM_STACK_MAX};
use crate::survey::STACK_EXPORT;
use crate::{engine, stack};
use hydrogen_types::Hash;
use hydrogen_types::task::error_code;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use wasmtime::{Engine, InstancePre, Linker, Module, Store, Trap, Val};

/// Stack of a program's thread: its own and the host's.
const THREAD_STACK: usize = PROGRAM_NATIVE_STACK + 4 * 1024 * 1024;
/// Compiled programs kept in memory: a compute node runs one task at a time, a relay's fingerprints come in runs.
const COMPILED_MAX: usize = 4;

/// How a module becomes machine code: never what it does, what it uses or how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compilation {
    /// As nodes do it: optimised, kept for the next run, memory on demand.
    Usual,
    /// Without optimisation, anew for each run, memory from a pool. Slow; for comparing with the usual.
    Plain,
}

/// An engine of programs and what it compiled last. Immutable settings, so one of each for the process is enough.
struct Programs {
    compilation: Compilation,
    engine: Engine,
    linker: Linker<Host>,
    compiled: Mutex<LruCache<Hash, InstancePre<Host>>>,
}

fn programs(compilation: Compilation) -> Result<&'static Programs, HostShortage> {
    static USUAL: OnceLock<Result<Programs, String>> = OnceLock::new();
    static PLAIN: OnceLock<Result<Programs, String>> = OnceLock::new();
    let programs = match compilation {
        Compilation::Usual => &USUAL,
        Compilation::Plain => &PLAIN,
    };
    let made = programs.get_or_init(|| {
        let text = |error: wasmtime::Error| format!("{error:#}");
        let engine = engine::programs(compilation).map_err(text)?;
        let linker = wasi::linker(&engine).map_err(text)?;
        let capacity = NonZeroUsize::new(COMPILED_MAX).ok_or("no room for programs")?;
        let compiled = Mutex::new(LruCache::new(capacity));
        Ok(Programs { compilation, engine, linker, compiled })
    });
    made.as_ref().map_err(|error| HostShortage::Engine(error.clone()))
}

/// Why there is nothing to run.
enum Unusable {
    /// The module's fault.
    Bad(String),
    /// This machine's.
    Shortage(HostShortage),
}

impl Programs {
    fn compile(&self, module: &[u8]) -> Result<InstancePre<Host>, Unusable> {
        let hash = Hash::sha256(module);
        let lock = || self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pre) = lock().get(&hash) {
            return Ok(pre.clone());
        }
        let survey = surveyed(module).map_err(Unusable::Bad)?;
        let sandbox = |text: String| Unusable::Shortage(HostShortage::Sandbox(text));
        let instrumented = stack::instrument(module, &survey, PROGRAM_STACK_MAX).map_err(sandbox)?;
        // What passes the checks compiles, so a failure is this machine's.
        let text = |error: wasmtime::Error| sandbox(format!("{error:#}"));
        let module = Module::from_binary(&self.engine, &instrumented).map_err(text)?;
        let pre = self.linker.instantiate_pre(&module).map_err(text)?;
        if self.compilation == Compilation::Usual {
            lock().put(hash, pre.clone());
        }
        Ok(pre)
    }
}

/// Runs `module` with `input` on its stdin.
///
/// Its clock starts at `start_time_ms` and its randomness is drawn from `seed`, so every node gets the same outcome.
/// Blocks the calling thread; the program runs on its own, which has the stack it may need.
///
/// # Errors
/// When this machine lacks what the run needs. Everything that is the program's own doing is an outcome.
pub fn run(
    module: &[u8],
    input: &[u8],
    limits: ProgramLimits,
    start_time_ms: u64,
    seed: Hash,
) -> Result<ProgramOutcome, HostShortage> {
    run_compiled(Compilation::Usual, module, input, limits, start_time_ms, seed)
}

/// As [`run`], with the machine code made in this way: the outcome is the same.
///
/// # Errors
/// As [`run`].
pub fn run_compiled(
    compilation: Compilation,
    module: &[u8],
    input: &[u8],
    limits: ProgramLimits,
    start_time_ms: u64,
    seed: Hash,
) -> Result<ProgramOutcome, HostShortage> {
    let programs = programs(compilation)?;
    let pre = match programs.compile(module) {
        Ok(pre) => pre,
        Err(Unusable::Bad(reason)) => return Ok(failed(error_code::BAD_PROGRAM, reason)),
        Err(Unusable::Shortage(shortage)) => return Err(shortage),
    };
    let host = Host::new(Arc::from(input), &limits, start_time_ms, seed);
    let thread = std::thread::Builder::new()
        .name(String::from("hydrogen-program"))
        .stack_size(THREAD_STACK)
        .spawn(move || execute(&pre, host, limits.fuel_max))
        .map_err(HostShortage::Thread)?;
    thread.join().unwrap_or_else(|_| Err(HostShortage::Sandbox(String::from("a host function panicked"))))
}

fn failed(code: u32, reason: String) -> ProgramOutcome {
    ProgramOutcome {
        ending: ProgramEnding::Error { code, reason },
        fuel_used: 0,
        log: String::new(),
        exit_code: None,
        memory_bytes: 0,
        asked: Asked::default(),
    }
}

fn execute(pre: &InstancePre<Host>, host: Host, fuel_max: u64) -> Result<ProgramOutcome, HostShortage> {
    let sandbox = |error: wasmtime::Error| HostShortage::Sandbox(format!("{error:#}"));
    let mut store = Store::new(pre.module().engine(), host);
    store.limiter(|host| host);
    store.set_fuel(FUEL_TO_INSTANTIATE).map_err(sandbox)?;
    let ended = match pre.instantiate(&mut store) {
        Ok(instance) => {
            store.data_mut().memory = instance.get_memory(&mut store, "memory");
            store.set_fuel(fuel_max).map_err(sandbox)?;
            let start = instance.get_typed_func::<(), ()>(&mut store, "_start").map_err(sandbox)?;
            let result = start.call(&mut store, ());
            let counter = instance.get_global(&mut store, STACK_EXPORT);
            let exhausted =
                counter.is_some_and(|counter| matches!(counter.get(&mut store), Val::I32(left) if left < 0));
            explain(result, exhausted)?
        }
        Err(error) => explain_instance(error)?,
    };
    let fuel_left = if ended.exact { store.get_fuel().map_err(sandbox)? } else { 0 };
    let memory_bytes = store.data().memory.map_or(0, |memory| memory.data_size(&store));
    let host = store.into_data();
    let ending = match ended.failure {
        None => ProgramEnding::Result(host.output),
        Some((code, reason)) => ProgramEnding::Error { code, reason },
    };
    let log = String::from_utf8_lossy(&host.log).into_owned();
    Ok(ProgramOutcome {
        ending,
        fuel_used: fuel_max.saturating_sub(fuel_left),
        log,
        exit_code: ended.exit_code,
        memory_bytes: u64::try_from(memory_bytes).unwrap_or(u64::MAX),
        asked: host.asked,
    })
}

/// How it ended, and whether the meter is exact: it is not after a trap.
struct Ended {
    failure: Option<(u32, String)>,
    exit_code: Option<u32>,
    exact: bool,
}

fn error(code: u32, reason: impl Into<String>, exact: bool) -> Ended {
    Ended { failure: Some((code, reason.into())), exit_code: None, exact }
}

/// It ended by itself.
fn exited(exit_code: u32) -> Ended {
    let failure = match exit_code {
        0 => None,
        EXIT_BAD_ARGUMENTS => {
            Some((error_code::BAD_ARGUMENTS, String::from("exit code 65: it refused its arguments")))
        }
        code => Some((error_code::NON_ZERO_EXIT, format!("exit code {code}"))),
    };
    Ended { failure, exit_code: Some(exit_code), exact: true }
}

fn explain(result: wasmtime::Result<()>, exhausted: bool) -> Result<Ended, HostShortage> {
    let Err(stop) = result else { return Ok(exited(0)) };
    let trap = stop.downcast_ref::<Trap>().copied();
    Ok(match (stop.downcast::<Halt>(), trap) {
        (Ok(Halt::Exit(code)), _) => exited(code),
        (Ok(Halt::FuelExhausted), _) | (_, Some(Trap::OutOfFuel)) => {
            error(error_code::FUEL_EXHAUSTED, "all fuel used", false)
        }
        (Ok(Halt::MemoryLimit { asked }), _) => {
            error(error_code::MEMORY_LIMIT, format!("asked for {asked} bytes of memory"), false)
        }
        (Ok(Halt::OutputTooLarge), _) => error(error_code::OUTPUT_TOO_LARGE, "output beyond its limit", true),
        (Ok(Halt::Misuse(reason)), _) => error(error_code::TRAP, reason, false),
        (Ok(Halt::Shortage(reason)), _) => return Err(HostShortage::Memory(reason)),
        (Err(_), Some(Trap::StackOverflow)) => error(error_code::TRAP, "stack exhausted", false),
        (Err(_), Some(_)) if exhausted => error(error_code::TRAP, "stack exhausted", false),
        (Err(_), Some(trap)) => error(error_code::TRAP, trap.to_string(), false),
        (Err(unknown), None) => return Err(HostShortage::Sandbox(format!("{unknown:#}"))),
    })
}

/// An instance fails to be made for want of memory alone: the program's limit, or this machine's.
fn explain_instance(stop: wasmtime::Error) -> Result<Ended, HostShortage> {
    match stop.downcast::<Halt>() {
        Ok(Halt::MemoryLimit { asked }) => {
            Ok(error(error_code::MEMORY_LIMIT, format!("starts with {asked} bytes of memory"), false))
        }
        Ok(other) => Err(HostShortage::Memory(other.to_string())),
        Err(unknown) => Err(HostShortage::Memory(format!("{unknown:#}"))),
    }
}
