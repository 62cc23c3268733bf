//! `hydrogen testnet`: a whole network on this machine.

use crate::client::{Client, Wallet, task};
use crate::cmd::print;
use crate::failure::{Failure, Outcome};
use crate::session::{DEFAULT_RPC_PORT, Session};
use crate::shutdown::{self, Shutdown};
use crate::testnet::{self, Network, Plan, Request, Role, RoleKind, UpOptions};
use hydrogen_offchain::personas::Persona;
use hydrogen_types::task::NodeView;
use hydrogen_types::{Address, Amount};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the chain may take to say how its compute nodes fare, before they are shown without it.
const CHAIN_PATIENCE: Duration = Duration::from_secs(2);
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

/// How many of the compute nodes are bad, by kind; the rest is honest.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Bad compute nodes")]
struct Bad {
    /// Always fake the result, each its own way.
    #[arg(long, value_name = "N", default_value_t = 0)]
    cheats: usize,
    /// Fake the result together when two of them are drawn; alone they are honest.
    #[arg(long, value_name = "N", default_value_t = 0)]
    paired_cheats: usize,
    /// Copy another's commitment.
    #[arg(long, value_name = "N", default_value_t = 0)]
    copies: usize,
    /// Never commit.
    #[arg(long, value_name = "N", default_value_t = 0)]
    lazy: usize,
    /// Commit and never reveal.
    #[arg(long, value_name = "N", default_value_t = 0)]
    never_reveal: usize,
    /// Never upload the result.
    #[arg(long, value_name = "N", default_value_t = 0)]
    never_upload: usize,
    /// Upload other bytes than the result.
    #[arg(long, value_name = "N", default_value_t = 0)]
    upload_garbage: usize,
    /// Report an error instead of the result.
    #[arg(long, value_name = "N", default_value_t = 0)]
    error_reporters: usize,
    /// Claim that no relay gave the arguments.
    #[arg(long, value_name = "N", default_value_t = 0)]
    claim_unavailable: usize,
    /// Join and are gone.
    #[arg(long, value_name = "N", default_value_t = 0)]
    offline: usize,
}

