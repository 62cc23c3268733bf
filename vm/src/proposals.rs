//! Every proposal of WebAssembly that the engine knows, on or off by name, and why.
//!
//! *Invariant*: the engines take their features from this table and from nothing else; `docs/features.md` is made from
//! it, and a test counts that none is missing.

use wasmtime::WasmFeatures;

/// Who may use a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// Contracts and programs.
    Everywhere,
    /// Programs alone.
    Programs,
    /// Nobody.
    Nowhere,
}

/// One proposal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proposal {
    /// The engine's switch.
    pub(crate) feature: WasmFeatures,
    /// Its name, as compilers and the proposals' pages write it.
    pub(crate) name: &'static str,
    pub(crate) allowed: Allowed,
    /// Why it is on or off.
    pub(crate) reason: &'static str,
    /// How to build without it; empty for those that are on everywhere.
    pub(crate) without: &'static str,
}

const fn on(feature: WasmFeatures, name: &'static str, reason: &'static str) -> Proposal {
    Proposal { feature, name, allowed: Allowed::Everywhere, reason, without: "" }
}

const fn off(
    feature: WasmFeatures,
    name: &'static str,
    reason: &'static str,
    without: &'static str,
) -> Proposal {
    Proposal { feature, name, allowed: Allowed::Nowhere, reason, without }
}

/// A part of the component model, which is off as a whole.
const fn component(feature: WasmFeatures, name: &'static str) -> Proposal {
    off(feature, name, "part of the component model", AS_CORE_MODULE)
}

const AS_CORE_MODULE: &str = "build a core module: no `wasm-tools component new`, no target wasm32-wasip2";
const WITHOUT_GC: &str = "compile from a language with its own memory (Rust, C, Zig), not to WebAssembly GC";

