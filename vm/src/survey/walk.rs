//! The walk itself: section by section, each held against the bounds before it is validated.

use super::{FunctionFacts, ImportedFunction, STACK_EXPORT, Survey, function_name, shortened};
use crate::findings::{Finding, FindingKind, Findings, Halt};
use crate::limits::{ModuleLimits, PAGE_BYTES, TABLE_ELEMENTS_MAX, TABLES_MAX};
use crate::measure::measure;
use std::ops::Range;
use wasmparser::{
    BinaryReaderError, CompositeInnerType, DataKind, ElementItems, ElementKind, ExternalKind, FuncToValidate,
    FuncType, FuncValidatorAllocations, FunctionBody, Operator, Parser, Payload, TypeRef, ValidPayload,
    Validator, ValidatorResources, WasmFeatures,
};

/// What to do about an operator or type that the features exclude.
const FEATURES_HELP: &str = "allowed are WebAssembly 1.0, bulk memory, sign extension, saturating conversions, \
                             mutable globals and reference types: switch the other target features off";
/// What to do about bytes that mean nothing.
const BYTES_HELP: &str = "build it anew: the compiler did not write this, or the file is damaged";

pub(super) fn walk(
    code: &[u8],
    limits: &ModuleLimits,
    features: WasmFeatures,
    findings: &mut Findings,
) -> Survey {
    let mut walk = Walk {
        code,
        limits,
        findings,
        survey: Survey::default(),
        allocations: FuncValidatorAllocations::default(),
        validator: Validator::new_with_features(features),
    };
    // Halt says that nothing more is wanted or readable; the findings know which.
    let _halted = walk.all(features);
    walk.survey
}

/// The finding of a module that is not valid.
pub(crate) fn malformed(error: &BinaryReaderError) -> Finding {
    let excluded = ["not enabled", "not supported", "disallowed", "without the"];
    let help =
        if excluded.iter().any(|word| error.message().contains(word)) { FEATURES_HELP } else { BYTES_HELP };
    Finding {
        kind: FindingKind::Malformed,
        function: None,
        offset: Some(error.offset()),
        problem: format!("not a valid module: {}", error.message()),
        mend: help.to_owned(),
    }
}

struct Walk<'a> {
    code: &'a [u8],
    limits: &'a ModuleLimits,
    findings: &'a mut Findings,
    survey: Survey,
    allocations: FuncValidatorAllocations,
    validator: Validator,
}

