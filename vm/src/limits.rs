//! Bounds of modules and instances, for contracts and for programs.

use hydrogen_core::limits::{CALL_DEPTH_MAX, CODE_BYTES_MAX};

/// Bytes of one WebAssembly page.
pub(crate) const PAGE_BYTES: usize = 64 * 1024;
/// Largest memory of a contract, in pages: 64 MiB.
pub(crate) const CONTRACT_PAGES_MAX: u64 = 1024;
/// Most elements of a table: one slot of the pool holds them.
pub(crate) const TABLE_ELEMENTS_MAX: u64 = 10_000;
/// Tables of a module: one slot of the pool holds one.
pub(crate) const TABLES_MAX: u32 = 1;
/// Instances that one lane may hold: the outermost call and those below it.
pub(crate) const INSTANCES_PER_LANE: usize = CALL_DEPTH_MAX + 1;

/// Units of the stack counter for the whole chain of calls of one transaction.
pub(crate) const CONTRACT_STACK_MAX: i32 = 64 * 1024;
/// Native stack that one instance may use: 16 times the counter, so that the counter always speaks first.
pub(crate) const CONTRACT_NATIVE_STACK: usize = 1024 * 1024;
/// Native stack of the host between two instances.
pub(crate) const HOST_STACK_PER_CALL: usize = 64 * 1024;
/// Native stack that the deepest chain of calls can use.
pub(crate) const LANE_STACK_MIN: usize = INSTANCES_PER_LANE * (CONTRACT_NATIVE_STACK + HOST_STACK_PER_CALL);
/// Stack of the sandbox's own threads; only touched pages cost memory.
pub(crate) const LANE_STACK: usize = 32 * 1024 * 1024;

/// Units of the stack counter of a program.
pub(crate) const PROGRAM_STACK_MAX: i32 = 1024 * 1024;
/// Native stack of a program.
pub(crate) const PROGRAM_NATIVE_STACK: usize = 16 * 1024 * 1024;
/// Largest program, in bytes.
pub const PROGRAM_BYTES_MAX: usize = 16 << 20;
/// Largest memory a task may allow, in bytes.
pub(crate) const PROGRAM_MEMORY_MAX: u64 = 1 << 30;

/// Longest message of a panic or revert that is kept, in bytes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 1024;
/// Longest file name of a panic that is kept, in bytes.
pub(crate) const FILE_BYTES_MAX: usize = 256;
/// Most bytes one call of a hash or signature function reads, in bytes.
pub(crate) const HASH_BYTES_MAX: usize = 1024 * 1024;

/// Bounds of a module. They bound the time of its compilation, so that what passes always compiles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModuleLimits {
    /// What the module is called in messages.
    pub(crate) noun: &'static str,
    /// Bytes of the module.
    pub(crate) module_bytes_max: usize,
    /// Bytes of one function.
    pub(crate) function_bytes_max: usize,
    /// Functions, imported ones not counted.
    pub(crate) functions_max: u32,
    /// Locals of one function, without its parameters.
    pub(crate) locals_max: u32,
    /// Parameters of one function.
    pub(crate) params_max: usize,
    /// Globals.
    pub(crate) globals_max: u32,
    /// Targets of one branch table: cranelift itself stops at 65,520.
    pub(crate) branch_targets_max: u32,
    /// Blocks inside blocks.
    pub(crate) nesting_max: usize,
    /// Types.
    pub(crate) types_max: u32,
    /// Imports.
    pub(crate) imports_max: u32,
    /// Exports.
    pub(crate) exports_max: u32,
    /// Data segments.
    pub(crate) data_segments_max: u32,
    /// Element segments.
    pub(crate) element_segments_max: u32,
    /// Pages of memory at the start.
    pub(crate) pages_max: u64,
    /// Bytes that one local or operand costs on the stack counter: the widest value of the enabled proposals.
    pub(crate) slot_bytes: u32,
}

/// Bounds of contracts.
pub(crate) const CONTRACT: ModuleLimits = ModuleLimits {
    noun: "contract",
    module_bytes_max: CODE_BYTES_MAX,
    function_bytes_max: 64 * 1024,
    functions_max: 10_000,
    locals_max: 1024,
    params_max: 32,
    globals_max: 256,
    branch_targets_max: 4096,
    nesting_max: 512,
    types_max: 1024,
    imports_max: 256,
    exports_max: 512,
    data_segments_max: 1024,
    element_segments_max: 128,
    pages_max: CONTRACT_PAGES_MAX,
    slot_bytes: 8,
};

/// Bounds of programs: wide enough for an interpreter.
pub(crate) const PROGRAM: ModuleLimits = ModuleLimits {
    noun: "program",
    module_bytes_max: PROGRAM_BYTES_MAX,
    function_bytes_max: 1 << 20,
    functions_max: 100_000,
    locals_max: 10_000,
    params_max: 64,
    globals_max: 1024,
    branch_targets_max: 16_384,
    nesting_max: 1024,
    types_max: 10_000,
    imports_max: 64,
    exports_max: 1024,
    data_segments_max: 10_000,
    element_segments_max: 1024,
    pages_max: PROGRAM_MEMORY_MAX / PAGE_BYTES as u64,
    slot_bytes: 16,
};
