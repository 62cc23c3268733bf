//! What everything costs. One gas is one picosecond of the reference machine.
//!
//! *Invariant*: this file, the host-function table and the version of wasmtime are the gas schedule; a change of any of
//! them is a change of consensus, and counts [`GAS_SCHEDULE_VERSION`] up. `examples/prices.rs` measures all of it.

use crate::limits::PAGE_BYTES;
use wasmtime::OperatorCost;

/// Version of the gas schedule. A test holds a digest of all prices against it.
pub const GAS_SCHEDULE_VERSION: u32 = 1;

/// Gas of one unit of wasmtime's fuel. Fuel prices are bytes, so this sets both the grain (a plain operator is 2) and
/// the ceiling (255 units: 10 ns).
pub(crate) const GAS_PER_FUEL: u64 = 40;
/// Fuel with which an instance is made: data segments must never run out of it.
pub(crate) const FUEL_TO_INSTANTIATE: u64 = u64::MAX / 4;

/// Gas of making and dropping an instance: pool slot, store, entry.
const INSTANCE_GAS: u64 = 8_000_000;
/// Gas of one byte of the module, for what its size costs on a first load.
const INSTANCE_BYTE_GAS: u64 = 30;
/// Pages that a slot of the pool keeps resident: cheap, since they are cleaned and not mapped anew.
pub(crate) const PAGES_RESIDENT: u64 = 32;
/// Gas of one resident page.
const PAGE_RESIDENT_GAS: u64 = 500_000;
/// Gas of one page beyond: sixteen page faults.
pub(crate) const PAGE_GAS: u64 = 8_000_000;
/// Gas of one attempt to grow a memory or table, also a vain one.
pub(crate) const GROW_GAS: u64 = 200_000;

/// Gas of an instance of a module of this size whose memory starts with `pages`.
pub(crate) fn instantiation(module_bytes: u64, pages: u64) -> u64 {
    let resident = pages.min(PAGES_RESIDENT);
    INSTANCE_GAS
        .saturating_add(module_bytes.saturating_mul(INSTANCE_BYTE_GAS))
        .saturating_add(resident * PAGE_RESIDENT_GAS)
        .saturating_add((pages - resident).saturating_mul(PAGE_GAS))
}

/// Gas of growing a memory by so many bytes.
pub(crate) fn growth(bytes: usize) -> u64 {
    let pages = u64::try_from(bytes.div_ceil(PAGE_BYTES)).unwrap_or(u64::MAX);
    GROW_GAS.saturating_add(pages.saturating_mul(PAGE_GAS))
}

/// Fuel that pays for so much gas.
pub(crate) fn fuel_for(gas: u64) -> u64 {
    gas.div_ceil(GAS_PER_FUEL)
}

/// Relative prices of the classes of operators, in fuel.
struct Weights {
    plain: u8,
    local: u8,
    access: u8,
    multiply: u8,
    divide: u8,
    float: u8,
    float_divide: u8,
    convert: u8,
    branch: u8,
    call: u8,
    call_indirect: u8,
    bulk: u8,
    byte: u8,
    element: u8,
    page: u8,
}

/// Operators of contracts: 80 gas for a plain one.
pub(crate) fn contract_operators() -> OperatorCost {
    table(&Weights {
        plain: 2,
        local: 1,
        access: 4,
        multiply: 3,
        divide: 90,
        float: 65,
        float_divide: 125,
        convert: 45,
        branch: 7,
        call: 20,
        call_indirect: 50,
        bulk: 150,
        byte: 2,
        element: 20,
        page: 255,
    })
}

/// Operators of programs: 1 fuel for a plain one, so that 10^11 fuel are some ten seconds.
pub(crate) fn program_operators() -> OperatorCost {
    table(&Weights {
        plain: 1,
        local: 1,
        access: 2,
        multiply: 2,
        divide: 30,
        float: 10,
        float_divide: 25,
        convert: 8,
        branch: 3,
        call: 8,
        call_indirect: 20,
        bulk: 60,
        byte: 1,
        element: 10,
        page: 255,
    })
}

macro_rules! scale_all {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// Multiplies the default price (1, or 0 for what makes no code) of every operator.
        fn scale_all(cost: &mut OperatorCost, factor: u8) {
            $(cost.$op *= factor;)*
        }
    };
}
wasmparser::for_each_operator!(scale_all);

macro_rules! price {
    ($cost:ident, $price:expr; $($op:ident)*) => {
        $($cost.$op = $price;)*
    };
}