impl Walk<'_> {
    fn all(&mut self, features: WasmFeatures) -> Result<(), Halt> {
        let (bytes, bytes_max) = (self.code.len(), self.limits.module_bytes_max);
        if bytes > bytes_max {
            let problem = format!("the module has {bytes} bytes, a {} at most {bytes_max}", self.limits.noun);
            self.limit(None, problem, "build with opt-level = \"s\", lto = true and strip = true")?;
        }
        let mut parser = Parser::new(0);
        parser.set_features(features);
        for payload in parser.parse_all(self.code) {
            let payload = payload.or_else(|error| self.unreadable(&error))?;
            self.payload(&payload)?;
        }
        Ok(())
    }

    fn payload(&mut self, payload: &Payload<'_>) -> Result<(), Halt> {
        self.counts(payload)?;
        let valid = self.validator.payload(payload).or_else(|error| self.unreadable(&error))?;
        if let ValidPayload::Func(function, body) = valid {
            return self.function(function, &body);
        }
        match self.notes(payload) {
            Ok(result) => result,
            Err(error) => self.unreadable(&error),
        }
    }

    fn unreadable<T>(&mut self, error: &BinaryReaderError) -> Result<T, Halt> {
        self.findings.add(malformed(error))?;
        Err(self.findings.cut(error.offset()))
    }

    fn limit(&mut self, offset: Option<usize>, problem: String, mend: &str) -> Result<(), Halt> {
        self.add(FindingKind::Limit, offset, problem, mend)
    }

    fn add(
        &mut self,
        kind: FindingKind,
        offset: Option<usize>,
        problem: String,
        mend: &str,
    ) -> Result<(), Halt> {
        self.findings.add(Finding { kind, function: None, offset, problem, mend: mend.to_owned() })
    }

    fn at_most(
        &mut self,
        range: Range<usize>,
        count: u32,
        count_max: u32,
        what: &str,
        mend: &str,
    ) -> Result<(), Halt> {
        if count <= count_max {
            return Ok(());
        }
        let problem = format!("the module has {count} {what}, a {} at most {count_max}", self.limits.noun);
        self.limit(Some(range.start), problem, mend)
    }

    /// Bounds that must hold before the validator spends time on a section.
    fn counts(&mut self, payload: &Payload<'_>) -> Result<(), Halt> {
        let limits = *self.limits;
        let (range, count, count_max, what, mend) = match payload {
            Payload::TypeSection(reader) => (
                reader.range(),
                reader.count(),
                limits.types_max,
                "types",
                "give functions fewer distinct types",
            ),
            Payload::ImportSection(reader) => {
                (reader.range(), reader.count(), limits.imports_max, "imports", "import each function once")
            }
            Payload::FunctionSection(reader) => (
                reader.range(),
                reader.count(),
                limits.functions_max,
                "functions",
                "build with opt-level = \"s\" and lto = true, and leave dependencies out",
            ),
            Payload::GlobalSection(reader) => (
                reader.range(),
                reader.count(),
                limits.globals_max,
                "globals",
                "keep values in memory instead",
            ),
            Payload::ExportSection(reader) => {
                (reader.range(), reader.count(), limits.exports_max, "exports", "export the methods alone")
            }
            Payload::TableSection(reader) => (
                reader.range(),
                reader.count(),
                TABLES_MAX,
                "tables",
                "link into one table, as every linker does by default",
            ),
            Payload::DataSection(reader) => (
                reader.range(),
                reader.count(),
                limits.data_segments_max,
                "data segments",
                "link without --no-merge-data-segments",
            ),
            Payload::ElementSection(reader) => (
                reader.range(),
                reader.count(),
                limits.element_segments_max,
                "element segments",
                "link into one table, without position-independent code",
            ),
            Payload::StartSection { func, range } => {
                let function = function_name(self.code, *func);
                return self.add(
                    FindingKind::Section,
                    Some(range.start),
                    format!("the module has a start section ({function}), which would run outside the meter"),
                    "call it from the exports instead, and link without --start",
                );
            }
            _ => return Ok(()),
        };
        self.at_most(range, count, count_max, what, mend)
    }

    /// Notes a valid section. The outer error is one of reading, which the validator has ruled out.
    fn notes(&mut self, payload: &Payload<'_>) -> Result<Result<(), Halt>, BinaryReaderError> {
        match payload {
            Payload::TypeSection(reader) => {
                for group in reader.clone() {
                    for kind in group?.into_types() {
                        self.survey.types.push(match kind.composite_type.inner {
                            CompositeInnerType::Func(function) => function,
                            // Only valid while a report looks behind it.
                            _ => FuncType::new([], []),
                        });
                    }
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.clone().into_imports_with_offsets() {
                    let (offset, import) = import?;
                    if self.import(offset, import.module, import.name, import.ty).is_err() {
                        return Ok(Err(Halt));
                    }
                }
            }
            Payload::FunctionSection(reader) => {
                self.survey.own_types = reader.clone().into_iter().collect::<Result<_, _>>()?;
            }
            Payload::TableSection(reader) => {
                for table in reader.clone().into_iter_with_offsets() {
                    let (offset, table) = table?;
                    if self.table(offset, table.ty.initial).is_err() {
                        return Ok(Err(Halt));
                    }
                }
            }
            Payload::MemorySection(reader) => {
                for memory in reader.clone().into_iter_with_offsets() {
                    let (offset, memory) = memory?;
                    if self.memory(offset, memory.initial).is_err() {
                        return Ok(Err(Halt));
                    }
                }
            }
            Payload::GlobalSection(reader) => self.survey.globals = reader.count(),
            Payload::ExportSection(reader) => {
                for export in reader.clone().into_iter_with_offsets() {
                    let (offset, export) = export?;
                    if self.export(offset, export.name, export.kind, export.index).is_err() {
                        return Ok(Err(Halt));
                    }
                }
            }
            Payload::DataSection(reader) => {
                for (index, data) in reader.clone().into_iter().enumerate() {
                    if self.data(index, &data?).is_err() {
                        return Ok(Err(Halt));
                    }
                }
            }
            Payload::ElementSection(reader) => {
                for (index, element) in reader.clone().into_iter().enumerate() {
                    if self.element(index, &element?).is_err() {
                        return Ok(Err(Halt));
                    }
                }
            }
            _ => {}
        }
        Ok(Ok(()))
    }

    fn import(&mut self, offset: usize, module: &str, name: &str, kind: TypeRef) -> Result<(), Halt> {
        let TypeRef::Func(index) = kind else {
            let problem = format!(
                "import `{}.{}` is not a function: a {} has its own memory, table and globals",
                shortened(module),
                shortened(name),
                self.limits.noun
            );
            let mend = "link without --import-memory and --import-table";
            return self.add(FindingKind::Import, Some(offset), problem, mend);
        };
        let signature = self.survey.signature(index);
        self.survey.imports.push(ImportedFunction {
            offset,
            module: module.to_owned(),
            name: name.to_owned(),
            signature,
        });
        Ok(())
    }

    fn table(&mut self, offset: usize, elements: u64) -> Result<(), Halt> {
        self.survey.table_elements = elements;
        if elements <= TABLE_ELEMENTS_MAX {
            return Ok(());
        }
        let problem = format!("the table has {elements} elements, at most {TABLE_ELEMENTS_MAX} are allowed");
        self.limit(Some(offset), problem, "take the address of fewer functions")
    }

    fn memory(&mut self, offset: usize, pages: u64) -> Result<(), Halt> {
        self.survey.pages = pages;
        let (noun, pages_max) = (self.limits.noun, self.limits.pages_max);
        if pages <= pages_max {
            return Ok(());
        }
        let problem =
            format!("the memory starts with {pages} pages of 64 KiB, a {noun} may start with {pages_max}");
        self.limit(Some(offset), problem, "make statics smaller, and link with a smaller --initial-memory")
    }

    fn export(&mut self, offset: usize, name: &str, kind: ExternalKind, index: u32) -> Result<(), Halt> {
        if name == STACK_EXPORT {
            let problem = format!("the export `{STACK_EXPORT}` is reserved");
            return self.add(FindingKind::Export, Some(offset), problem, "rename it");
        }
        match kind {
            ExternalKind::Func => {
                let signature = self.survey.function_signature(index);
                self.survey.exports.insert(name.to_owned(), (offset, signature));
            }
            ExternalKind::Memory if name == "memory" => self.survey.exports_memory = true,
            _ => {}
        }
        Ok(())
    }

    /// An active segment must lie inside the memory, so that instantiation cannot trap.
    fn data(&mut self, index: usize, data: &wasmparser::Data<'_>) -> Result<(), Halt> {
        let DataKind::Active { offset_expr, .. } = &data.kind else { return Ok(()) };
        let at = data.range.start;
        let Some(start) = constant(offset_expr) else { return self.computed(at, "data segment", index) };
        let end = start + u64::try_from(data.data.len()).unwrap_or(u64::MAX / 2);
        let bytes = self.survey.pages.saturating_mul(PAGE_BYTES as u64);
        if end <= bytes {
            return Ok(());
        }
        let problem = format!("data segment {index} ends at byte {end}, but the memory starts with {bytes}");
        self.add(FindingKind::Section, Some(at), problem, "link with a larger --initial-memory")
    }

    fn element(&mut self, index: usize, element: &wasmparser::Element<'_>) -> Result<(), Halt> {
        let ElementKind::Active { offset_expr, .. } = &element.kind else { return Ok(()) };
        let count = match &element.items {
            ElementItems::Functions(reader) => reader.count(),
            ElementItems::Expressions(_, reader) => reader.count(),
        };
        let at = element.range.start;
        let Some(start) = constant(offset_expr) else { return self.computed(at, "element segment", index) };
        let (end, elements) = (start + u64::from(count), self.survey.table_elements);
        if end <= elements {
            return Ok(());
        }
        let problem =
            format!("element segment {index} ends at {end}, but the table starts with {elements} elements");
        self.add(FindingKind::Section, Some(at), problem, "let the linker lay the table out")
    }

    fn computed(&mut self, at: usize, what: &str, index: usize) -> Result<(), Halt> {
        let problem = format!("{what} {index} begins at a computed offset");
        self.add(FindingKind::Section, Some(at), problem, "link it without position-independent code")
    }

    fn function(
        &mut self,
        function: FuncToValidate<ValidatorResources>,
        body: &FunctionBody<'_>,
    ) -> Result<(), Halt> {
        let index = function.index;
        let own = self.survey.functions.len();
        let type_index = self.survey.own_types.get(own).copied().unwrap_or(u32::MAX);
        let signature = self.survey.signature(type_index);
        let mut validator = function.into_validator(std::mem::take(&mut self.allocations));
        let (code, findings) = (self.code, &mut *self.findings);
        let add = |finding| findings.add(Finding { function: Some(function_name(code, index)), ..finding });
        let measured = measure(&mut validator, body, &signature, self.limits, add);
        self.allocations = validator.into_allocations();
        self.survey.functions.push(FunctionFacts { signature, stack_cost: measured? });
        Ok(())
    }
}

/// The number that a plain constant expression is.
fn constant(expr: &wasmparser::ConstExpr<'_>) -> Option<u64> {
    match expr.get_operators_reader().read() {
        Ok(Operator::I32Const { value }) => Some(u64::from(value.cast_unsigned())),
        _ => None,
    }
}
