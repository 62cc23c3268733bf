//! The task contract on a chain in memory, with any number of nodes and open tasks, every call weighed.

use hydrogen_embed::{Committed, EmbeddedChain, GenesisContract, SecretKey};
use hydrogen_offchain::calls::{self, Call, Query, task_contract};
use hydrogen_offchain::relay::{Blob, ReceiptTerms, issue};
use hydrogen_types::codec::encode;
use hydrogen_types::task::{
    BlobKind, CONTRACT_NAME, Comparison, CreateTask, ExternalType, FINGERPRINT_BYTES_MAX, Outcome,
    TaskConfig, TaskInit, TaskView, commitment,
};
use hydrogen_types::{Action, Address, Amount, Gas, Hash};
use std::collections::BTreeMap;

/// Gas limit of every call: several times what any uses, and hundreds of them fill no block.
const CALL_GAS: Gas = Gas::new(900_000_000);
/// Far above all fines of a lap, so that no node falls below the least stake.
const STAKE: Amount = Amount::cnx(20_000);
/// Nodes that join in one block.
const NODES_A_BLOCK: usize = 300;
/// Tasks that are created in one block.
const TASKS_A_BLOCK: usize = 200;
/// Time from block to block.
const BLOCK_MS: u64 = 10;
/// The external type of every node.
const TYPE: &str = "draw";
const SALT: [u8; 32] = [9; 32];
const ARGS: &[u8] = b"the arguments";
const DAY_MS: u64 = 24 * 3_600_000;
/// The shortest timeout of a task that burns next to nothing.
pub(crate) const TIMEOUT_MS: u64 = 31_000;

/// What a member of a panel does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Does {
    /// Reports the result of this number.
    Result(u8),
    /// Reports the error of this code.
    Error(u32),
    /// Reports that no relay gave the arguments.
    Unavailable,
    /// Never commits.
    NoCommit,
    /// Commits and never reveals.
    NoReveal,
}

/// The chain, its people, and what everything cost.
pub(crate) struct Bench {
    pub(crate) chain: EmbeddedChain,
    pub(crate) app: SecretKey,
    pub(crate) owner: SecretKey,
    relay: SecretKey,
    /// Keys of all accounts that are or may become nodes.
    keys: BTreeMap<Address, SecretKey>,
    /// The next of them to join.
    next: usize,
    /// Most gas by what was done.
    pub(crate) most: BTreeMap<String, u64>,
    /// How results are compared from now on.
    pub(crate) comparison: Comparison,
    /// What the next tasks are of: the external type, or a program.
    pub(crate) is_external: bool,
    /// Stands before the name of everything that is weighed.
    pub(crate) label: &'static str,
}

fn node_key(index: usize) -> SecretKey {
    EmbeddedChain::key_of(1, &format!("node {index}"))
}

impl Bench {
    /// A chain on which up to `nodes` may join.
    pub(crate) fn open(nodes: usize) -> Self {
        let key = |name: &str| EmbeddedChain::key_of(1, name);
        let (app, owner, relay) = (key("application"), key("owner"), key("relay"));
        let config = TaskConfig {
            timeout_ms_max: DAY_MS,
            unbonding_ms: 2 * DAY_MS,
            external_types: vec![ExternalType { name: String::from(TYPE), timeout_ms_min: 30_000 }],
            ..TaskConfig::default()
        };
        let init = TaskInit {
            config,
            owner: owner.address(),
            relays: vec![(relay.public(), String::from("http://relay"))],
        };
        let mut builder = EmbeddedChain::builder(1)
            .block_ms(BLOCK_MS)
            .account(app.address(), Amount::cnx(1_000_000_000))
            .account(owner.address(), Amount::cnx(1_000))
            .contract(GenesisContract {
                name: String::from(CONTRACT_NAME),
                code: super::sizes::module("task"),
                init: encode(&init),
                admin: None,
            });
        let keys: BTreeMap<Address, SecretKey> =
            (0..nodes).map(|index| (node_key(index).address(), node_key(index))).collect();
        for address in keys.keys() {
            builder = builder.account(*address, Amount::cnx(21_000));
        }
        let chain = builder.open().unwrap();
        let most = BTreeMap::new();
        let comparison = Comparison::Exact;
        let (is_external, label) = (false, "");
        let mut bench =
            Self { chain, app, owner, relay, keys, next: 0, most, comparison, is_external, label };
        let key = bench.app.clone();
        bench.run(&key, Action::Approve { spender: task_contract(), amount: Amount::cnx(1_000_000_000) });
        bench
    }

