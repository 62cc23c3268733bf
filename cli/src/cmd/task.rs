//! `hydrogen task`: tasks, from arguments to result.

mod order;
mod run;
mod show;
mod view;

use crate::failure::Outcome;
use crate::session::Session;
use hydrogen_types::Amount;
use std::path::PathBuf;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What is to be computed, and for how much.
#[derive(Debug, clap::Args)]
struct OrderArgs {
    /// The program: its module's file, or the hash of one that the relay has.
    #[arg(long, value_name = "FILE|HASH")]
    program: String,
    /// The arguments: a file.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// CNX for the panel, like 6, or base units like 1500u.
    #[arg(long, value_name = "AMOUNT", value_parser = Amount::parse)]
    fee: Amount,
    /// The key of the account that pays.
    #[arg(long, value_name = "KEY")]
    from: String,
    /// Time for executing, in ms of the chain's uptime.
    #[arg(long, value_name = "N")]
    timeout_ms: Option<u64>,
    /// Most fuel of the program.
    #[arg(long, value_name = "N")]
    fuel_max: Option<u64>,
    /// Most memory of the program.
    #[arg(long, value_name = "N")]
    memory_bytes_max: Option<u64>,
    /// The relay: its id or URL; without it, the first that answers.
    #[arg(long, value_name = "RELAY")]
    relay: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// From arguments to result in one command.
    Run {
        #[command(flatten)]
        order: OrderArgs,
        /// Where the result goes; without it, stdout.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Go on with the latest task of the same account, program and arguments, if there is one.
        #[arg(long)]
        resume: bool,
    },
    /// Publish the program and pay for a task; its arguments come with `upload`.
    Create {
        #[command(flatten)]
        order: OrderArgs,
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
        /// The relay: its id or URL; without it, the first that answers.
        #[arg(long, value_name = "RELAY")]
        relay: Option<String>,
    },
    /// Show where a task stands.
    Status {
        /// The task.
        id: u64,
    },
    /// Follow a task to its end.
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
        /// Where it goes; without it, stdout.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The key of the account that created it.
        #[arg(long, value_name = "KEY")]
        from: String,
    },
    /// List tasks, latest last.
    List {
        /// The first task shown.
        #[arg(long, value_name = "ID", default_value_t = 1)]
        start: u64,
        /// At most so many, up to 100.
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
    },
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
        Command::Run { order, output, resume } => run::run(session, &order, output.as_deref(), resume).await,
        Command::Create { order } => run::create(session, &order).await,
        Command::Upload { id, input, from, relay } => {
            run::upload(session, id, &input, &from, relay.as_deref()).await
        }
        Command::Status { id } => show::status(session, id).await,
        Command::Watch { id } => show::watch(session, id).await,
        Command::Cancel { id, from } => show::cancel(session, id, &from).await,
        Command::Result { id, output, from } => run::result(session, id, output.as_deref(), &from).await,
        Command::List { start, limit } => show::list(session, start, limit).await,
        Command::VerifyDraw { id } => show::verify_draw(session, id).await,
    }
}
