//! The whole show.

use crate::application::{BalanceSheet, Desk, Order, balances};
use crate::client::{Wallet, task};
use crate::demo::money;
use crate::demo::names::Names;
use crate::demo::options::{DemoOptions, TASKS_MAX};
use crate::demo::picture;
use crate::demo::program::Sample;
use crate::demo::task::{Told, tell};
use crate::failure::{Failure, Outcome};
use crate::keys::{self, KeyFile};
use crate::output::Output;
use crate::shutdown::Shutdown;
use crate::testnet::{Network, RoleKind, UpOptions};
use hydrogen_core::NodeKeys;
use hydrogen_offchain::personas::Persona;
use hydrogen_types::{Address, Amount, Hash, Height};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// CNX that the application gets from the faucet.
const APPLICATION: Amount = Amount::cnx(1_000);
/// Name of the application's key in the network's folder.
const KEY: &str = "demo";

/// Where the words of the show go: stdout, or stderr when stdout is for JSON.
pub(super) struct Narrator(Output);

impl Narrator {
    /// A line, with the height of the block it is about.
    pub(super) fn line(&self, height: Option<Height>, text: &str) {
        let height = height.map_or_else(String::new, |height| height.to_string());
        for (index, part) in text.lines().enumerate() {
            // A line that begins further right goes on with the one above it.
            let block = if index == 0 || !part.starts_with(' ') { height.as_str() } else { "" };
            self.plain(&format!("{block:>6}  {part}"));
        }
    }

    fn plain(&self, text: &str) {
        if self.0.json { self.0.say(text) } else { self.0.data(text, &Value::Null) }
    }

    fn title(&self, text: &str) {
        self.plain("");
        self.plain(text);
    }
}

/// What the show found.
struct Found {
    tasks: Vec<Told>,
    digest: Hash,
    before: BalanceSheet,
    after: BalanceSheet,
    stakes: Vec<Stake>,
}

/// A cheat's stake before the first task and after the last.
struct Stake {
    node: Address,
    before: Amount,
    after: Amount,
}

/// Starts a network, shows a task on it, and holds it until `shutdown` or stops it.
///
/// # Errors
/// The network does not start, a step of the protocol fails, or what was found is not what must be.
pub async fn run(options: DemoOptions, output: Output, shutdown: Shutdown) -> Outcome {
    let narrator = Narrator(output);
    let (dir, is_own) = match &options.dir {
        Some(dir) => (dir.clone(), false),
        None => (std::env::temp_dir().join(format!("hydrogen-demo-{}", std::process::id())), true),
    };
    let up = UpOptions {
        fresh: true,
        processes: options.processes,
        validators: options.validators,
        nodes: options.nodes,
        bad: vec![(Persona::Fakes, options.cheats)],
        ..UpOptions::new(dir.clone())
    };
    narrator.title(&format!("A network in {}", dir.display()));
    let raised = tokio::select! {
        raised = Network::up(&up, |text| narrator.line(None, text)) => raised,
        () = shutdown.clone().wait() => return Err(Failure::new("stopped while the network was starting")),
    };
    let mut network = raised?;
    let shown = tokio::select! {
        shown = show(&options, &network, &narrator) => shown,
        () = shutdown.clone().wait() => Err(Failure::new("stopped before the end")),
    };
    if shown.is_ok() && !options.once {
        narrator.title("The network goes on; Ctrl-C stops it. In another terminal:");
        narrator.plain(&format!(
            "  hydrogen --home {} --rpc {} task list",
            dir.display(),
            network.plan().rpc.join(",")
        ));
        network.hold(shutdown, |text| narrator.line(None, text)).await?;
    }
    network.stop().await;
    if is_own && (shown.is_ok() || options.once) {
        remove(&dir);
    }
    shown
}

fn remove(dir: &Path) {
    if let Err(error) = std::fs::remove_dir_all(dir) {
        tracing::warn!(%error, dir = %dir.display(), "the network's folder stays");
    }
}

