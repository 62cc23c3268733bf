use super::*;
use crate::limits::{HISTORY_HEIGHTS, KEEP_BLOCKS_MIN};
use crate::prune::{Earliest, Keep, KeepError};
use crate::reader::ReadError;
use crate::store::{Store, Table};

/// Blocks every 100 ms; each with the transactions that `txs` gives for its height.
pub(crate) fn grow(chain: &mut Chain, to: u64, txs: impl Fn(&Chain, u64) -> Vec<CheckedTx>) {
    let keys = keys(1);
    while chain.tip().height.get() < to {
        let (now_ms, height) = (chain.tip().time_ms + 100, chain.tip().height.get() + 1);
        let executed = chain.build(&keys, 0, now_ms, txs(chain, height)).unwrap();
        let certificate = certify(&chain.genesis().chain_id, &executed.block, &[&keys.consensus]);
        chain.commit(executed, certificate).unwrap();
    }
}

fn one_transfer(chain: &Chain, height: u64) -> Vec<CheckedTx> {
    if height <= 40 { vec![transfer(chain, height - 1, Amount::new(1))] } else { Vec::new() }
}

fn reopened(store: &Arc<MemStore>, keep: Keep) -> Chain {
    let store: Arc<dyn Store> = store.clone();
    Chain::open(store, Arc::new(NoContracts), genesis(&[keys(1)])).unwrap().keeping(keep).unwrap()
}

fn entries(store: &MemStore, table: Table) -> usize {
    store.range(table, &[], None, usize::MAX).unwrap().len()
}

#[test]
fn a_pruned_chain_keeps_what_it_promised_and_nothing_else() {
    let store = Arc::new(MemStore::new());
    let keep = Keep::new(Some(KEEP_BLOCKS_MIN), Some(10)).unwrap();
    let mut chain = reopened(&store, keep);
    grow(&mut chain, 300, one_transfer);
    let reader = chain.reader();
    let earliest = Earliest { block: Height::new(173), state: Height::new(291) };
    assert_eq!(reader.earliest(), earliest);

    assert_eq!(entries(&store, Table::Blocks), 128);
    assert_eq!(entries(&store, Table::Index), 128 + 2, "blocks of kept heights by hash, the set of genesis");
    assert!(reader.block(Height::new(172)).unwrap().is_none());
    let kept = reader.block(Height::new(173)).unwrap().unwrap();
    assert_eq!(reader.block_by_hash(&kept.hash).unwrap().unwrap().hash, kept.hash);
    let paid = |height| reader.account(&app().address(), Some(Height::new(height)));
    assert_eq!(paid(291).unwrap().nonce, 40);
    let forgotten = paid(290).unwrap_err();
    assert!(matches!(forgotten, ReadError::NoSuchHeight { .. }));
    assert_eq!(forgotten.to_string(), "no state at height 290: heights 291 to 300 are kept");
    // Nine records lead from the tip to the earliest state; format, genesis, tip and mark lie beside them.
    assert_eq!(entries(&store, Table::Meta), 9 + 4);

    let mut chain = reopened(&store, keep);
    assert_eq!(chain.reader().earliest(), earliest);
    grow(&mut chain, 310, one_transfer);
    assert_eq!(chain.reader().earliest().block, Height::new(183));
}

#[test]
fn a_horizon_that_comes_nearer_is_reached_at_the_start_and_one_that_goes_away_keeps_the_mark() {
    let store = Arc::new(MemStore::new());
    let mut chain = reopened(&store, Keep::ARCHIVE);
    grow(&mut chain, 1_200, one_transfer);
    let all = Earliest { block: Height::new(1), state: Height::GENESIS };
    assert_eq!(chain.reader().earliest(), all);
    let first = chain.reader().block(Height::new(1)).unwrap().unwrap();
    let tx = first.receipts[0].hash;
    for height in [0, 1, 17, 39, 40, 1_200] {
        let account = chain.reader().account(&app().address(), Some(Height::new(height))).unwrap();
        assert_eq!(account.nonce, height.min(40), "an archive answers at any height");
    }

    let chain = reopened(&store, Keep::default());
    let states = Height::new(1_200 - HISTORY_HEIGHTS + 1);
    assert_eq!(chain.reader().earliest(), Earliest { block: Height::new(1), state: states });
    assert!(chain.reader().receipt(&tx).unwrap().is_some());

    let chain = reopened(&store, Keep::new(Some(200), Some(200)).unwrap());
    let pruned = Earliest { block: Height::new(1_001), state: Height::new(1_001) };
    assert_eq!(chain.reader().earliest(), pruned);
    assert!(chain.reader().receipt(&tx).unwrap().is_none());
    assert_eq!(entries(&store, Table::Blocks), 200);
    assert_eq!(entries(&store, Table::Index), 200 + 2);

    let mut chain = reopened(&store, Keep::ARCHIVE);
    grow(&mut chain, 1_210, one_transfer);
    assert_eq!(chain.reader().earliest(), pruned, "what is forgotten stays forgotten, what comes is kept");
    assert_eq!(entries(&store, Table::Blocks), 210);
}

