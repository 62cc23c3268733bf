//! The chain that the targets talk to: four validators, an account with money, one contract, a few blocks.

use hydrogen_core::vm::{CodeError, VmCall, VmError, VmResult};
use hydrogen_core::{
    Chain, CheckedTx, Context, ContractVm, Genesis, GenesisContract, MemStore, NodeKeys, Params, SecretKey,
    check_tx, sign_tx,
};
use hydrogen_types::codec::encode;
use hydrogen_types::{Action, Address, Amount, ChainId, Gas, Hash, Height, Tx, TxBody, Validator};
use hydrogen_vm::{Vm, VmConfig};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// Time of height 0.
pub(crate) const GENESIS_MS: u64 = 1_700_000_000_000;
/// The module of `contracts/counter`.
pub(crate) const COUNTER: &[u8] = include_bytes!("../../contracts/wasm/counter.wasm");
/// The module of `contracts/task`.
pub(crate) const TASK: &[u8] = include_bytes!("../../contracts/wasm/task.wasm");
/// The module of `contracts/probe`.
pub(crate) const PROBE: &[u8] = include_bytes!("../../contracts/wasm/probe.wasm");
/// Gas of a transaction: the upload of a small module fits.
const GAS: Gas = Gas::new(100_000_000_000);

/// A sandbox without modules, for targets that execute nothing.
pub(crate) struct NoVm;

impl ContractVm for NoVm {
    fn check(&self, _code: &[u8]) -> Result<(), CodeError> {
        Err(CodeError { message: "this sandbox runs nothing".into() })
    }
    fn warm(&self, _hash: Hash, _code: Arc<[u8]>) {}
    fn call(&self, _call: VmCall, context: Box<Context>) -> (Box<Context>, Result<VmResult, VmError>) {
        (context, Err(VmError::Host("this sandbox runs nothing".into())))
    }
}

/// The real sandbox.
pub(crate) fn vm() -> Arc<dyn ContractVm> {
    static VM: LazyLock<Arc<Vm>> = LazyLock::new(|| {
        let config = VmConfig { lanes: 4, ..VmConfig::default() };
        Arc::new(Vm::new(config).expect("a machine with room for a sandbox"))
    });
    VM.clone()
}

/// Keys of validator `index`.
pub(crate) fn keys(index: u8) -> NodeKeys {
    NodeKeys::from_seed([index + 1; 32])
}

/// The keys of all validators.
pub(crate) fn validators() -> Vec<NodeKeys> {
    (0..4).map(keys).collect()
}

/// The account that has money, and may change the validator set.
pub(crate) fn rich() -> SecretKey {
    SecretKey::from_seed([200; 32])
}

/// Four validators of equal power; contracts only where the real sandbox runs them.
pub(crate) fn genesis(contracts: Vec<GenesisContract>) -> Genesis {
    let validator = |keys: NodeKeys| Validator {
        consensus_key: keys.consensus.public(),
        vrf_key: keys.vrf.public(),
        power: 10,
        account: keys.account.address(),
    };
    Genesis {
        chain_id: ChainId::new("fuzz-net").expect("a legal chain id"),
        time_ms: GENESIS_MS,
        params: Params { heartbeat_ms: 1_000, ..Params::default() },
        validators: validators().into_iter().map(validator).collect(),
        governance: Some(rich().public()),
        accounts: vec![(rich().address(), Amount::cnx(1_000_000))],
        contracts,
    }
}

/// The counter as a contract of genesis.
pub(crate) fn counter() -> GenesisContract {
    GenesisContract { name: "counter".into(), code: COUNTER.to_vec(), init: encode(&0u64), admin: None }
}

/// A chain that nothing has happened on, for targets that execute no contract.
pub(crate) fn bare_chain() -> Chain {
    let store: Arc<MemStore> = Arc::default();
    Chain::open(store, Arc::new(NoVm), genesis(Vec::new())).expect("a chain in memory")
}

/// What the rich account signs as its transaction number `nonce`.
pub(crate) fn signed(nonce: u64, action: Action) -> Tx {
    let body = TxBody {
        chain_id: genesis(Vec::new()).chain_id,
        sender: rich().public(),
        nonce,
        valid_until: Height::new(1_000_000),
        gas_limit: GAS,
        gas_price: 1_000_000,
        action,
    };
    sign_tx(body, &rich())
}

/// A small transfer.
pub(crate) fn transfer(nonce: u64) -> Tx {
    signed(nonce, Action::Transfer { to: Address::new([7; 20]), amount: Amount::new(1) })
}

/// One action of each kind.
pub(crate) fn actions() -> Vec<Action> {
    let (counter, to) = (Address::of_name("counter"), Address::new([7; 20]));
    let code = Hash::sha256(COUNTER);
    let validator = Validator { power: 12, ..genesis(Vec::new()).validators[1].clone() };
    vec![
        Action::Transfer { to, amount: Amount::new(5) },
        Action::Approve { spender: to, amount: Amount::new(9) },
        Action::Upload { code: b"\0asm\x01\0\0\0".to_vec() },
        Action::Deploy { code, init: encode(&3u64) },
        Action::Call {
            contract: counter,
            method: "increment".into(),
            args: encode(&2u64),
            value: Amount::ZERO,
        },
        Action::Upgrade { contract: counter, code, migrate: Vec::new() },
        Action::SetAdmin { contract: counter, admin: Some(to) },
        Action::SetValidator { validator },
    ]
}

/// The proposer of the next block.
pub(crate) fn proposer(chain: &Chain) -> NodeKeys {
    let height = chain.tip().height.next();
    let set = chain.validators(height).expect("a store in memory");
    let turn = set.proposer(height, 0).consensus_key;
    validators().into_iter().find(|keys| keys.consensus.public() == turn).expect("one of the four")
}

/// Commits the next block with these transactions, signed by all.
pub(crate) fn commit(chain: &mut Chain, txs: Vec<CheckedTx>) {
    let now_ms = chain.tip().time_ms + 500;
    let executed = chain.build(&proposer(chain), 0, now_ms, txs).expect("a block");
    let keys = validators();
    let signers: Vec<&SecretKey> = keys.iter().map(|keys| &keys.consensus).collect();
    let certificate = hydrogen_core::block::certify(&chain.genesis().chain_id, &executed.block, &signers);
    chain.commit(executed, certificate).expect("a store in memory");
}

/// The store of [`lived_chain`].
pub(crate) fn lived_store() -> Arc<MemStore> {
    static STORE: LazyLock<Arc<MemStore>> = LazyLock::new(Arc::default);
    STORE.clone()
}

/// A chain with the counter in genesis, and blocks with a transfer, an upload and calls.
pub(crate) fn lived_chain() -> MutexGuard<'static, Chain> {
    static CHAIN: LazyLock<Mutex<Chain>> = LazyLock::new(|| {
        let mut chain =
            Chain::open(lived_store(), vm(), genesis(vec![counter()])).expect("a chain in memory");
        let call = actions().swap_remove(4);
        for (nonce, action) in (0..).zip([actions().swap_remove(0), call.clone(), call]) {
            let tx = encode(&signed(nonce, action));
            let genesis = Arc::clone(chain.genesis());
            commit(
                &mut chain,
                vec![check_tx(&tx, &genesis.chain_id, &genesis.params).expect("it is signed")],
            );
        }
        Mutex::new(chain)
    });
    CHAIN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The nonce that the rich account uses next on [`lived_chain`].
pub(crate) const NEXT_NONCE: u64 = 3;
