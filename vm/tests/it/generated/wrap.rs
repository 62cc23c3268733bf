//! Makes a contract of a generated module: imports in front, methods behind.
//!
//! Active segments that would not fit become passive ones, since a contract's must fit.
//!
//! Each method calls one of the module's functions with fixed arguments, writes all globals to memory, hashes what
//! memory there is, stores the digest under the method's number and returns it.

use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{
    BlockType, CodeSection, DataCountSection, DataSection, ElementSection, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, ImportSection, MemorySection, Module, TableSection,
    TypeSection, ValType,
};
use wasmparser::{
    CompositeInnerType, ConstExpr, Data, DataKind, Element, ElementItems, ElementKind, FuncType, GlobalType,
    Operator, Parser, Payload,
};

/// Methods of a module.
pub(super) const METHODS: usize = 4;
/// `sha256`, `storage_set`, `return_value`.
const IMPORTS: u32 = 3;
/// Bytes that are hashed at most.
const HASHED_MAX: i32 = 256 * 1024;

/// Everything but functions stays where it is.
struct Shift;

impl Reencode for Shift {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Error<Self::Error>> {
        Ok(index + IMPORTS)
    }
}

#[derive(Default)]
struct Seen {
    types: Vec<FuncType>,
    functions: Vec<u32>,
    globals: Vec<GlobalType>,
    /// Elements of the table and bytes of the memory at the start.
    elements: u64,
    bytes: u64,
}

/// Where an active segment of so many ends; `None` if its offset is no plain number.
fn end(offset: &ConstExpr<'_>, length: u64) -> Option<u64> {
    match offset.get_operators_reader().read() {
        Ok(Operator::I32Const { value }) => Some(u64::from(value.cast_unsigned()) + length),
        _ => None,
    }
}

/// `None` for a module that the encoder does not take.
pub(super) fn wrap(code: &[u8]) -> Option<Vec<u8>> {
    let mut seen = Seen::default();
    let mut out = Module::new();
    let mut bodies = CodeSection::new();
    let mut left = 0;
    for payload in Parser::new(0).parse_all(code) {
        match payload.ok()? {
            Payload::TypeSection(reader) => {
                for group in reader.clone() {
                    for kind in group.ok()?.into_types() {
                        let CompositeInnerType::Func(function) = kind.composite_type.inner else {
                            return None;
                        };
                        seen.types.push(function);
                    }
                }
                types(&mut out, reader, &seen)?;
            }
            Payload::FunctionSection(reader) => {
                seen.functions = reader.clone().into_iter().collect::<Result<_, _>>().ok()?;
                let mut section = FunctionSection::new();
                Shift.parse_function_section(&mut section, reader).ok()?;
                for _ in 0..=METHODS {
                    section.function(own_types(&seen));
                }
                out.section(&section);
            }
            Payload::TableSection(reader) => {
                for table in reader.clone() {
                    seen.elements = table.ok()?.ty.initial;
                }
                let mut section = TableSection::new();
                Shift.parse_table_section(&mut section, reader).ok()?;
                out.section(&section);
            }
            Payload::MemorySection(reader) => {
                for memory in reader.clone() {
                    seen.bytes = memory.ok()?.initial * 65_536;
                }
                let mut section = MemorySection::new();
                Shift.parse_memory_section(&mut section, reader).ok()?;
                out.section(&section);
            }
            Payload::GlobalSection(reader) => {
                for global in reader.clone() {
                    seen.globals.push(global.ok()?.ty);
                }
                let mut section = GlobalSection::new();
                Shift.parse_global_section(&mut section, reader).ok()?;
                out.section(&section);
            }
            Payload::ElementSection(reader) => {
                exports(&mut out, &mut seen, &mut left);
                let mut section = ElementSection::new();
                for element in reader {
                    let element = element.ok()?;
                    let fits = match &element.kind {
                        ElementKind::Active { offset_expr, .. } => {
                            let count = match &element.items {
                                ElementItems::Functions(items) => items.count(),
                                ElementItems::Expressions(_, items) => items.count(),
                            };
                            end(offset_expr, u64::from(count)).is_some_and(|end| end <= seen.elements)
                        }
                        _ => true,
                    };
                    let kind = if fits { element.kind } else { ElementKind::Passive };
                    Shift.parse_element(&mut section, Element { kind, ..element }).ok()?;
                }
                out.section(&section);
            }
            Payload::DataCountSection { count, .. } => {
                exports(&mut out, &mut seen, &mut left);
                out.section(&DataCountSection { count });
            }
            Payload::CodeSectionStart { .. } => exports(&mut out, &mut seen, &mut left),
            Payload::CodeSectionEntry(body) => {
                Shift.parse_function_body(&mut bodies, body).ok()?;
                if usize::try_from(bodies.len()).ok()? == seen.functions.len() {
                    methods(&mut bodies, &seen);
                    out.section(&bodies);
                }
            }
            Payload::DataSection(reader) => {
                let mut section = DataSection::new();
                for data in reader {
                    let data = data.ok()?;
                    let fits = match &data.kind {
                        DataKind::Active { offset_expr, .. } => {
                            let length = u64::try_from(data.data.len()).ok()?;
                            end(offset_expr, length).is_some_and(|end| end <= seen.bytes)
                        }
                        DataKind::Passive => true,
                    };
                    let kind = if fits { data.kind } else { DataKind::Passive };
                    Shift.parse_data(&mut section, Data { kind, ..data }).ok()?;
                }
                out.section(&section);
            }
            _ => {}
        }
    }
    // A module without functions has nothing to call.
    (left == 1).then(|| out.finish())
}