    fn run(&mut self, key: &SecretKey, action: Action) {
        self.chain.run(key, action, CALL_GAS).unwrap();
    }

    /// Makes a block, `ms` after the last, and weighs what ran in it; nothing in it may fail.
    pub(crate) fn block(&mut self, ms: u64) {
        let committed = self.chain.advance_time(ms).unwrap();
        self.weigh(&committed);
    }

    fn weigh(&mut self, committed: &Committed) {
        let scheduled = committed.receipts.len() - committed.block.txs.len();
        for (index, receipt) in committed.receipts.iter().enumerate() {
            assert!(receipt.is_success(), "code {}: {}", receipt.code, committed.side[index].message);
            let name = match index.checked_sub(scheduled).map(|tx| &committed.block.txs[tx].body.action) {
                Some(Action::Call { method, .. }) => method.clone(),
                Some(_) => continue,
                None => {
                    let mut events: Vec<&str> =
                        receipt.events.iter().map(|event| event.name.as_str()).collect();
                    events.dedup();
                    format!("scheduled: {}", if events.is_empty() { "-".into() } else { events.join(", ") })
                }
            };
            let most = self.most.entry(format!("{}{name}", self.label)).or_default();
            *most = receipt.gas_used.get().max(*most);
        }
    }

    fn submit(&mut self, key: &SecretKey, call: &Call) {
        let (method, args) = (call.method.to_string(), call.args.clone());
        let action = Action::Call { contract: task_contract(), method, args, value: Amount::ZERO };
        self.chain.submit(key, action, CALL_GAS).unwrap();
    }

    /// One call in a block of its own.
    pub(crate) fn call(&mut self, key: &SecretKey, call: &Call) {
        self.submit(key, call);
        self.block(BLOCK_MS);
    }

    pub(crate) fn ask<T: borsh::BorshDeserialize>(&self, query: Query<T>) -> T {
        let bytes = self.chain.query_borsh(&task_contract(), query.method, query.args.clone()).unwrap();
        query.decode(&bytes).unwrap()
    }

    pub(crate) fn task(&self, id: u64) -> TaskView {
        self.ask(calls::task_query(id)).expect("the task is there")
    }

    pub(crate) fn key(&self, node: &Address) -> SecretKey {
        self.keys[node].clone()
    }

    /// Lets `count` more nodes join.
    pub(crate) fn join(&mut self, count: usize) {
        let joining: Vec<SecretKey> = (self.next..self.next + count).map(node_key).collect();
        self.next += count;
        for keys in joining.chunks(NODES_A_BLOCK) {
            for key in keys {
                let action = Action::Approve { spender: task_contract(), amount: Amount::cnx(20_500) };
                self.chain.submit(key, action, CALL_GAS).unwrap();
                self.submit(key, &calls::join(STAKE, Some(&[String::from(TYPE)])));
            }
            self.block(BLOCK_MS);
        }
    }

    fn request(&self, timeout_ms: u64, fee: Amount) -> CreateTask {
        let (program, external) = match self.is_external {
            true => (None, Some(String::from(TYPE))),
            false => (Some(Hash::sha256(b"a program")), None),
        };
        CreateTask {
            program,
            external,
            args_bytes_max: Some(1_000),
            timeout_ms: Some(timeout_ms),
            fuel_max: Some(1_000),
            comparison: self.comparison.clone(),
            ..calls::program_task(Hash::ZERO, ARGS, fee)
        }
    }

    /// Creates a task and lets it be drawn. Its id.
    pub(crate) fn create(&mut self) -> u64 {
        let key = self.app.clone();
        self.call(&key, &calls::create_task(&self.request(TIMEOUT_MS, Amount::cnx(30))));
        self.block(BLOCK_MS);
        self.ask(calls::stats_query()).tasks
    }

