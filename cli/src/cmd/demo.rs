//! `hydrogen demo`: a task's whole life on a fresh network, every step and every coin shown.

use crate::demo::{self, DemoOptions};
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use crate::shutdown;
use hydrogen_types::Amount;
use std::path::PathBuf;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Stop at the end instead of going on until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Compute nodes that always fake; tasks are run until one is caught and fined.
    #[arg(long, value_name = "N", default_value_t = 0)]
    cheats: usize,
    /// The network's folder; it is emptied first. Without it, a new one among the temporary files.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// `wordcount`, `mandelbrot`, or the file of a module.
    #[arg(long, value_name = "PROGRAM", default_value = "wordcount")]
    program: String,
    /// The program's arguments; the samples bring their own.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// CNX for the panel.
    #[arg(long, value_name = "AMOUNT", default_value = "30", value_parser = Amount::parse)]
    fee: Amount,
    /// Validators.
    #[arg(long, value_name = "N", default_value_t = 4)]
    validators: usize,
    /// Compute nodes, the cheats included.
    #[arg(long, value_name = "N", default_value_t = 5)]
    nodes: usize,
    /// One process a validator, compute node and relay.
    #[arg(long)]
    processes: bool,
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let options = DemoOptions {
        dir: args.dir,
        once: args.once,
        processes: args.processes,
        cheats: args.cheats,
        validators: args.validators,
        nodes: args.nodes,
        program: args.program,
        input: args.input,
        fee: args.fee,
    };
    let stop = shutdown::on_signals().map_err(|error| Failure::of("signals", &error))?;
    demo::run(options, session.output, stop).await
}
