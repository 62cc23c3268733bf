//! `hydrogen-testnet chaos`, `soak` and `bench`: networks of real processes.

use clap::{Args, ValueEnum};
use hydrogen_core::Params;
use hydrogen_testnet::real::{
    BenchOptions, ChaosOptions, FaultKind, Kills, LinkKind, NetOptions, RealError, SoakOptions, bench, chaos,
    soak,
};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Set for the process that runs inside its own namespace.
const INSIDE: &str = "HYDROGEN_TESTNET_INSIDE";

/// What all networks have.
#[derive(Debug, Args)]
pub(crate) struct Network {
    /// Validators, each a process.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=64))]
    validators: u64,
    /// The program `hydrogen` [default: the one beside this program].
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Folder of the network, empty or not there; what is in it stays.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Makes keys, faults and transactions.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Loopback ports instead of network namespaces: needs no rights, but nothing can be cut or counted.
    #[arg(long)]
    loopback: bool,
    /// One JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How many die at a time.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum KillsArg {
    None,
    One,
    Two,
}

/// `chaos`.
#[derive(Debug, Args)]
pub(crate) struct Chaos {
    #[command(flatten)]
    network: Network,
    /// How long faults go on.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How many processes are killed at a time.
    #[arg(long, value_enum, default_value_t = KillsArg::One)]
    kills: KillsArg,
    /// Cut the network in two.
    #[arg(long)]
    partitions: bool,
    /// Longest of these cuts, in seconds; the shortest takes two.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(2..=3_600))]
    partition_s: u64,
    /// Stop and continue processes.
    #[arg(long)]
    pauses: bool,
    /// Slow lines, and lines that break for moments.
    #[arg(long)]
    lines: bool,
    /// Set clocks forward and back (needs libfaketime).
    #[arg(long)]
    clocks: bool,
    /// Transactions a second.
    #[arg(long, default_value_t = 10.0)]
    load: f64,
}

/// `soak`.
#[derive(Debug, Args)]
pub(crate) struct Soak {
    #[command(flatten)]
    network: Network,
    /// How long.
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
    /// Transactions a second; 0 for none.
    #[arg(long, default_value_t = 0.0)]
    load: f64,
    /// Seconds between two samples.
    #[arg(long, default_value_t = 30)]
    sample_s: u64,
}

/// `bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    network: Network,
    /// How long each part lasts, in seconds.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Accounts that send.
    #[arg(long, default_value_t = 16)]
    accounts: usize,
}

impl Network {
    pub(crate) fn options(&self, accounts: usize, clocks: bool) -> Result<NetOptions, String> {
        let beside = || std::env::current_exe().map(|path| path.with_file_name("hydrogen"));
        let binary = self.binary.clone().map_or_else(beside, Ok).map_err(|error| error.to_string())?;
        if !binary.exists() {
            return Err(format!("{} does not exist: build it, or give it with --binary", binary.display()));
        }
        let whole = |path: &PathBuf| std::path::absolute(path).map_err(|error| error.to_string());
        Ok(NetOptions {
            binary: whole(&binary)?,
            dir: whole(&self.dir)?,
            validators: usize::try_from(self.validators).map_err(|error| error.to_string())?,
            accounts,
            seed: self.seed,
            links: if self.loopback { LinkKind::Loopback } else { LinkKind::Namespaces },
            clocks,
            params: Params::default(),
        })
    }

    /// Goes into a network namespace of its own, so that nothing of it is left behind; returns when it is there.
    fn enter(&self) -> Result<(), String> {
        if self.loopback || std::env::var_os(INSIDE).is_some() {
            return Ok(());
        }
        let me = std::env::current_exe().map_err(|error| error.to_string())?;
        let error = Command::new("unshare")
            .arg("--net")
            .arg(me)
            .args(std::env::args_os().skip(1))
            .env(INSIDE, "1")
            .exec();
        Err(format!("unshare --net: {error}; --loopback needs no namespaces"))
    }
}

pub(crate) fn run<T>(future: impl Future<Output = Result<T, RealError>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(future).map_err(|error| {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        format!("{error}{}", source.unwrap_or_default())
    })
}

pub(crate) fn run_chaos(args: &Chaos) -> Result<(), String> {
    args.network.enter()?;
    let mut faults = Vec::new();
    for (wanted, kinds) in [
        (args.partitions, &[FaultKind::Partition][..]),
        (args.pauses, &[FaultKind::Pause]),
        (args.lines, &[FaultKind::Slow, FaultKind::Flap]),
        (args.clocks, &[FaultKind::Clock]),
    ] {
        if wanted {
            faults.extend_from_slice(kinds);
        }
    }
    if args.network.loopback && (args.partitions || args.lines) {
        return Err(String::from("loopback ports cannot be cut: leave out --loopback"));
    }
    let kills = match args.kills {
        KillsArg::None => Kills::None,
        KillsArg::One => Kills::One,
        KillsArg::Two => Kills::Two,
    };
    let options = ChaosOptions {
        net: args.network.options(8, args.clocks)?,
        lasts: minutes(args.minutes)?,
        kills,
        partition_max: Duration::from_secs(args.partition_s),
        faults,
        per_second: args.load,
    };
    let report = run(chaos(options, |line| eprintln!("{line}")))?;
    crate::say(&if args.network.json { report.json().to_string() } else { report.to_string() })
}

pub(crate) fn run_soak(args: &Soak) -> Result<(), String> {
    args.network.enter()?;
    let options = SoakOptions {
        net: args.network.options(8, false)?,
        lasts: minutes(args.minutes)?,
        per_second: args.load,
        every: Duration::from_secs(args.sample_s.max(1)),
    };
    // A reader that has gone away does not end an hour's run: the summary is returned as well.
    run(soak(options, |line| drop(crate::say(line)))).map(drop)
}

pub(crate) fn run_bench(args: &Bench) -> Result<(), String> {
    args.network.enter()?;
    let options = BenchOptions {
        net: args.network.options(args.accounts.max(1), false)?,
        lasts: Duration::from_secs(args.seconds.max(1)),
    };
    let report = run(bench(options, |line| eprintln!("{line}")))?;
    crate::say(&if args.network.json { report.json().to_string() } else { report.to_string() })
}

fn minutes(count: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(count * 60.0).map_err(|error| format!("{count} minutes: {error}"))
}
