//! What the chain would say of a module, all of it, without a chain.

use crate::cmd::contract::args::read_module;
use crate::cmd::violations;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_types::Hash;
use serde_json::json;
use std::path::Path;

pub(super) fn run(session: &Session, file: &Path) -> Outcome {
    let module = read_module(file)?;
    refuse_bad(session, file, &module)?;
    let hash = Hash::sha256(&module).to_string();
    let text = format!("{} passes: {} bytes, code hash {hash}", file.display(), module.len());
    session.output.data(text, &json!({"ok": true, "code_hash": hash, "code_bytes": module.len()}));
    Ok(())
}

/// Shows every violation and fails if there is one.
pub(super) fn refuse_bad(session: &Session, file: &Path, module: &[u8]) -> Outcome {
    let report = hydrogen_vm::report(module);
    let Some(first) = report.findings.first() else { return Ok(()) };
    session.output.data(violations::text(file, &report), &violations::to_json(&report));
    let count = report.findings.len();
    let more = if report.unseen.is_some() { "at least " } else { "" };
    let noun = if count == 1 { "violation" } else { "violations" };
    Err(Failure::new(format!("{}: {more}{count} {noun}, the first: {first}", file.display()))
        .hint("mend them and run `hydrogen contract check` again; nothing was sent"))
}
