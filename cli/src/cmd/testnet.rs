//! `hydrogen testnet`: a whole network on this machine.

mod bad;
mod show;

use crate::client::{Client, Wallet};
use crate::cmd::print;
use crate::cmd::testnet::bad::Bad;
use crate::cmd::testnet::show::{announce, ask};
use crate::failure::{Failure, Outcome};
use crate::session::{DEFAULT_RPC_PORT, Session};
use crate::shutdown::{self, Shutdown};
use crate::testnet::{self, Network, Plan, Request, UpOptions};
use hydrogen_types::Amount;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Most bytes of a log that are shown.
const LOG_BYTES_SHOWN: u64 = 64 << 10;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The network's folder [default: the home, if it is one, else `testnet` in it].
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Start a network, or the one that is in the folder; until Ctrl-C or `testnet down`.
    Up(Up),
    /// Stop the network.
    Down,
    /// Show its parts.
    Status,
    /// Show the log of a part (with --processes).
    Logs {
        /// Its name.
        name: String,
    },
    /// Give CNX from the faucet.
    Fund {
        /// Who gets it: an address or the name of a key.
        to: String,
        /// CNX like 100, or base units like 1500u.
        #[arg(value_parser = Amount::parse)]
        amount: Amount,
    },
    /// Stop one part.
    Stop {
        /// Its name, such as validator-0, relay-0 or node-0.
        name: String,
    },
    /// Make and start one more compute node.
    AddNode,
    /// Start one part again.
    Start {
        /// Its name.
        name: String,
    },
    /// Run one part in this process; ends with stdin. What --processes starts.
    #[command(hide = true)]
    Role {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, clap::Args)]
struct Up {
    /// Validators.
    #[arg(long, default_value_t = 4)]
    validators: usize,
    /// Relays.
    #[arg(long, value_name = "N", default_value_t = 1)]
    relays: usize,
    /// Compute nodes, the bad ones included.
    #[arg(long, default_value_t = 5)]
    nodes: usize,
    /// Remove what an earlier network left in the folder.
    #[arg(long)]
    fresh: bool,
    /// One process for each part.
    #[arg(long)]
    processes: bool,
    /// First port; 0 takes free ones.
    #[arg(long, default_value_t = DEFAULT_RPC_PORT)]
    base_port: u16,
    /// Make the keys from this number; new ones each time when left out.
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    bad: Bad,
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let dir = args.dir.unwrap_or_else(|| default_dir(&session.home));
    match args.command {
        Command::Up(up) => self::up(session, dir, up).await,
        Command::Down => {
            testnet::ask(&dir, &Request::Down).await?;
            session.output.data("down", &json!({"down": true}));
            Ok(())
        }
        Command::Status => ask(session, &dir, &Request::Status).await,
        Command::AddNode => ask(session, &dir, &Request::AddNode).await,
        Command::Stop { name } => ask(session, &dir, &Request::Stop { name }).await,
        Command::Start { name } => ask(session, &dir, &Request::Start { name }).await,
        Command::Logs { name } => logs(session, &dir, &name),
        Command::Fund { to, amount } => fund(session, &dir, &to, amount).await,
        Command::Role { name } => testnet::run_role(&dir, &name, until_stdin_ends()?).await,
    }
}

async fn up(session: &Session, dir: PathBuf, up: Up) -> Outcome {
    let shutdown = shutdown::on_signals()?;
    let options = UpOptions {
        dir,
        fresh: up.fresh,
        processes: up.processes,
        validators: up.validators,
        relays: up.relays,
        nodes: up.nodes,
        bad: up.bad.counts(),
        base_port: up.base_port,
        seed: up.seed,
    };
    let output = session.output;
    let say = |text: &str| output.say(text);
    let begun = Network::up(&options, say);
    let mut network = tokio::select! {
        network = begun => network?,
        () = shutdown.clone().wait() => return Err(Failure::new("stopped before the network was up")),
    };
    announce(session, &network);
    let held = network.hold(shutdown, say).await;
    output.say("stopping");
    network.stop().await;
    held
}

/// The network that `--home` itself is, as `testnet up` tells people to set it, or the one within.
fn default_dir(home: &Path) -> PathBuf {
    if Plan::exists(home) { home.to_path_buf() } else { home.join("testnet") }
}

fn logs(session: &Session, dir: &Path, name: &str) -> Outcome {
    use std::io::{Read, Seek, SeekFrom};
    let plan = Plan::read(dir)?;
    plan.role(name)?;
    let path = dir.join(name).join("log");
    if !plan.processes && !path.exists() {
        return Err(Failure::new(format!(
            "{name} has no log of its own: it runs inside `hydrogen testnet up`"
        ))
        .hint(
            "that command writes it to its stderr (more with --log info); --processes gives each part a log",
        ));
    }
    let mut file = std::fs::File::open(&path).map_err(|error| Failure::of(path.display(), &error))?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(LOG_BYTES_SHOWN)))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES_SHOWN).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // A log that is cut begins with a whole line.
    let text =
        if size > LOG_BYTES_SHOWN { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    session.output.data(text.trim_end(), &json!({"log": text}));
    Ok(())
}

async fn fund(session: &Session, dir: &Path, to: &str, amount: Amount) -> Outcome {
    let plan = Plan::read(dir)?;
    let inside = Session { home: dir.to_path_buf(), ..session.clone() };
    let to = inside.address(to)?;
    let wallet = Wallet::new(Client::new(&plan.rpc)?, inside.account_key("faucet")?);
    let receipt = wallet.transfer(to, amount).await?;
    print::receipt(session, &receipt, &[("to", to.to_string()), ("amount", format!("{amount} CNX"))])
}

/// Ends with a signal, or with stdin: so that no part outlives whoever started it.
fn until_stdin_ends() -> Outcome<Shutdown> {
    let signals = shutdown::on_signals()?;
    let (stopper, shutdown) = shutdown::channel();
    let (ended, stdin_end) = tokio::sync::oneshot::channel();
    // A thread, since reading stdin blocks; the process does not wait for it.
    std::thread::Builder::new().name("stdin".into()).spawn(move || {
        let read = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        ended.send(read.is_ok()).ok();
    })?;
    tokio::spawn(async move {
        tokio::select! {
            () = signals.wait() => {}
            end = stdin_end => drop(end),
        }
        stopper.stop();
        stopper.told().await;
    });
    Ok(shutdown)
}
