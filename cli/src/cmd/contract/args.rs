//! What is typed after `hydrogen contract`.

use crate::cmd::contract::{check, deploy, inspect, talk};
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_core::limits::CODE_BYTES_MAX;
use hydrogen_types::{Amount, Gas};
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
    /// Check a module as the chain would, without a chain: every violation, its place and how to mend it.
    Check {
        /// The module.
        file: PathBuf,
    },
    /// Upload a module and make a contract of it.
    Deploy {
        /// The module.
        file: PathBuf,
        /// Arguments of `init`: an object by name, or a list.
        #[arg(default_value = "{}")]
        init: String,
        /// The key that pays and becomes the contract's admin.
        #[arg(long, value_name = "KEY")]
        from: String,
        /// Gas limit of `init`; simulated when left out.
        #[arg(long)]
        gas: Option<u64>,
    },
    /// Call a method that may change state.
    Call {
        /// A genesis contract such as `task`, or an address.
        contract: String,
        /// The method.
        method: String,
        /// Arguments: an object by name, or a list.
        #[arg(default_value = "{}")]
        args: String,
        /// The key that signs and pays.
        #[arg(long, value_name = "KEY")]
        from: String,
        /// CNX that go with the call.
        #[arg(long, value_parser = Amount::parse, default_value = "0")]
        value: Amount,
        /// Gas limit; simulated when left out.
        #[arg(long)]
        gas: Option<u64>,
    },
    /// Ask a method that only reads.
    Query {
        /// A genesis contract such as `task`, or an address.
        contract: String,
        /// The method.
        method: String,
        /// Arguments: an object by name, or a list.
        #[arg(default_value = "{}")]
        args: String,
        /// A height in the past.
        #[arg(long)]
        height: Option<u64>,
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
        Command::Check { file } => check::run(session, &file),
        Command::Deploy { file, init, from, gas } => {
            deploy::run(session, &file, &json(&init)?, &from, gas.map(Gas::new)).await
        }
        Command::Call { contract, method, args, from, value, gas } => {
            let call =
                talk::Call { contract, method, args: json(&args)?, from, value, gas: gas.map(Gas::new) };
            talk::call(session, call).await
        }
        Command::Query { contract, method, args, height } => {
            talk::query(session, &contract, &method, &json(&args)?, height).await
        }
        Command::Abi { contract, client } => inspect::abi(session, &contract, client).await,
    }
}

fn json(text: &str) -> Outcome<serde_json::Value> {
    serde_json::from_str(text).map_err(|error| {
        Failure::new(format!("arguments `{text}` are not JSON: {error}"))
            .hint("write an object like '{\"amount\":\"5\"}' or a list like '[\"5\"]', in single quotes")
    })
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