async fn show(options: &DemoOptions, network: &Network, narrator: &Narrator) -> Outcome {
    let client = network.client()?;
    let mut names = Names::new(network.plan());
    introduce(network, narrator).await?;
    let folder = network.dir().join("demo");
    std::fs::create_dir_all(&folder)?;
    let sample = Sample::prepare(&options.program, options.input.as_deref(), &folder).await?;
    let application = fund(network, &mut names, narrator).await?;
    let desk = Desk::open(application, None).await?;
    let order = Order::new(sample.program.clone(), sample.input.clone(), options.fee);
    let before = balances(&client).await?;
    let mut stakes = stakes(network, &desk).await?;
    let tasks = tasks(options, &desk, &order, &names, narrator).await?;
    let after = balances(&client).await?;
    for stake in &mut stakes {
        stake.after = stake_of(&desk, &stake.node).await?;
    }
    let last = tasks.last().ok_or_else(|| Failure::new("no task was run"))?;
    let digest = compare(&desk, &sample, last, &folder, narrator).await?;
    let found = Found { tasks, digest, before, after, stakes };
    settle(options, network, &found, &names, narrator)
}

/// Who is there, and where.
async fn introduce(network: &Network, narrator: &Narrator) -> Outcome {
    let status = network.client()?.status().await?;
    let plan = network.plan();
    let count = |kind: RoleKind| plan.roles.iter().filter(|role| role.kind == kind).count();
    narrator.line(
        Some(status.height.0),
        &format!(
            "chain {} (genesis {}): {} validators, {} compute nodes, relay {}",
            status.chain_id.0,
            status.genesis.0,
            count(RoleKind::Validator),
            count(RoleKind::Compute),
            plan.relays.join(", ")
        ),
    );
    Ok(())
}

/// A new account for the application, with CNX from the faucet.
async fn fund(network: &Network, names: &mut Names, narrator: &Narrator) -> Outcome<Wallet> {
    let seed = keys::random_seed()?;
    keys::write(network.dir(), KEY, &KeyFile::clear(&seed))?;
    let key = NodeKeys::from_seed(seed).account;
    let (client, address) = (network.client()?, key.address());
    names.add(address, "application");
    let faucet = Wallet::new(client.clone(), network.account_key("faucet")?);
    let receipt = faucet.transfer(address, APPLICATION).await?;
    if !receipt.is_success() {
        return Err(Failure::new(format!("the faucet cannot pay: {}", receipt.reason())));
    }
    narrator.line(
        Some(receipt.height()),
        &format!("application {address} gets {APPLICATION} CNX from the faucet"),
    );
    Ok(Wallet::new(client, key))
}

async fn tasks(
    options: &DemoOptions,
    desk: &Desk,
    order: &Order,
    names: &Names,
    narrator: &Narrator,
) -> Outcome<Vec<Told>> {
    let count_max = if options.cheats == 0 { 1 } else { TASKS_MAX };
    let mut tasks: Vec<Told> = Vec::new();
    for number in 1..=count_max {
        narrator.title(&match count_max {
            1 => String::from("The task (block, step)"),
            _ => format!("Task {number} of at most {count_max}, until a cheat is caught (block, step)"),
        });
        let told = tell(desk, order, names, narrator).await?;
        told.check(options.cheats)?;
        narrator.line(None, &told.summary());
        let caught = !told.caught.is_empty();
        tasks.push(told);
        if caught {
            break;
        }
    }
    if options.cheats > 0 && tasks.iter().all(|told| told.caught.is_empty()) {
        return Err(Failure::new(format!("no cheat was caught in {count_max} tasks"))
            .hint("once in ten thousand times the draw misses it; run the demonstration again"));
    }
    Ok(tasks)
}

/// The stakes of the nodes that cheat.
async fn stakes(network: &Network, desk: &Desk) -> Outcome<Vec<Stake>> {
    let mut stakes = Vec::new();
    for role in
        network.plan().roles.iter().filter(|role| role.persona.as_deref() == Some(Persona::Fakes.name()))
    {
        let (node, before) = (role.address.0, stake_of(desk, &role.address.0).await?);
        stakes.push(Stake { node, before, after: before });
    }
    Ok(stakes)
}

