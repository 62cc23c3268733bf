//! What can be told of a run, for a person and as JSON.

use crate::cmd::program::execute::Order;
use hydrogen_types::Hash;
use hydrogen_vm::program::{ProgramEnding, ProgramOutcome};
use serde_json::{Value, json};
use std::time::Duration;

/// A run with what went in.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) order: &'a Order,
    pub(super) module: &'a [u8],
    pub(super) input: &'a [u8],
    pub(super) outcome: &'a ProgramOutcome,
    /// Time that all runs took here.
    pub(super) ran: Duration,
}

impl Report<'_> {
    /// A line for each thing; sources that the program did not ask have none.
    pub(super) fn text(&self) -> String {
        let (order, outcome) = (self.order, self.outcome);
        let mut text = String::new();
        for line in outcome.log.lines() {
            let shown: String = line.chars().filter(|letter| !letter.is_control()).collect();
            row(&mut text, "stderr", &shown);
        }
        row(&mut text, "ended", &self.ended());
        row(&mut text, "fuel", &format!("{} of {}", outcome.fuel_used, order.fuel_max));
        row(&mut text, "memory", &format!("{} of {} bytes", outcome.memory_bytes, order.memory_bytes_max));
        row(&mut text, "program", &blob(self.module));
        row(&mut text, "input", &blob(self.input));
        if let ProgramEnding::Result(result) = &outcome.ending {
            row(&mut text, "result", &blob(result));
        }
        for (name, line) in self.sources() {
            row(&mut text, name, &line);
        }
        let ran_ms = self.ran.as_millis();
        let runs = if order.repeat > 1 {
            format!("{} runs, which ended alike, in ", order.repeat)
        } else {
            String::new()
        };
        row(&mut text, "time", &format!("{runs}{ran_ms} ms"));
        text.truncate(text.trim_end().len());
        text
    }

    fn ended(&self) -> String {
        match (&self.outcome.ending, self.outcome.exit_code) {
            (ProgramEnding::Result(_), _) => String::from("exit code 0"),
            (ProgramEnding::Error { code, .. }, Some(exit)) => {
                format!("exit code {exit}: error {code} of the task")
            }
            (ProgramEnding::Error { code, reason }, None) => {
                format!("stopped, {reason}: error {code} of the task")
            }
        }
    }

    /// What frozen sources gave.
    fn sources(&self) -> Vec<(&'static str, String)> {
        let (order, asked) = (self.order, &self.outcome.asked);
        let mut lines = Vec::new();
        if asked.clock_reads > 0 {
            let (reads, start) = (asked.clock_reads, order.clock_ms);
            lines.push(("clock", format!("{reads} readings from {start} ms on, a microsecond apart")));
        }
        if asked.slept_ns > 0 {
            lines.push(("sleep", format!("{} ns, which passed at once", asked.slept_ns)));
        }
        if asked.random_bytes > 0 {
            lines.push(("random", format!("{} bytes from seed {}", asked.random_bytes, order.random_seed)));
        }
        if asked.argument_reads > 0 {
            lines.push(("arguments", String::from("the one word `program`")));
        }
        if asked.environment_reads > 0 {
            lines.push(("variables", String::from("none: the environment is empty")));
        }
        for (name, count) in &asked.refused {
            lines.push(("refused", format!("{name}, which programs do not have; calls: {count}")));
        }
        lines
    }

    /// Everything that [`Report::text`] tells. Numbers are text, as in all answers.
    pub(super) fn json(&self) -> Value {
        let (order, outcome, asked) = (self.order, self.outcome, &self.outcome.asked);
        let (result, error) = match &outcome.ending {
            ProgramEnding::Result(bytes) => (Some(bytes), None),
            ProgramEnding::Error { code, reason } => (None, Some(json!({"code": code, "reason": reason}))),
        };
        let refused: serde_json::Map<String, Value> = asked
            .refused
            .iter()
            .map(|(name, count)| ((*name).to_owned(), count.to_string().into()))
            .collect();
        json!({
            "program": Hash::sha256(self.module).to_string(),
            "input": Hash::sha256(self.input).to_string(),
            "input_bytes": self.input.len().to_string(),
            "digest": result.map(|bytes| Hash::sha256(bytes).to_string()),
            "bytes": result.map(|bytes| bytes.len().to_string()),
            "error": error,
            "exit_code": outcome.exit_code,
            "fuel_used": outcome.fuel_used.to_string(),
            "fuel_max": order.fuel_max.to_string(),
            "memory_bytes": outcome.memory_bytes.to_string(),
            "memory_bytes_max": order.memory_bytes_max.to_string(),
            "output_bytes_max": order.output_bytes_max.to_string(),
            "clock_ms": order.clock_ms.to_string(),
            "random_seed": order.random_seed.to_string(),
            "asked": {
                "clock_reads": asked.clock_reads.to_string(),
                "slept_ns": asked.slept_ns.to_string(),
                "random_bytes": asked.random_bytes.to_string(),
                "argument_reads": asked.argument_reads.to_string(),
                "environment_reads": asked.environment_reads.to_string(),
                "refused": refused,
            },
            "stderr": outcome.log,
            "runs": order.repeat,
            "ran_ms": self.ran.as_millis().to_string(),
        })
    }
}

fn row(text: &mut String, name: &str, value: &str) {
    text.push_str(&format!("{name:<10}{value}\n"));
}

fn blob(bytes: &[u8]) -> String {
    format!("{} bytes, sha-256 {}", bytes.len(), Hash::sha256(bytes))
}
