//! What is typed after `hydrogen program`.

use crate::cmd::program::{build, check, execute, new, publish};
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_types::Hash;
use hydrogen_types::task::task_default;
use std::path::PathBuf;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Begin a program: a folder with source, sample, test and README.
    New {
        /// Its name: small letters, digits and hyphens.
        name: String,
        /// The language.
        #[arg(long, value_enum, value_name = "LANGUAGE", default_value = "rust")]
        lang: Language,
        /// The folder to make; without it, one of the program's name here.
        #[arg(long, value_name = "DIR")]
        path: Option<PathBuf>,
    },
    /// Compile a program, small and reproducibly, and check it.
    Build {
        /// Its folder: with a Cargo.toml, or with C files in it or in its `src`.
        #[arg(long, value_name = "DIR", default_value = ".")]
        path: PathBuf,
        /// Which binary of a Rust package that has several.
        #[arg(long, value_name = "NAME")]
        bin: Option<String>,
        /// Where the module goes; without it, NAME.wasm in the program's folder.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Check that a module is a program that every node can run.
    Check {
        /// The module.
        file: PathBuf,
    },
    /// Run a program here as a compute node would, without a chain.
    Run(RunArgs),
    /// Publish a program on a relay; again is no harm.
    Publish {
        /// The module.
        file: PathBuf,
        /// The key of an account that holds the relay's deposit.
        #[arg(long, value_name = "KEY")]
        from: String,
        /// The relay: its id or URL; without it, the first that answers.
        #[arg(long, value_name = "RELAY")]
        relay: Option<String>,
    },
}

/// Languages of new programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Language {
    /// For rustc's target wasm32-wasip1.
    Rust,
    /// For clang and a libc of WASI.
    C,
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    /// The module.
    file: PathBuf,
    /// Its arguments: a file for its stdin; without it, or with `-`, this command's stdin.
    #[arg(long, value_name = "FILE", default_value = "-")]
    input: PathBuf,
    /// Where its result goes; without it, stdout.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// A file that the result must equal: nothing goes to stdout, and another result fails the command.
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    expect: Option<PathBuf>,
    /// Runs, every second one compiled anew without optimisation: all must end alike.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    repeat: u32,
    /// Most fuel.
    #[arg(long, visible_alias = "fuel", value_name = "N", default_value_t = task_default::FUEL_MAX)]
    fuel_max: u64,
    /// Most bytes of memory.
    #[arg(long, visible_alias = "memory", value_name = "N", default_value_t = task_default::MEMORY_BYTES_MAX)]
    memory_bytes_max: u64,
    /// Most bytes of result.
    #[arg(long, visible_alias = "result", value_name = "N", default_value_t = task_default::OUTPUT_BYTES_MAX)]
    output_bytes_max: u64,
    /// Where the program's clock starts, in ms since 1970 (on the chain: the time of the draw's block).
    #[arg(long, visible_alias = "time", value_name = "MS", default_value_t = 0)]
    clock_ms: u64,
    /// What its randomness comes from (on the chain: the seed of the draw).
    #[arg(long, visible_alias = "seed", value_name = "HASH", default_value = ZERO_SEED)]
    random_seed: String,
}

const ZERO_SEED: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    match args.command {
        Command::New { name, lang, path } => new::run(session, &name, lang, path.as_deref()),
        Command::Build { path, bin, output } => {
            build::run(session, &path, bin.as_deref(), output.as_deref()).await
        }
        Command::Check { file } => check::run(session, &file),
        Command::Run(args) => execute::run(session, &order(args)?).await,
        Command::Publish { file, from, relay } => publish::run(session, &file, &from, relay.as_deref()).await,
    }
}

fn order(args: RunArgs) -> Outcome<execute::Order> {
    let random_seed = Hash::from_hex(&args.random_seed).ok_or_else(|| {
        Failure::new(format!("`{}` is not a hash", args.random_seed)).hint("write 0x and 64 hex digits")
    })?;
    Ok(execute::Order {
        file: args.file,
        input: args.input,
        output: args.output,
        expect: args.expect,
        repeat: args.repeat,
        fuel_max: args.fuel_max,
        memory_bytes_max: args.memory_bytes_max,
        output_bytes_max: args.output_bytes_max,
        clock_ms: args.clock_ms,
        random_seed,
    })
}
