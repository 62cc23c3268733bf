//! The two engines and every proposal by name.

use crate::gas;
use crate::limits::{
    CONTRACT_NATIVE_STACK, CONTRACT_PAGES_MAX, INSTANCES_PER_LANE, PAGE_BYTES, PROGRAM_NATIVE_STACK,
    TABLE_ELEMENTS_MAX,
};
use std::num::NonZeroUsize;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, ModuleVersionStrategy, OptLevel,
    PoolingAllocationConfig, Strategy, WasmBacktraceDetails, WasmFeatures,
};

/// Version of everything that changes compiled code beside wasmtime: the instrumentation and the settings here.
pub(crate) const VM_VERSION: &str = "48.0.8+vm1";

/// Largest state of one instance beside memory and table; ten thousand functions take half of it.
const INSTANCE_BYTES_MAX: usize = 1 << 20;

/// Proposals that contracts and programs may use.
const ON: &[WasmFeatures] = &[
    WasmFeatures::BULK_MEMORY,
    WasmFeatures::FLOATS,
    WasmFeatures::MUTABLE_GLOBAL,
    WasmFeatures::REFERENCE_TYPES,
    WasmFeatures::SATURATING_FLOAT_TO_INT,
    WasmFeatures::SIGN_EXTENSION,
];

/// Proposals that nobody may use. With [`ON`] and SIMD, all that wasmparser knows (a test counts them).
const OFF: &[WasmFeatures] = &[
    WasmFeatures::CM64,
    WasmFeatures::CM_ASYNC,
    WasmFeatures::CM_ASYNC_STACKFUL,
    WasmFeatures::CM_CANON_NAMES,
    WasmFeatures::CM_ERROR_CONTEXT,
    WasmFeatures::CM_FIXED_LENGTH_LISTS,
    WasmFeatures::CM_GC,
    WasmFeatures::CM_IMPLEMENTS,
    WasmFeatures::CM_MAP,
    WasmFeatures::CM_MORE_ASYNC_BUILTINS,
    WasmFeatures::CM_NESTED_NAMES,
    WasmFeatures::CM_THREADING,
    WasmFeatures::CM_VALUES,
    WasmFeatures::COMPACT_IMPORTS,
    WasmFeatures::COMPONENT_MODEL,
    WasmFeatures::CUSTOM_DESCRIPTORS,
    WasmFeatures::CUSTOM_PAGE_SIZES,
    WasmFeatures::EXCEPTIONS,
    WasmFeatures::EXTENDED_CONST,
    WasmFeatures::FUNCTION_REFERENCES,
    WasmFeatures::GC,
    WasmFeatures::GC_TYPES,
    WasmFeatures::LEGACY_EXCEPTIONS,
    WasmFeatures::MEMORY64,
    WasmFeatures::MEMORY_CONTROL,
    WasmFeatures::MULTI_MEMORY,
    WasmFeatures::MULTI_VALUE,
    WasmFeatures::RELAXED_SIMD,
    WasmFeatures::SHARED_EVERYTHING_THREADS,
    WasmFeatures::STACK_SWITCHING,
    WasmFeatures::TAIL_CALL,
    WasmFeatures::THREADS,
    WasmFeatures::WIDE_ARITHMETIC,
];

fn union(features: &[WasmFeatures]) -> WasmFeatures {
    features.iter().fold(WasmFeatures::empty(), |all, feature| all | *feature)
}

/// What contracts may use. SIMD is off: nobody needs it there, and it doubles what must be reviewed.
pub(crate) fn contract_features() -> WasmFeatures {
    union(ON)
}

/// What programs may use: the same and SIMD, which is deterministic where relaxed SIMD is not.
pub(crate) fn program_features() -> WasmFeatures {
    union(ON) | WasmFeatures::SIMD
}

fn common(features: WasmFeatures) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config
        .wasm_features(union(OFF) | WasmFeatures::SIMD, false)
        .wasm_features(features, true)
        .relaxed_simd_deterministic(true)
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .consume_fuel(true)
        .signals_based_traps(true)
        .memory_init_cow(true)
        .native_unwind_info(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .module_version(ModuleVersionStrategy::Custom(VM_VERSION.to_owned()))?;
    Ok(config)
}

/// The engine of contracts: memories from a pool, so that a fresh instance costs microseconds.
pub(crate) fn contracts(lanes: usize, frames_max: Option<NonZeroUsize>) -> wasmtime::Result<Engine> {
    let instances = u32::try_from(lanes.saturating_mul(INSTANCES_PER_LANE))?;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(instances)
        .total_memories(instances)
        .total_tables(instances)
        .max_memories_per_module(1)
        .max_tables_per_module(1)
        .max_memory_size(usize::try_from(CONTRACT_PAGES_MAX)? * PAGE_BYTES)
        .table_elements(usize::try_from(TABLE_ELEMENTS_MAX)?)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .linear_memory_keep_resident(usize::try_from(gas::PAGES_RESIDENT)? * PAGE_BYTES)
        .table_keep_resident(PAGE_BYTES)
        .max_unused_warm_slots(instances)
        .pagemap_scan(Enabled::Auto);
    let mut config = common(contract_features())?;
    config
        .operator_cost(gas::contract_operators())
        .max_wasm_stack(CONTRACT_NATIVE_STACK)
        .wasm_backtrace_max_frames(frames_max)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// The engine of programs: memories on demand, since they are large and few.
pub(crate) fn programs() -> wasmtime::Result<Engine> {
    let mut config = common(program_features())?;
    config
        .operator_cost(gas::program_operators())
        .max_wasm_stack(PROGRAM_NATIVE_STACK)
        .async_stack_size(PROGRAM_NATIVE_STACK)
        .wasm_backtrace_max_frames(None)
        .allocation_strategy(InstanceAllocationStrategy::OnDemand);
    Engine::new(&config)
}

#[cfg(test)]
mod tests {
    use super::{OFF, ON, union};
    use wasmtime::WasmFeatures;

    #[test]
    fn every_proposal_is_on_or_off_by_name() {
        assert!((union(ON) & union(OFF)).is_empty());
        let named = union(ON) | union(OFF) | WasmFeatures::SIMD;
        assert_eq!(WasmFeatures::all() - named, WasmFeatures::empty());
    }
}
