//! `hydrogen-testnet`: `sim` runs seeds until one breaks an invariant; `chaos`, `soak` and `bench` run real processes.

mod hostile_cmd;
mod real_cmd;

use clap::{Args, Parser, Subcommand};
use hydrogen_core::ContractVm;
use hydrogen_testnet::sim::{Fault, Options, Report, run};
use hydrogen_vm::{Vm, VmConfig};
use serde_json::json;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// Networks, simulated and measured.
#[derive(Debug, Parser)]
#[command(name = "hydrogen-testnet", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulates networks: the real node on a simulated network, disk and clock.
    Sim(Sim),
    /// Kills, cuts off, stops and misleads real processes under load, then audits them.
    Chaos(real_cmd::Chaos),
    /// Leaves real processes alone, or under a steady load, and samples what they take of the machine.
    Soak(real_cmd::Soak),
    /// Measures speeds of real processes.
    Bench(real_cmd::Bench),
    /// Lets the hostile peer loose on real processes, one attack after the other and then all at once.
    Hostile(hostile_cmd::Hostile),
    /// The hostile peer itself: misbehaves towards a node in one way.
    Attack(hostile_cmd::Attack),
}

#[derive(Debug, Args)]
struct Sim {
    /// First seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Nodes that vote.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=64))]
    validators: u64,
    /// Nodes that follow.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=32))]
    followers: u64,
    /// What goes wrong: `default` (all), `none`, or names separated by commas.
    #[arg(long, default_value = "default")]
    faults: String,
    /// How long it does, in seconds of virtual time.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    storm_s: u64,
    /// Syncs of all disks do nothing: shows that the simulator notices.
    #[arg(long)]
    lying_disks: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Sim(sim) => simulate(&sim),
        Command::Chaos(args) => real_cmd::run_chaos(&args),
        Command::Soak(args) => real_cmd::run_soak(&args),
        Command::Bench(args) => real_cmd::run_bench(&args),
        Command::Hostile(args) => hostile_cmd::run_hostile(&args),
        Command::Attack(args) => hostile_cmd::run_attack(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn simulate(sim: &Sim) -> Result<(), String> {
    let faults = Fault::parse(&sim.faults)?;
    let vm = Vm::new(VmConfig::default()).map_err(|error| error.to_string())?;
    let vm: Arc<dyn ContractVm> = Arc::new(vm);
    let start = Instant::now();
    let mut total = Totals::default();
    for seed in (0..sim.seeds).map(|index| sim.seed.wrapping_add(index)) {
        let options = Options {
            seed,
            validators: usize::try_from(sim.validators).map_err(|error| error.to_string())?,
            followers: usize::try_from(sim.followers).map_err(|error| error.to_string())?,
            faults: faults.clone(),
            storm_ms: sim.storm_s * 1_000,
            lying_disks: sim.lying_disks,
        };
        match run(&vm, &options) {
            Ok(report) => {
                total.add(&report);
                if sim.json {
                    say(&report.json().to_string())?;
                } else {
                    say(&report.to_string())?;
                }
            }
            Err(violation) => {
                if sim.json {
                    say(&json!({ "seed": seed.to_string(), "violation": violation.to_string() }).to_string())?;
                }
                return Err(format!(
                    "seed {seed}: {violation}\nrun it again with --seed {seed} and the same options"
                ));
            }
        }
    }
    eprintln!("{total} in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// A line on stdout; a reader that has gone away ends the run.
fn say(line: &str) -> Result<(), String> {
    writeln!(std::io::stdout(), "{line}").map_err(|error| error.to_string())
}

/// Sums over all seeds.
#[derive(Default)]
struct Totals {
    seeds: u64,
    blocks: u64,
    crashes: u64,
    torn: u64,
    lost: u64,
    bent: u64,
}

impl Totals {
    fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.blocks += report.blocks;
        self.crashes += report.tally.crashes;
        self.torn += report.tally.torn;
        self.lost += report.lost;
        self.bent += report.tally.bent;
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} seeds hold: {} blocks, {} crashes, {} torn logs, {} messages lost, {} bent",
            self.seeds, self.blocks, self.crashes, self.torn, self.lost, self.bent
        )
    }
}
