//! What is typed after `hydrogen contract`.

use crate::cmd::contract::words::{split, split_file};
use crate::cmd::contract::{build, check, deploy, inspect, new, storage, talk, test, trace, upgrade};
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_core::limits::CODE_BYTES_MAX;
use hydrogen_vm::ModuleKind;
use std::path::{Path, PathBuf};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a project to begin with: a contract, its tests, and the SDK it is built from.
    New(new::Args),
    /// Build a project's module, and check it as the chain would.
    Build(build::Args),
    /// Run a project's tests.
    Test(test::Args),
    /// Check a module as the chain would, without a chain: every violation, its place and how to mend it.
    Check {
        /// The module.
        file: PathBuf,
    },
    /// Upload a module and make a contract of it: FILE and arguments of its `init` (`deploy FILE --help`).
    #[command(disable_help_flag = true)]
    Deploy(Words),
    /// Replace a contract's code and run its `migrate`, as its admin.
    Upgrade(upgrade::Args),
    /// Show who may upgrade a contract, hand that on, or end it.
    Admin(upgrade::AdminArgs),
    /// Call a method that may change state: CONTRACT, METHOD and its arguments (`call CONTRACT --help`).
    #[command(disable_help_flag = true)]
    Call(Words),
    /// Ask a method that only reads: CONTRACT, METHOD and its arguments (`query CONTRACT --help`).
    #[command(disable_help_flag = true)]
    Query(Words),
    /// Show a contract's storage, by the names and types of its interface; in hex what that does not know.
    Inspect {
        /// A genesis contract such as `task`, or an address.
        contract: String,
        /// Keys that begin so: the name of an item, or 0x and hex.
        #[arg(long, default_value = "")]
        prefix: String,
        /// Where to go on: the key, in hex, that the page before ended with.
        #[arg(long, value_name = "KEY")]
        start: Option<String>,
        /// Most entries.
        #[arg(long, default_value_t = storage::LIMIT)]
        limit: u64,
        /// A height in the past.
        #[arg(long)]
        height: Option<u64>,
    },
    /// Execute a final transaction again and show each host call with its gas.
    Trace {
        /// The hash of a transaction, or of a scheduled call's receipt.
        tx: String,
    },
    /// Show a contract's interface: of a module's file, or of a contract on the chain.
    Abi {
        /// A file, a genesis contract such as `task`, or an address.
        contract: String,
        /// Write the source of a client instead: Rust for contracts that call this one, TypeScript for pages.
        #[arg(long, value_enum, value_name = "LANGUAGE")]
        client: Option<Language>,
    },
}

/// Words that mean something only to the contract's interface.
#[derive(Debug, clap::Args)]
struct Words {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORD")]
    words: Vec<String>,
}

/// Languages of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Language {
    /// For contracts on the SDK.
    Rust,
    /// For pages and services.
    Typescript,
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    match args.command {
        Command::New(args) => new::run(session, &args),
        Command::Build(args) => build::run(session, &args),
        Command::Test(args) => test::run(session, &args),
        Command::Upgrade(args) => upgrade::run(session, &args).await,
        Command::Admin(args) => upgrade::admin(session, &args).await,
        Command::Check { file } => check::run(session, &file),
        Command::Deploy(Words { words }) => deploy::run(session, split_file(words)).await,
        Command::Call(Words { words }) => talk::call(session, split(words)).await,
        Command::Query(Words { words }) => talk::query(session, split(words)).await,
        Command::Inspect { contract, prefix, start, limit, height } => {
            storage::run(session, &contract, storage::Page { prefix, start, limit, height }).await
        }
        Command::Trace { tx } => trace::run(session, &tx).await,
        Command::Abi { contract, client } => inspect::abi(session, &contract, client).await,
    }
}

/// Reads a module's file, if its size is that of a module.
pub(super) fn read_module(file: &Path) -> Outcome<Vec<u8>> {
    let failed = |error| Failure::of(file.display(), &error);
    let size = std::fs::metadata(file).map_err(failed)?.len();
    let size_max = u64::try_from(CODE_BYTES_MAX).unwrap_or(u64::MAX);
    if size > size_max {
        return Err(Failure::new(format!(
            "{} has {size} bytes, a module at most {size_max}",
            file.display()
        ))
        .hint("build it in release and strip it"));
    }
    let module = std::fs::read(file).map_err(failed)?;
    if ModuleKind::of(&module) == ModuleKind::Program {
        let path = file.display();
        return Err(Failure::new(format!("{path} is a program of a task, not a contract"))
            .named("IsProgram")
            .hint(format!(
                "`hydrogen program check {path}` checks it, `hydrogen program run {path}` runs it"
            )));
    }
    Ok(module)
}