/// The first of the types that [`types`] adds: `() -> ()`, then those of the imports.
fn own_types(seen: &Seen) -> u32 {
    u32::try_from(seen.types.len()).expect("few types")
}

/// The module's types and ours, then our imports.
fn types(out: &mut Module, reader: wasmparser::TypeSectionReader<'_>, seen: &Seen) -> Option<()> {
    let mut section = TypeSection::new();
    Shift.parse_type_section(&mut section, reader).ok()?;
    section.ty().function([], []);
    section.ty().function([ValType::I32; 3], []);
    section.ty().function([ValType::I32; 4], []);
    section.ty().function([ValType::I32; 2], []);
    out.section(&section);
    let mut imports = ImportSection::new();
    for (name, offset) in [("sha256", 1), ("storage_set", 2), ("return_value", 3)] {
        imports.import("hydrogen", name, wasm_encoder::EntityType::Function(own_types(seen) + offset));
    }
    out.section(&imports);
    Some(())
}

/// Our exports, once, where exports belong.
fn exports(out: &mut Module, seen: &mut Seen, done: &mut u32) {
    if *done > 0 {
        return;
    }
    *done = 1;
    let first = IMPORTS + u32::try_from(seen.functions.len()).expect("few functions");
    let mut section = ExportSection::new();
    section.export("memory", ExportKind::Memory, 0);
    section.export("init", ExportKind::Func, first);
    for method in 0..METHODS {
        let index = first + 1 + u32::try_from(method).expect("few methods");
        section.export(&format!("call.m{method}"), ExportKind::Func, index);
    }
    out.section(&section);
}

fn methods(bodies: &mut CodeSection, seen: &Seen) {
    let mut init = Function::new([]);
    init.instructions().end();
    bodies.function(&init);
    for method in 0..METHODS {
        bodies.function(&body(method, seen));
    }
}

fn body(method: usize, seen: &Seen) -> Function {
    let target = method % seen.functions.len();
    let kind = &seen.types[usize::try_from(seen.functions[target]).expect("small")];
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    let salt = i64::try_from(method).expect("small") * 0x1234_5678_9abc + 7;
    for param in kind.params() {
        match param {
            wasmparser::ValType::I32 => code.i32_const(i32::try_from(salt & 0xffff).expect("small")),
            wasmparser::ValType::I64 => code.i64_const(salt),
            wasmparser::ValType::F32 => code.f32_const(1.5f32.into()),
            wasmparser::ValType::F64 => code.f64_const((-2.25f64).into()),
            _ => code.ref_null(wasm_encoder::HeapType::FUNC),
        };
    }
    code.call(IMPORTS + u32::try_from(target).expect("small"));
    for _ in kind.results() {
        code.drop();
    }
    // A memory of no pages has nothing to hash.
    code.memory_size(0).i32_eqz().if_(BlockType::Empty).return_().end();
    for (index, global) in seen.globals.iter().enumerate() {
        let at = i32::try_from(index * 8).expect("few globals");
        let index = u32::try_from(index).expect("few globals");
        let slot = wasm_encoder::MemArg { offset: 0, align: 0, memory_index: 0 };
        match global.content_type {
            wasmparser::ValType::I32 => code.i32_const(at).global_get(index).i32_store(slot),
            wasmparser::ValType::I64 => code.i32_const(at).global_get(index).i64_store(slot),
            wasmparser::ValType::F32 => code.i32_const(at).global_get(index).f32_store(slot),
            wasmparser::ValType::F64 => code.i32_const(at).global_get(index).f64_store(slot),
            _ => &mut code,
        };
    }
    // Pointer, length (all pages, at most so many bytes), and where the digest goes.
    code.memory_size(0).i32_const(16).i32_shl().local_set(0);
    code.i32_const(0);
    code.local_get(0).i32_const(HASHED_MAX).local_get(0).i32_const(HASHED_MAX).i32_lt_u().select();
    code.i32_const(0).call(0);
    code.i32_const(0).i32_const(i32::try_from(method).expect("small") + 1).i32_const(0).i32_const(32).call(1);
    code.i32_const(0).i32_const(32).call(2);
    code.end();
    function
}