#[test]
fn too_short_a_history_is_refused() {
    assert_eq!(Keep::new(Some(127), Some(1)), Err(KeepError::TooFewBlocks { blocks: 127 }));
    assert_eq!(Keep::new(None, Some(0)), Err(KeepError::NoState));
    assert_eq!(Keep::new(Some(200), Some(201)), Err(KeepError::StateWithoutBlock));
    assert_eq!(Keep::new(Some(200), None), Err(KeepError::StateWithoutBlock));
    assert_eq!(Keep::new(None, None), Ok(Keep::ARCHIVE));
}

/// What a block of four validators without any work leaves behind: header, certificate, index entry, tip, undo record.
#[test]
fn an_idle_block_leaves_few_bytes_behind() {
    let validators = [keys(1), keys(2), keys(3), keys(4)];
    let store = Arc::new(MemStore::new());
    let shared: Arc<dyn Store> = store.clone();
    let mut chain = Chain::open(shared, Arc::new(NoContracts), genesis(&validators)).unwrap();
    let bytes = || -> usize {
        let tables = Table::ALL.map(|table| store.range(table, &[], None, usize::MAX).unwrap());
        tables.iter().flatten().map(|(key, value)| key.len() + value.len()).sum()
    };
    let mut sizes = Vec::new();
    for _ in 0..3 {
        let before = bytes();
        let proposer = turn(&chain, &validators, 0);
        let now_ms = chain.tip().time_ms + 10_000;
        let executed = chain.build(proposer, 0, now_ms, Vec::new()).unwrap();
        let signers: Vec<_> = validators.iter().map(|keys| &keys.consensus).collect();
        let certificate = certify(&chain.genesis().chain_id, &executed.block, &signers);
        chain.commit(executed, certificate).unwrap();
        sizes.push(bytes() - before);
    }
    let block = chain.reader().block(Height::new(3)).unwrap().unwrap();
    assert_eq!(encode(&block.block).len(), 377, "block without transactions");
    assert_eq!(encode(&block.certificate).len(), 384, "certificate of four");
    assert_eq!(encode(&*block).len(), 801, "block as it is stored");
    assert_eq!(sizes, [866, 866, 866], "all that is written and stays");
    // Each further validator's signature adds 84 bytes: 18 validators still fit into 2 KiB.
}

/// The folder of a real store, after the engine has tidied it up.
#[cfg(feature = "rocksdb")]
#[test]
fn an_idle_block_takes_at_most_two_kib_on_disk() {
    const BLOCKS: u64 = 600;
    let folder = tempfile::tempdir().unwrap();
    let open = || -> (Arc<crate::store::RocksStore>, Chain) {
        let store = Arc::new(crate::store::RocksStore::open(folder.path()).unwrap());
        let shared: Arc<dyn Store> = store.clone();
        (store, Chain::open(shared, Arc::new(NoContracts), genesis(&[keys(1)])).unwrap())
    };
    let size = || -> u64 {
        let files = std::fs::read_dir(folder.path()).unwrap();
        files.map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
    };
    // Closed and opened, so that the engine's own log holds nothing any more.
    open().0.compact().unwrap();
    drop(open());
    let before = size();
    let (store, mut chain) = open();
    grow(&mut chain, BLOCKS, |_, _| Vec::new());
    store.compact().unwrap();
    drop((store, chain));
    drop(open());
    let block = (size() - before) / BLOCKS;
    println!("{block} bytes on disk for each idle block of one validator");
    assert!((100..=2_048).contains(&block), "{block} bytes for each idle block");
}
