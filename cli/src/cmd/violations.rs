//! Everything that is wrong with a module, as text and as JSON: the same for contracts and for programs.

use hydrogen_vm::{Finding, Report};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// A line for each violation with its place, and one with its mending.
pub(super) fn text(file: &Path, report: &Report) -> String {
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

/// The same for programs that read it.
pub(super) fn to_json(report: &Report) -> Value {
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
