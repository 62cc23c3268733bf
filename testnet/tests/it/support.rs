//! Worlds for tests.

use hydrogen_core::{ContractVm, Params, sign_tx};
use hydrogen_testnet::sim::World;
use hydrogen_testnet::sim::ledger::{account, genesis};
use hydrogen_types::codec::encode;
use hydrogen_types::{Action, Address, Amount, Gas, Height, TxBody};
use hydrogen_vm::{Vm, VmConfig};
use std::sync::{Arc, OnceLock};

pub(crate) use hydrogen_testnet::sim::ledger::params;

/// One sandbox for all tests: it holds no state of a chain.
pub(crate) fn vm() -> Arc<dyn ContractVm> {
    static VM: OnceLock<Arc<Vm>> = OnceLock::new();
    VM.get_or_init(|| Arc::new(Vm::new(VmConfig { lanes: 8, ..VmConfig::default() }).expect("a sandbox")))
        .clone()
}

pub(crate) fn world(validators: usize, followers: usize, seed: u64) -> World {
    world_with(params(), validators, followers, seed)
}

pub(crate) fn world_with(params: Params, validators: usize, followers: usize, seed: u64) -> World {
    World::new(vm(), params, validators, followers, seed)
}

/// A transfer of the first account.
pub(crate) fn transfer(nonce: u64) -> Vec<u8> {
    transfer_of(0, nonce)
}

/// A transfer of account `index`.
pub(crate) fn transfer_of(index: usize, nonce: u64) -> Vec<u8> {
    let body = TxBody {
        chain_id: genesis(1, params()).chain_id,
        sender: account(index).public(),
        nonce,
        valid_until: Height::new(1_000_000),
        gas_limit: Gas::new(1_000_000_000),
        gas_price: 1_000_000,
        action: Action::Transfer { to: Address::new([7; 20]), amount: Amount::new(1) },
    };
    encode(&sign_tx(body, &account(index)))
}
