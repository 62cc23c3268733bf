//! The dearest scheduled calls there can be, on the real sandbox: nodes with as many external types as they may have and
//! full records, the longest fingerprints, and every draining relay gone with the task. Each must stay well below the
//! gas that the task's deposit buys for it, else a task could hang.

use hydrogen_embed::{EmbeddedChain, GenesisContract, SecretKey};
use hydrogen_harness::FEE;
use hydrogen_offchain::calls::{self, Call, task_contract};
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::task::{
    BlobKind, CONTRACT_NAME, Comparison, CreateTask, ExternalType, FINGERPRINT_BYTES_MAX, NODE_TYPES_MAX,
    Outcome, RelayReceipt, RelayReceiptBody, TaskConfig, TaskInit, TaskState, TaskView, commitment,
};
use hydrogen_types::{Address, Amount, Gas, Hash, Height};

/// What the contract buys for each scheduled call.
const CALL_GAS: u64 = 1_000_000_000;
/// The dearest may use this much of it, in per cent: prices of the next engine may be higher.
const USED_PERCENT_MAX: u64 = 75;
const SALT: [u8; 32] = [5; 32];
const NODES: usize = 6;
const DRAINING: usize = 8;

struct Stage {
    chain: EmbeddedChain,
    creator: SecretKey,
    owner: SecretKey,
    relay: SecretKey,
    nodes: Vec<SecretKey>,
    /// Scenario and gas of every scheduled call.
    used: Vec<(String, u64)>,
}

fn types() -> Vec<String> {
    (0..NODE_TYPES_MAX).map(|number| format!("a-type-with-the-longest-name-{number:03}")).collect()
}

impl Stage {
    fn new() -> Self {
        let key = |name: &str| EmbeddedChain::key_of(77, name);
        let (creator, owner, relay) = (key("creator"), key("owner"), key("relay"));
        let nodes: Vec<SecretKey> = (0..NODES).map(|index| key(&format!("node {index}"))).collect();
        let external_types =
            types().into_iter().map(|name| ExternalType { name, timeout_ms_min: 60_000 }).collect();
        let init = TaskInit {
            config: TaskConfig { external_types, ..TaskConfig::default() },
            owner: owner.address(),
            relays: vec![(relay.public(), String::from("http://relay"))],
        };
        let wasm = format!("{}/../../contracts/wasm/task.wasm", env!("CARGO_MANIFEST_DIR"));
        let mut builder = EmbeddedChain::builder(77).contract(GenesisContract {
            name: String::from(CONTRACT_NAME),
            code: std::fs::read(wasm).unwrap(),
            init: encode(&init),
            admin: None,
        });
        for account in nodes.iter().chain([&creator, &owner]) {
            builder = builder.account(account.address(), Amount::cnx(1_000_000));
        }
        let mut stage =
            Self { chain: builder.open().unwrap(), creator, owner, relay, nodes, used: Vec::new() };
        let spenders: Vec<SecretKey> = stage.nodes.iter().chain([&stage.creator]).cloned().collect();
        for spender in spenders {
            stage.chain.approve(&spender, &task_contract(), Amount::cnx(900_000)).unwrap();
        }
        for node in stage.nodes.clone() {
            stage.call(&node, calls::join(Amount::cnx(100_000), Some(&types())));
        }
        stage
    }

    fn call(&mut self, who: &SecretKey, call: Call) -> Vec<u8> {
        self.try_call(who, call).unwrap()
    }

    fn try_call(&mut self, who: &SecretKey, call: Call) -> Result<Vec<u8>, hydrogen_embed::EmbedError> {
        let receipt = self.chain.call_borsh(who, &task_contract(), call.method, call.args, Amount::ZERO)?;
        Ok(receipt.value)
    }

    /// A block `ms` later, of scheduled calls alone: what they used.
    fn advance(&mut self, ms: u64, what: &str) {
        let committed = self.chain.advance_time(ms).unwrap();
        for receipt in &committed.receipts {
            assert!(receipt.is_success(), "{what}: {receipt:?}");
            self.used.push((String::from(what), receipt.gas_used.get()));
        }
    }

    fn view(&self, task: u64) -> TaskView {
        let query = calls::task_query(task);
        let bytes = self.chain.query_borsh(&task_contract(), query.method, query.args.clone()).unwrap();
        query.decode(&bytes).unwrap().unwrap()
    }

    /// A similar task of an external type, drawn.
    fn drawn(&mut self) -> u64 {
        self.wake();
        let task = CreateTask {
            program: None,
            external: Some(types()[3].clone()),
            comparison: Comparison::Similar { threshold: 32, fingerprint: Hash::ZERO },
            ..calls::program_task(Hash::ZERO, b"", FEE)
        };
        let value = self.call(&self.creator.clone(), calls::create_task(&task));
        self.advance(200, "draw");
        decode(&value, 8).unwrap()
    }

    /// Everybody who was paused is drawn again, with stake enough.
    fn wake(&mut self) {
        for node in self.nodes.clone() {
            drop(self.try_call(&node, calls::resume()));
        }
    }

