//! `hydrogen program run`: what a compute node would find, and all that can be told of it.

use crate::cmd::program::check;
use crate::cmd::program::report::Report;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_types::Hash;
use hydrogen_types::task::{TaskConfig, task_default};
use hydrogen_vm::program::{self, Compilation, ProgramEnding, ProgramLimits, ProgramOutcome};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// What is to run, on what, and within what.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) file: PathBuf,
    pub(super) input: PathBuf,
    pub(super) output: Option<PathBuf>,
    pub(super) expect: Option<PathBuf>,
    pub(super) repeat: u32,
    pub(super) fuel_max: u64,
    pub(super) memory_bytes_max: u64,
    pub(super) output_bytes_max: u64,
    pub(super) clock_ms: u64,
    pub(super) random_seed: Hash,
}

pub(super) async fn run(session: &Session, order: &Order) -> Outcome {
    within_limits(order)?;
    let module = check::read(&order.file)?;
    check::passes(session, &order.file, &module)?;
    let expected = order.expect.as_deref().map(read).transpose()?;
    let input = if order.input == Path::new("-") { stdin()? } else { read(&order.input)? };
    within("the input's bytes", input.len() as u64, task_default::ARGS_BYTES_MAX)?;
    let (module, input): (Arc<[u8]>, Arc<[u8]>) = (Arc::from(module), Arc::from(input));
    let start = Instant::now();
    let outcome = same_each_time(order, &module, &input).await?;
    let report = Report { order, module: &module, input: &input, outcome: &outcome, ran: start.elapsed() };
    session.output.say(report.text());
    let ProgramEnding::Result(result) = &outcome.ending else {
        if session.output.json {
            session.output.data("", &report.json());
        }
        return Err(failed(&outcome));
    };
    if let (Some(expected), Some(path)) = (&expected, &order.expect) {
        equal(result, expected, path)?;
    }
    deliver(session, order, &report, result)
}

/// The result to its file or to stdout; under `--json` the report takes its place there.
fn deliver(session: &Session, order: &Order, report: &Report<'_>, result: &[u8]) -> Outcome {
    if let Some(path) = &order.output {
        std::fs::write(path, result).map_err(|error| Failure::of(path.display(), &error))?;
    }
    if session.output.json || order.output.is_some() {
        session.output.data(Hash::sha256(result), &report.json());
    } else if order.expect.is_some() {
        session.output.data("as expected", &report.json());
    } else {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(result).and_then(|()| stdout.flush())?;
    }
    Ok(())
}

/// What a task of a network with the usual configuration may ask for.
fn within_limits(order: &Order) -> Outcome {
    let config = TaskConfig::default();
    within("--fuel-max", order.fuel_max, config.fuel_max)?;
    within("--memory-bytes-max", order.memory_bytes_max, config.memory_bytes_max)?;
    within("--output-bytes-max", order.output_bytes_max, config.output_bytes_max)
}

fn within(what: &str, asked: u64, most: u64) -> Outcome {
    if asked <= most {
        return Ok(());
    }
    Err(Failure::new(format!("{what}: {asked} is above {most}, the most that a task may ask for"))
        .named("BadLimits"))
}

/// Runs it as often as ordered, in both ways of compiling, and compares.
async fn same_each_time(order: &Order, module: &Arc<[u8]>, input: &Arc<[u8]>) -> Outcome<ProgramOutcome> {
    let first = once(order, Compilation::Usual, module, input).await?;
    for number in 2..=order.repeat {
        let compilation = if number % 2 == 0 { Compilation::Plain } else { Compilation::Usual };
        let other = once(order, compilation, module, input).await?;
        if other != first {
            return Err(Failure::new(format!(
                "run {number} did not end like the first: {}",
                differ(&first, &other)
            ))
            .named("NotDeterministic")
            .hint("this is a fault of the sandbox, not of the program: please report it with the module"));
        }
    }
    Ok(first)
}

fn differ(first: &ProgramOutcome, other: &ProgramOutcome) -> String {
    if first.ending != other.ending {
        return String::from("another result or error");
    }
    format!("{} fuel instead of {}, or other words", other.fuel_used, first.fuel_used)
}

async fn once(
    order: &Order,
    compilation: Compilation,
    module: &Arc<[u8]>,
    input: &Arc<[u8]>,
) -> Outcome<ProgramOutcome> {
    let limits = ProgramLimits {
        memory_bytes_max: order.memory_bytes_max,
        fuel_max: order.fuel_max,
        output_bytes_max: order.output_bytes_max,
    };
    let (module, input) = (Arc::clone(module), Arc::clone(input));
    let (clock_ms, seed) = (order.clock_ms, order.random_seed);
    let ran = tokio::task::spawn_blocking(move || {
        program::run_compiled(compilation, &module, &input, limits, clock_ms, seed)
    });
    ran.await?.map_err(|shortage| Failure::of("this machine could not run it", &shortage))
}

fn failed(outcome: &ProgramOutcome) -> Failure {
    let ProgramEnding::Error { code, reason } = &outcome.ending else {
        return Failure::new("the program failed");
    };
    let words = outcome.last_words().map(|words| format!("; it says: {words}")).unwrap_or_default();
    Failure::new(format!("the program failed with error {code}: {reason}{words}"))
        .named("ProgramFailed")
        .hint("a task of it would end so too, with this code")
}

fn equal(result: &[u8], expected: &[u8], path: &Path) -> Outcome {
    if result == expected {
        return Ok(());
    }
    let same = result.iter().zip(expected).take_while(|(left, right)| left == right).count();
    let line = result[..same].iter().filter(|byte| **byte == b'\n').count() + 1;
    let (got, wanted) = (result.len(), expected.len());
    Err(Failure::new(format!(
        "the result of {got} bytes is not that of {wanted} bytes in {}: they part at byte {same}, in line {line}",
        path.display()
    ))
    .named("OtherResult")
    .hint("`-o FILE` writes the result to look at"))
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|error| Failure::of(path.display(), &error))
}

fn stdin() -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
