//! What a harness starts from.

use crate::application::Application;
use crate::error::HarnessError;
use crate::net::Net;
use crate::node::Node;
use crate::relay::Relay;
use hydrogen_embed::{EmbedError, EmbeddedChain, GenesisContract, SecretKey};
use hydrogen_offchain::calls::{self, task_contract};
use hydrogen_offchain::personas::Persona;
use hydrogen_types::codec::encode;
use hydrogen_types::task::{CONTRACT_NAME, TaskConfig, TaskInit};
use hydrogen_types::{Address, Amount};
use hydrogen_vm::{Vm, VmConfig};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// The task contract as committed.
const TASK_WASM: &[u8] = include_bytes!("../../../contracts/wasm/task.wasm");
/// Balance of the application.
const APPLICATION_BALANCE: Amount = Amount::cnx(100_000);
/// CNX of a node beside its stake.
const NODE_BALANCE: Amount = Amount::cnx(100);
/// Where the relay would listen.
const RELAY_URL: &str = "http://relay-0";
/// Time from block to block.
const BLOCK_MS: u64 = 200;

/// One sandbox for all networks of a process: a module is compiled once, and nothing of one run is left for another.
fn sandbox() -> Result<Arc<Vm>, HarnessError> {
    static SANDBOX: OnceLock<Arc<Vm>> = OnceLock::new();
    if let Some(vm) = SANDBOX.get() {
        return Ok(vm.clone());
    }
    let vm = Arc::new(Vm::new(VmConfig::default()).map_err(EmbedError::from)?);
    Ok(SANDBOX.get_or_init(|| vm).clone())
}

/// Options of a [`Net`].
#[derive(Debug, Clone)]
pub struct NetBuilder {
    seed: u64,
    personas: Vec<Persona>,
    config: TaskConfig,
    contract: Vec<u8>,
}

impl Default for NetBuilder {
    fn default() -> Self {
        Self {
            seed: 0,
            personas: vec![Persona::Honest; 5],
            config: TaskConfig::default(),
            contract: TASK_WASM.to_vec(),
        }
    }
}

impl NetBuilder {
    /// That many nodes, all honest until a persona is given to some. Five by default.
    #[must_use]
    pub fn nodes(mut self, count: usize) -> Self {
        self.personas = vec![Persona::Honest; count];
        self
    }

    /// A node for each persona, in this order.
    #[must_use]
    pub fn personas(mut self, personas: Vec<Persona>) -> Self {
        self.personas = personas;
        self
    }

    /// Makes `count` more of the nodes cheats.
    #[must_use]
    pub fn cheat(self, count: usize) -> Self {
        self.persona(Persona::Fakes, count)
    }

    /// Gives `persona` to `count` of the nodes that are still honest, the last ones first.
    #[must_use]
    pub fn persona(mut self, persona: Persona, count: usize) -> Self {
        let honest = self.personas.iter_mut().rev().filter(|slot| **slot == Persona::Honest);
        honest.take(count).for_each(|slot| *slot = persona);
        self
    }

    /// The number that everything follows from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Another configuration of the task contract.
    #[must_use]
    pub fn config(mut self, config: TaskConfig) -> Self {
        self.config = config;
        self
    }

    /// Another build of the task contract.
    #[must_use]
    pub fn contract(mut self, module: Vec<u8>) -> Self {
        self.contract = module;
        self
    }

    /// Makes the chain, stakes the nodes, registers the relay.
    ///
    /// # Errors
    /// A sandbox that cannot be made, or a configuration that the contract refuses.
    pub fn start(self) -> Result<Net, HarnessError> {
        let key = |name: &str| EmbeddedChain::key_of(self.seed, name);
        let (application, owner, relay) = (key("application"), key("owner"), key("relay"));
        let node_keys: Vec<SecretKey> =
            (0..self.personas.len()).map(|index| key(&format!("node {index}"))).collect();
        let stake = self.config.stake_min;
        let init = TaskInit {
            config: self.config,
            owner: owner.address(),
            relays: vec![(relay.public(), String::from(RELAY_URL))],
        };
        let mut builder = EmbeddedChain::builder(self.seed)
            .block_ms(BLOCK_MS)
            .vm(sandbox()?)
            .account(application.address(), APPLICATION_BALANCE)
            .contract(GenesisContract {
                name: String::from(CONTRACT_NAME),
                code: self.contract,
                init: encode(&init),
                admin: Some(owner.address()),
            });
        for node in &node_keys {
            let balance = stake.get().saturating_add(NODE_BALANCE.get());
            builder = builder.account(node.address(), Amount::new(balance));
        }
        let chain = builder.open()?;
        let chain_id = chain.genesis().chain_id.clone();
        let names = names(&chain, &application, &relay, &node_keys);
        let nodes: Vec<Node> = node_keys
            .into_iter()
            .zip(&self.personas)
            .enumerate()
            .map(|(index, (key, persona))| {
                Node::new(format!("node-{index}"), key, *persona, chain_id.clone())
            })
            .collect();
        let mut net =
            Net::new(chain, Application::new(application), nodes, Relay::new(relay, chain_id), names)?;
        for index in 0..net.node_count() {
            let key = net.node_key(index);
            net.chain_mut().approve(&key, &task_contract(), stake)?;
            net.call(&key, &calls::join(stake, None))?;
        }
        Ok(net)
    }
}

fn names(
    chain: &EmbeddedChain,
    application: &SecretKey,
    relay: &SecretKey,
    nodes: &[SecretKey],
) -> BTreeMap<Address, String> {
    let mut names = BTreeMap::from([
        (application.address(), String::from("application")),
        (relay.address(), String::from("relay-0")),
        (task_contract(), String::from("task contract")),
        (Address::of_name("burned"), String::from("burned")),
        (Address::of_name("schedule"), String::from("scheduled calls")),
        (chain.funded_key().address(), String::from("faucet")),
    ]);
    for validator in &chain.genesis().validators {
        names.insert(validator.account, String::from("validator-0"));
    }
    for (index, node) in nodes.iter().enumerate() {
        names.insert(node.address(), format!("node-{index}"));
    }
    names
}
