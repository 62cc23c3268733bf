//! One walk over a module: validates it, holds it against the bounds, and notes what the rest of the crate needs.
//!
//! *Invariant*: a module that passes can be instrumented, compiled and instantiated without an error.

use crate::limits::{ModuleLimits, PAGE_BYTES, TABLE_ELEMENTS_MAX};
use crate::measure::measure;
use std::collections::BTreeMap;
use wasmparser::{
    BinaryReaderError, DataKind, ElementItems, ElementKind, ExternalKind, FuncToValidate, FuncType,
    FuncValidatorAllocations, FunctionBody, Name, NameSectionReader, Operator, Parser, Payload, TypeRef,
    ValidPayload, Validator, ValidatorResources, WasmFeatures,
};

/// What to do about an operator or type that the features exclude.
const FEATURES_HELP: &str = "; allowed are WebAssembly 1.0, bulk memory, sign extension, saturating conversions, \
                             mutable globals and reference types: switch the other target features off";

/// What a module is made of.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Imported functions: module, name, type.
    pub(crate) imports: Vec<(String, String, FuncType)>,
    /// Types of the module's own functions, then their cost on the stack counter.
    pub(crate) functions: Vec<FunctionFacts>,
    /// Exported functions with their types.
    pub(crate) exports: BTreeMap<String, FuncType>,
    /// Whether the memory is exported as `memory`.
    pub(crate) exports_memory: bool,
    /// Globals; the stack counter gets this index.
    pub(crate) globals: u32,
    /// Pages of the memory at the start.
    pub(crate) pages: u64,
    types: Vec<FuncType>,
    own_types: Vec<u32>,
    table_elements: u64,
}

/// What the instrumentation needs of one function.
#[derive(Debug, Clone)]
pub(crate) struct FunctionFacts {
    /// Parameters and result.
    pub(crate) signature: FuncType,
    /// Units it takes from the stack counter.
    pub(crate) stack_cost: i32,
}

/// Name under which the instrumentation exports its counter; a module may not export it itself.
pub(crate) const STACK_EXPORT: &str = "hydrogen.stack";

/// Walks over `code`.
///
/// # Errors
/// A sentence that names the section, function or import and says how to mend it.
pub(crate) fn survey(code: &[u8], limits: &ModuleLimits, features: WasmFeatures) -> Result<Survey, String> {
    if code.len() > limits.module_bytes_max {
        return Err(format!(
            "the module has {} bytes, a {} at most {}: build with opt-level = \"s\", lto = true and strip = true",
            code.len(),
            limits.noun,
            limits.module_bytes_max
        ));
    }
    let mut walk = Walk {
        code,
        limits,
        survey: Survey::default(),
        allocations: FuncValidatorAllocations::default(),
        validator: Validator::new_with_features(features),
    };
    let mut parser = Parser::new(0);
    parser.set_features(features);
    for payload in parser.parse_all(code) {
        let payload = payload.map_err(|error| malformed(&error))?;
        walk.payload(&payload)?;
    }
    Ok(walk.survey)
}

pub(crate) fn malformed(error: &BinaryReaderError) -> String {
    let help = if error.message().contains("not enabled") || error.message().contains("not supported") {
        FEATURES_HELP
    } else {
        ""
    };
    format!("not a valid module: {} (at offset {:#x}){help}", error.message(), error.offset())
}

/// How a function is called in a message: its index, and its name if the module still has names.
pub(crate) fn describe_function(code: &[u8], index: u32) -> String {
    match function_name(code, index) {
        Some(name) => format!("function {index} `{name}`"),
        None => format!("function {index}"),
    }
}

fn function_name(code: &[u8], index: u32) -> Option<String> {
    let sections = Parser::new(0).parse_all(code).map_while(Result::ok);
    let reader = sections.into_iter().find_map(|payload| match payload {
        Payload::CustomSection(section) if section.name() == "name" => {
            Some(NameSectionReader::new(wasmparser::BinaryReader::new(section.data(), section.data_offset())))
        }
        _ => None,
    })?;
    let names = reader.into_iter().map_while(Result::ok).find_map(|name| match name {
        Name::Function(names) => Some(names),
        _ => None,
    })?;
    let naming = names.into_iter().map_while(Result::ok).find(|naming| naming.index == index)?;
    Some(naming.name.to_owned())
}

