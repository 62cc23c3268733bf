//! A chain of a few blocks made from fixed keys, with one transaction of every kind, a draw and a change of the validator
//! set. Its contract is written by hand, so that a rebuilt module of the tree changes nothing here.

use crate::support::vm;
use hydrogen_core::block::certify;
use hydrogen_core::{Chain, Committed, Genesis, MemStore, NodeKeys, Params, SecretKey, check_tx, sign_tx};
use hydrogen_types::codec::encode;
use hydrogen_types::host::{HOST_FUNCTIONS, MODULE, ValType};
use hydrogen_types::{
    Action, Address, Amount, CallKind, ChainId, Due, Gas, Hash, Height, ScheduleRequest, Tx, TxBody,
    Validator,
};
use std::fmt::Write;
use std::sync::Arc;

const GENESIS_MS: u64 = 1_700_000_000_000;
const GAS: Gas = Gas::new(10_000_000_000);
const PRICE: u64 = 1_000_000;

pub(super) fn params() -> Params {
    Params::default()
}

/// Signs all transactions; the governance key and the contract's admin too.
pub(super) fn rich() -> SecretKey {
    SecretKey::from_seed([200; 32])
}

fn keys(index: u8) -> NodeKeys {
    NodeKeys::from_seed([index + 1; 32])
}

fn member(index: u8, power: u64) -> Validator {
    let keys = keys(index);
    Validator {
        consensus_key: keys.consensus.public(),
        vrf_key: keys.vrf.public(),
        power,
        account: keys.account.address(),
    }
}

/// The host functions as WAT imports.
pub(crate) fn imports() -> String {
    let kind = |kind: &ValType| if matches!(kind, ValType::I32) { "i32" } else { "i64" };
    let mut text = String::new();
    for row in HOST_FUNCTIONS {
        let params: Vec<&str> = row.params.iter().map(|(_, param)| kind(param)).collect();
        let result =
            row.result.as_ref().map(|result| format!("(result {})", kind(result))).unwrap_or_default();
        let (name, params) = (row.name, params.join(" "));
        writeln!(text, "(import \"{MODULE}\" \"{name}\" (func ${name} (param {params}) {result}))")
            .expect("text");
    }
    text
}

/// `plan` schedules what its arguments say; the draw keeps the beacon that it sees.
fn contract() -> Vec<u8> {
    let text = format!(
        r#"(module {}
        (memory (export "memory") 1)
        (data (i32.const 0) "key")
        (func (export "init"))
        (func (export "migrate"))
        (func (export "call.plan")
            (call $input_read (i32.const 1024))
            (i64.store (i32.const 512) (call $schedule (i32.const 1024) (call $input_len)))
            (call $return_value (i32.const 512) (i32.const 8)))
        (func (export "scheduled.look")
            (call $beacon (i32.const 256))
            (call $storage_set (i32.const 0) (i32.const 3) (i32.const 256) (i32.const 32))
            (call $return_value (i32.const 256) (i32.const 32))))"#,
        imports()
    );
    wat::parse_str(&text).expect("a module")
}

/// The tag of a transaction's action.
pub(super) fn kind(tx: &Tx) -> u8 {
    encode(&tx.body.action)[0]
}

/// See the module.
pub(super) struct Canned {
    pub(super) chain: Chain,
    pub(super) blocks: Vec<Arc<Committed>>,
    nonce: u64,
}

impl Canned {
    pub(super) fn new() -> Self {
        let genesis = Genesis {
            chain_id: ChainId::new("canned").expect("a legal chain id"),
            time_ms: GENESIS_MS,
            params: params(),
            validators: (0..4).map(|index| member(index, 10)).collect(),
            governance: Some(rich().public()),
            accounts: vec![(rich().address(), Amount::cnx(1_000_000))],
            contracts: Vec::new(),
        };
        let store: Arc<MemStore> = Arc::default();
        let chain = Chain::open(store, vm(), genesis).expect("a chain in memory");
        let mut canned = Self { chain, blocks: Vec::new(), nonce: 0 };
        let (other, code) = (Address::new([7; 20]), contract());
        let hash = Hash::sha256(&code);
        canned.block(vec![
            Action::Transfer { to: other, amount: Amount::cnx(5) },
            Action::Approve { spender: other, amount: Amount::cnx(2) },
            Action::Upload { code },
        ]);
        canned.block(vec![Action::Deploy { code: hash, init: Vec::new() }]);
        let value = &canned.blocks[1].receipts[0].value;
        let contract: Address = hydrogen_types::decode(value, value.len()).expect("an address");
        let draw = ScheduleRequest {
            kind: CallKind::Draw,
            due: Due::Height(Height::new(5)),
            method: "look".into(),
            args: Vec::new(),
            gas: Gas::new(1_000_000_000),
            gas_price: PRICE,
            refund_to: other,
        };
        let plan =
            Action::Call { contract, method: "plan".into(), args: encode(&draw), value: Amount::cnx(10) };
        canned.block(vec![plan]);
        canned.block(vec![
            Action::SetValidator { validator: member(4, 10) },
            Action::Upgrade { contract, code: hash, migrate: Vec::new() },
            Action::SetAdmin { contract, admin: Some(other) },
        ]);
        canned.block(Vec::new());
        canned.block(vec![Action::Transfer { to: contract, amount: Amount::new(1) }]);
        canned
    }

    fn block(&mut self, actions: Vec<Action>) {
        let genesis = Arc::clone(self.chain.genesis());
        let mut txs = Vec::new();
        for action in actions {
            let body = TxBody {
                chain_id: genesis.chain_id.clone(),
                sender: rich().public(),
                nonce: self.nonce,
                valid_until: Height::new(100),
                gas_limit: GAS,
                gas_price: PRICE,
                action,
            };
            self.nonce += 1;
            let bytes = encode(&sign_tx(body, &rich()));
            txs.push(check_tx(&bytes, &genesis.chain_id, &genesis.params).expect("it is signed"));
        }
        let height = self.chain.tip().height.next();
        let set = self.chain.validators(height).expect("a store in memory");
        let turn = set.proposer(height, 0).consensus_key;
        let all: Vec<NodeKeys> = (0..5).map(keys).collect();
        let proposer = all.iter().find(|keys| keys.consensus.public() == turn).expect("one of the five");
        let now_ms = GENESIS_MS + 1_000 * height.get();
        let executed = self.chain.build(proposer, 0, now_ms, txs).expect("a block");
        let members = all.iter().filter(|keys| set.get(&keys.consensus.address()).is_some());
        let signers: Vec<&SecretKey> = members.map(|keys| &keys.consensus).collect();
        let certificate = certify(&genesis.chain_id, &executed.block, &signers);
        self.blocks.push(self.chain.commit(executed, certificate).expect("a store in memory"));
    }
}
