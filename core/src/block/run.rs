//! What making and checking a block have in common: the ground they stand on, and the roots of what was executed.

use super::Tip;
use super::beacon::BeaconTurn;
use crate::execute::{BlockEnv, Executor, Outcome};
use crate::genesis::Genesis;
use crate::limits::UPTIME_HEARTBEATS_MAX;
use crate::state::{StateRead, StoreState, TreeUpdate, Undo, update};
use crate::store::{Store, StoreError};
use crate::vm::ContractVm;
use hydrogen_types::codec::encode;
use hydrogen_types::merkle::list_root;
use hydrogen_types::{Address, Block, Hash, Receipt, Tx, ValidatorSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the next block stands on.
pub(crate) struct Ground<'a> {
    pub(crate) store: &'a Arc<dyn Store>,
    pub(crate) vm: &'a Arc<dyn ContractVm>,
    pub(crate) genesis: &'a Genesis,
    /// Those that decide it.
    pub(crate) validators: &'a ValidatorSet,
    /// Those that decide the one after it.
    pub(crate) next_validators: &'a ValidatorSet,
    pub(crate) tip: Tip,
}

impl Ground<'_> {
    /// The uptime of a block of time `time_ms` after the tip.
    pub(super) fn uptime_ms(&self, time_ms: u64) -> u64 {
        let params = &self.genesis.params;
        let passed = time_ms.saturating_sub(self.tip.time_ms);
        let cap = params.heartbeat_ms.saturating_mul(UPTIME_HEARTBEATS_MAX);
        let counted = if params.uptime_capped { passed.min(cap) } else { passed };
        self.tip.uptime_ms.saturating_add(counted)
    }

    /// What the next block's beacon is over.
    pub(super) fn beacon_turn(&self) -> BeaconTurn<'_> {
        let (chain_id, height) = (&self.genesis.chain_id, self.tip.height.next());
        BeaconTurn { chain_id, height, parent: &self.tip.beacon }
    }

    pub(super) fn executor(&self, time_ms: u64, beacon: Hash, fee_account: Address) -> Executor {
        let env = BlockEnv {
            chain_id: self.genesis.chain_id.clone(),
            height: self.tip.height.next(),
            time_ms,
            uptime_ms: self.uptime_ms(time_ms),
            beacon,
            fee_account,
            params: self.genesis.params.clone(),
            governance: self.genesis.governance,
            store: self.store.clone(),
            fresh_code: BTreeMap::new(),
        };
        let base: Arc<dyn StateRead> = Arc::new(StoreState(self.store.clone()));
        Executor::new(Arc::new(env), self.vm.clone(), base)
    }

    /// The state tree after an outcome.
    pub(super) fn tree(&self, outcome: &Outcome) -> Result<TreeUpdate, StoreError> {
        if outcome.changes.is_empty() {
            return Ok(TreeUpdate { root: self.tip.state_root, pages: BTreeMap::new() });
        }
        update(&**self.store, &hashed(&outcome.changes))
    }
}

/// Changes as the tree takes them.
pub(crate) fn hashed(changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> BTreeMap<Hash, Option<Hash>> {
    let hash = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| {
        (hydrogen_proof::key_hash(key), value.as_deref().map(hydrogen_proof::value_hash))
    };
    changes.iter().map(hash).collect()
}

/// What the changed keys hold now.
pub(crate) fn undo_of(
    store: &dyn Store,
    changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>,
) -> Result<Undo, StoreError> {
    let before = |key: &Vec<u8>| Ok((key.clone(), store.get(crate::store::Table::State, key)?));
    changes.keys().map(before).collect::<Result<_, StoreError>>().map(Undo)
}

/// Over whole transactions, signatures included: a block's id leaves nothing of its body open.
pub(super) fn tx_root(txs: &[Tx]) -> Hash {
    list_root(&txs.iter().map(|tx| Hash::sha256(&encode(tx))).collect::<Vec<_>>())
}

/// Whether the transactions are those that the header names. A block whose body is another is not the block of its id:
/// whoever sent it is at fault, and nothing is known of the true one.
#[must_use]
pub fn has_own_body(block: &Block) -> bool {
    block.header.tx_root == tx_root(&block.txs)
}

pub(crate) fn receipt_root(receipts: &[Receipt]) -> Hash {
    list_root(&receipts.iter().map(Receipt::leaf).collect::<Vec<_>>())
}
