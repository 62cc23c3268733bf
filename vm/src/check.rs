//! What a contract may import and must export.

use crate::findings::{Finding, FindingKind, Findings, Halt};
use crate::limits;
use crate::survey::{ImportedFunction, Survey, shortened, survey};
use crate::{link, proposals};
use hydrogen_core::CodeError;
use hydrogen_types::host::MODULE;
use wasmparser::{FuncType, WasmFeatures};

/// Checks a contract's module, until the first violation, and surveys it.
pub(crate) fn contract(code: &[u8]) -> Result<Survey, CodeError> {
    let mut findings = Findings::first();
    let survey = examine(code, proposals::contract_features(), &mut findings);
    match findings.into_first() {
        None => Ok(survey),
        Some(finding) => Err(CodeError { message: finding.to_string() }),
    }
}

/// All the checks of a contract.
pub(crate) fn examine(code: &[u8], features: WasmFeatures, findings: &mut Findings) -> Survey {
    let survey = survey(code, &limits::CONTRACT, features, findings);
    // Halt says that no more is wanted.
    let _halted = surroundings(&survey, findings);
    survey
}

fn surroundings(survey: &Survey, findings: &mut Findings) -> Result<(), Halt> {
    if findings.is_full() {
        return Err(Halt);
    }
    for imported in &survey.imports {
        if let Err((problem, mend)) = import(imported) {
            findings.add(finding(FindingKind::Import, imported.offset, problem, mend))?;
        }
    }
    for (name, (offset, signature)) in &survey.exports {
        if let Err((problem, mend)) = export(name, signature) {
            findings.add(finding(FindingKind::Export, *offset, problem, mend))?;
        }
    }
    match findings.unreadable() {
        None => survey.require_memory(&limits::CONTRACT, findings),
        // It may stand in what could not be read.
        Some(_) => Ok(()),
    }
}

/// A finding about the module as a whole.
pub(crate) fn finding(kind: FindingKind, offset: usize, problem: String, mend: String) -> Finding {
    Finding { kind, function: None, offset: Some(offset), problem, mend }
}

/// What is wrong, and what to do.
type Complaint = (String, String);

fn import(import: &ImportedFunction) -> Result<(), Complaint> {
    let (module, name) = (shortened(&import.module), shortened(&import.name));
    if module.starts_with("wasi") {
        return Err((
            format!("import `{module}.{name}` is of WASI, which contracts do not have"),
            String::from("build for wasm32-unknown-unknown without std, not for wasm32-wasip1"),
        ));
    }
    if module != MODULE {
        return Err((
            format!("import `{module}.{name}`: contracts import from `{MODULE}` alone"),
            format!(
                "an `extern` block without #[link(wasm_import_module = \"{MODULE}\")] or an undefined symbol makes \
                 such an import"
            ),
        ));
    }
    let Some(row) = link::row(&name) else {
        let near = nearest(&name).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err((
            format!("import `{module}.{name}` is not a host function of this chain"),
            format!("use one of docs/host-functions.md, or build with the SDK of this chain's version{near}"),
        ));
    };
    let expected = link::signature(row);
    if expected != import.signature {
        return Err((
            format!(
                "import `{module}.{name}` has type {}, the host function has {}",
                show(&import.signature),
                show(&expected)
            ),
            String::from("build with the SDK of this chain's version"),
        ));
    }
    Ok(())
}

/// A host function that starts or ends like `name`.
fn nearest(name: &str) -> Option<&'static str> {
    let near = |row: &&hydrogen_types::host::HostFunction| {
        row.name.contains(name)
            || name.contains(row.name)
            || row.name.replace('_', "") == name.replace('_', "")
    };
    hydrogen_types::host::HOST_FUNCTIONS.iter().find(near).map(|row| row.name)
}

fn export(name: &str, signature: &FuncType) -> Result<(), Complaint> {
    let method = matches!(name, "init" | "migrate")
        || ["call.", "query.", "scheduled."].iter().any(|prefix| name.starts_with(prefix));
    if method && (!signature.params().is_empty() || !signature.results().is_empty()) {
        return Err((
            format!(
                "export `{}` has type {}, a method takes and returns nothing",
                shortened(name),
                show(signature)
            ),
            String::from("read arguments with `input_read` and answer with `return_value`"),
        ));
    }
    Ok(())
}

/// A function type as people write it: `(i32, i64) -> i32`.
pub(crate) fn show(signature: &FuncType) -> String {
    let list =
        |types: &[wasmparser::ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let results = list(signature.results());
    format!("({}) -> {}", list(signature.params()), if results.is_empty() { "()" } else { results.as_str() })
}
