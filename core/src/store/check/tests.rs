#[cfg(feature = "rocksdb")]
mod power;

use super::{Report, check};
use crate::block::certify;
use crate::chain::Chain;
use crate::crypto::{NodeKeys, SecretKey, sign_tx};
use crate::execute::Context;
use crate::genesis::{Genesis, Params};
use crate::limits::KEEP_BLOCKS_MIN;
use crate::prune::Keep;
use crate::store::{Batch, MemStore, Store, Table};
use crate::validate::{CheckedTx, check_tx};
use crate::vm::{CodeError, ContractVm, VmCall, VmError, VmResult};
use hydrogen_types::codec::encode;
use hydrogen_types::{Action, Amount, ChainId, Gas, Hash, Height, TxBody, Validator};
use std::sync::Arc;

/// Takes any module, and runs none.
struct AnyCode;

impl ContractVm for AnyCode {
    fn check(&self, _: &[u8]) -> Result<(), CodeError> {
        Ok(())
    }

    fn warm(&self, _: Hash, _: Arc<[u8]>) {}

    fn call(&self, _: VmCall, context: Box<Context>) -> (Box<Context>, Result<VmResult, VmError>) {
        (context, Err(VmError::Host(String::from("no calls here"))))
    }
}

fn app() -> SecretKey {
    SecretKey::from_seed([99; 32])
}

fn genesis() -> Genesis {
    let keys = NodeKeys::from_seed([1; 32]);
    Genesis {
        chain_id: ChainId::new("check-test").unwrap(),
        time_ms: 1_000_000,
        params: Params::default(),
        validators: vec![Validator {
            consensus_key: keys.consensus.public(),
            vrf_key: keys.vrf.public(),
            power: 1,
            account: keys.account.address(),
        }],
        governance: None,
        accounts: vec![(app().address(), Amount::cnx(100))],
        contracts: Vec::new(),
    }
}

fn tx(nonce: u64, action: Action) -> CheckedTx {
    let body = TxBody {
        chain_id: genesis().chain_id,
        sender: app().public(),
        nonce,
        valid_until: Height::new(1_000),
        gas_limit: Gas::new(1_000_000_000),
        gas_price: 1_000_000,
        action,
    };
    check_tx(&encode(&sign_tx(body, &app())), &genesis().chain_id, &Params::default()).unwrap()
}

/// A chain of `blocks` blocks with a transfer each and a module in the third.
fn fill(store: Arc<dyn Store>, keep: Keep, blocks: u64) {
    let keys = NodeKeys::from_seed([1; 32]);
    let mut chain = Chain::open(store, Arc::new(AnyCode), genesis()).unwrap().keeping(keep).unwrap();
    for nonce in 0..blocks {
        let to = SecretKey::from_seed([u8::try_from(nonce % 16).unwrap(); 32]).address();
        let action = match nonce {
            2 => Action::Upload { code: vec![7; 100] },
            _ => Action::Transfer { to, amount: Amount::new(5) },
        };
        let now_ms = chain.tip().time_ms + 100;
        let executed = chain.build(&keys, 0, now_ms, vec![tx(nonce, action)]).unwrap();
        assert!(executed.receipts[0].is_success(), "{:?}", executed.receipts[0]);
        let certificate = certify(&chain.genesis().chain_id, &executed.block, &[&keys.consensus]);
        chain.commit(executed, certificate).unwrap();
    }
}

fn examine(store: &Arc<dyn Store>, deep: bool) -> Result<Report, String> {
    let vm: Option<Arc<dyn ContractVm>> = if deep { Some(Arc::new(AnyCode)) } else { None };
    check(store, &genesis(), vm, &mut |_, _, _| {}).map_err(|error| error.to_string())
}

#[test]
fn a_sound_store_has_no_problems_pruned_or_not() {
    let whole: Arc<dyn Store> = Arc::new(MemStore::new());
    fill(whole.clone(), Keep::ARCHIVE, 40);
    let report = examine(&whole, true).unwrap();
    assert_eq!(report.problems, []);
    assert_eq!((report.blocks, report.receipts, report.undo, report.executed), (40, 40, 40, 40));
    assert_eq!((report.modules, report.sets, report.index), (1, 1, 82));
    assert!(report.state > 15 && report.pages > 1, "{report:?}");

    let pruned: Arc<dyn Store> = Arc::new(MemStore::new());
    fill(pruned.clone(), Keep::new(Some(KEEP_BLOCKS_MIN), Some(20)).unwrap(), 200);
    let report = examine(&pruned, false).unwrap();
    assert_eq!(report.problems, []);
    assert_eq!((report.blocks, report.undo), (128, 19));
    let deep = examine(&pruned, true).unwrap();
    assert_eq!(deep.problems, []);
    assert_eq!(deep.executed, 19, "from the first state that is kept on");
}

