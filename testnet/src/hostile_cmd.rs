//! `hydrogen-testnet hostile` and `attack`: a network under attack, and the attacker.

use crate::real_cmd::{Network, run};
use clap::Args;
use hydrogen_core::{Genesis, Params};
use hydrogen_p2p::Multiaddr;
use hydrogen_testnet::hostile::{Kind, Villain, attack};
use hydrogen_testnet::real::{LinkKind, SiegeOptions, siege};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Between two blocks of a network that is attacked.
const HEARTBEAT_MS: u64 = 200;

fn kind(name: &str) -> Result<Kind, String> {
    let known = || Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
    Kind::of(name).ok_or_else(|| format!("no attack of this name; there are {}", known()))
}

/// `hostile`.
#[derive(Debug, Args)]
pub(crate) struct Hostile {
    #[command(flatten)]
    network: Network,
    /// How long each attack lasts, in seconds.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// One attack only; may be given several times [default: all].
    #[arg(long, value_name = "NAME", value_parser = kind)]
    kind: Vec<Kind>,
}

/// `attack`.
#[derive(Debug, Args)]
pub(crate) struct Attack {
    /// The attack.
    #[arg(long, value_name = "NAME", value_parser = kind)]
    kind: Kind,
    /// A node's address, with its peer id.
    #[arg(long, value_name = "ADDR")]
    target: Multiaddr,
    /// The genesis of its chain.
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// Which attacker: each number has an identity and an address of the loopback network of its own.
    #[arg(long, default_value_t = 1)]
    number: u8,
    /// How long.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
}

/// Fails when the network did not hold.
pub(crate) fn run_hostile(args: &Hostile) -> Result<(), String> {
    let mut net = args.network.options(0, false)?;
    // Attackers have addresses of the loopback network.
    net.links = LinkKind::Loopback;
    net.params = Params { heartbeat_ms: HEARTBEAT_MS, ..Params::default() };
    let options = SiegeOptions {
        net,
        lasts: Duration::from_secs(args.seconds.max(5)),
        kinds: if args.kind.is_empty() { Kind::ALL.to_vec() } else { args.kind.clone() },
        attacker: std::env::current_exe().map_err(|error| error.to_string())?,
    };
    let report = run(siege(options, |line| eprintln!("{line}")))?;
    crate::say(&if args.network.json { report.json().to_string() } else { report.to_string() })?;
    match report.complaints().len() {
        0 => Ok(()),
        count => Err(format!("{count} complaints")),
    }
}

pub(crate) fn run_attack(args: &Attack) -> Result<(), String> {
    let path = args.genesis.display();
    let text = std::fs::read_to_string(&args.genesis).map_err(|error| format!("{path}: {error}"))?;
    let genesis = Genesis::from_json(&text).map_err(|error| format!("{path}: {error}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let until = Instant::now() + Duration::from_secs(args.seconds);
    let villain = Villain::new(args.number);
    let attacked = attack(args.kind, &villain, std::slice::from_ref(&args.target), &genesis, until);
    let entered =
        runtime.map_err(|error| error.to_string())?.block_on(attacked).map_err(|error| error.to_string())?;
    crate::say(&format!("{} as {}: let in {entered} times", args.kind.name(), villain.id()))
}
