//! `hydrogen store`: the chain folder of a home, looked at while no node has it.

use crate::failure::{Failure, Outcome};
use crate::node::{Home, chain_failure, store_failure};
use crate::session::Session;
use hydrogen_core::store::RocksStore;
use hydrogen_core::store::check::{Report, check};
use hydrogen_core::{ContractVm, Store};
use hydrogen_vm::{Vm, VmConfig};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time between two words of progress.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Compare every table of the store with every other and with what the validators signed.
    Check {
        /// Execute blocks again, too, in memory: from genesis, or from the first state that is kept with its block.
        #[arg(long)]
        deep: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let Command::Check { deep } = args.command;
    let session = session.clone();
    // A look at millions of entries must not hold up a thread of the runtime.
    tokio::task::spawn_blocking(move || examine(&session, deep)).await?
}

fn examine(session: &Session, deep: bool) -> Outcome {
    let home = Home::new(&session.home);
    if !home.exists() {
        return Err(Failure::new(format!("{} is not a node's home", home.path().display()))
            .hint("name the home of a node with --home DIR"));
    }
    let genesis = home.genesis()?;
    let path = home.chain();
    let store = RocksStore::open_read_only(&path).map_err(store_failure)?;
    let store: Arc<dyn Store> = Arc::new(store);
    let vm = if deep { Some(Arc::new(Vm::new(VmConfig::default())?) as Arc<dyn ContractVm>) } else { None };
    let started = Instant::now();
    let mut told = started;
    let mut progress = |what: &str, done: u64, of: Option<u64>| {
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
            session.output.say(format_args!("{what}: {done}{of}"));
        }
    };
    let report = check(&store, &genesis, vm, &mut progress).map_err(chain_failure)?;
    show(session, &report, started.elapsed());
    match report.problems_found {
        0 => Ok(()),
        found => Err(Failure::new(format!("{} has {found} {}", path.display(), if found == 1 { "problem" } else { "problems" })).named("StoreDamaged").hint(
            "move the chain folder away, keep the votes folder, and start the node again: the blocks come from peers, or a \
             snapshot does",
        )),
    }
}

fn show(session: &Session, report: &Report, took: Duration) {
    let Report { tip, earliest_block, earliest_state, blocks, receipts, index, sets, undo, .. } = report;
    let Report { state, pages, modules, executed, problems, problems_found, .. } = report;
    let verdict = if *problems_found == 0 { "sound" } else { "damaged" };
    let mut text = format!(
        "{verdict} at height {tip}, looked at in {:.1} s\nblocks     {blocks} from height {earliest_block}, {executed} executed again\n\
         receipts   {receipts}\nindex      {index} entries\nsets       {sets} validator sets\n\
         history    {undo} undo records, to height {earliest_state}\nstate      {state} entries in {pages} pages\nmodules    {modules}",
        took.as_secs_f64()
    );
    let mut rows = Vec::new();
    for problem in problems {
        let (table, what) = (problem.table.name(), &problem.what);
        text.push_str(&format!("\n{table}: {what}"));
        rows.push(json!({"table": table, "what": what}));
    }
    let listed = problems.len() as u64;
    if *problems_found > listed {
        text.push_str(&format!("\n... and {} more", problems_found - listed));
    }
    let json = json!({
        "sound": *problems_found == 0, "height": tip.to_string(), "earliest_block": earliest_block.to_string(),
        "earliest_state": earliest_state.to_string(), "blocks": blocks, "receipts": receipts, "index": index,
        "validator_sets": sets, "undo_records": undo, "state_entries": state, "pages": pages, "modules": modules,
        "executed": executed, "seconds": took.as_secs_f64(), "problems_found": problems_found, "problems": rows,
    });
    session.output.data(text, &json);
}
