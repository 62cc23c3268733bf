//! What a harness starts from.

use crate::application::Application;
use crate::error::HarnessError;
use crate::external::{Executor, ExternalError};
use crate::net::Net;
use crate::node::Node;
use crate::relay::Relay;
use crate::relays::Relays;
use hydrogen_embed::{EmbedError, EmbeddedChain, GenesisContract, Params, SecretKey};
use hydrogen_offchain::calls::{self, task_contract};
use hydrogen_offchain::personas::{Actor, Persona};
use hydrogen_types::codec::encode;
use hydrogen_types::task::{CONTRACT_NAME, ExternalType, TaskConfig, TaskInit};
use hydrogen_types::{Address, Amount, ChainId};
use hydrogen_vm::{Vm, VmConfig};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// The task contract as committed.
const TASK_WASM: &[u8] = include_bytes!("../../../contracts/wasm/task.wasm");
/// Balance of the application.
const APPLICATION_BALANCE: Amount = Amount::cnx(100_000);
/// Balance of the contract's owner.
const OWNER_BALANCE: Amount = Amount::cnx(100);
/// CNX of a node beside its stake.
const NODE_BALANCE: Amount = Amount::cnx(100);
/// Longest time from block to block that a network without outages has: three heartbeats.
const CAPPED_STEP_MS: u64 = 30_000;
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
    relays: usize,
    is_capped: bool,
    externals: Vec<External>,
}

/// An external type, and how many nodes execute it.
#[derive(Debug, Clone)]
struct External {
    name: String,
    nodes: usize,
    executor: Executor,
}

