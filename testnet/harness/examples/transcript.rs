//! Plays a task's whole life in memory and prints each step with its block, then every balance that changed.
//!
//! `cargo run --release -p hydrogen-harness --example transcript -- [PROGRAM.wasm INPUT] [--cheats N]`

use hydrogen_harness::{Net, TaskReport};
use std::error::Error;
use std::process::ExitCode;

/// Tasks that are played until a cheat was drawn.
const TASKS_MAX: usize = 10;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let cheats = match args.iter().position(|arg| arg == "--cheats") {
        Some(index) => {
            let count = args.get(index + 1).ok_or("--cheats needs a number")?.parse()?;
            args.drain(index..index + 2);
            count
        }
        None => 1,
    };
    let wordcount = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/wasm/wordcount.wasm");
    let program = std::fs::read(args.first().map_or(wordcount, String::as_str))?;
    let input = match args.get(1) {
        Some(file) => std::fs::read(file)?,
        None => b"the quick brown fox jumps over the lazy dog and the dog sleeps on".to_vec(),
    };
    let mut net = Net::builder().nodes(5).cheat(cheats).seed(7).start()?;
    for number in 1..=TASKS_MAX {
        let report = net.run_task(&program, &input)?;
        println!("task {}\n\n{report}", report.task.id);
        if let Some(result) = &report.result {
            println!("\nresult, {} bytes:\n{}", result.len(), String::from_utf8_lossy(result));
        }
        if !report.succeeded() || report.balance_sum() != 0 {
            return Ok(ExitCode::FAILURE);
        }
        if cheats == 0 || caught(&report) {
            return Ok(ExitCode::SUCCESS);
        }
        println!("no cheat was drawn in task {number}, one more\n");
    }
    println!("no cheat was drawn in {TASKS_MAX} tasks");
    Ok(ExitCode::FAILURE)
}

fn caught(report: &TaskReport) -> bool {
    report.events_named("NodePenalised").next().is_some()
}
