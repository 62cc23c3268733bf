//! `hydrogen program`: check, run and publish the programs of tasks.

use crate::application::{Desk, Program};
use crate::compute::sandbox::{self, Job, Ran};
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_types::Hash;
use hydrogen_types::task::task_default;
use serde_json::json;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Check that a module is a program that every node can run.
    Check {
        /// The module.
        file: PathBuf,
    },
    /// Run a program here as a compute node would, without a chain.
    Run {
        /// The module.
        file: PathBuf,
        /// Its arguments: a file for its stdin; without it, or with `-`, this command's stdin.
        #[arg(long, value_name = "FILE", default_value = "-")]
        input: PathBuf,
        /// Where its result goes; without it, stdout.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Most fuel.
        #[arg(long, value_name = "N", default_value_t = task_default::FUEL_MAX)]
        fuel_max: u64,
        /// Most memory.
        #[arg(long, value_name = "N", default_value_t = task_default::MEMORY_BYTES_MAX)]
        memory_bytes_max: u64,
        /// Most bytes of result.
        #[arg(long, value_name = "N", default_value_t = task_default::OUTPUT_BYTES_MAX)]
        output_bytes_max: u64,
        /// Where the program's clock starts, in ms since 1970 (on the chain: the time of the draw's block).
        #[arg(long, value_name = "MS", default_value_t = 0)]
        clock_ms: u64,
        /// What its randomness comes from (on the chain: the seed of the draw).
        #[arg(long, value_name = "HASH", default_value = ZERO_SEED)]
        random_seed: String,
    },
    /// Publish a program on a relay.
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

const ZERO_SEED: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    match args.command {
        Command::Check { file } => check(session, &file).await,
        Command::Run {
            file,
            input,
            output,
            fuel_max,
            memory_bytes_max,
            output_bytes_max,
            clock_ms,
            random_seed,
        } => {
            let random_seed = Hash::from_hex(&random_seed).ok_or_else(|| {
                Failure::new(format!("`{random_seed}` is not a hash")).hint("write 0x and 64 hex digits")
            })?;
            let program = read(&file)?;
            let args = if input == Path::new("-") { stdin()? } else { read(&input)? };
            let job =
                Job { program, args, memory_bytes_max, fuel_max, output_bytes_max, clock_ms, random_seed };
            run_here(session, job, output.as_deref()).await
        }
        Command::Publish { file, from, relay } => publish(session, &file, &from, relay.as_deref()).await,
    }
}

async fn check(session: &Session, file: &Path) -> Outcome {
    let module = read(file)?;
    let hash = Hash::sha256(&module);
    sandbox::check(&module).map_err(|reason| Failure::new(format!("{}: {reason}", file.display())))?;
    let text = format!("{} is a program of {} bytes\n{hash}", file.display(), module.len());
    session.output.data(text, &json!({"program": hash.to_string(), "bytes": module.len().to_string()}));
    Ok(())
}

async fn run_here(session: &Session, job: Job, output: Option<&Path>) -> Outcome {
    let start = Instant::now();
    let (result, fuel_used) = match sandbox::run(job).await {
        Ran::Result { output, fuel_used } => (output, fuel_used),
        Ran::Error { code, reason } => {
            return Err(Failure::new(format!("the program failed with error {code}: {reason}"))
                .hint("a task of it would end so too, with this code"));
        }
        Ran::HostShort { reason } => {
            return Err(Failure::new(format!("this machine could not run it: {reason}")));
        }
    };
    let digest = Hash::sha256(&result);
    let ran_ms = start.elapsed().as_millis();
    session
        .output
        .say(format_args!("{} bytes in {ran_ms} ms with {fuel_used} fuel, sha-256 {digest}", result.len()));
    let json = json!({
        "digest": digest.to_string(), "bytes": result.len().to_string(), "fuel_used": fuel_used.to_string(),
        "ran_ms": ran_ms.to_string()
    });
    match output {
        Some(path) => {
            std::fs::write(path, &result).map_err(|error| Failure::of(path.display(), &error))?;
            session.output.data(digest, &json);
        }
        None if session.output.json => session.output.data("", &json),
        None => {
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(&result).and_then(|()| stdout.flush())?;
        }
    }
    Ok(())
}

async fn publish(session: &Session, file: &Path, from: &str, relay: Option<&str>) -> Outcome {
    let program = Program::from_file(file).await?;
    let desk = Desk::open(session.wallet(from)?, relay).await?;
    let fresh = desk.publish(&program).await?;
    let url = desk.relay().map_or("", |relay| &relay.url);
    session.output.say(if fresh { format!("published at {url}") } else { format!("{url} has it already") });
    let hash = program.hash.to_string();
    session.output.data(&hash, &json!({"program": hash, "relay": url, "published": fresh}));
    Ok(())
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|error| Failure::of(path.display(), &error))
}

fn stdin() -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
