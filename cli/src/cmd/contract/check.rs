//! What the chain would say of a module, all of it, without a chain.

use crate::cmd::contract::args::read_module;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_types::Hash;
use hydrogen_vm::{Finding, Report};
use serde_json::{Value, json};
use std::fmt::Write;
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
    session.output.data(text(file, &report), &to_json(&report));
    let count = report.findings.len();
    let more = if report.unseen.is_some() { "at least " } else { "" };
    let noun = if count == 1 { "violation" } else { "violations" };
    Err(Failure::new(format!("{}: {more}{count} {noun}, the first: {first}", file.display()))
        .hint("mend them and run `hydrogen contract check` again; nothing was sent"))
}

fn text(file: &Path, report: &Report) -> String {
    let mut text = format!("{} is refused:", file.display());
    for finding in &report.findings {
        let place = finding.offset.map(|offset| format!("{offset:#x}")).unwrap_or_default();
        let function = finding.function.as_ref().map(|function| format!("{function}: ")).unwrap_or_default();
        // Writing to a string does not fail.
        let _ok =
            write!(text, "\n{place:>9}  {function}{}\n{:11}mend: {}", finding.problem, "", finding.mend);
    }
    if let Some(unseen) = &report.unseen {
        let _ok = write!(text, "\n{:11}there may be more: {unseen}", "");
    }
    text
}

fn to_json(report: &Report) -> Value {
    let one = |finding: &Finding| {
        json!({
            "kind": finding.kind.name(),
            "function": finding.function.as_ref().map(|function| {
                json!({"index": function.index, "name": function.name})
            }),
            "offset": finding.offset,
            "problem": finding.problem,
            "mend": finding.mend,
        })
    };
    let findings: Vec<Value> = report.findings.iter().map(one).collect();
    json!({"ok": false, "findings": findings, "unseen": report.unseen})
}
