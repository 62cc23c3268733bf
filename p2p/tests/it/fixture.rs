//! Chains with a few validators and funded accounts, and a sandbox that runs nothing: agreement needs no contract.

use hydrogen_core::vm::{CodeError, ContractVm, VmCall, VmError, VmResult};
use hydrogen_core::{Chain, Context, Genesis, MemStore, NodeKeys, Params, SecretKey, sign_tx};
use hydrogen_types::codec::encode;
use hydrogen_types::{Action, Address, Amount, ChainId, Gas, Hash, Height, TxBody, Validator};
use std::sync::Arc;

/// A sandbox without modules.
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

/// Keys of node `index`.
pub(crate) fn keys(index: usize) -> NodeKeys {
    NodeKeys::from_seed([u8::try_from(index + 1).unwrap(); 32])
}

/// The account that has money.
pub(crate) fn rich() -> SecretKey {
    SecretKey::from_seed([200; 32])
}

/// Time of height 0.
pub(crate) const GENESIS_MS: u64 = 1_700_000_000_000;

/// A genesis with `count` validators of equal power.
pub(crate) fn genesis(count: usize, params: Params) -> Genesis {
    let validator = |index: usize| {
        let keys = keys(index);
        Validator {
            consensus_key: keys.consensus.public(),
            vrf_key: keys.vrf.public(),
            power: 10,
            account: keys.account.address(),
        }
    };
    Genesis {
        chain_id: ChainId::new("test-net").unwrap(),
        time_ms: GENESIS_MS,
        params,
        validators: (0..count).map(validator).collect(),
        governance: None,
        accounts: vec![(rich().address(), Amount::cnx(1_000_000))],
        contracts: Vec::new(),
    }
}

/// A chain over `store`.
pub(crate) fn chain(store: &Arc<MemStore>, genesis: &Genesis) -> Chain {
    Chain::open(store.clone(), Arc::new(NoVm), genesis.clone()).unwrap()
}

/// A transfer of the rich account.
pub(crate) fn transfer(nonce: u64) -> Vec<u8> {
    signed(
        nonce,
        Gas::new(1_000_000_000),
        Action::Transfer { to: Address::new([7; 20]), amount: Amount::new(1) },
    )
}

/// An upload of a module of half a MiB, which the sandbox refuses: a large transaction with a receipt of failure.
pub(crate) fn upload(nonce: u64) -> Vec<u8> {
    upload_of(nonce, 500_000)
}

/// As [`upload`], of `bytes`, up to half a MiB.
pub(crate) fn upload_of(nonce: u64, bytes: usize) -> Vec<u8> {
    let code = vec![u8::try_from(nonce % 256).unwrap(); bytes];
    signed(nonce, Gas::new(800_000_000_000), Action::Upload { code })
}

fn signed(nonce: u64, gas_limit: Gas, action: Action) -> Vec<u8> {
    let body = TxBody {
        chain_id: ChainId::new("test-net").unwrap(),
        sender: rich().public(),
        nonce,
        valid_until: Height::new(1_000_000),
        gas_limit,
        gas_price: 1_000_000,
        action,
    };
    encode(&sign_tx(body, &rich()))
}
