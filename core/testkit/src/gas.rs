//! What calls used, in every dimension, and a file that holds it fast.

use crate::backend::Ran;
use crate::outcome::{Cost, Failure};
use std::fmt;

/// One call.
struct Row {
    label: String,
    code: u32,
    cost: Option<Cost>,
}

/// Calls in order.
#[derive(Default)]
pub(crate) struct Report(Vec<Row>);

impl Report {
    pub(crate) fn note(&mut self, contract: &str, method: &str, done: Result<&Ran, &Failure>) {
        let (code, cost) = match done {
            Ok(ran) => (0, ran.cost),
            Err(failure) => (failure.code, failure.cost),
        };
        self.0.push(Row { label: format!("{contract}.{method}"), code, cost });
    }
}

const HEADER: [&str; 11] = [
    "call",
    "code",
    "gas",
    "calls",
    "host calls",
    "reads",
    "bytes read",
    "writes",
    "bytes written",
    "events",
    "bytes of events",
];

impl Row {
    fn cells(&self) -> Vec<String> {
        let mut cells = vec![self.label.clone(), self.code.to_string()];
        if let Some(Cost { gas, usage }) = &self.cost {
            let counts = [
                gas.get(),
                usage.calls,
                usage.host_calls,
                usage.reads,
                usage.read_bytes,
                usage.writes,
                usage.written_bytes,
                usage.events,
                usage.event_bytes,
            ];
            cells.extend(counts.map(|count| count.to_string()));
        }
        cells
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = HEADER.map(String::from).to_vec();
        let rows: Vec<Vec<String>> = std::iter::once(header).chain(self.0.iter().map(Row::cells)).collect();
        let width = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or_default()
        };
        for row in &rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = width(column);
                let padded =
                    if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
                line.push_str(&padded);
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Runs `test` on the real sandbox and compares what each of its calls used with the file at `path`. With
/// `HYDROGEN_REFRESH=1` in the environment it writes the file instead.
///
/// # Panics
/// When they differ, with every line that does; when the file cannot be read or written.
#[cfg(feature = "vm")]
#[track_caller]
pub fn gas_snapshot(path: impl AsRef<std::path::Path>, test: impl FnOnce(&mut crate::Kit)) {
    let mut kit = crate::Kit::vm();
    test(&mut kit);
    let path = path.as_ref();
    let found = kit.gas_report();
    if std::env::var_os("HYDROGEN_REFRESH").is_some() {
        std::fs::write(path, &found).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let kept = std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{}: {error}; write it with HYDROGEN_REFRESH=1", path.display()));
    let drift = drift(&kept, &found);
    assert!(
        drift.is_empty(),
        "{} has changed; if that is meant, write it anew with HYDROGEN_REFRESH=1:\n{drift}",
        path.display()
    );
}

/// Lines that differ, the kept one marked `-` and the found one `+`.
#[cfg(feature = "vm")]
fn drift(kept: &str, found: &str) -> String {
    let (mut kept, mut found) = (kept.lines(), found.lines());
    let mut text = String::new();
    loop {
        let (one, other) = (kept.next(), found.next());
        if one.is_none() && other.is_none() {
            return text;
        }
        if one != other {
            for (mark, line) in [("-", one), ("+", other)] {
                if let Some(line) = line {
                    text.push_str(&format!("{mark} {line}\n"));
                }
            }
        }
    }
}
