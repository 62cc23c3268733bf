//! What people see of a network.

use crate::client::{Client, task};
use crate::failure::Outcome;
use crate::session::Session;
use crate::testnet::{self, Network, Plan, Request, Role, RoleKind};
use hydrogen_types::task::NodeView;
use hydrogen_types::{Address, Height};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How long the chain may take to say how its compute nodes fare, before they are shown without it.
const CHAIN_PATIENCE: Duration = Duration::from_secs(2);

/// Tells of a network that is up: where everything is, and what to type next.
pub(super) fn announce(session: &Session, network: &Network) {
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
    lines.push(String::from("keys in clear, never to be used elsewhere; `app` has CNX to pay tasks with,"));
    lines.push(String::from("`governance` changes the validator set (`hydrogen validators`):"));
    let shown = ["app", "faucet", "governance"];
    for key in plan.keys.iter().filter(|key| shown.contains(&key.name.as_str())) {
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
        String::from(
            "  hydrogen task run --program wordcount.wasm --input text.txt --fee 30 --from app -o words.txt",
        ),
        String::from(
            "  hydrogen task run --program mandelbrot.wasm --input picture.txt --fee 30 --from app -o picture.pgm",
        ),
        String::from("  hydrogen task list"),
        String::from("  hydrogen task status 1"),
        String::from("  hydrogen testnet status"),
        String::from("  hydrogen testnet add-node"),
        format!("  hydrogen testnet stop {relay}    # `start {relay}` brings it back"),
        String::from("  hydrogen testnet down"),
    ]
}

/// For a shell: in quotes where it needs them.
fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:,@".contains(letter);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Asks the holder, and shows how all parts fare.
pub(super) async fn ask(session: &Session, dir: &Path, request: &Request) -> Outcome {
    let roles = testnet::ask(dir, request).await?;
    let plan = Plan::read(dir)?;
    let (height, stakes) = on_chain(&plan).await;
    let height_text =
        height.map_or_else(|| String::from("no validator answers"), |height| format!("block {height}"));
    let mut lines = vec![format!("{:<12} {}, {height_text}", "chain", plan.chain_id)];
    let mut rows = Vec::new();
    for status in &roles {
        let role = plan.role(&status.name).ok();
        let state = if status.running { "running" } else { "stopped" };
        // Within one process all have the same.
        let pid = status.pid.filter(|pid| Some(*pid) != plan.pid);
        let pid = pid.map(|pid| format!("  pid {pid}")).unwrap_or_default();
        let listen = role.and_then(|role| role.listen);
        let listen = listen.map(|address| format!("  http://{address}")).unwrap_or_default();
        let persona = role.and_then(Role::misbehaviour);
        let persona_text = persona.map(|name| format!("  ({name})")).unwrap_or_default();
        let view = role.and_then(|role| stakes.get(&role.address.0));
        let stake = view.map(|view| format!("  {}", standing(view))).unwrap_or_default();
        let reason = status.reason.as_ref().map(|reason| format!("  ended: {reason}")).unwrap_or_default();
        lines.push(format!("{:<12} {state}{pid}{listen}{stake}{persona_text}{reason}", status.name));
        let mut row = json!(status);
        row["persona"] = json!(role.and_then(|role| role.persona.as_deref()));
        row["state"] = json!(view.map(|view| format!("{:?}", view.state)));
        row["stake"] = json!(view.map(|view| view.stake.get().to_string()));
        row["earned"] = json!(view.map(|view| view.earned.get().to_string()));
        rows.push(row);
    }
    let height = height.map(|height| height.to_string());
    let json = json!({"roles": rows, "rpc": plan.rpc, "relays": plan.relays, "height": height});
    session.output.data(lines.join("\n"), &json);
    Ok(())
}

/// A compute node's state, stake, earnings, and what it was fined for last.
fn standing(view: &NodeView) -> String {
    let fined = view.penalties.iter().max_by_key(|penalty| penalty.at_ms);
    let fined =
        fined.map(|last| format!(", fined {} CNX in task {} ({:?})", last.amount, last.task, last.reason));
    format!(
        "{:?}, stake {} CNX, earned {} CNX{}",
        view.state,
        view.stake,
        view.earned,
        fined.unwrap_or_default()
    )
}

/// The tip, and what the chain says of the compute nodes; nothing while it does not answer.
async fn on_chain(plan: &Plan) -> (Option<Height>, BTreeMap<Address, NodeView>) {
    let Ok(client) = Client::new(&plan.rpc) else { return (None, BTreeMap::new()) };
    let nodes = plan.roles.iter().filter(|role| role.kind == RoleKind::Compute);
    let asked = futures::future::join_all(nodes.map(|role| task::node(&client, &role.address.0)));
    let found = tokio::time::timeout(CHAIN_PATIENCE, futures::future::join(client.status(), asked)).await;
    let Ok((Ok(status), views)) = found else { return (None, BTreeMap::new()) };
    let views = views.into_iter().filter_map(|view| view.ok().flatten());
    (Some(status.height.0), views.map(|view| (view.address, view)).collect())
}
