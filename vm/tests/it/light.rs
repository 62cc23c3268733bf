//! The light client as a WebAssembly module (`core/proof/wasm`): run once on what a real chain made, and once for every
//! byte of it changed.

use hydrogen_core::block::certify;
use hydrogen_core::{Chain, Context, ContractVm, Genesis, MemStore, NodeKeys, Params};
use hydrogen_core::{CodeError, VmCall, VmError, VmResult, check_tx, sign_tx};
use hydrogen_types::codec::encode;
use hydrogen_types::{Action, Amount, ChainId, Gas, Hash, Height, TxBody, Validator, ValidatorSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use wasmtime::{Engine, Instance, Module, Store};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/proof/wasm");

/// The chain here runs no contract.
struct NoContracts;

impl ContractVm for NoContracts {
    fn check(&self, _: &[u8]) -> Result<(), CodeError> {
        Err(CodeError { message: String::from("no contracts here") })
    }

    fn warm(&self, _: Hash, _: Arc<[u8]>) {}

    fn call(&self, _: VmCall, context: Box<Context>) -> (Box<Context>, Result<VmResult, VmError>) {
        (context, Err(VmError::Host(String::from("no contracts here"))))
    }
}

/// Verdicts of the module.
const HOLDS: u32 = 1;

struct Light {
    engine: Engine,
    module: Module,
}

impl Light {
    fn load() -> Self {
        let engine = Engine::default();
        let module = Module::from_file(&engine, Path::new(FOLDER).join("light.wasm")).unwrap();
        assert_eq!(module.imports().count(), 0, "it needs nothing of its host");
        Self { engine, module }
    }

    /// The verdict on a question, in an instance of its own.
    fn ask(&self, question: &[u8]) -> u32 {
        let mut store = Store::new(&self.engine, ());
        let instance = Instance::new(&mut store, &self.module, &[]).unwrap();
        let room = instance.get_typed_func::<u32, u32>(&mut store, "room").unwrap();
        let size = u32::try_from(question.len()).unwrap();
        let start = room.call(&mut store, size).unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        memory.write(&mut store, usize::try_from(start).unwrap(), question).unwrap();
        let verify = instance.get_typed_func::<(u32, u32), u32>(&mut store, "verify").unwrap();
        verify.call(&mut store, (start, size)).unwrap()
    }
}

fn validator(keys: &NodeKeys) -> Validator {
    Validator {
        consensus_key: keys.consensus.public(),
        vrf_key: keys.vrf.public(),
        power: 10,
        account: keys.account.address(),
    }
}

/// A chain of three validators that a fourth joins, and the question whether the first one's account is what it is at
/// height 4 (or that a key is absent), asked by somebody who knows genesis. The certificates hold no more signatures than
/// they need, so that no byte is idle.
fn questions() -> [Vec<u8>; 2] {
    let nodes: Vec<NodeKeys> = (1..=4).map(|number| NodeKeys::from_seed([number; 32])).collect();
    let payer = &nodes[0].account;
    let genesis = Genesis {
        chain_id: ChainId::new("light").unwrap(),
        time_ms: 1_000_000,
        params: Params::default(),
        validators: nodes[..3].iter().map(validator).collect(),
        governance: Some(payer.public()),
        accounts: vec![(payer.address(), Amount::cnx(5))],
        contracts: Vec::new(),
    };
    let first = genesis.validator_set().unwrap();
    let mut chain = Chain::open(Arc::new(MemStore::new()), Arc::new(NoContracts), genesis).unwrap();
    for number in 1..=4 {
        let height = Height::new(number);
        let set: ValidatorSet = chain.validators(height).unwrap();
        let body = TxBody {
            chain_id: chain.genesis().chain_id.clone(),
            sender: payer.public(),
            nonce: 0,
            valid_until: Height::new(50),
            gas_limit: Gas::new(200_000_000),
            gas_price: 1_000_000,
            action: Action::SetValidator { validator: validator(&nodes[3]) },
        };
        let tx = encode(&sign_tx(body, payer));
        let tx = check_tx(&tx, &chain.genesis().chain_id, &chain.genesis().params).unwrap();
        let txs = if number == 1 { vec![tx] } else { Vec::new() };
        let turn = set.proposer(height, 0).consensus_key;
        let proposer = nodes.iter().find(|keys| keys.consensus.public() == turn).unwrap();
        let block = chain.build(proposer, 0, 1_000_000 + 500 * number, txs).unwrap();
        let signers: Vec<_> = nodes[..3].iter().map(|keys| &keys.consensus).collect();
        let certificate = certify(&chain.genesis().chain_id, &block.block, &signers);
        chain.commit(block, certificate).unwrap();
    }
    let reader = chain.reader();
    let light = (chain.genesis().chain_id.clone(), Height::new(1), first);
    let changes = reader.validator_changes(Height::new(2), 10).unwrap();
    let hops: Vec<_> = changes.into_iter().filter_map(hydrogen_core::ValidatorChange::into_hop).collect();
    assert_eq!(hops.len(), 1);
    let tip = reader.block(Height::new(4)).unwrap().unwrap();
    [hydrogen_core::state::keys::account(&payer.address()), vec![9; 4]].map(|key| {
        let (_, value, proof) = reader.state_proof(&key).unwrap();
        assert_eq!(value.is_none(), key == [9; 4]);
        encode(&(&light, &hops, &tip.block.header, &tip.certificate, key, value, proof))
    })
}

#[test]
fn it_verifies_what_a_chain_made_and_nothing_else() {
    let light = Light::load();
    let [present, absent] = questions();
    // What the two have in common is changed once.
    let shared = present.iter().zip(&absent).take_while(|(left, right)| left == right).count();
    for (question, from) in [(present, 0), (absent, shared)] {
        let begin = Instant::now();
        assert_eq!(light.ask(&question), HOLDS);
        println!("{} bytes verified in {:?}", question.len(), begin.elapsed());
        for place in from..question.len() {
            let mut changed = question.clone();
            // Not the lowest bit: a trusted height of 0 instead of 1 is another question with the same answer.
            changed[place] ^= 0x80;
            assert_ne!(light.ask(&changed), HOLDS, "byte {place} of {} does not count", question.len());
        }
        assert_ne!(light.ask(&question[1..]), HOLDS);
        assert_ne!(light.ask(&[&question[..], &[0]].concat()), HOLDS);
    }
}

/// `light.sources` has one line of `sha256sum` for each file the module was built from.
#[test]
fn the_module_is_of_these_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let list = std::fs::read_to_string(Path::new(FOLDER).join("light.sources")).unwrap();
    let mut listed = Vec::new();
    for line in list.lines() {
        let (hash, file) = line.split_once("  ").unwrap();
        let bytes = std::fs::read(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let found = Hash::sha256(&bytes).to_string();
        assert_eq!(found, format!("0x{hash}"), "{file} has changed: run core/proof/wasm/build");
        listed.push(file.to_owned());
    }
    let mut folders =
        vec!["core/types/src".to_owned(), "core/proof/src".into(), "core/proof/wasm/src".into()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}/{}", entry.file_name().display());
            if entry.file_type().unwrap().is_dir() {
                folders.push(name);
            } else if !name.ends_with("/tests.rs") {
                assert!(listed.contains(&name), "{name} is new: run core/proof/wasm/build");
            }
        }
    }
}
