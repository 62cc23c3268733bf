//! `hydrogen compute`: a compute node, its stake and its state.

use crate::application::Stake;
use crate::client::{TxReceipt, task};
use crate::cmd::print;
use crate::compute::{self, ComputeConfig, ComputeFlags};
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use crate::shutdown;
use hydrogen_types::Amount;
use hydrogen_types::task::{NodeFilter, NodeState, NodeView};
use serde_json::{Value, json};

/// Gas that a node pays for one task at the minimum price, commitment, reveal and upload together: measured, rounded
/// up.
const TASK_GAS: Amount = Amount::new(1_000_000_000_000_000);

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// The key whose account it is.
#[derive(Debug, clap::Args)]
struct From {
    /// The key of the node's account.
    #[arg(long, value_name = "KEY")]
    from: String,
}

/// Which nodes are listed.
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Those in this state: available, busy, pending-pause, pending-quit, paused or unbonding.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<NodeState>,
    /// Those that execute this external type.
    #[arg(long = "type", value_name = "TYPE")]
    external: Option<String>,
    /// Those after this address, for the next page.
    #[arg(long, value_name = "ADDRESS")]
    after: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: usize,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run a compute node: execute the tasks it is drawn for.
    Run {
        #[command(flatten)]
        from: From,
        /// Join with this stake at the start, if it has not joined.
        #[arg(long, value_name = "AMOUNT", value_parser = Amount::parse)]
        stake: Option<Amount>,
        #[command(flatten)]
        flags: ComputeFlags,
    },
    /// Stake CNX and wait to be drawn.
    Join {
        #[command(flatten)]
        from: From,
        /// CNX like 400, or base units like 1500u.
        #[arg(long, value_name = "AMOUNT", value_parser = Amount::parse)]
        stake: Amount,
        /// External types it executes, with commas between them. The node runs with a command for each.
        #[arg(long, visible_alias = "type", value_delimiter = ',', value_name = "TYPE,...")]
        types: Vec<String>,
    },
    /// Add to the stake.
    AddStake {
        #[command(flatten)]
        from: From,
        /// CNX like 100, or base units like 1500u.
        #[arg(value_parser = Amount::parse)]
        amount: Amount,
    },
    /// Not be drawn any more, after the task at hand.
    Pause(From),
    /// Be drawn again.
    Resume(From),
    /// Leave, after the task at hand; the stake is free when the unbonding time is over.
    Quit(From),
    /// Take the stake after leaving.
    Withdraw(From),
    /// Show a node: what the chain says, and what the node on this machine says of itself.
    Status {
        /// A node: an address or the name of a key.
        #[arg(required_unless_present = "from")]
        node: Option<String>,
        /// The key of the node's account.
        #[arg(long, value_name = "KEY", conflicts_with = "node")]
        from: Option<String>,
    },
    /// List nodes, by address.
    List(ListArgs),
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    match args.command {
        Command::Run { from, stake, flags } => run_node(session, &from, stake, &flags).await,
        Command::Join { from, stake, types } => join(session, &from, stake, &types).await,
        Command::AddStake { from, amount } => add_stake(session, &from, amount).await,
        Command::Pause(from) => show(session, &stake(session, &from)?.pause().await?),
        Command::Resume(from) => show(session, &stake(session, &from)?.resume().await?),
        Command::Quit(from) => show(session, &stake(session, &from)?.quit().await?),
        Command::Withdraw(from) => show(session, &stake(session, &from)?.withdraw().await?),
        Command::Status { node, from } => status(session, node.or(from)).await,
        Command::List(args) => list(session, &args).await,
    }
}

async fn run_node(session: &Session, from: &From, stake: Option<Amount>, flags: &ComputeFlags) -> Outcome {
    let key = session.account_key(&from.from)?;
    let home = session.home.join("compute");
    let config = ComputeConfig { stake, ..ComputeConfig::new(session.rpc.clone(), home, key.clone()) };
    let config = flags.apply(config).map_err(Failure::new)?;
    let stop = shutdown::on_signals().map_err(|error| Failure::of("signals", &error))?;
    let account = key.address().to_string();
    session.output.say(format_args!("compute node {account} runs; Ctrl-C stops it"));
    session.output.data(&account, &json!({"node": account, "ready": true}));
    Ok(compute::run(config, stop.wait()).await?)
}

async fn join(session: &Session, from: &From, stake: Amount, types: &[String]) -> Outcome {
    let wallet = session.wallet(&from.from)?;
    let receipt = compute::join(wallet.client(), wallet.key(), stake, types).await?;
    show(session, &receipt)
}

async fn add_stake(session: &Session, from: &From, amount: Amount) -> Outcome {
    show(session, &stake(session, from)?.add_stake(amount).await?)
}

fn stake(session: &Session, from: &From) -> Outcome<Stake> {
    Ok(Stake::new(session.wallet(&from.from)?))
}

fn show(session: &Session, receipt: &TxReceipt) -> Outcome {
    print::receipt(session, receipt, &[])
}