impl Default for NetBuilder {
    fn default() -> Self {
        Self {
            seed: 0,
            personas: vec![Persona::Honest; 5],
            config: TaskConfig::default(),
            contract: TASK_WASM.to_vec(),
            relays: 1,
            is_capped: false,
            externals: Vec::new(),
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

    /// That many relays, all registered. One by default.
    #[must_use]
    pub fn relays(mut self, count: usize) -> Self {
        self.relays = count;
        self
    }

    /// Counts uptime as a real network does: one block adds at most three heartbeats, 30 s, so that an outage
    /// ([`Net::outage`]) costs no deadline. Without it one block may bring any time forward.
    #[must_use]
    pub fn capped_uptime(mut self) -> Self {
        self.is_capped = true;
        self
    }

    /// An external type that the first `nodes` nodes execute, with a least timeout of `timeout_ms_min`.
    #[must_use]
    pub fn external(
        mut self,
        name: &str,
        timeout_ms_min: u64,
        nodes: usize,
        executor: impl Fn(&[u8]) -> Result<Vec<u8>, ExternalError> + Send + Sync + 'static,
    ) -> Self {
        self.config.external_types.push(ExternalType { name: name.to_string(), timeout_ms_min });
        self.externals.push(External { name: name.to_string(), nodes, executor: Executor::new(executor) });
        self
    }

    /// Another build of the task contract.
    #[must_use]
    pub fn contract(mut self, module: Vec<u8>) -> Self {
        self.contract = module;
        self
    }

    /// Makes the chain, stakes the nodes, registers the relays.
    ///
    /// # Errors
    /// A sandbox that cannot be made, or a configuration that the contract refuses.
    pub fn start(self) -> Result<Net, HarnessError> {
        let key = |name: &str| EmbeddedChain::key_of(self.seed, name);
        let (application, owner) = (key("application"), key("owner"));
        let relay_keys: Vec<SecretKey> = (0..self.relays).map(|index| key(&relay_seed(index))).collect();
        let node_keys: Vec<SecretKey> =
            (0..self.personas.len()).map(|index| key(&format!("node {index}"))).collect();
        let chain = self.chain(&application, &owner, &relay_keys, &node_keys)?;
        let chain_id = chain.genesis().chain_id.clone();
        let names = names(&chain, &application, &relay_keys, &node_keys);
        let nodes = self.nodes_of(node_keys, &chain_id);
        let relays = relay_keys.into_iter().map(|key| Relay::new(key, chain_id.clone())).collect();
        let step_ms_max = if self.is_capped { CAPPED_STEP_MS } else { u64::MAX };
        let application = Application::new(application);
        let mut net = Net::new(chain, application, nodes, Relays::new(relays), owner, step_ms_max, names)?;
        for index in 0..net.node_count() {
            let (key, stake) = (net.node_key(index), self.config.stake_min);
            net.chain_mut().approve(&key, &task_contract(), stake)?;
            let types = self.types_of(index);
            let types = (!types.is_empty()).then_some(types.as_slice());
            net.call(&key, &calls::join(stake, types))?;
        }
        Ok(net)
    }

    fn chain(
        &self,
        application: &SecretKey,
        owner: &SecretKey,
        relays: &[SecretKey],
        nodes: &[SecretKey],
    ) -> Result<EmbeddedChain, HarnessError> {
        let relay = |(index, key): (usize, &SecretKey)| (key.public(), format!("http://relay-{index}"));
        let init = TaskInit {
            config: self.config.clone(),
            owner: owner.address(),
            relays: relays.iter().enumerate().map(relay).collect(),
        };
        let mut builder = EmbeddedChain::builder(self.seed)
            .block_ms(BLOCK_MS)
            .vm(sandbox()?)
            .account(application.address(), APPLICATION_BALANCE)
            .account(owner.address(), OWNER_BALANCE)
            .contract(GenesisContract {
                name: String::from(CONTRACT_NAME),
                code: self.contract.clone(),
                init: encode(&init),
                admin: Some(owner.address()),
            });
        if self.is_capped {
            builder = builder.params(Params::default());
        }
        for node in nodes {
            let balance = self.config.stake_min.get().saturating_add(NODE_BALANCE.get());
            builder = builder.account(node.address(), Amount::new(balance));
        }
        Ok(builder.open()?)
    }

    fn nodes_of(&self, keys: Vec<SecretKey>, chain_id: &ChainId) -> Vec<Node> {
        let cast: Vec<(Address, Persona)> =
            keys.iter().map(SecretKey::address).zip(self.personas.iter().copied()).collect();
        let node = |(index, key): (usize, SecretKey)| {
            let actor = Actor::among(self.personas[index], cast.iter().copied());
            let offered = self.externals.iter().filter(|external| index < external.nodes);
            let executors =
                offered.map(|external| (external.name.clone(), external.executor.clone())).collect();
            Node::new(format!("node-{index}"), key, actor, executors, chain_id.clone())
        };
        keys.into_iter().enumerate().map(node).collect()
    }

    /// External types that a node says it executes.
    fn types_of(&self, index: usize) -> Vec<String> {
        let offered = self.externals.iter().filter(|external| index < external.nodes);
        offered.map(|external| external.name.clone()).collect()
    }
}

/// What the key of a relay is made from; the first one's keeps the blocks of one relay as they were.
fn relay_seed(index: usize) -> String {
    if index == 0 { String::from("relay") } else { format!("relay {index}") }
}

fn names(
    chain: &EmbeddedChain,
    application: &SecretKey,
    relays: &[SecretKey],
    nodes: &[SecretKey],
) -> BTreeMap<Address, String> {
    let mut names = BTreeMap::from([
        (application.address(), String::from("application")),
        (task_contract(), String::from("task contract")),
        (Address::of_name("burned"), String::from("burned")),
        (Address::of_name("schedule"), String::from("scheduled calls")),
        (chain.funded_key().address(), String::from("faucet")),
    ]);
    for validator in &chain.genesis().validators {
        names.insert(validator.account, String::from("validator-0"));
    }
    for (index, relay) in relays.iter().enumerate() {
        names.insert(relay.address(), format!("relay-{index}"));
    }
    for (index, node) in nodes.iter().enumerate() {
        names.insert(node.address(), format!("node-{index}"));
    }
    names
}