/// One flipped bit in any value of any table, one entry at a time: each is found. What has no hash is left out: the
/// last bytes of a block are empty side data, whose lengths are looked at.
#[test]
fn a_flipped_bit_anywhere_is_found() {
    let store = Arc::new(MemStore::new());
    fill(store.clone(), Keep::ARCHIVE, 8);
    let mut flips = 0u64;
    for table in Table::ALL {
        for (key, value) in store.range(table, &[], None, usize::MAX).unwrap() {
            for at in [0, value.len() / 2, value.len().saturating_sub(1)] {
                let Some(byte) = value.get(at) else { continue };
                let mut bad = value.clone();
                bad[at] = byte ^ 1;
                let fork = store.fork();
                let mut batch = Batch::default();
                batch.put(table, key.clone(), bad);
                fork.commit(batch).unwrap();
                let fork: Arc<dyn Store> = Arc::new(fork);
                let found = examine(&fork, table == Table::Meta);
                let name = hex::encode(&key);
                let Ok(report) = found else {
                    assert_eq!(
                        table,
                        Table::Meta,
                        "only the mark and the tip can keep a store from being checked"
                    );
                    continue;
                };
                // A wrong page makes the entries below it unprovable, too: the table itself is among the named.
                let named = report.problems.iter().any(|problem| problem.table == table);
                assert!(named, "byte {at} of 0x{name} in {}: {:?}", table.name(), report.problems);
                flips += 1;
            }
        }
    }
    assert!(flips > 100, "{flips}");
}

#[test]
fn an_entry_that_is_gone_or_too_much_is_found() {
    let store = Arc::new(MemStore::new());
    fill(store.clone(), Keep::ARCHIVE, 4);
    for table in Table::ALL {
        for (key, value) in store.range(table, &[], None, usize::MAX).unwrap() {
            let (gone, more) = (store.fork(), store.fork());
            let mut batch = Batch::default();
            batch.delete(table, key.clone());
            gone.commit(batch).unwrap();
            let mut batch = Batch::default();
            let mut twin = key.clone();
            let last = twin.last_mut().unwrap();
            *last ^= 0x80;
            batch.put(table, twin, value);
            more.commit(batch).unwrap();
            for (store, what) in [(gone, "gone"), (more, "twice")] {
                let store: Arc<dyn Store> = Arc::new(store);
                let found = examine(&store, false).map(|report| report.problems_found);
                // A twin of a record of the chain itself means nothing to anybody.
                let harmless = table == Table::Meta && what == "twice" && !key.starts_with(b"undo");
                assert!(found != Ok(0) || harmless, "0x{} of {} {what}", hex::encode(&key), table.name());
            }
        }
    }
}

/// The same on disk, where damage below the engine is found by its checksums.
#[cfg(feature = "rocksdb")]
#[test]
fn damage_in_each_table_on_disk_is_named() {
    use crate::store::RocksStore;
    let folder = tempfile::tempdir().unwrap();
    let open = || Arc::new(RocksStore::open(folder.path()).unwrap());
    fill(open(), Keep::default(), 12);
    let read = |deep| {
        let store: Arc<dyn Store> = Arc::new(RocksStore::open_read_only(folder.path()).unwrap());
        examine(&store, deep)
    };
    assert_eq!(read(true).unwrap().problems, []);
    for table in Table::ALL {
        let store = open();
        let entries = store.range(table, &[], None, usize::MAX).unwrap();
        // The middle of a table is no mark of the whole: in the first, an undo record.
        let (key, value) = entries[entries.len() / 2].clone();
        let mut bad = value.clone();
        bad[value.len() / 3] ^= 1;
        let put = |value: Vec<u8>| {
            let mut batch = Batch::default();
            batch.put(table, key.clone(), value);
            batch
        };
        store.commit(put(bad)).unwrap();
        drop(store);
        let report = read(false).unwrap();
        assert!(report.problems.iter().any(|problem| problem.table == table), "{}: {report:?}", table.name());
        open().commit(put(value)).unwrap();
    }
    assert_eq!(read(true).unwrap().problems, []);

    let store = open();
    store.compact().unwrap();
    drop(store);
    let mut files = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "sst") {
            continue;
        }
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[20] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        let found = read(false);
        assert!(!matches!(&found, Ok(report) if report.problems.is_empty()), "{}", path.display());
        std::fs::write(&path, &good).unwrap();
        files += 1;
    }
    assert!(files >= Table::ALL.len(), "{files} files, one a table at least");
    assert_eq!(read(false).unwrap().problems, []);
}
