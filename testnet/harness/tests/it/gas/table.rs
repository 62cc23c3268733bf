//! The tables of `docs/gas-task.md`: written by these tests, compared by them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Set to 1, the tables are written instead of compared.
const REFRESH: &str = "HYDROGEN_REFRESH";

/// Tests run side by side and share the file.
static FILE: Mutex<()> = Mutex::new(());

/// A column: its heading, and gas by what was done.
pub(crate) type Column = (String, BTreeMap<String, u64>);

/// Compares the table between the marks `name` with what was measured, or writes it.
pub(crate) fn check(name: &str, columns: &[Column]) {
    let _one_at_a_time = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/gas-task.md");
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let start = text.find(&open).unwrap_or_else(|| panic!("{path} has no {open}")) + open.len();
    let end = text.find(&close).unwrap_or_else(|| panic!("{path} has no {close}"));
    let (old, new) = (&text[start..end], render(columns));
    if is_refreshed() {
        std::fs::write(path, [&text[..start], &new, &text[end..]].concat()).unwrap();
        return;
    }
    let changed: Vec<String> = old
        .lines()
        .filter(|line| !new.lines().any(|other| other == *line))
        .map(|line| format!("- {line}"))
        .chain(
            new.lines()
                .filter(|line| !old.lines().any(|other| other == *line))
                .map(|line| format!("+ {line}")),
        )
        .collect();
    assert!(
        changed.is_empty(),
        "gas has changed: if on purpose, run with {REFRESH}=1 and commit docs/gas-task.md\n{}",
        changed.join("\n")
    );
}

/// Whether tables are written.
pub(crate) fn is_refreshed() -> bool {
    std::env::var(REFRESH).is_ok_and(|value| value == "1")
}

fn render(columns: &[Column]) -> String {
    let headings: Vec<&str> = columns.iter().map(|(heading, _)| heading.as_str()).collect();
    let mut out = format!("| | {} |\n|---|{}\n", headings.join(" | "), "--:|".repeat(columns.len()));
    let mut names: Vec<&String> = columns.iter().flat_map(|(_, gas)| gas.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let cell =
            |gas: &BTreeMap<String, u64>| gas.get(name).map_or(String::from("-"), |gas| thousands(*gas));
        let cells: Vec<String> = columns.iter().map(|(_, gas)| cell(gas)).collect();
        out.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
    }
    out
}

pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
