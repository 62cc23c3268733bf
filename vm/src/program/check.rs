//! What a program may import and must export.

use super::table;
use crate::check::{finding, show};
use crate::findings::{Finding, FindingKind, Findings, Halt, Report};
use crate::report::collect;
use crate::survey::{ImportedFunction, Survey, shortened, survey};
use crate::{limits, proposals};
use hydrogen_core::CodeError;
use wasmparser::WasmFeatures;

/// The static checks of a program, until the first violation; the same answer on every machine.
///
/// # Errors
/// What is wrong with the module and how to mend it.
pub fn check(module: &[u8]) -> Result<(), CodeError> {
    surveyed(module).map(drop).map_err(|message| CodeError { message })
}

/// Everything that is wrong with a program's module, by the code of [`check`].
#[must_use]
pub fn report(module: &[u8]) -> Report {
    collect(module, proposals::program_features(), examine)
}

pub(super) fn surveyed(module: &[u8]) -> Result<Survey, String> {
    let mut findings = Findings::first();
    let survey = examine(module, proposals::program_features(), &mut findings);
    match findings.into_first() {
        None => Ok(survey),
        Some(finding) => Err(finding.to_string()),
    }
}

fn examine(module: &[u8], features: WasmFeatures, findings: &mut Findings) -> Survey {
    let survey = survey(module, &limits::PROGRAM, features, findings);
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
            findings.add(finding(FindingKind::Import, imported.offset, problem, mend.to_owned()))?;
        }
    }
    if findings.unreadable().is_some() {
        // Exports may stand in what could not be read.
        return Ok(());
    }
    survey.require_memory(&limits::PROGRAM, findings)?;
    match survey.exports.get("_start") {
        Some((_, signature)) if signature.params().is_empty() && signature.results().is_empty() => Ok(()),
        Some((offset, signature)) => {
            let problem = format!("export `_start` has type {}, expected () -> ()", show(signature));
            let mend = String::from("build a command with an ordinary `main`");
            findings.add(finding(FindingKind::Export, *offset, problem, mend))
        }
        None => findings.add(Finding {
            kind: FindingKind::Export,
            function: None,
            offset: None,
            problem: String::from("a program exports `_start`, this module does not"),
            mend: String::from("build a command (a binary with main), not a library, for wasm32-wasip1"),
        }),
    }
}

fn import(import: &ImportedFunction) -> Result<(), (String, &'static str)> {
    let (module, name) = (shortened(&import.module), shortened(&import.name));
    if module != table::MODULE {
        return Err((
            format!("import `{module}.{name}`: programs import from `{}` alone", table::MODULE),
            "build for wasm32-wasip1, without threads or JavaScript bindings",
        ));
    }
    let Some(expected) = table::signature(&name) else {
        return Err((
            format!("import `{module}.{name}` is not a function of WASI preview 1"),
            "build for wasm32-wasip1",
        ));
    };
    if expected != import.signature {
        return Err((
            format!(
                "import `{module}.{name}` has type {}, WASI preview 1 has {}",
                show(&import.signature),
                show(&expected)
            ),
            "build for wasm32-wasip1, with its own libc",
        ));
    }
    Ok(())
}
