//! `hydrogen task`: tasks, from arguments to result.

mod list;
mod order;
mod run;
mod show;
mod teller;
mod view;

pub(super) use teller::Teller;

use crate::failure::Outcome;
use crate::session::Session;
use hydrogen_types::Amount;
use hydrogen_types::task::TaskState;
use std::path::PathBuf;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What is to be computed, and for how much.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("work").required(true).args(["program", "external"]))]
struct OrderArgs {
    /// The program: its module's file, or the hash of one that a relay has.
    #[arg(long, value_name = "FILE|HASH")]
    program: Option<String>,
    /// Instead of a program: an external type that nodes execute with a command of their own.
    #[arg(long, value_name = "TYPE")]
    external: Option<String>,
    /// The arguments: a file.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// CNX for the panel, like 30, or base units like 1500u.
    #[arg(long, value_name = "AMOUNT", value_parser = Amount::parse)]
    fee: Amount,
    /// The key of the account that pays.
    #[arg(long, value_name = "KEY")]
    from: String,
    /// Time for executing, in ms of the chain's uptime [default: ten minutes, or what the other limits need].
    #[arg(long, value_name = "N")]
    timeout_ms: Option<u64>,
    /// Most fuel of the program [default: 100000000000].
    #[arg(long, value_name = "N")]
    fuel_max: Option<u64>,
    /// Most memory of the program [default: 268435456].
    #[arg(long, value_name = "N")]
    memory_bytes_max: Option<u64>,
    /// Most bytes of result [default: 33554432].
    #[arg(long, value_name = "N")]
    output_bytes_max: Option<u64>,
    /// Results agree when fewer than T bits of every 64 of their fingerprints differ, instead of when they are equal.
    #[arg(long, value_name = "T", requires = "fingerprint")]
    similar: Option<u8>,
    /// The program that reads a result and writes its fingerprint: a file, or the hash of one that a relay has.
    #[arg(long, value_name = "FILE|HASH", requires = "similar")]
    fingerprint: Option<String>,
    /// The relay: its id or URL; without it, all are tried in turn.
    #[arg(long, value_name = "RELAY")]
    relay: Option<String>,
}

/// Which tasks are listed.
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// The first task looked at.
    #[arg(long, value_name = "ID", default_value_t = 1)]
    start: u64,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Those that this account created: an address or the name of a key.
    #[arg(long, value_name = "WHO")]
    creator: Option<String>,
    /// Those that the keys of this home created.
    #[arg(long, conflicts_with = "creator")]
    mine: bool,
    /// Those with this compute node in the panel: an address or the name of a key.
    #[arg(long, value_name = "WHO")]
    node: Option<String>,
    /// Those in this state: created, started, executing, revealing, validated, success or aborted.
    #[arg(long, value_name = "STATE", value_parser = view::state)]
    state: Option<TaskState>,
    /// Those that have not ended.
    #[arg(long)]
    open: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// From arguments to result in one command; killed and run again with --resume, it pays once.
    Run {
        #[command(flatten)]
        order: Box<OrderArgs>,
        /// Where the result goes, in the place of what is there; without it, stdout.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Go on with the latest task of the same account, program and arguments, if there is one.
        #[arg(long)]
        resume: bool,
        /// Pay for another task, though one of the same program and arguments is under way.
        #[arg(long, conflicts_with = "resume")]
        new: bool,
    },
    /// Publish the program and pay for a task; its arguments come with `upload`.
    Create {
        #[command(flatten)]
        order: Box<OrderArgs>,
    },
    /// Bring the arguments of a task that is drawn (it waits for the draw), so that execution begins.
    Upload {
        /// The task.
        id: u64,
        /// The arguments: the file whose hash the task was created with.
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
        /// The key of the account that created it.
        #[arg(long, value_name = "KEY")]
        from: String,
        /// The relay: its id or URL; without it, all are tried in turn.
        #[arg(long, value_name = "RELAY")]
        relay: Option<String>,
    },
    /// Show where a task stands.
    Status {
        /// The task.
        id: u64,
    },
    /// Follow a task to its end; with --json one object a line, the last of them the task.
    Watch {
        /// The task.
        id: u64,
    },
    /// Take back a task that has no arguments yet, for the cancel fee.
    Cancel {
        /// The task.
        id: u64,
        /// The key of the account that created it.
        #[arg(long, value_name = "KEY")]
        from: String,
    },
    /// Fetch the result of a task, and check its hash.
    Result {
        /// The task.
        id: u64,
        /// Where it goes, in the place of what is there; without it, stdout.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The key of the account that created it.
        #[arg(long, value_name = "KEY")]
        from: String,
    },
    /// List tasks, latest last.
    List(Box<ListArgs>),
    /// Recompute a task's draw: proof, beacon, seed, indexes.
    VerifyDraw {
        /// The task.
        id: u64,
    },
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    match args.command {
        Command::Run { order, output, resume, new } => {
            run::run(session, &order, output.as_deref(), run::begin(resume, new)).await
        }
        Command::Create { order } => run::create(session, &order).await,
        Command::Upload { id, input, from, relay } => {
            run::upload(session, id, &input, &from, relay.as_deref()).await
        }
        Command::Status { id } => show::status(session, id).await,
        Command::Watch { id } => show::watch(session, id).await,
        Command::Cancel { id, from } => run::cancel(session, id, &from).await,
        Command::Result { id, output, from } => run::result(session, id, output.as_deref(), &from).await,
        Command::List(args) => list::list(session, &args).await,
        Command::VerifyDraw { id } => show::verify_draw(session, id).await,
    }
}
