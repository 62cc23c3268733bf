//! The two engines.

use crate::config::{Allocation, Optimisation, VmConfig};
use crate::limits::{
    CONTRACT_NATIVE_STACK, CONTRACT_PAGES_MAX, INSTANCES_PER_LANE, PAGE_BYTES, PROGRAM_MEMORY_MAX,
    PROGRAM_NATIVE_STACK, TABLE_ELEMENTS_MAX, TABLES_MAX,
};
use crate::program::Compilation;
use crate::{gas, proposals};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, ModuleVersionStrategy, OptLevel,
    PoolingAllocationConfig, Strategy, WasmBacktraceDetails, WasmFeatures,
};

/// Version of everything that changes compiled code beside wasmtime: the instrumentation and the settings here.
pub(crate) const VM_VERSION: &str = "48.0.8+vm1";

/// Largest state of one instance beside memory and table; ten thousand functions take half of it.
const INSTANCE_BYTES_MAX: usize = 1 << 20;

/// Largest state of one program in the plain engine: programs may have ten times the functions.
const PLAIN_INSTANCE_BYTES_MAX: usize = 8 << 20;
/// Programs that run at a time in the plain engine: each reserves its largest memory.
const PLAIN_INSTANCES_MAX: u32 = 8;

fn common(features: WasmFeatures, optimisation: Optimisation) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config
        .wasm_features(proposals::known_features() - features, false)
        .wasm_features(features, true)
        .relaxed_simd_deterministic(true)
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(match optimisation {
            Optimisation::Speed => OptLevel::Speed,
            Optimisation::None => OptLevel::None,
        })
        .cranelift_nan_canonicalization(true)
        .consume_fuel(true)
        .signals_based_traps(true)
        .memory_init_cow(true)
        .native_unwind_info(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .module_version(ModuleVersionStrategy::Custom(VM_VERSION.to_owned()))?;
    Ok(config)
}

/// The engine of contracts: by default, memories come from a pool, so that a fresh instance costs microseconds.
pub(crate) fn contracts(settings: &VmConfig) -> wasmtime::Result<Engine> {
    let mut config = common(proposals::contract_features(), settings.optimisation)?;
    config
        .operator_cost(gas::contract_operators())
        .max_wasm_stack(CONTRACT_NATIVE_STACK)
        .wasm_backtrace_max_frames(settings.backtrace_frames_max)
        .allocation_strategy(match settings.allocation {
            Allocation::Pooled => InstanceAllocationStrategy::Pooling(pool(settings.lanes, true)?),
            Allocation::Lean => InstanceAllocationStrategy::Pooling(pool(settings.lanes, false)?),
            Allocation::OnDemand => InstanceAllocationStrategy::OnDemand,
        });
    Engine::new(&config)
}

/// A pool for so many lanes. With `resident`, slots keep the pages that calls usually touch.
fn pool(lanes: usize, resident: bool) -> wasmtime::Result<PoolingAllocationConfig> {
    let instances = u32::try_from(lanes.saturating_mul(INSTANCES_PER_LANE))?;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(instances)
        .total_memories(instances)
        .total_tables(instances)
        .max_memories_per_module(1)
        .max_tables_per_module(TABLES_MAX)
        .max_memory_size(usize::try_from(CONTRACT_PAGES_MAX)? * PAGE_BYTES)
        .table_elements(usize::try_from(TABLE_ELEMENTS_MAX)?)
        .max_core_instance_size(INSTANCE_BYTES_MAX);
    if resident {
        pool.linear_memory_keep_resident(usize::try_from(gas::PAGES_RESIDENT)? * PAGE_BYTES)
            .table_keep_resident(PAGE_BYTES)
            .max_unused_warm_slots(instances)
            .pagemap_scan(Enabled::Auto);
    } else {
        pool.linear_memory_keep_resident(0).table_keep_resident(0).max_unused_warm_slots(0);
    }
    Ok(pool)
}

/// The engine of programs: memories on demand, since they are large and few. The plain one differs in everything that
/// must not matter.
pub(crate) fn programs(compilation: Compilation) -> wasmtime::Result<Engine> {
    let optimisation = match compilation {
        Compilation::Usual => Optimisation::Speed,
        Compilation::Plain => Optimisation::None,
    };
    let mut config = common(proposals::program_features(), optimisation)?;
    let allocation = match compilation {
        Compilation::Usual => InstanceAllocationStrategy::OnDemand,
        Compilation::Plain => {
            config.memory_init_cow(false);
            InstanceAllocationStrategy::Pooling(plain_pool()?)
        }
    };
    config
        .operator_cost(gas::program_operators())
        .max_wasm_stack(PROGRAM_NATIVE_STACK)
        .async_stack_size(PROGRAM_NATIVE_STACK)
        .wasm_backtrace_max_frames(None)
        .allocation_strategy(allocation);
    Engine::new(&config)
}

/// Room for a few programs at a time.
fn plain_pool() -> wasmtime::Result<PoolingAllocationConfig> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(PLAIN_INSTANCES_MAX)
        .total_memories(PLAIN_INSTANCES_MAX)
        .total_tables(PLAIN_INSTANCES_MAX)
        .max_memories_per_module(1)
        .max_tables_per_module(TABLES_MAX)
        .max_memory_size(usize::try_from(PROGRAM_MEMORY_MAX)?)
        .table_elements(usize::try_from(TABLE_ELEMENTS_MAX)?)
        .max_core_instance_size(PLAIN_INSTANCE_BYTES_MAX);
    Ok(pool)
}