struct Walk<'a> {
    code: &'a [u8],
    limits: &'a ModuleLimits,
    survey: Survey,
    allocations: FuncValidatorAllocations,
    validator: Validator,
}

fn at_most(count: u32, count_max: u32, what: &str, noun: &str) -> Result<(), String> {
    if count > count_max {
        return Err(format!("the module has {count} {what}, a {noun} at most {count_max}"));
    }
    Ok(())
}

impl Walk<'_> {
    fn payload(&mut self, payload: &Payload<'_>) -> Result<(), String> {
        self.counts(payload)?;
        let valid = self.validator.payload(payload).map_err(|error| malformed(&error))?;
        if let ValidPayload::Func(function, body) = valid {
            return self.function(function, &body);
        }
        self.notes(payload)
    }

    /// Bounds that must hold before the validator spends time on a section.
    fn counts(&self, payload: &Payload<'_>) -> Result<(), String> {
        let (limits, noun) = (self.limits, self.limits.noun);
        match payload {
            Payload::TypeSection(reader) => at_most(reader.count(), limits.types_max, "types", noun),
            Payload::ImportSection(reader) => at_most(reader.count(), limits.imports_max, "imports", noun),
            Payload::FunctionSection(reader) => {
                at_most(reader.count(), limits.functions_max, "functions", noun)
            }
            Payload::GlobalSection(reader) => at_most(reader.count(), limits.globals_max, "globals", noun),
            Payload::ExportSection(reader) => at_most(reader.count(), limits.exports_max, "exports", noun),
            Payload::TableSection(reader) => at_most(reader.count(), 1, "tables", noun),
            Payload::MemorySection(reader) => at_most(reader.count(), 1, "memories", noun),
            Payload::DataSection(reader) => {
                at_most(reader.count(), limits.data_segments_max, "data segments", noun)
            }
            Payload::ElementSection(reader) => {
                at_most(reader.count(), limits.element_segments_max, "element segments", noun)
            }
            Payload::StartSection { func, .. } => Err(format!(
                "the module has a start section ({}), which would run outside the meter: call it from the exports \
                 instead, and link without --start",
                describe_function(self.code, *func)
            )),
            _ => Ok(()),
        }
    }

    fn notes(&mut self, payload: &Payload<'_>) -> Result<(), String> {
        let read = |error: BinaryReaderError| malformed(&error);
        match payload {
            Payload::TypeSection(reader) => {
                for types in reader.clone().into_iter_err_on_gc_types() {
                    self.survey.types.push(types.map_err(read)?);
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.clone().into_imports() {
                    let import = import.map_err(read)?;
                    self.import(import.module, import.name, import.ty)?;
                }
            }
            Payload::FunctionSection(reader) => {
                self.survey.own_types = reader.clone().into_iter().collect::<Result<_, _>>().map_err(read)?;
            }
            Payload::TableSection(reader) => {
                for table in reader.clone() {
                    self.table(table.map_err(read)?.ty.initial)?;
                }
            }
            Payload::MemorySection(reader) => {
                for memory in reader.clone() {
                    self.memory(memory.map_err(read)?.initial)?;
                }
            }
            Payload::GlobalSection(reader) => self.survey.globals = reader.count(),
            Payload::ExportSection(reader) => {
                for export in reader.clone() {
                    let export = export.map_err(read)?;
                    self.export(export.name, export.kind, export.index)?;
                }
            }
            Payload::DataSection(reader) => {
                for (index, data) in reader.clone().into_iter().enumerate() {
                    self.data(index, &data.map_err(read)?)?;
                }
            }
            Payload::ElementSection(reader) => {
                for (index, element) in reader.clone().into_iter().enumerate() {
                    self.element(index, &element.map_err(read)?)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, module: &str, name: &str, kind: TypeRef) -> Result<(), String> {
        let TypeRef::Func(index) = kind else {
            return Err(format!(
                "import `{module}.{name}` is not a function: a {} has its own memory, table and globals (link \
                 without --import-memory and --import-table)",
                self.limits.noun
            ));
        };
        let signature = self.survey.signature(index);
        self.survey.imports.push((module.to_owned(), name.to_owned(), signature));
        Ok(())
    }

    fn table(&mut self, elements: u64) -> Result<(), String> {
        self.survey.table_elements = elements;
        if elements > TABLE_ELEMENTS_MAX {
            return Err(format!(
                "the table has {elements} elements, at most {TABLE_ELEMENTS_MAX} are allowed"
            ));
        }
        Ok(())
    }

    fn memory(&mut self, pages: u64) -> Result<(), String> {
        self.survey.pages = pages;
        if pages > self.limits.pages_max {
            return Err(format!(
                "the memory starts with {pages} pages of 64 KiB, a {} may start with {}",
                self.limits.noun, self.limits.pages_max
            ));
        }
        Ok(())
    }

    fn export(&mut self, name: &str, kind: ExternalKind, index: u32) -> Result<(), String> {
        if name == STACK_EXPORT {
            return Err(format!("the export `{STACK_EXPORT}` is reserved: rename it"));
        }
        match kind {
            ExternalKind::Func => {
                let signature = self.survey.function_signature(index);
                self.survey.exports.insert(name.to_owned(), signature);
            }
            ExternalKind::Memory if name == "memory" => self.survey.exports_memory = true,
            _ => {}
        }
        Ok(())
    }

    /// An active segment must lie inside the memory, so that instantiation cannot trap.
    fn data(&self, index: usize, data: &wasmparser::Data<'_>) -> Result<(), String> {
        let DataKind::Active { offset_expr, .. } = &data.kind else { return Ok(()) };
        let start = constant(offset_expr, "data segment", index)?;
        let end = start + u64::try_from(data.data.len()).unwrap_or(u64::MAX / 2);
        let bytes = self.survey.pages * PAGE_BYTES as u64;
        if end > bytes {
            return Err(format!(
                "data segment {index} ends at byte {end}, but the memory starts with {bytes}"
            ));
        }
        Ok(())
    }

    fn element(&self, index: usize, element: &wasmparser::Element<'_>) -> Result<(), String> {
        let ElementKind::Active { offset_expr, .. } = &element.kind else { return Ok(()) };
        let count = match &element.items {
            ElementItems::Functions(reader) => reader.count(),
            ElementItems::Expressions(_, reader) => reader.count(),
        };
        let end = constant(offset_expr, "element segment", index)? + u64::from(count);
        if end > self.survey.table_elements {
            return Err(format!(
                "element segment {index} ends at {end}, but the table starts with {} elements",
                self.survey.table_elements
            ));
        }
        Ok(())
    }

    fn function(
        &mut self,
        function: FuncToValidate<ValidatorResources>,
        body: &FunctionBody<'_>,
    ) -> Result<(), String> {
        let index = function.index;
        let own = self.survey.functions.len();
        let signature = self.survey.signature(self.survey.own_types[own]);
        let mut validator = function.into_validator(std::mem::take(&mut self.allocations));
        let measured = measure(&mut validator, body, &signature, self.limits);
        self.allocations = validator.into_allocations();
        let stack_cost =
            measured.map_err(|reason| format!("{}: {reason}", describe_function(self.code, index)))?;
        self.survey.functions.push(FunctionFacts { signature, stack_cost });
        Ok(())
    }
}

fn constant(expr: &wasmparser::ConstExpr<'_>, what: &str, index: usize) -> Result<u64, String> {
    let mut operators = expr.get_operators_reader();
    match operators.read() {
        Ok(Operator::I32Const { value }) => Ok(u64::from(value.cast_unsigned())),
        _ => Err(format!(
            "{what} {index} begins at a computed offset: link it without position-independent code"
        )),
    }
}

impl Survey {
    fn signature(&self, type_index: u32) -> FuncType {
        let found = usize::try_from(type_index).ok().and_then(|index| self.types.get(index));
        found.cloned().unwrap_or_else(|| FuncType::new([], []))
    }

    fn function_signature(&self, index: u32) -> FuncType {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        match self.imports.get(index) {
            Some((_, _, signature)) => signature.clone(),
            None => match self.own_types.get(index - self.imports.len().min(index)) {
                Some(type_index) => self.signature(*type_index),
                None => FuncType::new([], []),
            },
        }
    }

    /// The memory is how the host reads and writes.
    pub(crate) fn require_memory(&self, limits: &ModuleLimits) -> Result<(), String> {
        if self.exports_memory {
            return Ok(());
        }
        Err(format!(
            "a {} exports its memory as `memory`; this module does not (wasm-ld does so unless told otherwise)",
            limits.noun
        ))
    }
}
