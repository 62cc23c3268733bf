//! `hydrogen testnet`: a whole network on this machine.

use crate::client::{Client, Wallet};
use crate::cmd::print;
use crate::failure::{Failure, Outcome};
use crate::session::{DEFAULT_RPC_PORT, Session};
use crate::shutdown::{self, Shutdown};
use crate::testnet::{self, BadNodes, Network, Plan, Request, RoleStatus, UpOptions};
use hydrogen_types::Amount;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Most bytes of a log that are shown.
const LOG_BYTES_SHOWN: u64 = 64 << 10;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The network's folder [default: testnet in the home].
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
    /// Compute nodes that always fake the result.
    #[arg(long, default_value_t = 0)]
    cheats: usize,
    /// Compute nodes that copy another's commitment.
    #[arg(long, default_value_t = 0)]
    copies: usize,
    /// Compute nodes that never commit.
    #[arg(long, default_value_t = 0)]
    lazy: usize,
    /// Compute nodes that join and are gone.
    #[arg(long, default_value_t = 0)]
    offline: usize,
    /// Compute nodes that report an error instead of the result.
    #[arg(long, default_value_t = 0)]
    error_reporters: usize,
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let dir = args.dir.unwrap_or_else(|| session.home.join("testnet"));
    match args.command {
        Command::Up(up) => self::up(session, dir, up).await,
        Command::Down => {
            testnet::ask(&dir, &Request::Down).await?;
            session.output.data("down", &json!({"down": true}));
            Ok(())
        }
        Command::Status => show(session, &dir, &testnet::ask(&dir, &Request::Status).await?),
        Command::AddNode => show(session, &dir, &testnet::ask(&dir, &Request::AddNode).await?),
        Command::Stop { name } => show(session, &dir, &testnet::ask(&dir, &Request::Stop { name }).await?),
        Command::Start { name } => show(session, &dir, &testnet::ask(&dir, &Request::Start { name }).await?),
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
        nodes: up.nodes,
        bad: BadNodes {
            cheats: up.cheats,
            copies: up.copies,
            lazy: up.lazy,
            offline: up.offline,
            error_reporters: up.error_reporters,
        },
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

fn announce(session: &Session, network: &Network) {
    let plan = network.plan();
    let dir = network.dir();
    let mut lines = vec![
        format!("chain      {} {}", plan.chain_id, plan.genesis.0),
        format!("folder     {}", dir.display()),
    ];
    for role in &plan.roles {
        let listen = role.listen.map(|address| format!("  http://{address}")).unwrap_or_default();
        let peers = role.p2p.as_ref().map(|peer| format!("  {peer}")).unwrap_or_default();
        let persona =
            role.persona.as_deref().filter(|name| *name != "honest").map(|name| format!("  ({name})"));
        let persona = persona.unwrap_or_default();
        lines.push(format!("{:<12} {}{listen}{peers}{persona}", role.name, role.address.0));
    }
    lines.push(String::from("keys       (in clear: never use them elsewhere)"));
    for key in plan.keys.iter().filter(|key| key.name == "app" || key.name == "faucet") {
        lines.push(format!("{:<12} {}", key.name, key.address.0));
    }
    lines.push(format!(
        "ready      first block after {} ms, all joined after {} ms; Ctrl-C ends it",
        network.first_block.as_millis(),
        network.joined.as_millis()
    ));
    let json = json!({
        "ready": true, "dir": dir, "chain_id": plan.chain_id, "genesis": plan.genesis.0.to_string(),
        "rpc": plan.rpc, "relay": plan.relay, "processes": plan.processes, "pid": plan.pid,
        "roles": plan.roles, "keys": plan.keys,
        "first_block_ms": network.first_block.as_millis(), "joined_ms": network.joined.as_millis()
    });
    session.output.data(lines.join("\n"), &json);
}

fn show(session: &Session, dir: &Path, roles: &[RoleStatus]) -> Outcome {
    let plan = Plan::read(dir)?;
    let mut lines = Vec::new();
    for role in roles {
        let state = if role.running { "running" } else { "stopped" };
        let pid = role.pid.map(|pid| format!("  pid {pid}")).unwrap_or_default();
        let listen = plan.role(&role.name).ok().and_then(|role| role.listen);
        let listen = listen.map(|address| format!("  http://{address}")).unwrap_or_default();
        let reason = role.reason.as_ref().map(|reason| format!("  ({reason})")).unwrap_or_default();
        lines.push(format!("{:<12} {state}{pid}{listen}{reason}", role.name));
    }
    session.output.data(lines.join("\n"), &json!({"roles": roles, "rpc": plan.rpc, "relay": plan.relay}));
    Ok(())
}

fn logs(session: &Session, dir: &Path, name: &str) -> Outcome {
    use std::io::{Read, Seek, SeekFrom};
    Plan::read(dir)?.role(name)?;
    let path = dir.join(name).join("log");
    let mut file = std::fs::File::open(&path).map_err(|error| {
        Failure::of(path.display(), &error)
            .hint("only parts with a process of their own have one; `testnet up` itself writes the others' to stderr")
    })?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(LOG_BYTES_SHOWN)))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES_SHOWN).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
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
