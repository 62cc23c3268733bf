//! What a module is made of, noted while it is validated and held against the bounds.
//!
//! *Invariant*: a module without findings can be instrumented, compiled and instantiated without an error.

mod walk;

pub(crate) use walk::malformed;

use crate::findings::{Finding, FindingKind, Findings, FunctionName, Halt};
use crate::limits::ModuleLimits;
use std::collections::BTreeMap;
use wasmparser::{BinaryReader, FuncType, Name, NameSectionReader, Parser, Payload, WasmFeatures};

/// What a module is made of. Of one with findings, what could be read.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Imported functions.
    pub(crate) imports: Vec<ImportedFunction>,
    /// The module's own functions.
    pub(crate) functions: Vec<FunctionFacts>,
    /// Exported functions: name, place, type.
    pub(crate) exports: BTreeMap<String, (usize, FuncType)>,
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

/// One import.
#[derive(Debug)]
pub(crate) struct ImportedFunction {
    pub(crate) offset: usize,
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) signature: FuncType,
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

/// Walks over `code` until its end, or until `findings` has enough.
pub(crate) fn survey(
    code: &[u8],
    limits: &ModuleLimits,
    features: WasmFeatures,
    findings: &mut Findings,
) -> Survey {
    walk::walk(code, limits, features, findings)
}

/// A function's index, and its name if the module still has names.
pub(crate) fn function_name(code: &[u8], index: u32) -> FunctionName {
    FunctionName { index, name: name_of(code, index) }
}

/// Longest name that is repeated in a message, in bytes.
const NAME_BYTES_MAX: usize = 256;

fn name_of(code: &[u8], index: u32) -> Option<String> {
    let sections = Parser::new(0).parse_all(code).map_while(Result::ok);
    let reader = sections.into_iter().find_map(|payload| match payload {
        Payload::CustomSection(section) if section.name() == "name" => {
            Some(NameSectionReader::new(BinaryReader::new(section.data(), section.data_offset())))
        }
        _ => None,
    })?;
    let names = reader.into_iter().map_while(Result::ok).find_map(|name| match name {
        Name::Function(names) => Some(names),
        _ => None,
    })?;
    let naming = names.into_iter().map_while(Result::ok).find(|naming| naming.index == index)?;
    Some(shortened(naming.name))
}

/// What a message repeats of a name from the module.
pub(crate) fn shortened(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let end = (0..=NAME_BYTES_MAX).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    format!("{}...", &name[..end])
}

impl Survey {
    fn signature(&self, type_index: u32) -> FuncType {
        let found = usize::try_from(type_index).ok().and_then(|index| self.types.get(index));
        found.cloned().unwrap_or_else(|| FuncType::new([], []))
    }

    fn function_signature(&self, index: u32) -> FuncType {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        match self.imports.get(index) {
            Some(import) => import.signature.clone(),
            None => match self.own_types.get(index - self.imports.len().min(index)) {
                Some(type_index) => self.signature(*type_index),
                None => FuncType::new([], []),
            },
        }
    }

    /// The memory is how the host reads and writes.
    pub(crate) fn require_memory(&self, limits: &ModuleLimits, findings: &mut Findings) -> Result<(), Halt> {
        if self.exports_memory {
            return Ok(());
        }
        findings.add(Finding {
            kind: FindingKind::Export,
            function: None,
            offset: None,
            problem: format!("a {} exports its memory as `memory`; this module does not", limits.noun),
            mend: String::from(
                "link without --import-memory; wasm-ld exports the memory unless told otherwise",
            ),
        })
    }
}
