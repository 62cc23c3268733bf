//! `hydrogen program check`: what a relay, and every node, would say of a module.

use crate::cmd::violations;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_types::Hash;
use hydrogen_vm::ModuleKind;
use hydrogen_vm::program::{self, PROGRAM_BYTES_MAX};
use serde_json::json;
use std::path::Path;

pub(super) fn run(session: &Session, file: &Path) -> Outcome {
    let module = read(file)?;
    passes(session, file, &module)?;
    let (hash, bytes) = (Hash::sha256(&module), module.len());
    let text = format!("{} is a program of {bytes} bytes\n{hash}", file.display());
    session.output.data(text, &json!({"program": hash.to_string(), "bytes": bytes.to_string()}));
    Ok(())
}

/// Reads a module's file, if its size is that of a program.
pub(super) fn read(file: &Path) -> Outcome<Vec<u8>> {
    let failed = |error| Failure::of(file.display(), &error);
    let size = std::fs::metadata(file).map_err(failed)?.len();
    let size_max = u64::try_from(PROGRAM_BYTES_MAX).unwrap_or(u64::MAX);
    if size > size_max {
        let sentence = format!("{} has {size} bytes, a program at most {size_max}", file.display());
        return Err(Failure::new(sentence)
            .named("ProgramTooLarge")
            .hint("strip it and build it for size; large tables belong into the arguments"));
    }
    std::fs::read(file).map_err(failed)
}

/// Holds a module against the rules; shows every violation and fails if there is one.
pub(super) fn passes(session: &Session, file: &Path, module: &[u8]) -> Outcome {
    let report = program::report(module);
    let Some(first) = report.findings.first() else { return Ok(()) };
    let shown = file.display();
    match ModuleKind::of(module) {
        ModuleKind::Contract => {
            return Err(Failure::new(format!("{shown} is a contract, not a program of a task"))
                .named("IsContract")
                .hint(format!("`hydrogen contract check {shown}` checks it")));
        }
        ModuleKind::Component => {
            return Err(Failure::new(format!("{shown} is a component, not a module"))
                .named("BadProgram")
                .hint("build for wasm32-wasip1 instead of wasm32-wasip2"));
        }
        ModuleKind::Program | ModuleKind::Unknown => {}
    }
    session.output.data(violations::text(file, &report), &violations::to_json(&report));
    let count = report.findings.len();
    let more = if report.unseen.is_some() { "at least " } else { "" };
    let noun = if count == 1 { "violation" } else { "violations" };
    Err(Failure::new(format!("{shown}: {more}{count} {noun}, the first: {first}"))
        .named("BadProgram")
        .hint("mend them and run `hydrogen program check` again; nothing was run or sent"))
}
