//! Runs one role from the network's folder: the one function, whoever calls it.

use crate::compute::{self, ComputeConfig};
use crate::failure::{Failure, Outcome};
use crate::keys::{KeyFile, Passphrase};
use crate::node::{self, Home, VoteLog};
use crate::relay::{Relay, RelayConfig, RelayLimits};
use crate::shutdown::Shutdown;
use crate::testnet::plan::{Plan, Role, RoleKind};
use hydrogen_core::NodeKeys;
use hydrogen_types::Amount;
use std::path::Path;

/// CNX that a compute node joins with: the least stake there is.
const STAKE_CNX: u64 = 400;

/// Runs the role `name` of the network in `dir` until asked to stop.
///
/// # Errors
/// Why it does not start, or ended by itself.
pub async fn run(dir: &Path, name: &str, shutdown: Shutdown) -> Outcome {
    let plan = Plan::read(dir)?;
    let role = plan.role(name)?;
    match role.kind {
        RoleKind::Validator => validator(dir, role, shutdown).await,
        RoleKind::Relay => relay(dir, &plan, role, shutdown).await,
        RoleKind::Compute => compute_node(dir, &plan, role, shutdown).await,
    }
}

fn keys_of(dir: &Path, name: &str) -> Outcome<NodeKeys> {
    let key = KeyFile::read(&dir.join("keys").join(format!("{name}.json")))?;
    let seed =
        key.seed(|| -> Outcome<Passphrase> { Err(Failure::new("keys of a test network are in clear")) })?;
    Ok(NodeKeys::from_seed(*seed))
}

async fn validator(dir: &Path, role: &Role, shutdown: Shutdown) -> Outcome {
    let home = Home::new(&dir.join(&role.name));
    let keys = keys_of(home.path(), &role.name)?;
    let (config, genesis) = (home.config()?, home.genesis()?);
    match node::start(&home, &config, genesis, keys, VoteLog::Kept, &shutdown).await? {
        Some(node) => node.run(shutdown).await,
        None => Ok(()),
    }
}

async fn relay(dir: &Path, plan: &Plan, role: &Role, shutdown: Shutdown) -> Outcome {
    let listen = role.listen.ok_or_else(|| Failure::new("the plan gives the relay no address"))?;
    let config = RelayConfig {
        listen,
        public_url: None,
        rpc: plan.rpc.clone(),
        home: dir.join(&role.name),
        key: keys_of(dir, &role.name)?.account,
        limits: RelayLimits::default(),
    };
    let mut relay = Relay::start(config).await?;
    tokio::select! {
        ended = relay.ended() => return Ok(ended?),
        () = shutdown.wait() => {}
    }
    Ok(relay.shutdown().await?)
}

async fn compute_node(dir: &Path, plan: &Plan, role: &Role, shutdown: Shutdown) -> Outcome {
    let key = keys_of(dir, &role.name)?.account;
    let mut rpc = plan.rpc.clone();
    // Each asks another node first, so that none serves all.
    let nodes: Vec<&Role> = plan.of_kind(RoleKind::Compute).collect();
    let place = nodes.iter().position(|node| node.name == role.name).unwrap_or(0);
    let first = place % rpc.len().max(1);
    rpc.rotate_left(first);
    let config = ComputeConfig {
        actor: plan.actor(role)?,
        stake: Some(Amount::cnx(STAKE_CNX)),
        ..ComputeConfig::new(rpc, dir.join(&role.name), key)
    };
    Ok(compute::run(config, shutdown.wait()).await?)
}