/// All of them, by the name of the switch.
pub(crate) const PROPOSALS: &[Proposal] = &[
    on(
        WasmFeatures::BULK_MEMORY,
        "bulk-memory",
        "compilers use `memory.copy` and `memory.fill` by default; priced by the byte",
    ),
    on(
        WasmFeatures::FLOATS,
        "floats",
        "deterministic once NaNs are canonical, which the compiler sees to; formatting of numbers needs them",
    ),
    on(
        WasmFeatures::MUTABLE_GLOBAL,
        "mutable-globals",
        "part of WebAssembly 1.0 since long; only exports of such globals fall under it",
    ),
    on(
        WasmFeatures::REFERENCE_TYPES,
        "reference-types",
        "compilers write table indices in its long form; `funcref` alone, `externref` needs gc-types",
    ),
    on(
        WasmFeatures::SATURATING_FLOAT_TO_INT,
        "nontrapping-fptoint",
        "compilers use it by default for casts of floats; the result is fixed for every input",
    ),
    on(WasmFeatures::SIGN_EXTENSION, "sign-ext", "compilers use it by default; plain integer operators"),
    Proposal {
        feature: WasmFeatures::SIMD,
        name: "simd128",
        allowed: Allowed::Programs,
        reason: "deterministic, and programs compute; contracts have no use for it and its many operators would each \
                 need a price that holds on all machines",
        without: "build with -C target-feature=-simd128 (clang: -mno-simd128)",
    },
    component(WasmFeatures::CM64, "component-model 64-bit"),
    component(WasmFeatures::CM_ASYNC, "component-model async"),
    component(WasmFeatures::CM_ASYNC_STACKFUL, "component-model async stackful"),
    component(WasmFeatures::CM_CANON_NAMES, "component-model canonical names"),
    component(WasmFeatures::CM_ERROR_CONTEXT, "component-model error-context"),
    component(WasmFeatures::CM_FIXED_LENGTH_LISTS, "component-model fixed-length lists"),
    component(WasmFeatures::CM_GC, "component-model gc"),
    component(WasmFeatures::CM_IMPLEMENTS, "component-model implements"),
    component(WasmFeatures::CM_MAP, "component-model maps"),
    component(WasmFeatures::CM_MORE_ASYNC_BUILTINS, "component-model more async built-ins"),
    component(WasmFeatures::CM_NESTED_NAMES, "component-model nested names"),
    component(WasmFeatures::CM_THREADING, "component-model threading"),
    component(WasmFeatures::CM_VALUES, "component-model values"),
    off(
        WasmFeatures::COMPACT_IMPORTS,
        "compact-imports",
        "another encoding of what there is already, unfinished",
        "link with a released linker and its defaults",
    ),
    off(
        WasmFeatures::COMPONENT_MODEL,
        "component-model",
        "modules talk to the host through one flat table of functions; components would bring a second calling \
         convention, several memories and much code",
        AS_CORE_MODULE,
    ),
    off(WasmFeatures::CUSTOM_DESCRIPTORS, "custom-descriptors", "needs gc; unfinished", WITHOUT_GC),
    off(
        WasmFeatures::CUSTOM_PAGE_SIZES,
        "custom-page-sizes",
        "unfinished; memory is priced and pooled in pages of 64 KiB",
        "link without --page-size",
    ),
    off(
        WasmFeatures::EXCEPTIONS,
        "exception-handling",
        "unwinding crosses functions, past the stack counter's give-back and past exact fuel",
        "build with panic = \"abort\" (C++: -fno-exceptions)",
    ),
    off(
        WasmFeatures::EXTENDED_CONST,
        "extended-const",
        "offsets of segments must be plain constants, so that the check can tell that they fit",
        "link without position-independent code and with -C target-feature=-extended-const",
    ),
    off(
        WasmFeatures::FUNCTION_REFERENCES,
        "function-references",
        "`call_ref` would need a price and a counter of its own; compilers of contracts do not use it",
        WITHOUT_GC,
    ),
    off(
        WasmFeatures::GC,
        "gc",
        "what a collector does and when is neither metered nor bounded by the memory's limit",
        WITHOUT_GC,
    ),
    off(
        WasmFeatures::GC_TYPES,
        "gc-types",
        "`externref` and its kin: references to objects of a host that has none",
        "build with -C target-feature=-reference-types, and without JavaScript bindings",
    ),
    off(
        WasmFeatures::LEGACY_EXCEPTIONS,
        "legacy exception-handling",
        "as exception-handling, and superseded by it",
        "build with panic = \"abort\" (C++: -fno-exceptions)",
    ),
    off(
        WasmFeatures::MEMORY64,
        "memory64",
        "pointers of the host interface are 32 bits wide; bounds checks would be paid on every access",
        "build for wasm32, not wasm64",
    ),
    off(
        WasmFeatures::MEMORY_CONTROL,
        "memory-control",
        "unfinished; discarding pages depends on the system",
        "leave `memory.discard` out",
    ),
    off(
        WasmFeatures::MULTI_MEMORY,
        "multi-memory",
        "the host reads and writes one memory, and the pool holds one for each instance",
        "link into one memory: build with -C target-feature=-multimemory",
    ),
    off(
        WasmFeatures::MULTI_VALUE,
        "multi-value",
        "compilers do not use it by default, and functions with one result keep the stack counter simple",
        "build with -C target-feature=-multivalue and the default C calling convention",
    ),
    off(
        WasmFeatures::RELAXED_SIMD,
        "relaxed-simd",
        "its results may differ between machines, by design",
        "build with -C target-feature=-relaxed-simd (clang: -mno-relaxed-simd)",
    ),
    off(
        WasmFeatures::SHARED_EVERYTHING_THREADS,
        "shared-everything-threads",
        "threads make results depend on time",
        "build without threads",
    ),
    off(
        WasmFeatures::STACK_SWITCHING,
        "stack-switching",
        "unfinished; several stacks would escape the stack counter",
        "build without coroutines of WebAssembly",
    ),
    off(
        WasmFeatures::TAIL_CALL,
        "tail-call",
        "a tail call leaves a function past the stack counter's give-back",
        "build with -C target-feature=-tail-call (clang: -mno-tail-call)",
    ),
    off(
        WasmFeatures::THREADS,
        "threads",
        "shared memory and atomics make results depend on time",
        "build with -C target-feature=-atomics and without threads",
    ),
    off(
        WasmFeatures::WIDE_ARITHMETIC,
        "wide-arithmetic",
        "unfinished; no compiler uses it by default",
        "build with -C target-feature=-wide-arithmetic",
    ),
];

fn union(wanted: impl Fn(Allowed) -> bool) -> WasmFeatures {
    let allowed = PROPOSALS.iter().filter(|proposal| wanted(proposal.allowed));
    allowed.fold(WasmFeatures::empty(), |all, proposal| all | proposal.feature)
}

/// What contracts may use.
pub(crate) fn contract_features() -> WasmFeatures {
    union(|allowed| allowed == Allowed::Everywhere)
}

/// What programs may use.
pub(crate) fn program_features() -> WasmFeatures {
    union(|allowed| allowed != Allowed::Nowhere)
}

/// All that have a name here.
pub(crate) fn known_features() -> WasmFeatures {
    union(|_| true)
}

#[cfg(test)]
mod tests;
