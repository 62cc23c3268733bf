//! What a contract may import and must export.

use crate::limits;
use crate::survey::{Survey, survey};
use crate::{engine, link};
use hydrogen_core::CodeError;
use hydrogen_types::host::MODULE;
use wasmparser::FuncType;

/// Checks a contract's module and surveys it.
pub(crate) fn contract(code: &[u8]) -> Result<Survey, CodeError> {
    check(code).map_err(|message| CodeError { message })
}

fn check(code: &[u8]) -> Result<Survey, String> {
    let survey = survey(code, &limits::CONTRACT, engine::contract_features())?;
    for (module, name, signature) in &survey.imports {
        import(module, name, signature)?;
    }
    for (name, signature) in &survey.exports {
        export(name, signature)?;
    }
    survey.require_memory(&limits::CONTRACT)?;
    Ok(survey)
}

fn import(module: &str, name: &str, signature: &FuncType) -> Result<(), String> {
    if module.starts_with("wasi") {
        return Err(format!(
            "import `{module}.{name}` is of WASI, which contracts do not have: build for wasm32-unknown-unknown \
             without std, not for wasm32-wasip1"
        ));
    }
    if module != MODULE {
        return Err(format!(
            "import `{module}.{name}`: contracts import from `{MODULE}` alone; an `extern` block without \
             #[link(wasm_import_module = \"{MODULE}\")] or an undefined symbol makes such an import"
        ));
    }
    let Some(row) = link::row(name) else {
        return Err(format!(
            "import `{module}.{name}` is not a host function of this chain: use one of docs/host-functions.md, or \
             build with the SDK of this chain's version{}",
            nearest(name).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
        ));
    };
    let expected = link::signature(row);
    if expected != *signature {
        return Err(format!(
            "import `{module}.{name}` has type {}, the host function has {}: build with the SDK of this chain's version",
            show(signature),
            show(&expected)
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

fn export(name: &str, signature: &FuncType) -> Result<(), String> {
    let method = matches!(name, "init" | "migrate")
        || ["call.", "query.", "scheduled."].iter().any(|prefix| name.starts_with(prefix));
    if method && (!signature.params().is_empty() || !signature.results().is_empty()) {
        return Err(format!(
            "export `{name}` has type {}, a method takes and returns nothing: read arguments with `input_read` and \
             answer with `return_value`",
            show(signature)
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