    /// As many relays as can be drain until the open tasks have ended.
    fn drain(&mut self) {
        let owner = self.owner.clone();
        for index in 0..DRAINING {
            let key = EmbeddedChain::key_of(77, &format!("relay {index}"));
            self.call(&owner, calls::register_relay(&key.public(), "http://another"));
            self.call(&owner, calls::remove_relay(&key.address()));
        }
    }

    fn executing(&mut self) -> u64 {
        let task = self.drawn();
        let height = self.chain.tip().height;
        let body = RelayReceiptBody {
            version: 1,
            chain_id: self.chain.genesis().chain_id.clone(),
            relay: self.relay.address(),
            task,
            kind: BlobKind::Args,
            digest: Hash::sha256(b""),
            size: 0,
            uploader: self.creator.address(),
            issued: height,
            valid_until: Height::new(height.get() + 100),
            kept_ms: 1,
        };
        let signature = self.relay.sign(&body.sign_bytes());
        let receipt = RelayReceipt { body, signature };
        self.call(&self.creator.clone(), calls::args_uploaded(task, &receipt));
        task
    }

    /// The panel commits to these outcomes (`None`: is silent) and reveals those that are `true`.
    fn judged(&mut self, outcomes: [Option<(Outcome, bool)>; 3], what: &str) -> u64 {
        let task = self.executing();
        self.drain();
        let panel: Vec<Address> = self.view(task).seats.iter().map(|seat| seat.node).collect();
        let chain_id = self.chain.genesis().chain_id.clone();
        let key = |stage: &Self, node: &Address| {
            stage.nodes.iter().find(|key| key.address() == *node).unwrap().clone()
        };
        for (node, outcome) in panel.iter().zip(&outcomes) {
            if let Some((outcome, _)) = outcome {
                let hash = commitment(&chain_id, task, node, outcome, &SALT);
                self.call(&key(self, node), calls::commit(task, &hash));
            }
        }
        if self.view(task).state == TaskState::Executing {
            self.advance(3_600_000, "commit deadline");
        }
        for (node, outcome) in panel.iter().zip(&outcomes) {
            if let Some((outcome, true)) = outcome {
                self.call(&key(self, node), calls::reveal(task, outcome, &SALT));
            }
        }
        self.advance(200, what);
        if self.view(task).state == TaskState::Revealing {
            self.advance(120_000, what);
        }
        task
    }
}

fn seen(byte: u8) -> Option<(Outcome, bool)> {
    let fingerprint = vec![byte; FINGERPRINT_BYTES_MAX];
    Some((Outcome::Result { digest: Hash::sha256(&[byte]), fingerprint }, true))
}

#[test]
fn no_scheduled_call_comes_near_the_gas_that_was_bought_for_it() {
    let mut stage = Stage::new();
    // Records of 16 penalties: panels that are silent are paused, not fined.
    for _ in 0..45 {
        stage.executing();
        stage.advance(3_600_000, "nobody commits");
    }
    let node = stage.nodes[0].address();
    let query = calls::node_query(&node);
    let bytes = stage.chain.query_borsh(&task_contract(), query.method, query.args.clone()).unwrap();
    assert_eq!(query.decode(&bytes).unwrap().unwrap().penalties.len(), 16);

    stage.drawn();
    stage.drain();
    stage.advance(180_000, "args deadline");
    stage.executing();
    stage.drain();
    stage.advance(3_600_000, "nobody commits, relays go");
    let silent = |outcome: Option<(Outcome, bool)>| outcome.map(|(outcome, _)| (outcome, false));
    stage.judged([silent(seen(1)), silent(seen(2)), silent(seen(3))], "nobody reveals");
    stage.judged([seen(0), seen(0x0f), seen(0xff)], "all differ");
    stage.judged([seen(0), silent(seen(1)), silent(seen(2))], "one reveals");
    stage.judged([seen(0), None, Some((Outcome::Error { code: 1 }, true))], "result, silence, error");
    stage.judged(
        [Some((Outcome::Error { code: 1 }, true)), Some((Outcome::Error { code: 1 }, true)), None],
        "errors",
    );
    let task = stage.judged([seen(0), seen(0), seen(0)], "three agree");
    assert_eq!(stage.view(task).state, TaskState::Validated);
    stage.advance(300_000, "upload deadline");
    stage.advance(300_000, "open upload deadline");
    let task = stage.judged([seen(0), seen(0), seen(0xff)], "one is a cheat");
    assert_eq!(stage.view(task).state, TaskState::Validated);

    let mut most = std::collections::BTreeMap::new();
    for (what, gas) in &stage.used {
        let entry = most.entry(what.clone()).or_insert(0);
        *entry = (*gas).max(*entry);
    }
    for (what, gas) in &most {
        println!("{:>5} million gas: {what}", gas / 1_000_000);
    }
    let most = most.values().max().unwrap();
    assert!(*most <= CALL_GAS * USED_PERCENT_MAX / 100, "{most}");
    let deposit = Gas::new(5 * CALL_GAS).cost(stage.chain.genesis().params.gas_price_min);
    let fresh =
        stage.call(&stage.creator.clone(), calls::create_task(&calls::program_task(Hash::ZERO, b"", FEE)));
    let shown = stage.view(decode(&fresh, 8).unwrap());
    assert_eq!(shown.deposit, Amount::new(deposit.get() / 5 * 4), "a fifth is with the chain, for the draw");
}