fn table(weights: &Weights) -> OperatorCost {
    let mut cost = OperatorCost::new();
    scale_all(&mut cost, weights.plain);
    integers(&mut cost, weights);
    floats(&mut cost, weights);
    price!(cost, weights.local; LocalGet LocalSet LocalTee I32Const I64Const F32Const F64Const);
    price!(cost, weights.branch; If BrIf Br);
    price!(cost, weights.branch.saturating_mul(2); BrTable);
    price!(cost, weights.call; Call);
    price!(cost, weights.call_indirect; CallIndirect);
    price!(cost, weights.bulk; MemoryCopy MemoryFill MemoryInit DataDrop TableCopy TableFill TableInit ElemDrop
        TableGet TableSet RefFunc);
    price!(cost, u8::MAX; MemoryGrow TableGrow);
    cost.variable.memory_copy_per_byte = weights.byte;
    cost.variable.memory_fill_per_byte = weights.byte;
    cost.variable.memory_init_per_byte = weights.byte;
    cost.variable.memory_grow_per_page = weights.page;
    cost.variable.table_copy_per_element = weights.element;
    cost.variable.table_fill_per_element = weights.element;
    cost.variable.table_init_per_element = weights.element;
    cost.variable.table_grow_per_element = weights.element;
    cost
}

fn integers(cost: &mut OperatorCost, weights: &Weights) {
    price!(cost, weights.access;
        I32Load I64Load F32Load F64Load I32Load8S I32Load8U I32Load16S I32Load16U I64Load8S I64Load8U I64Load16S
        I64Load16U I64Load32S I64Load32U I32Store I64Store F32Store F64Store I32Store8 I32Store16 I64Store8 I64Store16
        I64Store32);
    price!(cost, weights.multiply; I32Mul I64Mul I32Popcnt I64Popcnt I32Clz I64Clz I32Ctz I64Ctz);
    price!(cost, weights.divide; I32DivS I32DivU I32RemS I32RemU I64DivS I64DivU I64RemS I64RemU);
}

fn floats(cost: &mut OperatorCost, weights: &Weights) {
    price!(cost, weights.float;
        F32Add F32Sub F32Mul F32Min F32Max F32Ceil F32Floor F32Trunc F32Nearest F32Copysign
        F64Add F64Sub F64Mul F64Min F64Max F64Ceil F64Floor F64Trunc F64Nearest F64Copysign);
    price!(cost, weights.float_divide; F32Div F64Div F32Sqrt F64Sqrt);
    price!(cost, weights.convert;
        I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U I64TruncF32S I64TruncF32U I64TruncF64S I64TruncF64U
        I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U
        I64TruncSatF32S I64TruncSatF32U I64TruncSatF64S I64TruncSatF64U
        F32ConvertI32S F32ConvertI32U F32ConvertI64S F32ConvertI64U
        F64ConvertI32S F64ConvertI32U F64ConvertI64S F64ConvertI64U
        F32DemoteF64 F64PromoteF32);
    price!(cost, weights.float_divide.saturating_mul(2);
        F32x4Div F64x2Div F32x4Sqrt F64x2Sqrt);
    price!(cost, weights.float.saturating_mul(2);
        F32x4Add F32x4Sub F32x4Mul F32x4Min F32x4Max F64x2Add F64x2Sub F64x2Mul F64x2Min F64x2Max);
}

#[cfg(test)]
mod tests {
    use super::{
        GAS_PER_FUEL, GAS_SCHEDULE_VERSION, contract_operators, fuel_for, growth, instantiation,
        program_operators,
    };
    use crate::engine::VM_VERSION;
    use hydrogen_types::Hash;
    use hydrogen_types::host::HOST_FUNCTIONS;

    /// All prices, as a hash: wasmtime may add operators, and a slip of the pen changes one. Another hash is another
    /// version, and the old one stays in this list.
    const VERSIONS: &[&str] = &["0x670eca986524ac4f799d1f91fd30a132da32bfdbb10e4b3f975f3b7aabbd2da1"];

    #[test]
    fn prices_are_those_of_this_version() {
        let host: Vec<_> =
            HOST_FUNCTIONS.iter().map(|row| (row.name, row.gas_base, row.gas_per_byte)).collect();
        let prices = format!(
            "{:?} {:?} {host:?} {:?} {VM_VERSION}",
            contract_operators(),
            program_operators(),
            (GAS_PER_FUEL, instantiation(1_000, 1), instantiation(0, 100), growth(1), growth(0))
        );
        let version = usize::try_from(GAS_SCHEDULE_VERSION).expect("small");
        assert_eq!(VERSIONS.len(), version, "one hash a version");
        assert_eq!(Hash::sha256(prices.as_bytes()).to_string(), VERSIONS[version - 1]);
    }

    #[test]
    fn pages_cost_little_while_the_pool_keeps_them() {
        assert_eq!(instantiation(1_000, 2), 8_000_000 + 30_000 + 2 * 500_000);
        assert_eq!(instantiation(0, 33), 8_000_000 + 32 * 500_000 + 8_000_000);
        assert_eq!(growth(1), 200_000 + 8_000_000);
        assert_eq!((fuel_for(0), fuel_for(1), fuel_for(40), fuel_for(41)), (0, 1, 1, 2));
    }
}
