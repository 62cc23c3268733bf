//! What every simulated chain starts from: validators, funded accounts, one contract.

use hydrogen_core::{
    Chain, ChainError, ContractVm, Genesis, GenesisContract, NodeKeys, Params, SecretKey, Store,
};
use hydrogen_types::codec::encode;
use hydrogen_types::{Amount, ChainId, Tag, Validator};
use std::sync::Arc;

/// Time of height 0.
pub const GENESIS_MS: u64 = 1_700_000_000_000;
/// The name of the contract that the load calls.
pub(crate) const COUNTER: &str = "counter";
/// Accounts with money.
pub(crate) const ACCOUNTS: usize = 8;
/// The account that changes the validator set, after those.
pub(crate) const GOVERNANCE: usize = ACCOUNTS;
/// The power of every validator of genesis.
pub(crate) const POWER: u64 = 10;
/// What each of them has.
const BALANCE: Amount = Amount::cnx(1_000);

/// Keys of node `index`.
///
/// # Panics
/// From index 100 on.
#[must_use]
pub fn keys(index: usize) -> NodeKeys {
    assert!(index < 100, "a simulation has at most 100 nodes");
    NodeKeys::from_seed([u8::try_from(index + 1).expect("below 101"); 32])
}

/// The key of account `index` of the load.
///
/// # Panics
/// From index 100 on.
#[must_use]
pub fn account(index: usize) -> SecretKey {
    assert!(index < 100, "a simulation has at most 100 accounts");
    let number = u8::try_from(index + 101).expect("below 202");
    SecretKey::derive(&[number; 32], Tag::KEY_ACCOUNT)
}

/// Node `index` as a member of the validator set.
pub(crate) fn member(index: usize, power: u64) -> Validator {
    let keys = keys(index);
    Validator {
        consensus_key: keys.consensus.public(),
        vrf_key: keys.vrf.public(),
        power,
        account: keys.account.address(),
    }
}

/// Timeouts that fit simulated delays of some 10 ms.
#[must_use]
pub fn params() -> Params {
    Params {
        heartbeat_ms: 400,
        timeout_propose_ms: 400,
        timeout_prevote_ms: 150,
        timeout_precommit_ms: 150,
        timeout_delta_ms: 50,
        timeout_rebroadcast_ms: 500,
        ..Params::default()
    }
}

/// A genesis with `count` validators of equal power.
///
/// # Panics
/// Never: the chain id is a legal one.
#[must_use]
pub fn genesis(count: usize, params: Params) -> Genesis {
    let counter = GenesisContract {
        name: COUNTER.into(),
        code: include_bytes!("../../../contracts/wasm/counter.wasm").to_vec(),
        init: encode(&0u64),
        admin: None,
    };
    Genesis {
        chain_id: ChainId::new("sim-net").expect("a legal chain id"),
        time_ms: GENESIS_MS,
        params,
        validators: (0..count).map(|index| member(index, POWER)).collect(),
        governance: Some(account(GOVERNANCE).public()),
        accounts: (0..=GOVERNANCE).map(|index| (account(index).address(), BALANCE)).collect(),
        contracts: vec![counter],
    }
}

/// A chain over `store`.
///
/// # Errors
/// A failing store.
pub(crate) fn open(
    store: Arc<dyn Store>,
    vm: &Arc<dyn ContractVm>,
    genesis: &Genesis,
) -> Result<Chain, ChainError> {
    Chain::open(store, Arc::clone(vm), genesis.clone())
}