async fn status(session: &Session, node: Option<String>) -> Outcome {
    let name = node.unwrap_or_default();
    let address = session.address(&name)?;
    let client = session.client()?;
    let view = task::node(&client, &address).await?;
    let local = compute::read_status(&session.home.join("compute"))?;
    let local = local.filter(|local| local.account == address.to_string());
    let Some(view) = view else {
        return Err(Failure::new(format!("{address} has not joined"))
            .hint("`hydrogen compute join --stake AMOUNT --from KEY` stakes and joins"));
    };
    let balance = client.account(&address).await?.balance;
    let tasks_paid_for = balance.get() / TASK_GAS.get();
    let mut json = json_of(&view);
    json["balance"] = json!(balance.get().to_string());
    json["tasks_paid_for"] = json!(tasks_paid_for.to_string());
    let mut text = text_of(&view);
    text.push_str(&format!("\nbalance     {balance} CNX: gas for about {tasks_paid_for} tasks"));
    if let Some(local) = local {
        text.push_str(&format!("\nprocess     {} at height {}", local.pid, local.height));
        if let Some(stage) = &local.stage {
            text.push_str(&format!("\nstage       {stage}"));
        }
        if let Some(error) = &local.last_error {
            text.push_str(&format!("\nlast error  {error}"));
        }
        json["local"] = serde_json::to_value(local)?;
    }
    session.output.data(text, &json);
    Ok(())
}

async fn list(session: &Session, args: &ListArgs) -> Outcome {
    let filter = NodeFilter { state: args.state, external: args.external.clone() };
    let after = args.after.as_deref().map(|who| session.address(who)).transpose()?;
    let (nodes, next) = task::nodes(&session.client()?, &filter, after, args.limit).await?;
    if let Some(next) = next {
        session.output.say(format_args!("there may be more: go on with --after {next}"));
    }
    let row = |node: &NodeView| {
        let task = node.task.map_or_else(|| String::from("-"), |task| task.to_string());
        let state = format!("{:?}", node.state);
        format!(
            "{}  {state:<12} stake {:<10} task {task:<6} paid for {} tasks",
            node.address, node.stake, node.tasks_paid
        )
    };
    let text = match nodes.as_slice() {
        [] if filter == NodeFilter::default() => String::from("no node has joined"),
        [] => String::from("no such node"),
        some => some.iter().map(row).collect::<Vec<_>>().join("\n"),
    };
    session.output.data(text, &Value::from(nodes.iter().map(json_of).collect::<Vec<_>>()));
    Ok(())
}

/// A state by its name in any case, with or without a hyphen.
fn state(text: &str) -> Result<NodeState, String> {
    const STATES: [NodeState; 6] = [
        NodeState::Available,
        NodeState::Busy,
        NodeState::PendingPause,
        NodeState::PendingQuit,
        NodeState::Paused,
        NodeState::Unbonding,
    ];
    let plain = text.replace('-', "");
    let found = STATES.into_iter().find(|state| format!("{state:?}").eq_ignore_ascii_case(&plain));
    found.ok_or_else(|| {
        let names = "available, busy, pending-pause, pending-quit, paused, unbonding";
        format!("`{text}` is not a state of a node: write one of {names}")
    })
}

fn text_of(node: &NodeView) -> String {
    let mut lines = vec![
        format!("node        {}", node.address),
        format!("state       {:?}", node.state),
        format!("stake       {} CNX", node.stake),
        format!("task        {}", node.task.map_or_else(|| String::from("none"), |task| task.to_string())),
        format!("paid for    {} tasks, {} CNX", node.tasks_paid, node.earned),
    ];
    if !node.types.is_empty() {
        lines.push(format!("types       {}", node.types.join(", ")));
    }
    lines.extend(node.withdraw_ms.map(|ms| format!("withdraw    at uptime {ms} ms")));
    lines.extend(node.penalties.iter().map(|penalty| {
        format!(
            "penalty     task {}: {:?}, {} CNX at uptime {} ms",
            penalty.task, penalty.reason, penalty.amount, penalty.at_ms
        )
    }));
    lines.join("\n")
}

fn json_of(node: &NodeView) -> Value {
    let penalties: Vec<Value> = node
        .penalties
        .iter()
        .map(|penalty| {
            json!({
                "task": penalty.task.to_string(), "reason": format!("{:?}", penalty.reason),
                "amount": penalty.amount.get().to_string(), "at_ms": penalty.at_ms.to_string()
            })
        })
        .collect();
    json!({
        "address": node.address.to_string(),
        "state": format!("{:?}", node.state),
        "stake": node.stake.get().to_string(),
        "task": node.task.map(|task| task.to_string()),
        "withdraw_ms": node.withdraw_ms.map(|ms| ms.to_string()),
        "types": node.types,
        "tasks_paid": node.tasks_paid.to_string(),
        "earned": node.earned.get().to_string(),
        "penalties": penalties,
    })
}