    /// Opens `count` tasks that stay open for a day: their panels have the arguments and commit to nothing.
    pub(crate) fn fill(&mut self, count: usize) {
        let key = self.app.clone();
        let mut left = count;
        while left > 0 {
            let now = left.min(TASKS_A_BLOCK);
            let first = self.ask(calls::stats_query()).tasks + 1;
            for _ in 0..now {
                self.submit(&key, &calls::create_task(&self.request(DAY_MS, Amount::cnx(1_500))));
            }
            self.block(BLOCK_MS);
            self.block(BLOCK_MS);
            for id in (first..).take(now) {
                let call = self.args_receipt(id);
                self.submit(&key, &call);
            }
            self.block(BLOCK_MS);
            left -= now;
        }
        self.block(BLOCK_MS);
    }

    fn args_receipt(&self, task: u64) -> Call {
        let size = u64::try_from(ARGS.len()).unwrap();
        let blob = Blob {
            task,
            kind: BlobKind::Args,
            digest: Hash::sha256(ARGS),
            size,
            uploader: self.app.address(),
        };
        calls::args_uploaded(task, &self.receipt(blob))
    }

    fn receipt(&self, blob: Blob) -> hydrogen_types::task::RelayReceipt {
        let chain_id = &self.chain.genesis().chain_id;
        issue(&self.relay, chain_id, ReceiptTerms::default(), self.chain.tip().height, blob)
    }

    pub(crate) fn args(&mut self, task: u64) {
        let (key, call) = (self.app.clone(), self.args_receipt(task));
        self.call(&key, &call);
    }

    /// The panel does what it does, up to the verdict: deadlines pass where somebody is silent.
    pub(crate) fn panel(&mut self, id: u64, does: [Does; 3]) {
        let chain_id = self.chain.genesis().chain_id.clone();
        let seats: Vec<Address> = self.task(id).seats.iter().map(|seat| seat.node).collect();
        let all: Vec<(Address, Does, Outcome)> =
            seats.iter().zip(does).map(|(node, does)| (*node, does, self.outcome(does))).collect();
        for (node, _, outcome) in all.iter().filter(|(_, does, _)| *does != Does::NoCommit) {
            let commitment = commitment(&chain_id, id, node, outcome, &SALT);
            self.call(&self.key(node), &calls::commit(id, &commitment));
        }
        if does.contains(&Does::NoCommit) {
            // Beyond the least time of a straggler as well.
            self.block(TIMEOUT_MS + 60_000);
        }
        let silent = [Does::NoCommit, Does::NoReveal];
        for (node, _, outcome) in all.iter().filter(|(_, does, _)| !silent.contains(does)) {
            self.call(&self.key(node), &calls::reveal(id, outcome, &SALT));
        }
        if does.contains(&Does::NoReveal) {
            self.block(120_000);
        }
        self.block(BLOCK_MS);
    }

    /// The member of round `round` brings its result, the one of number 0.
    pub(crate) fn upload(&mut self, task: u64, uploader: &Address) {
        let digest = digest(0);
        let blob = Blob { task, kind: BlobKind::Result, digest, size: 6, uploader: *uploader };
        let call = calls::report_uploaded(task, &self.receipt(blob));
        self.call(&self.key(uploader), &call);
    }

    fn outcome(&self, does: Does) -> Outcome {
        match does {
            Does::Result(number) => {
                let fingerprint = match self.comparison {
                    Comparison::Exact => Vec::new(),
                    Comparison::Similar { .. } => vec![number.wrapping_mul(0x55); FINGERPRINT_BYTES_MAX],
                };
                Outcome::Result { digest: digest(number), fingerprint }
            }
            Does::Error(code) => Outcome::Error { code },
            // Who will not reveal may commit to anything.
            Does::Unavailable | Does::NoCommit | Does::NoReveal => Outcome::Unavailable,
        }
    }
}

fn digest(number: u8) -> Hash {
    Hash::sha256(&[number])
}
