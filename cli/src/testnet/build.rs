//! Makes a network's folder: keys, genesis, a home for each role, and the plan.

use crate::failure::{Failure, Outcome};
use crate::keys::{self, KeyFile};
use crate::node::{Home, NodeFile, contracts};
use crate::rpc::text::Text;
use crate::testnet::options::{NODES_MAX, UpOptions};
use crate::testnet::plan::{Key, Plan, Role, RoleKind};
use crate::testnet::ports::Ports;
use crate::testnet::samples;
use hydrogen_core::{Genesis, NodeKeys, Params};
use hydrogen_offchain::personas::Persona;
use hydrogen_p2p::peer_id;
use hydrogen_types::task::TaskConfig;
use hydrogen_types::{Address, Amount, ChainId, Validator};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Name of every local network's chain.
const CHAIN_ID: &str = "testnet";
/// CNX of the application.
const APP_CNX: u64 = 1_000_000;
/// CNX of the faucet.
const FAUCET_CNX: u64 = 1_000_000_000;
/// CNX of each compute node: its stake, and gas for a long time.
const NODE_CNX: u64 = 1_000;
/// Name of the key that changes the validator set.
const GOVERNANCE: &str = "governance";
/// CNX of each validator, each relay and the governance key.
const SERVICE_CNX: u64 = 1_000;

/// A key that is made before anything is written.
struct Made {
    name: String,
    seed: [u8; 32],
    keys: NodeKeys,
}

impl Made {
    fn address(&self) -> Address {
        self.keys.account.address()
    }
}

/// Makes the folder, or reads it when a network has lived there; `say` hears of that.
pub(super) fn open(options: &UpOptions, say: &impl Fn(&str)) -> Outcome<Plan> {
    let dir = &options.dir;
    if options.fresh {
        clear(dir)?;
    }
    if Plan::exists(dir) {
        let mut plan = Plan::read(dir)?;
        plan.processes = options.processes;
        samples::write(dir)?;
        let count = |kind| plan.of_kind(kind).count();
        say(&format!(
            "going on with the network in {}, which has {} validators, {} relays and {} compute nodes; --fresh makes a new one",
            dir.display(),
            count(RoleKind::Validator),
            count(RoleKind::Relay),
            count(RoleKind::Compute)
        ));
        return Ok(plan);
    }
    refuse_foreign(dir)?;
    build(options)
}

/// Removes an earlier network, and nothing that is not one.
fn clear(dir: &Path) -> Outcome {
    if Plan::exists(dir) {
        std::fs::remove_dir_all(dir).map_err(|error| Failure::of(dir.display(), &error))?;
    }
    Ok(())
}

fn refuse_foreign(dir: &Path) -> Outcome {
    let occupied = std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        return Err(Failure::new(format!("{} holds something that is not a network", dir.display()))
            .hint("give another folder with --dir"));
    }
    std::fs::create_dir_all(dir).map_err(|error| Failure::of(dir.display(), &error))
}

