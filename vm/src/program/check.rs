//! What a program may import and must export.

use super::table;
use crate::check::show;
use crate::survey::{Survey, survey};
use crate::{engine, limits};
use hydrogen_core::CodeError;
use wasmparser::FuncType;

/// The static checks of a program; the same answer on every machine.
///
/// # Errors
/// What is wrong with the module and how to mend it.
pub fn check(module: &[u8]) -> Result<(), CodeError> {
    surveyed(module).map(drop).map_err(|message| CodeError { message })
}

pub(super) fn surveyed(module: &[u8]) -> Result<Survey, String> {
    let survey = survey(module, &limits::PROGRAM, engine::program_features())?;
    for (module, name, signature) in &survey.imports {
        import(module, name, signature)?;
    }
    survey.require_memory(&limits::PROGRAM)?;
    match survey.exports.get("_start") {
        Some(signature) if signature.params().is_empty() && signature.results().is_empty() => Ok(survey),
        Some(signature) => Err(format!("export `_start` has type {}, expected () -> ()", show(signature))),
        None => Err(String::from(
            "a program exports `_start`, this module does not: build a command (a binary with main), not a library, \
             for wasm32-wasip1",
        )),
    }
}

fn import(module: &str, name: &str, signature: &FuncType) -> Result<(), String> {
    if module != table::MODULE {
        return Err(format!(
            "import `{module}.{name}`: programs import from `{}` alone; build for wasm32-wasip1, without threads or \
             JavaScript bindings",
            table::MODULE
        ));
    }
    let Some(expected) = table::signature(name) else {
        return Err(format!(
            "import `{module}.{name}` is not a function of WASI preview 1: build for wasm32-wasip1"
        ));
    };
    if expected != *signature {
        return Err(format!(
            "import `{module}.{name}` has type {}, WASI preview 1 has {}",
            show(signature),
            show(&expected)
        ));
    }
    Ok(())
}