impl Bad {
    fn counts(self) -> Vec<(Persona, usize)> {
        vec![
            (Persona::Fakes, self.cheats),
            (Persona::FakesWhenPaired, self.paired_cheats),
            (Persona::Copies, self.copies),
            (Persona::Lazy, self.lazy),
            (Persona::NeverReveals, self.never_reveal),
            (Persona::NeverUploads, self.never_upload),
            (Persona::UploadsGarbage, self.upload_garbage),
            (Persona::ErrorReporter, self.error_reporters),
            (Persona::ClaimsUnavailable, self.claim_unavailable),
            (Persona::Offline, self.offline),
        ]
    }
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

fn announce(session: &Session, network: &Network) {
    let plan = network.plan();
    let dir = network.dir();
    let mut lines = vec![
        format!("chain        {} {}", plan.chain_id, plan.genesis.0),
        format!("folder       {}", dir.display()),
        String::new(),
    ];
    for role in &plan.roles {
        let listen = role.listen.map(|address| format!("  http://{address}")).unwrap_or_default();
        let peers = role.p2p.as_ref().map(|peer| format!("  {peer}")).unwrap_or_default();
        let persona = role.misbehaviour().map(|name| format!("  ({name})")).unwrap_or_default();
        lines.push(format!("{:<12} {}{listen}{peers}{persona}", role.name, role.address.0));
    }
    lines.push(String::new());
    lines.push(String::from("keys in clear, never to be used elsewhere; `app` has CNX to pay tasks with:"));
    for key in plan.keys.iter().filter(|key| key.name == "app" || key.name == "faucet") {
        lines.push(format!("{:<12} {}", key.name, key.address.0));
    }
    lines.push(String::new());
    lines.extend(next_steps(dir, plan));
    lines.push(String::new());
    lines.push(format!(
        "ready: first block after {} ms, all joined after {} ms; Ctrl-C ends it",
        network.first_block.as_millis(),
        network.joined.as_millis()
    ));
    let json = json!({
        "ready": true, "dir": dir, "chain_id": plan.chain_id, "genesis": plan.genesis.0.to_string(),
        "rpc": plan.rpc, "relays": plan.relays, "processes": plan.processes, "pid": plan.pid,
        "roles": plan.roles, "keys": plan.keys,
        "first_block_ms": network.first_block.as_millis(), "joined_ms": network.joined.as_millis()
    });
    session.output.data(lines.join("\n"), &json);
}

/// What to type next, to be copied as it is.
fn next_steps(dir: &Path, plan: &Plan) -> Vec<String> {
    let relay =
        plan.roles.iter().find(|role| role.kind == RoleKind::Relay).map_or("relay-0", |role| &role.name);
    vec![
        String::from("next, in another terminal:"),
        format!(
            "  export HYDROGEN_HOME={} HYDROGEN_RPC={}",
            quoted(&dir.display().to_string()),
            plan.rpc.join(",")
        ),
        String::from("  cd \"$HYDROGEN_HOME/samples\""),
        String::from("  hydrogen task run --program wordcount.wasm --input text.txt --fee 30 --from app"),
        String::from(
            "  hydrogen task run --program mandelbrot.wasm --input picture.txt --fee 30 --from app -o picture.pgm",
        ),
        String::from("  hydrogen task status 1"),
        String::from("  hydrogen compute list"),
        String::from("  hydrogen testnet status"),
        String::from("  hydrogen testnet add-node"),
        format!("  hydrogen testnet stop {relay}      (and `start {relay}`)"),
        String::from("  hydrogen testnet down"),
    ]
}

/// For a shell: in quotes where it needs them.
fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:,@".contains(letter);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

async fn ask(session: &Session, dir: &Path, request: &Request) -> Outcome {
    let roles = testnet::ask(dir, request).await?;
    let plan = Plan::read(dir)?;
    let stakes = stakes(&plan).await;
    let mut lines = Vec::new();
    let mut rows = Vec::new();
    for status in &roles {
        let role = plan.role(&status.name).ok();
        let state = if status.running { "running" } else { "stopped" };
        let pid = status.pid.map(|pid| format!("  pid {pid}")).unwrap_or_default();
        let listen = role.and_then(|role| role.listen);
        let listen = listen.map(|address| format!("  http://{address}")).unwrap_or_default();
        let persona = role.and_then(Role::misbehaviour);
        let persona_text = persona.map(|name| format!("  ({name})")).unwrap_or_default();
        let view = role.and_then(|role| stakes.get(&role.address.0));
        let stake =
            view.map(|view| format!("  {:?}, stake {} CNX", view.state, view.stake)).unwrap_or_default();
        let reason = status.reason.as_ref().map(|reason| format!("  ended: {reason}")).unwrap_or_default();
        lines.push(format!("{:<12} {state}{pid}{listen}{stake}{persona_text}{reason}", status.name));
        let mut row = json!(status);
        row["persona"] = json!(role.and_then(|role| role.persona.as_deref()));
        row["state"] = json!(view.map(|view| format!("{:?}", view.state)));
        row["stake"] = json!(view.map(|view| view.stake.get().to_string()));
        rows.push(row);
    }
    let json = json!({"roles": rows, "rpc": plan.rpc, "relays": plan.relays});
    session.output.data(lines.join("\n"), &json);
    Ok(())
}

/// What the chain says of the compute nodes; nothing while it does not answer.
async fn stakes(plan: &Plan) -> BTreeMap<Address, NodeView> {
    let Ok(client) = Client::new(&plan.rpc) else { return BTreeMap::new() };
    let nodes = plan.roles.iter().filter(|role| role.kind == RoleKind::Compute);
    let asked = nodes.map(|role| task::node(&client, &role.address.0));
    let found = tokio::time::timeout(CHAIN_PATIENCE, futures::future::join_all(asked)).await;
    let views = found.unwrap_or_default().into_iter().filter_map(|view| view.ok().flatten());
    views.map(|view| (view.address, view)).collect()
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