fn build(options: &UpOptions) -> Outcome<Plan> {
    let personas = options.personas()?;
    let ports = Ports::choose(options.base_port, options.validators, options.relays)?;
    let seed = match options.seed {
        Some(seed) => seed,
        None => u64::from_le_bytes(keys::random_seed()?[..8].try_into().expect("8 of 32 bytes")),
    };
    let make = |name: String| {
        let seed = keys::numbered_seed(CHAIN_ID, seed, &name);
        Made { name, seed, keys: NodeKeys::from_seed(seed) }
    };
    let validators: Vec<Made> =
        (0..options.validators).map(|index| make(format!("validator-{index}"))).collect();
    let nodes: Vec<Made> = (0..options.nodes).map(|index| make(format!("node-{index}"))).collect();
    let relays: Vec<Made> = (0..options.relays).map(|index| make(format!("relay-{index}"))).collect();
    let (app, faucet, governance) = (make("app".into()), make("faucet".into()), make(GOVERNANCE.into()));

    let mut plan = Plan::new(CHAIN_ID.into(), options.processes);
    plan.rpc = ports.rpc.iter().map(|address| format!("http://{address}")).collect();
    plan.relays = ports.relays.iter().map(|address| format!("http://{address}")).collect();
    let p2p: Vec<String> = ports.p2p.iter().map(|port| format!("/ip4/127.0.0.1/tcp/{port}")).collect();
    let genesis = genesis(&validators, &nodes, (&relays, &plan.relays), [&app, &faucet, &governance])?;
    plan.genesis = Text(genesis.hash());

    for (index, made) in validators.iter().enumerate() {
        let peers = (0..validators.len()).filter(|other| *other != index);
        let config = NodeFile {
            rpc_listen: ports.rpc[index],
            p2p_listen: vec![p2p[index].clone()],
            peers: peers
                .map(|other| format!("{}/p2p/{}", p2p[other], peer_id(&validators[other].keys)))
                .collect(),
            key: made.name.clone(),
            ..NodeFile::default()
        };
        let home = Home::new(&options.dir.join(&made.name));
        home.write(&config, &genesis)?;
        keys::write(home.path(), &made.name, &KeyFile::clear(&made.seed))?;
        let peer = format!("{}/p2p/{}", p2p[index], peer_id(&made.keys));
        plan.roles.push(role(made, RoleKind::Validator, Some(ports.rpc[index]), Some(peer)));
    }
    for (made, listen) in relays.iter().zip(&ports.relays) {
        plan.roles.push(role(made, RoleKind::Relay, Some(*listen), None));
    }
    for (made, persona) in nodes.iter().zip(personas) {
        let persona = Some(persona.name().into());
        plan.roles.push(Role { persona, ..role(made, RoleKind::Compute, None, None) });
    }
    for made in [&app, &faucet, &governance].into_iter().chain(&relays).chain(&validators).chain(&nodes) {
        keys::write(&options.dir, &made.name, &KeyFile::clear(&made.seed))?;
        plan.keys.push(Key { name: made.name.clone(), address: Text(made.address()) });
    }
    samples::write(&options.dir)?;
    std::fs::write(options.dir.join("genesis.json"), genesis.to_json())?;
    plan.write(&options.dir)?;
    Ok(plan)
}

/// Writes the key of one more compute node; what the plan holds of it, and the CNX it needs.
pub(super) fn one_more_node(dir: &Path, plan: &Plan) -> Outcome<(Role, Key, Amount)> {
    let count = plan.of_kind(RoleKind::Compute).count();
    if count >= NODES_MAX {
        return Err(Failure::new(format!("{count} compute nodes are as many as a local network takes")));
    }
    let (name, seed) = (format!("node-{count}"), keys::random_seed()?);
    let made = Made { name, seed, keys: NodeKeys::from_seed(seed) };
    keys::write(dir, &made.name, &KeyFile::clear(&made.seed))?;
    let persona = Some(Persona::Honest.name().into());
    let role = Role { persona, ..role(&made, RoleKind::Compute, None, None) };
    let key = Key { name: made.name.clone(), address: Text(made.address()) };
    Ok((role, key, Amount::cnx(NODE_CNX)))
}

fn role(made: &Made, kind: RoleKind, listen: Option<std::net::SocketAddr>, p2p: Option<String>) -> Role {
    let address = Text(made.address());
    Role { name: made.name.clone(), kind, address, listen, p2p, persona: None, pid: None }
}

fn genesis(
    validators: &[Made],
    nodes: &[Made],
    (relays, relay_urls): (&[Made], &[String]),
    [app, faucet, governance]: [&Made; 3],
) -> Outcome<Genesis> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let validator = |made: &Made| Validator {
        consensus_key: made.keys.consensus.public(),
        vrf_key: made.keys.vrf.public(),
        power: 1,
        account: made.address(),
    };
    let mut accounts =
        vec![(app.address(), Amount::cnx(APP_CNX)), (faucet.address(), Amount::cnx(FAUCET_CNX))];
    let services = validators.iter().chain(relays).chain([governance]);
    accounts.extend(services.map(|made| (made.address(), Amount::cnx(SERVICE_CNX))));
    accounts.extend(nodes.iter().map(|made| (made.address(), Amount::cnx(NODE_CNX))));
    let relays =
        relays.iter().zip(relay_urls).map(|(made, url)| (made.keys.account.public(), url.clone())).collect();
    Ok(Genesis {
        chain_id: ChainId::new(CHAIN_ID).map_err(Failure::new)?,
        time_ms: u64::try_from(now).unwrap_or(u64::MAX),
        params: Params::default(),
        validators: validators.iter().map(validator).collect(),
        governance: Some(governance.keys.account.public()),
        accounts,
        contracts: contracts::genesis(TaskConfig::default(), faucet.address(), relays),
    })
}
