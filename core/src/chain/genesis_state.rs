//! The state that genesis describes.

use super::{META_FORMAT, META_GENESIS, META_TIP, STORE_FORMAT, put_all};
use crate::block::Tip;
use crate::error::ChainError;
use crate::execute::{BlockEnv, CodeInfo, Executor};
use crate::genesis::Genesis;
use crate::sets::ValidatorChange;
use crate::state::{StateRead, StoreState, keys, update};
use crate::store::{Batch, Store, Table};
use crate::vm::ContractVm;
use hydrogen_types::block::{Account, ContractInfo};
use hydrogen_types::codec::encode;
use hydrogen_types::{Address, Hash, Height, ValidatorSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Writes height 0 into an empty store.
pub(super) fn write(
    store: &Arc<dyn Store>,
    vm: &Arc<dyn ContractVm>,
    genesis: &Genesis,
    validators: &ValidatorSet,
) -> Result<Tip, ChainError> {
    let hash = genesis.hash();
    let outcome = execute(store, vm, genesis, validators)?;
    let hashed = crate::block::hashed(&outcome.changes);
    let tree = update(&**store, &hashed)?;
    let tip = Tip {
        height: Height::GENESIS,
        hash,
        time_ms: genesis.time_ms,
        uptime_ms: 0,
        beacon: hash,
        state_root: tree.root,
    };
    let mut batch = Batch::default();
    batch.put(Table::Meta, META_FORMAT, STORE_FORMAT.to_le_bytes());
    batch.put(Table::Meta, META_GENESIS, encode(&hash));
    batch.put(Table::Meta, META_TIP, encode(&tip));
    put_all(&mut batch, Table::State, outcome.changes);
    put_all(&mut batch, Table::Pages, tree.pages);
    for contract in &genesis.contracts {
        batch.put(Table::Code, *Hash::sha256(&contract.code).as_bytes(), contract.code.clone());
    }
    ValidatorChange::of_genesis(validators.clone()).put(&mut batch);
    store.commit(batch)?;
    Ok(tip)
}

fn execute(
    store: &Arc<dyn Store>,
    vm: &Arc<dyn ContractVm>,
    genesis: &Genesis,
    validators: &ValidatorSet,
) -> Result<crate::execute::Outcome, ChainError> {
    let fresh_code: BTreeMap<Hash, Arc<[u8]>> = genesis
        .contracts
        .iter()
        .map(|contract| (Hash::sha256(&contract.code), Arc::from(contract.code.as_slice())))
        .collect();
    let env = BlockEnv {
        chain_id: genesis.chain_id.clone(),
        height: Height::GENESIS,
        time_ms: genesis.time_ms,
        uptime_ms: 0,
        beacon: Hash::ZERO,
        fee_account: Address::default(),
        params: genesis.params.clone(),
        governance: genesis.governance,
        store: store.clone(),
        fresh_code,
    };
    let base: Arc<dyn StateRead> = Arc::new(StoreState(store.clone()));
    let mut executor = Executor::new(Arc::new(env), vm.clone(), base);
    let state = executor.state_mut();
    state.write(keys::genesis(), &genesis.hash());
    state.write(keys::validators(), validators);
    for (address, balance) in &genesis.accounts {
        state.write(keys::account(address), &Account { balance: *balance, nonce: 0 });
    }
    let mut checked = BTreeSet::new();
    for contract in &genesis.contracts {
        let code = Hash::sha256(&contract.code);
        let bad = |reason: String| ChainError::BadGenesis(format!("contract `{}`: {reason}", contract.name));
        if checked.insert(code) {
            vm.check(&contract.code).map_err(|error| bad(error.message))?;
        }
        let address = Address::of_name(&contract.name);
        let size = u32::try_from(contract.code.len()).map_err(|_| bad(String::from("too large")))?;
        let info = ContractInfo { code, admin: contract.admin, genesis: true, scheduled: 0 };
        let state = executor.state_mut();
        state.write(keys::code(&code), &CodeInfo { size, active_from: Height::GENESIS });
        state.write(keys::contract(&address), &info);
        executor.invoke_genesis(address, contract.init.clone(), genesis.params.block_gas_max)?;
        if let Some((receipt, side)) = executor.last()
            && !receipt.is_success()
        {
            return Err(bad(format!("init failed with code {}: {}", receipt.code, side.message)));
        }
    }
    Ok(executor.finish())
}
