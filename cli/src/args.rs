//! The command line: global flags, the list of commands, and how a failure leaves the process.

use crate::failure::Outcome;
use crate::output::Output;
use crate::session::{DEFAULT_RPC_PORT, Session};
use crate::{cmd, failure};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// A ledger of tasks: contracts on the chain, programs off it, three nodes a task.
#[derive(Debug, Parser)]
#[command(name = "hydrogen", version, disable_help_subcommand = true)]
struct Line {
    /// RPC address of a node; may be given several times, tried in turn.
    #[arg(long, global = true, env = "HYDROGEN_RPC", value_delimiter = ',', value_name = "URL")]
    rpc: Vec<String>,
    /// Write JSON to stdout.
    #[arg(long, global = true)]
    json: bool,
    /// The home: keys, and for a node its chain [default: ~/.hydrogen].
    #[arg(long, global = true, env = "HYDROGEN_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
    /// A file with the passphrase of keys (or set HYDROGEN_PASSPHRASE).
    #[arg(long, global = true, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// What the process tells of itself on stderr: error, warn, info, debug, trace, or per module.
    #[arg(
        long,
        global = true,
        env = "HYDROGEN_LOG",
        default_value = "warn,libp2p_gossipsub=error",
        value_name = "FILTER"
    )]
    log: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A task from creation to paid result on a fresh network, with everything that happens shown.
    Demo(cmd::demo::Args),
    /// A development chain: one process, memory only, instant blocks.
    Dev(cmd::dev::Args),
    /// A whole network on this machine.
    Testnet(cmd::testnet::Args),
    /// Follow the chain; validate and compute if the keys allow it.
    Node(cmd::node::Args),
    /// Carry task arguments and results.
    Relay(cmd::relay::Args),
    /// Write a home, or join a network from another machine.
    Init(cmd::init::Args),
    /// Keys of this home.
    Keys(cmd::keys::Args),
    /// Look at accounts.
    Account(cmd::account::Args),
    /// Send transactions.
    Tx(cmd::tx::Args),
    /// Look at a block.
    Block(cmd::block::Args),
    /// The light client: prove a balance or a raw key against the validators of a genesis.
    VerifyProof(cmd::verify_proof::Args),
    /// The validator set, and changes of it by the governance key.
    Validators(cmd::validators::Args),
    /// Validators that have signed two different statements.
    Evidence(cmd::evidence::Args),
    /// Peers of a node.
    Peers(cmd::peers::Args),
    /// The store of this home: is it what the chain wrote?
    Store(cmd::store::Args),
    /// Contracts.
    Contract(cmd::contract::Args),
    /// Programs of tasks.
    Program(cmd::program::Args),
    /// Tasks.
    Task(cmd::task::Args),
    /// A compute node's stake and state.
    Compute(cmd::compute::Args),
}

/// Parses the process's arguments, runs the command, and reports a failure on stderr.
#[must_use]
pub fn main() -> ExitCode {
    let line = Line::parse_from(cmd::contract::lift_globals(std::env::args_os().collect()));
    log_to_stderr(&line.log);
    let output = Output { json: line.json };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => {
            let done = runtime.block_on(run(line));
            // A blocking query may still run; the process does not wait for it.
            runtime.shutdown_background();
            done
        }
        Err(error) => Err(failure::Failure::of("no threads for the runtime", &error)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if output.json {
                output.say(failure.to_json());
            } else {
                output.say(format_args!("error: {failure}"));
            }
            ExitCode::from(failure.exit().code())
        }
    }
}

async fn run(line: Line) -> Outcome {
    let session = session(&line)?;
    match line.command {
        Command::Demo(args) => cmd::demo::run(args, &session).await,
        Command::Dev(args) => cmd::dev::run(args, &session).await,
        Command::Testnet(args) => cmd::testnet::run(args, &session).await,
        Command::Node(args) => cmd::node::run(args, &session).await,
        Command::Relay(args) => cmd::relay::run(args, &session).await,
        Command::Init(args) => cmd::init::run(args, &session).await,
        Command::Keys(args) => cmd::keys::run(args, &session),
        Command::Account(args) => cmd::account::run(args, &session).await,
        Command::Tx(args) => cmd::tx::run(args, &session).await,
        Command::Block(args) => cmd::block::run(args, &session).await,
        Command::VerifyProof(args) => cmd::verify_proof::run(args, &session).await,
        Command::Validators(args) => cmd::validators::run(args, &session).await,
        Command::Evidence(args) => cmd::evidence::run(args, &session).await,
        Command::Peers(args) => cmd::peers::run(args, &session).await,
        Command::Store(args) => cmd::store::run(args, &session).await,
        Command::Contract(args) => cmd::contract::run(args, &session).await,
        Command::Program(args) => cmd::program::run(args, &session).await,
        Command::Task(args) => cmd::task::run(args, &session).await,
        Command::Compute(args) => cmd::compute::run(args, &session).await,
    }
}

fn session(line: &Line) -> Outcome<Session> {
    let home = match &line.home {
        Some(home) => home.clone(),
        None => match std::env::var_os("HOME") {
            Some(user) => PathBuf::from(user).join(".hydrogen"),
            None => return Err(failure::Failure::new("no home folder is known").hint("give --home DIR")),
        },
    };
    let rpc = match line.rpc.as_slice() {
        [] => vec![format!("http://127.0.0.1:{DEFAULT_RPC_PORT}")],
        given => given.to_vec(),
    };
    let passphrase_file = line.passphrase_file.clone();
    Ok(Session { rpc, home, passphrase_file, output: Output { json: line.json } })
}

/// A filter that does not parse falls back to warnings: a log must not keep a node from starting.
fn log_to_stderr(filter: &str) {
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
}