async fn stake_of(desk: &Desk, node: &Address) -> Outcome<Amount> {
    Ok(task::node(desk.client(), node).await?.map_or(Amount::ZERO, |view| view.stake))
}

/// Downloads the result and compares it with a local run; its digest.
async fn compare(
    desk: &Desk,
    sample: &Sample,
    told: &Told,
    folder: &Path,
    narrator: &Narrator,
) -> Outcome<Hash> {
    let view = &told.view;
    let path: PathBuf = folder.join(format!("result-{}", view.id));
    let size = desk.download(view, &path).await?;
    let bytes = std::fs::read(&path)?;
    let (digest, on_chain) = (Hash::sha256(&bytes), view.result.unwrap_or(Hash::ZERO));
    let alone = sample.run_alone(view, folder).await?;
    narrator.title("The result");
    narrator.line(None, &format!("downloaded    {digest} ({size} bytes)"));
    narrator.line(None, &format!("on the chain  {on_chain}"));
    narrator.line(None, &format!("run locally   {alone}"));
    if digest != on_chain || digest != alone {
        return Err(Failure::new("the three hashes differ: the network's result is not the program's"));
    }
    narrator.plain("");
    for line in picture::show(&bytes) {
        narrator.plain(&format!("        {line}"));
    }
    Ok(digest)
}

/// The coins and the times; then what was found is judged.
fn settle(
    options: &DemoOptions,
    network: &Network,
    found: &Found,
    names: &Names,
    narrator: &Narrator,
) -> Outcome {
    let changes = found.before.changes(&found.after);
    narrator.title("Every balance of the chain that changed");
    for line in money::table(&found.before, &found.after, names) {
        narrator.plain(&format!("        {line}"));
    }
    let validators: Vec<Address> = network
        .plan()
        .roles
        .iter()
        .filter(|role| role.kind == RoleKind::Validator)
        .map(|role| role.address.0)
        .collect();
    narrator.plain(&format!("        {}", money::fees_and_burned(&changes, &validators)));
    for stake in &found.stakes {
        let (name, before, after) = (names.of(&stake.node), stake.before, stake.after);
        narrator.title(&format!("Stake of {name}: {before} CNX before, {after} CNX after"));
    }
    let first_block_ms = network.first_block.as_millis();
    let joined_ms = network.joined.as_millis();
    let took_ms: Vec<u128> = found.tasks.iter().map(|told| told.took.as_millis()).collect();
    narrator.title("Times");
    narrator.line(None, &format!("{first_block_ms} ms from testnet up to the first finalised block"));
    narrator.line(None, &format!("{joined_ms} ms from testnet up until all compute nodes had joined"));
    for (told, ms) in found.tasks.iter().zip(&took_ms) {
        narrator.line(None, &format!("{ms} ms from create_task to the end of task {}", told.view.id));
    }
    let sum = money::sum(&changes);
    if narrator.0.json {
        let caught: Vec<String> =
            found.tasks.iter().flat_map(|told| &told.caught).map(ToString::to_string).collect();
        narrator.0.data("", &json!({
            "dir": network.dir().display().to_string(), "rpc": network.plan().rpc, "relays": network.plan().relays,
            "tasks": found.tasks.iter().map(|told| told.view.id.to_string()).collect::<Vec<_>>(),
            "digest": found.digest.to_string(), "caught": caught,
            "first_block_ms": first_block_ms.to_string(), "joined_ms": joined_ms.to_string(),
            "task_ms": took_ms.iter().map(u128::to_string).collect::<Vec<_>>(),
            "changes": money::json_of(&changes, names), "sum": sum.to_string(),
        }));
    }
    if sum != 0 {
        return Err(Failure::new(format!("the balances do not add up: {sum} base units came from nowhere")));
    }
    let caught = found.stakes.iter().any(|stake| stake.after < stake.before);
    if options.cheats > 0 && !caught {
        return Err(Failure::new("a cheat was caught but its stake is whole"));
    }
    Ok(())
}
