//! A chain of one validator in memory, with contracts written as WAT.

use hydrogen_core::block::certify;
use hydrogen_core::{
    Chain, Committed, ContractVm, Genesis, GenesisContract, MemStore, NodeKeys, Params, SecretKey, check_tx,
    sign_tx,
};
use hydrogen_types::codec::encode;
use hydrogen_types::host::{HOST_FUNCTIONS, MODULE, ValType};
use hydrogen_types::receipt::{Receipt, SideData};
use hydrogen_types::{Action, Address, Amount, ChainId, Gas, Height, TxBody, Validator};
use hydrogen_vm::{Vm, VmConfig};
use std::fmt::Write;
use std::sync::{Arc, OnceLock};

/// Gas limit of a test's transactions unless it is the point.
pub(crate) const GAS: u64 = 50_000_000_000;

/// One sandbox for all tests, as a node has one.
pub(crate) fn vm() -> Arc<Vm> {
    static VM: OnceLock<Arc<Vm>> = OnceLock::new();
    VM.get_or_init(|| Arc::new(Vm::new(VmConfig::default()).unwrap())).clone()
}

/// All host functions as imports, named as they are.
pub(crate) fn imports() -> String {
    let name = |kind: &ValType| match kind {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
    };
    let mut text = String::new();
    for row in HOST_FUNCTIONS {
        let params: Vec<&str> = row.params.iter().map(|(_, kind)| name(kind)).collect();
        let result = row.result.as_ref().map(|kind| format!("(result {})", name(kind))).unwrap_or_default();
        let (function, params) = (row.name, params.join(" "));
        writeln!(text, "(import \"{MODULE}\" \"{function}\" (func ${function} (param {params}) {result}))")
            .unwrap();
    }
    text
}

/// A contract module: all host functions as imports, one page of memory, an empty `init`, and `body`.
pub(crate) fn contract(body: &str) -> Vec<u8> {
    contract_with("1", body)
}

/// The same with other pages of memory: `2`, or `1 2` for a bound of its own.
pub(crate) fn contract_with(memory: &str, body: &str) -> Vec<u8> {
    let imports = imports();
    wat::parse_str(format!(
        "(module\n{imports}(memory (export \"memory\") {memory}) (func (export \"init\")) {body})"
    ))
    .unwrap()
}

/// The chain of a test.
pub(crate) struct Bench {
    pub(crate) chain: Chain,
    pub(crate) keys: NodeKeys,
    pub(crate) app: SecretKey,
}

/// What became of a call.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) receipt: Receipt,
    pub(crate) side: SideData,
    /// Gas that the call itself used: the receipt's without the transaction's own.
    pub(crate) gas: u64,
}

impl Bench {
    /// A chain with contracts at the addresses of their names.
    pub(crate) fn open(contracts: &[(&str, Vec<u8>)]) -> Self {
        Self::open_on(vm(), contracts)
    }

    /// The same on another sandbox.
    pub(crate) fn open_on(vm: Arc<dyn ContractVm>, contracts: &[(&str, Vec<u8>)]) -> Self {
        let keys = NodeKeys::from_seed([1; 32]);
        let app = SecretKey::from_seed([2; 32]);
        let contract = |(name, code): &(&str, Vec<u8>)| GenesisContract {
            name: (*name).to_owned(),
            code: code.clone(),
            init: Vec::new(),
            admin: None,
        };
        let genesis = Genesis {
            chain_id: ChainId::new("vm-test").unwrap(),
            time_ms: 1_000_000,
            params: Params::default(),
            validators: vec![Validator {
                consensus_key: keys.consensus.public(),
                vrf_key: keys.vrf.public(),
                power: 1,
                account: keys.account.address(),
            }],
            governance: None,
            accounts: vec![(app.address(), Amount::cnx(10_000_000))],
            contracts: contracts.iter().map(contract).collect(),
        };
        let chain = Chain::open(Arc::new(MemStore::new()), vm, genesis).unwrap();
        Self { chain, keys, app }
    }

    /// One contract with this body, called `c`.
    pub(crate) fn of(body: &str) -> Self {
        Self::open(&[("c", contract(body))])
    }

    /// A signed call, the one after `ahead` others of the same block.
    pub(crate) fn tx(
        &self,
        ahead: u64,
        (to, method): (&str, &str),
        args: &[u8],
        value: Amount,
        gas: u64,
    ) -> Vec<u8> {
        let (contract, method) = (Address::of_name(to), method.to_owned());
        self.sign(ahead, Action::Call { contract, method, args: args.to_vec(), value }, gas)
    }

    fn sign(&self, ahead: u64, action: Action, gas: u64) -> Vec<u8> {
        let nonce = self.chain.reader().account(&self.app.address(), None).unwrap().nonce + ahead;
        let body = TxBody {
            chain_id: self.chain.genesis().chain_id.clone(),
            sender: self.app.public(),
            nonce,
            valid_until: Height::new(1_000),
            gas_limit: Gas::new(gas),
            gas_price: self.chain.genesis().params.gas_price_min,
            action,
        };
        encode(&sign_tx(body, &self.app))
    }

    /// Lets a contract take of the account's money, in a block of its own.
    pub(crate) fn approve(&mut self, name: &str, amount: Amount) {
        let action = Action::Approve { spender: Address::of_name(name), amount };
        let bytes = self.sign(0, action, GAS);
        self.produce(vec![bytes]);
    }

    /// Uploads a module in a block of its own.
    pub(crate) fn upload(&mut self, code: Vec<u8>) -> (Receipt, SideData) {
        let bytes = self.sign(0, Action::Upload { code }, GAS);
        let committed = self.produce(vec![bytes]);
        (committed.receipts.last().unwrap().clone(), committed.side.last().unwrap().clone())
    }

    /// Runs a transaction in a block of its own.
    pub(crate) fn call_with(&mut self, to: &str, method: &str, args: &[u8], value: Amount, gas: u64) -> Ran {
        let bytes = self.tx(0, (to, method), args, value, gas);
        let committed = self.produce(vec![bytes.clone()]);
        let receipt = committed.receipts.last().unwrap().clone();
        let side = committed.side.last().unwrap().clone();
        let own = hydrogen_core::limits::TX_GAS
            + hydrogen_core::limits::TX_BYTE_GAS * u64::try_from(bytes.len()).unwrap();
        let gas = receipt.gas_used.get() - own;
        Ran { receipt, side, gas }
    }

    /// Runs a method of contract `c`.
    pub(crate) fn call(&mut self, method: &str, args: &[u8]) -> Ran {
        self.call_with("c", method, args, Amount::ZERO, GAS)
    }

    /// Makes a block.
    pub(crate) fn produce(&mut self, txs: Vec<Vec<u8>>) -> Arc<Committed> {
        let genesis = self.chain.genesis().clone();
        let check = |bytes: &Vec<u8>| check_tx(bytes, &genesis.chain_id, &genesis.params).unwrap();
        let txs: Vec<_> = txs.iter().map(check).collect();
        let now_ms = self.chain.tip().time_ms + 1_000;
        let executed = self.chain.build(&self.keys, 0, now_ms, txs).unwrap();
        let certificate = certify(&genesis.chain_id, &executed.block, &[&self.keys.consensus]);
        self.chain.commit(executed, certificate).unwrap()
    }
}

/// Why a module is refused.
pub(crate) fn refusal(code: &[u8]) -> String {
    vm().check(code).expect_err("this module must not pass").message
}
