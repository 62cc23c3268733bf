//! Where words go: data to stdout, talk to stderr.

use std::fmt::Display;
use std::io::Write;

/// Writes a command's answer as text or as JSON.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Whether the person asked for `--json`.
    pub json: bool,
}

impl Output {
    /// The command's answer: `json` on one line under `--json`, `text` otherwise.
    pub fn data(self, text: impl Display, json: &serde_json::Value) {
        if self.json { line(json) } else { line(text) }
    }

    /// Something to know while a command runs; never part of its answer.
    pub fn say(self, text: impl Display) {
        let written = writeln!(std::io::stderr().lock(), "{text}");
        drop(written);
    }
}

/// One line on stdout, flushed; a reader that has gone away is no error of ours.
fn line(text: impl Display) {
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    drop(written);
}
